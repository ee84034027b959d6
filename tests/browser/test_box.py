"""A bundle is made, and installed on a bare Debian with the network cable out. There a learner does Day 2."""

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pytest
from offline import browser_within, follow
from platform_under_test import ROOT, Learner, until
from playwright.sync_api import Browser

from sandbox import images

pytestmark = pytest.mark.deployment

HERE = Path(__file__).parent
BARE = ROOT / "var" / "bare"  # where a bare Debian lies packed for the next time
HOME = "/opt/sarafa-bazaar"
RELEASE = "bookworm"


class Machine:
    """A bare Debian that nothing is installed on, and nothing reaches, as bare_machine.sh makes it."""

    def __init__(self) -> None:
        self.root = BARE / "root"
        self.life = subprocess.Popen(
            [HERE / "bare_machine.sh", BARE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        assert self.life.stdout
        self.init = self.life.stdout.readline().strip()
        assert self.init, "it did not come up"

    def end(self) -> None:
        assert self.life.stdin
        self.life.stdin.close()
        assert self.life.wait(120) == 0
        assert not self.root.exists()

    def network(self, *argv: str) -> list[str]:
        """Return what runs one of our commands in its network."""
        return ["nsenter", f"--net=/proc/{self.init}/ns/net", *argv]

    def inside(self, script: str) -> list[str]:
        """Return what runs a script as its root user."""
        of = ["--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd"]
        clean = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"]
        return ["nsenter", "--target", self.init, *of, *clean, "sh", "-ec", script]

    def run(self, script: str) -> str:
        done = subprocess.run(self.inside(script), capture_output=True, text=True, check=False, timeout=600)
        assert done.returncode == 0, f"{script}: {done.stdout[-2000:]} {done.stderr[-2000:]}"
        return done.stdout


class Box:
    """The platform that is installed there."""

    url = "http://127.0.0.1:8000"

    def __init__(self, machine: Machine, output: Path) -> None:
        self.machine = machine
        self.folder = machine.root / HOME[1:] / "var"
        self.output = output
        self.process: subprocess.Popen[bytes] | None = None

    @cached_property
    def bundle(self) -> str:
        """Where the bundle is unpacked."""
        return self.machine.run("cd /root; tar xf '/media/my stick/'*.tar; ls -d /root/sarafa-bazaar-*").strip()

    def install(self) -> str:
        return self.machine.run(f"{self.bundle}/install 2>&1")

    def install_until(self, word: str) -> None:
        """Have it installed, and everything killed as soon as it says this."""
        install = self.machine.inside(f"{self.bundle}/install")
        with subprocess.Popen(install, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            assert any(word in line for line in process.stdout), f"it never came to {word}"
            self.machine.run("kill -KILL -1")

    def start(self) -> None:
        with self.output.open("wb") as log:
            self.process = subprocess.Popen(
                self.machine.inside(f"exec {HOME}/start"), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until(lambda: f"Ready: {self.url}" in self.said() or self.process.poll() is not None, 180, "the line Ready")
        assert self.process.poll() is None, self.said()

    def said(self) -> str:
        return self.output.read_text()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.machine.run("kill -INT $(grep -l 'scripts/run[.]py' /proc/[0-9]*/cmdline | cut -d / -f 3)")
            self.process.wait(120)

    def logs(self) -> list[Path]:
        return [self.output, *sorted((self.folder / "log").glob("*.log"))]


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    BARE.mkdir(parents=True, exist_ok=True)
    with (BARE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        packed = BARE / f"{RELEASE}.tar"
        if not packed.exists():
            fresh = BARE / "fresh.tar"
            subprocess.run([images.MAKE_BASE, fresh, RELEASE, "minbase"], check=True)
            fresh.rename(packed)
        bare = Machine()
        try:
            yield bare
        finally:
            bare.end()


@pytest.fixture(scope="module")
def platform(machine: Machine, tmp_path_factory) -> Iterator[Box]:
    """A box: the bundle made, installed and started; taken away at the end."""
    stick = machine.root / "media" / "my stick"
    stick.mkdir()
    argv = [sys.executable, "manage.py", "bundle", "--for", RELEASE, "--to", stick]
    subprocess.run(argv, cwd=ROOT, check=True)
    box = Box(machine, tmp_path_factory.mktemp("box") / "run.log")
    box.install_until("installing the Python packages")
    assert "done. Start it" in box.install()
    box.start()
    yield box
    box.stop()
    machine.run(f"{HOME}/uninstall --with-everybodys-data 2>&1")
    assert "sarafa-bazaar" not in machine.run("ls /opt").split()


@pytest.fixture(scope="module")
def browser(machine: Machine, browser_type, browser_type_launch_args, tmp_path_factory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("browser")
    yield from browser_within(machine.network, browser_type, browser_type_launch_args, folder)


@pytest.fixture(scope="module")
def alice(browser: Browser, platform: Box) -> Learner:
    learner = Learner(browser.new_context(viewport={"width": 1280, "height": 900}).new_page(), platform)
    learner.start()
    return learner


def test_there_is_no_way_out_and_nothing_is_fetched(machine, platform):
    route = ["ip", "route", "get", "192.0.2.1"]
    asked = subprocess.run(machine.network(*route), check=False, capture_output=True, text=True)
    assert "Network is unreachable" in asked.stderr
    routes = subprocess.run(machine.network("ip", "route"), check=True, capture_output=True, text=True).stdout
    assert {line.split()[2] for line in routes.splitlines()} == {"docker0"}
    for word in ("Installing", "Fetching", "Pulling", "Building"):
        assert word not in platform.said()


def test_day_two_is_done_by_following_the_page(alice):
    tasks = follow(alice, "day-2")
    assert len(tasks) >= 7
    assert all(alice.is_done(task) for task in tasks)


def test_an_upgrade_keeps_people_progress_and_settings(alice, platform, machine):
    if not alice.is_done("both-halves"):
        alice.run("docker version")
    until(lambda: alice.is_done("both-halves"), 5, "the tick")
    platform.stop()
    machine.run(f"""
        cd {HOME}
        echo SANDBOX_POOL=1 >> .env
        touch of-the-older-one of-nobody
        sed -i -e '1s/.*/0.0.1/' -e '$a of-the-older-one' .installed
    """)
    assert "done. Start it" in platform.install()
    files = machine.run(f"ls -A {HOME}").split()
    assert "of-nobody" in files
    assert "of-the-older-one" not in files
    assert "SANDBOX_POOL=1" in machine.run(f"cat {HOME}/.env; rm {HOME}/of-nobody")
    platform.start()
    alice.page.reload()
    assert alice.is_done("both-halves")
