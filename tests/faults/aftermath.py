"""What must hold after any fault: nothing left over, no row that lies, nobody locked out, no work lost."""

import io
import socket
import struct
import tarfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from sandbox import admission, containers, engine, idle, tasks, warehouse
from sandbox.models import CLAIM_SECONDS, LIVE, Home, Sandbox, State
from tests.parts import until

POHA = "warehouse:5000/sarafa/poha"
WORK = "what I made"


def keep_work(learner: Any) -> None:
    """Have the learner come back to files of an earlier sandbox."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        entry = tarfile.TarInfo("work")
        entry.size, entry.uid, entry.gid = len(WORK), 1000, 1000
        tar.addfile(entry, io.BytesIO(WORK.encode()))
    Home.objects.create(learner=learner, archive=buffer.getvalue(), saved_at=timezone.now())


def working(learner: Any) -> Sandbox:
    """Return a sandbox of the learner's that runs, with unsaved work in it."""
    sandbox = Sandbox.objects.create(learner=learner)
    tasks.start_sandbox(sandbox.pk)
    sandbox.refresh_from_db()
    assert sandbox.state == State.RUNNING, sandbox.error
    shell(sandbox, f"echo -n {WORK} > ~/work")
    sandbox.touch(timezone.now())
    return sandbox


def shell(sandbox: Sandbox, command: str) -> tuple[int, str]:
    argv = ["bash", "-c", command]
    return containers.run_as_learner(sandbox.container, sandbox.owner_uid, argv, timeout=30)


def let_time_pass() -> None:
    """As if nothing had been heard of those who are at work for as long as they may take."""
    ago = timedelta(seconds=CLAIM_SECONDS + 1)
    Sandbox.objects.live().update(
        claimed_at=F("claimed_at") - ago, created_at=F("created_at") - ago, paused_at=F("paused_at") - ago
    )


def settle(seconds: float = 60) -> None:
    """Have the platform mend itself, until there is nothing under way."""

    def is_settled() -> bool:
        tasks.reconcile()
        time.sleep(0.5)
        return not Sandbox.objects.filter(state__in=(State.STARTING, State.STOPPING)).exists()

    until(is_settled, seconds, f"rest: {Sandbox.objects.values_list('state', 'error')}")
    tasks.reconcile()


def nothing_lies() -> None:
    """Every live row has its container, awake or asleep as it says, and every container has its row.

    A worker may just be putting one to sleep, row first, container second: so it is looked at again.
    """

    def rows_are_true() -> bool:
        found = {code: (item["Id"], item["State"]) for code, item in containers.made().items()}
        said = {
            row.code: (row.container_id, "paused" if row.paused_at else "running") for row in Sandbox.objects.live()
        }
        return found == said

    until(rows_are_true, 10, "rows that are as their containers are")


def nothing_is_left() -> None:
    """No mount and no cgroup of a container that is gone, and no volume but the warehouse's."""
    mounts = Path(f"/proc/{engine_process()}/mounts").read_text()
    for gone in Sandbox.objects.exclude(state__in=LIVE).exclude(container_id="").values_list("container_id", flat=True):
        assert gone not in mounts
        assert not Path("/sys/fs/cgroup/docker", gone).exists()
        assert not list(Path("/sys/fs/cgroup").glob(f"*/docker/{gone}"))
        assert not list(Path("/sys/fs/cgroup").glob(f"*/docker-{gone}.scope"))
    names = {volume["Name"] for volume in engine.client().volumes()["Volumes"]}
    known = {warehouse.socket_volume(), warehouse.storage_volume()}
    assert {name for name in names if name.startswith(containers.name_of(""))} <= known


def engine_process() -> int:
    """Return the process that listens on the engine's socket: it may have mounts of its own."""
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(settings.DOCKER_HOST.removeprefix("unix://"))
        return int(struct.unpack("3i", link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])


def is_served(learner: Any) -> Sandbox:
    """The learner asks for a sandbox, gets one, and can work in it."""

    def is_there() -> Sandbox | None:
        sandbox = admission.open_for(learner)
        assert sandbox.state in LIVE, sandbox.error
        return sandbox if sandbox.state == State.RUNNING else None

    sandbox: Sandbox = until(is_there, 60, "a sandbox")
    if sandbox.touch(timezone.now()):  # as its page does
        idle.wake(sandbox)
    # The warehouse's door, whose line an engine has cut that went on without it, is given up after 20 seconds.
    until(lambda: "POHA" in shell(sandbox, f"docker run --rm {POHA}")[1], 40, "a dish")
    return sandbox


def all_is_well(learner: Any, keeps_work: bool = True) -> Sandbox:
    settle()
    nothing_lies()
    nothing_is_left()
    sandbox = is_served(learner)
    if keeps_work:
        assert shell(sandbox, "cat work") == (0, WORK)
    nothing_lies()
    nothing_is_left()
    return sandbox
