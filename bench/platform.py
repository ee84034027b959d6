"""The platform under measurement: started as `make run` does, with its own data and port, and taken away again."""

import ctypes
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 900  # images may have to be made first
STOP_SECONDS = 600  # homes of a full house are saved first
PR_SET_PDEATHSIG = 1
GIVE_UP_VOLUMES = "import django; django.setup(); from sandbox import warehouse; warehouse.remove()"
TELL_SOLUTIONS = """
import json, sys, django
django.setup()
from courses import catalogue
print(json.dumps([f"{task.setup}\\n{task.solution}".strip() for task in catalogue.find_lesson(*sys.argv[1:]).tasks]))
"""
TIME_RECONCILE = """
import time, django
django.setup()
from sandbox import tasks
times = []
for _ in range(5):
    start = time.perf_counter()
    tasks.reconcile()
    times.append(time.perf_counter() - start)
print(times)
"""
COUNT_WARM = "select count(*) from sandbox_sandbox where learner_id is null and state = 'running'"


class NotReady(Exception):
    """The platform did not start. The message ends with what it printed last."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Platform:
    """A running platform. `url` is where it serves."""

    def __init__(self, data: Path, **settings: str) -> None:
        port, visits_port = free_port(), free_port()
        # Its own everything: what the environment says of queues, databases and sandboxes is for somebody else.
        theirs = {"REDIS_URL", "DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS", "HTTPS", "DEBUG"}
        kept = {k: v for k, v in os.environ.items() if k not in theirs and not k.startswith("SANDBOX_")}
        self.data = data
        self.environment = (
            kept
            | settings
            | {
                "DATA_DIR": str(data),
                "HOST": "127.0.0.1",
                "PORT": str(port),
                "VISITS_PORT": str(visits_port),
                "GUESTS_PER_HOUR": "100000",
                "DJANGO_SETTINGS_MODULE": "config.settings",
            }
        )
        self.url = f"http://127.0.0.1:{port}"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "scripts/run.py"], cwd=ROOT, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True, preexec_fn=end_with_parent,
        )  # fmt: skip
        self.printed: list[str] = []
        self.ready = threading.Event()
        threading.Thread(target=self.listen, daemon=True).start()
        if not self.ready.wait(START_SECONDS) or not self.is_ready:
            raise NotReady("The platform did not start. It printed last:\n" + "".join(self.printed[-15:]))

    def listen(self) -> None:
        """Read what run.py prints until it ends, so that it never waits for a reader."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.printed.append(line)
            if line.startswith(("Ready: ", "Not ready")):
                self.ready.set()
        self.ready.set()

    @property
    def is_ready(self) -> bool:
        return any(line.startswith("Ready: ") for line in self.printed)

    def stop(self) -> None:
        """Stop it as Ctrl-C does, and give up what it keeps in the engine between two starts.

        Another Ctrl-C does not cut that short, as containers would be left.
        """
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
        subprocess.run([sys.executable, "-c", GIVE_UP_VOLUMES], cwd=ROOT, env=self.environment, check=False)
        signal.signal(signal.SIGINT, handler)

    def solutions(self, lesson: str) -> list[str]:
        """Return what solves each task of a lesson, "course/lesson", in the order of the page."""
        return list(json.loads(self.told_by(TELL_SOLUTIONS, *lesson.split("/"))))

    def reconcile_times(self) -> list[float]:
        """Compare rows with containers some times, as the worker does; return the seconds of each."""
        return list(json.loads(self.told_by(TIME_RECONCILE)))

    def told_by(self, program: str, *arguments: str, given: str = "", **settings: str) -> str:
        """Run a program with the platform's settings, or others, and hand it what is given; return what it prints."""
        command, environment = [sys.executable, "-c", program, *arguments], self.environment | settings
        done = subprocess.run(
            command, cwd=ROOT, env=environment, check=True, text=True, input=given, stdout=subprocess.PIPE
        )
        return done.stdout

    def warm(self) -> int:
        """Return how many sandboxes of the pool a learner could have at once."""
        with closing(sqlite3.connect(f"file:{self.data / 'sarafa.sqlite3'}?mode=ro", uri=True)) as database:
            [(count,)] = database.execute(COUNT_WARM)
        return int(count)

    def kept(self, what: str) -> list[int]:
        """Return the processes of one kind that run.py keeps running, without their children."""
        pids = descendants(self.process.pid)
        return [pid for pid in pids if what in command_of(pid) and parent_of(pid) == self.process.pid]

    def pids(self, what: str) -> list[int]:
        """Return the processes of one kind, with their children: "config.asgi", "celery" or "valkey"."""
        return [pid for pid in descendants(self.process.pid) if what in command_of(pid)]

    def resident(self, what: str) -> int:
        """Return the bytes of resident memory of the processes of one kind; see `pids`."""
        return sum(map(resident_of, self.pids(what)))

    def processor_time(self, what: str) -> float:
        """Return the seconds of a processor that the processes of one kind have had; see `pids`."""
        return sum(map(processor_time_of, self.pids(what)))


@contextmanager
def running(on_postgres: bool = False, **settings: str) -> Iterator[Platform]:
    data = Path(tempfile.mkdtemp(prefix="sarafa-bench-"))
    try:
        with ExitStack() as stack:
            database = stack.enter_context(postgres(data)) if on_postgres else {}
            platform = Platform(data, **settings, **database)
            try:
                platform.start()
                yield platform
            finally:
                platform.stop()
    finally:
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def postgres(data: Path) -> Iterator[dict[str, str]]:
    """Run a PostgreSQL, and yield the setting that names it."""
    script, environment = str(ROOT / "scripts/postgres.sh"), os.environ | {"DATA_DIR": str(data)}
    try:
        said = subprocess.run([script, "start"], env=environment, check=True, text=True, stdout=subprocess.PIPE)
        yield {"DATABASE_URL": said.stdout.strip()}
    finally:
        subprocess.run([script, "remove"], env=environment, check=False)


def end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            children.setdefault(parent_of(int(entry.name)), []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        for child in children.get(waiting.pop(), []):
            found.append(child)
            waiting.append(child)
    return found


def parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0  # it has ended


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def resident_of(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), 0)


def processor_time_of(pid: int, ended: bool = False) -> float:
    """Return the seconds of a processor that a process has had; with `ended`, also its children that have ended."""
    try:
        ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11 : 15 if ended else 13]
    except OSError:
        return 0
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
