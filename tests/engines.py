"""A second Docker Engine, in a network and with mounts of its own."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

from sandbox import engine, warehouse
from sandbox.container import here
from tests.parts import until


class Engine:
    """An engine that can be started and stopped, with a network that leads nowhere. Its disk is memory."""

    def __init__(self, folder: Path, disk_size: str = "1g") -> None:
        self.folder, self.disk = folder, folder / "disk"
        self.disk.mkdir()
        self.socket = folder / "docker.sock"
        script = f"ip link set lo up; mount -t tmpfs -o size={disk_size} tmpfs {self.disk}; exec sleep infinity"
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

    def inside(self, *argv: str) -> list[str]:
        """Return what runs a command in the engine's network."""
        return ["nsenter", f"--net=/proc/{self.place.pid}/ns/net", *argv]

    def take_in(self, images: list[str]) -> None:
        """Load images from the first engine."""
        with subprocess.Popen(["docker", "-H", first_host(), "save", *images], stdout=subprocess.PIPE) as save:
            subprocess.run(["docker", "-H", f"unix://{self.socket}", "load", "-q"], stdin=save.stdout, check=True)

    def take_stock(self) -> None:
        """Have on the shelves what lies on those of the first engine's warehouse."""
        name = warehouse.storage_volume()
        argv = ["docker", "-H", first_host(), "volume", "inspect", "--format", "{{.Mountpoint}}", name]
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
                engine.remove_container(here(found["Id"]))
            self.end()
        os.killpg(self.place.pid, signal.SIGKILL)
        self.place.wait()


def first_host() -> str:
    return os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"


def forget_client() -> None:
    engine._thread.__dict__.clear()
