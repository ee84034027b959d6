"""Hosts on this machine: each an engine in namespaces of its own, behind TLS, on a network that can be unplugged."""

import contextlib
import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandbox import engine
from sandbox.container import Address
from tests.fleet.authority import Authority
from tests.parts import until

BRIDGE = "sarafa-fleet"
NETWORK = "10.213.77"
HERE = f"{NETWORK}.1"
PORT = 2376
LOCK = Path("/tmp/sarafa-fleet.lock")


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


class Remote:
    """A host. To kill its first process is to pull its power plug: nothing of it is left but the cable."""

    def __init__(self, number: int, folder: Path, authority: Authority) -> None:
        self.name, self.space = f"host-{number}", f"{BRIDGE}-{number}"
        self.address, self.folder = f"{NETWORK}.{number + 1}", folder / str(number)
        self.url = f"tcp://{self.address}:{PORT}"
        self.link = f"sfleet{number}"
        self.certificates = authority.issue(self.folder / "tls", self.address)
        self.process: subprocess.Popen[bytes] | None = None

    def connect(self) -> None:
        ip("netns", "add", self.space)
        ip("link", "add", self.link, "type", "veth", "peer", "name", "eth0", "netns", self.space)
        ip("link", "set", self.link, "master", BRIDGE, "up")
        for words in (["addr", "add", f"{self.address}/24", "dev", "eth0"], ["link", "set", "lo", "up"],
                      ["link", "set", "eth0", "up"]):  # fmt: skip
            ip("-n", self.space, *words)

    def start(self) -> None:
        dockerd = shutil.which("dockerd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        tls = [f"--tls{name}={self.certificates}/{file}" for name, file in
               (("cacert", "ca.pem"), ("cert", "cert.pem"), ("key", "key.pem"))]  # fmt: skip
        disk = self.folder / "disk"
        disk.mkdir(exist_ok=True)
        argv = [
            dockerd, "--host", f"tcp://0.0.0.0:{PORT}", "--tlsverify", *tls, "--data-root", f"{disk}/data",
            "--exec-root", f"{self.folder}/exec", "--pidfile", f"{self.folder}/pid",
            "--cgroup-parent", f"/{self.space}", "--bip", "172.31.0.1/24",
        ]  # fmt: skip
        # The shell is what takes in orphans, as the first process must. In /etc/docker an older engine keeps who it is.
        mounts = f"mount -t tmpfs -o size=4g tmpfs {disk} && mount -t tmpfs tmpfs /etc/docker"
        script = f"{mounts} && rm -f {self.folder}/pid; {' '.join(argv)} & wait"
        space = ["nsenter", f"--net=/run/netns/{self.space}", "unshare", "--mount", "--pid", "--fork", "--mount-proc"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([*space, "--kill-child", "sh", "-c", script], stdout=log, stderr=log)

    def answers(self) -> bool:
        assert self.process and self.process.poll() is None, self.log[-2000:]
        try:
            engine.knock(Address(self.name, self.url))
        except engine.EngineUnreachable:
            return False
        return True

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def unplug(self) -> None:
        ip("link", "set", self.link, "down")

    def plug_in(self) -> None:
        ip("link", "set", self.link, "up")

    def cut_power(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait(30)
            until(lambda: not pids_of(self.space), 30, "the end of all its processes")


@contextlib.contextmanager
def three(folder: Path, authority: Authority) -> Iterator[list[Remote]]:
    """Three hosts whose engines answer, and the certificates for them. A machine has one such fleet at a time."""
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        clear_away()
        lay_network()
        made = [Remote(number, folder, authority) for number in (1, 2, 3)]
        try:
            for one in made:
                one.connect()
                one.start()
                authority.issue(Address(one.name, one.url).certificates)
            until(lambda: all(map(Remote.answers, made)), 60, f"engines: {[one.log[-500:] for one in made]}")
            yield made
        finally:
            with ThreadPoolExecutor(len(made)) as pool:
                list(pool.map(Remote.cut_power, made))
            clear_away()
            for one in made:
                shutil.rmtree(Address(one.name, one.url).certificates, ignore_errors=True)


def pids_of(space: str) -> list[str]:
    found = subprocess.run(["ip", "netns", "pids", space], capture_output=True, text=True, check=False)
    return found.stdout.split()


def clear_away() -> None:
    """Remove what an earlier run has left: it may have been killed."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    for space in [line.split()[0] for line in listed.splitlines() if line.startswith(f"{BRIDGE}-")]:
        # The first process of the host takes all others with it.
        for pid in pids_of(space):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), 9)
        until(lambda space=space: not pids_of(space), 30, "the end of all processes of a host")
        subprocess.run(["ip", "netns", "del", space], check=True)
    subprocess.run(["ip", "link", "del", BRIDGE], stderr=subprocess.DEVNULL, check=False)
    cgroups = Path("/sys/fs/cgroup")
    for folder in [*cgroups.glob(f"{BRIDGE}-*"), *cgroups.glob(f"*/{BRIDGE}-*")]:  # of version 2, and of 1
        for path in sorted([folder, *folder.rglob("*/")], key=lambda path: -len(path.parts)):
            with contextlib.suppress(OSError):
                path.rmdir()


def lay_network() -> None:
    ip("link", "add", BRIDGE, "type", "bridge")
    ip("addr", "add", f"{HERE}/24", "dev", BRIDGE)
    ip("link", "set", BRIDGE, "up")
