"""An engine that is restarted, killed, or out of disk: a second one, in a network and with mounts of its own."""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.test import override_settings

from sandbox import admission, containers, door, engine, homes, tasks, warehouse
from sandbox.models import Sandbox, State
from tests.faults.aftermath import all_is_well, settle, working
from tests.faults.conftest import common, environment_of
from tests.faults.workers import Workers
from tests.parts import until

pytestmark = [pytest.mark.docker, pytest.mark.django_db(transaction=True)]

IMAGES = ["sarafa-bazaar/sandbox", warehouse.IMAGE]


class Engine:
    """An engine that can be started and stopped. Its disk is 1 GB of memory."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.disk = folder, folder / "disk"
        self.disk.mkdir()
        self.socket = folder / "docker.sock"
        script = f"ip link set lo up; mount -t tmpfs -o size=1g tmpfs {self.disk}; exec sleep infinity"
        self.place = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-c", script], start_new_session=True)
        self.process: subprocess.Popen[bytes] | None = None
        until(lambda: str(self.disk) in Path(f"/proc/{self.place.pid}/mounts").read_text(), 10, "its disk")

    @property
    def seen_disk(self) -> Path:
        return Path(f"/proc/{self.place.pid}/root{self.disk}")

    def start(self, *options: str) -> None:
        dockerd = shutil.which("dockerd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        assert dockerd
        # In the first one's network, `--bridge none` would remove its docker0.
        assert Path(f"/proc/{self.place.pid}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()
        argv = [
            "nsenter", "--target", str(self.place.pid), "--net", "--mount", dockerd,
            "--host", f"unix://{self.socket}", "--data-root", f"{self.disk}/data", "--exec-root", f"{self.folder}/exec",
            "--pidfile", f"{self.folder}/pid", "--bridge", "none", "--iptables=false", *options,
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True)
        until(self.answers, 60, "an engine")

    def answers(self) -> bool:
        assert self.process and self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
        try:
            engine.ping()
        except engine.EngineUnreachable:
            return False
        return True

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        assert self.process
        containerd = Path("/proc", (self.folder / "exec/containerd/containerd.pid").read_text())
        self.process.send_signal(how)
        self.process.wait(60)
        until(lambda: not containerd.exists(), 20, "its containerd to end with it")

    def restart(self, *options: str, how: signal.Signals = signal.SIGTERM) -> None:
        self.end(how)
        self.start(*options)

    def take_in(self, images: list[str]) -> None:
        """Load images from the first engine, and have on the shelves what lies on those of its warehouse."""
        first = django_host()
        with subprocess.Popen(["docker", "-H", first, "save", *images], stdout=subprocess.PIPE) as save:
            subprocess.run(["docker", "-H", f"unix://{self.socket}", "load", "-q"], stdin=save.stdout, check=True)
        self.take_stock(first, warehouse.storage_volume())
        warehouse.ensure_running()

    def take_stock(self, first: str, name: str) -> None:
        argv = ["docker", "-H", first, "volume", "inspect", "--format", "{{.Mountpoint}}", name]
        stock = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()
        engine.client().create_volume(name)
        shutil.copytree(stock, self.seen_disk / "data/volumes" / name / "_data", dirs_exist_ok=True)
        subprocess.run(
            ["chown", "-R", "--reference", stock, self.seen_disk / "data/volumes" / name / "_data"], check=True
        )
        warehouse.ensure_running()

    def remove(self) -> None:
        if self.process:
            if self.process.poll() is not None:
                self.start()  # a test has failed, and its containers may run
            for found in engine.client().containers(all=True):
                engine.remove_container(found["Id"])
            self.end()
        os.killpg(self.place.pid, signal.SIGKILL)
        self.place.wait()


def django_host() -> str:
    return os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"


@pytest.fixture(scope="module")
def second(installation: str, tmp_path_factory) -> Iterator[Engine]:
    second = Engine(tmp_path_factory.mktemp("second"))
    with override_settings(DOCKER_HOST=f"unix://{second.socket}"):
        forget_client()
        try:
            second.start()
            second.take_in(IMAGES)
            with door.kept():
                yield second
        finally:
            second.remove()
            forget_client()


def forget_client() -> None:
    engine._thread.__dict__.clear()


@pytest.fixture(scope="module")
def parent(second: Engine, depot, django_db_setup, tmp_path_factory) -> Iterator[Workers]:
    folder = tmp_path_factory.mktemp("workers")
    environment = environment_of(depot) | {"DOCKER_HOST": f"unix://{second.socket}"}
    workers = Workers(folder / "log", environment, **common())
    yield workers
    workers.end()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_without_live_restore_learners_find_their_work_in_a_new_one(alice, workers, second, how):
    sandbox = working(alice)
    homes.save(sandbox)
    workers.start()
    second.restart(how=how)
    another = all_is_well(alice)
    sandbox.refresh_from_db()
    assert another != sandbox
    assert (sandbox.state, sandbox.error) == (State.FAILED, tasks.LOST)


async def test_with_live_restore_learners_go_on_where_they_were(alice, workers, second, view):
    """Stopped in order or killed: the same sandbox, and in it the same shell."""
    await asyncio.to_thread(second.restart, "--live-restore")
    sandbox = await asyncio.to_thread(working, alice)
    workers.start()
    place = SimpleNamespace(container_id=sandbox.container_id, spec=SimpleNamespace(owner_uid=sandbox.owner_uid))
    viewer = await view(place).attach()
    assert await viewer.ask("HERE=still; echo $HERE") == "still"
    for how in (signal.SIGTERM, signal.SIGKILL):
        await asyncio.to_thread(second.restart, "--live-restore", how=how)
        await viewer.attach()
        assert await viewer.ask("echo $HERE") == "still"
    assert await asyncio.to_thread(all_is_well, alice) == sandbox
    await asyncio.to_thread(second.restart)


def test_while_a_sandbox_starts(alice, workers, second):
    sandbox = admission.open_for(alice)
    second.end()
    workers.start()
    until(lambda: Sandbox.objects.get().state == State.FAILED, 20, "an honest word")
    sandbox.refresh_from_db()
    assert "No Docker Engine answers" in sandbox.error
    second.start()
    assert all_is_well(alice, keeps_work=False) != sandbox


def test_while_a_sandbox_stops(alice, workers, second):
    sandbox = working(alice)
    homes.save(sandbox)
    sandbox.order_stop()
    second.end()
    workers.start()
    tasks.reconcile()
    time.sleep(1)
    sandbox.refresh_from_db()
    assert sandbox.state == State.STOPPING
    second.start()
    all_is_well(alice)
    assert Sandbox.objects.get(pk=sandbox.pk).state == State.STOPPED


def test_a_disk_that_is_full_and_has_room_again(alice, workers, second):
    workers.start()
    filler = second.seen_disk / "filler"
    subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=1M"], capture_output=True, check=False)
    sandbox = admission.open_for(alice)
    until(lambda: Sandbox.objects.get().state == State.FAILED, 30, "a refusal")
    sandbox.refresh_from_db()
    assert sandbox.error == engine.DISK_FULL
    settle()
    assert containers.made() == {}
    filler.unlink()
    assert all_is_well(alice, keeps_work=False) != sandbox
