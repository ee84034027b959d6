"""The engine outside: one client per thread, its errors in words a person can act on, and what is asked of it about
any container."""

import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any

import docker
import requests
import urllib3
from django.conf import settings
from django.utils.translation import gettext_noop
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.types import CancellableStream
from docker.utils import kwargs_from_env

CALL_SECONDS = 30  # for an ordinary call; removing a container with many open terminals takes longest
REMOVE_TRIES = 6
FRAME_HEAD, STDOUT = 8, 1
# Not every OSError: a file of ours that cannot be written is not the engine's fault.
NO_CONNECTION = (
    DockerException,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    ConnectionError,
    TimeoutError,
)

# Said in English, in a log or a row, and translated where a person reads it.
IMAGE_MISSING = gettext_noop("An image is missing on this machine. Run `python manage.py images` to make it.")
DISK_FULL = gettext_noop("The disk of the Docker Engine is full. Make room with `docker system prune`, then try again.")
RUNTIME_UNKNOWN = gettext_noop(
    "The Docker Engine does not know the runtime that SANDBOX_RUNTIME names. Add it to the engine's daemon.json, or "
    "unset SANDBOX_RUNTIME."
)
PROFILE_MISSING = gettext_noop(
    "The AppArmor profile of the sandboxes is not loaded on the Docker Engine's machine. Run `scripts/apparmor.sh` "
    "there, or set SANDBOX_APPARMOR."
)
CONTAINER_GONE = gettext_noop("The container does not run any more.")

_thread = threading.local()


class EngineError(Exception):
    """The engine did not do what it was asked. The message may be shown to anyone."""


class EngineUnreachable(EngineError):
    """Nothing answers as a Docker Engine."""


class LineEnded(EngineError):
    """The program at the other end has ended. The message is what it said last."""


class LineSilent(EngineError):
    """The program at the other end gave no answer in time, or none that has an end."""


class ImageMissing(EngineError):
    """The image is not on this engine."""


class ContainerGone(EngineError):
    """The container does not exist, or does not run."""


class DiskFull(EngineError):
    """The engine has no room left."""


def client() -> docker.APIClient:
    """Return this thread's client, connected to settings.DOCKER_HOST in whatever version the engine speaks."""
    found: docker.APIClient | None = getattr(_thread, "client", None)
    if found is None:
        found = _thread.client = connect()
    return found


def connect(timeout: int = CALL_SECONDS) -> docker.APIClient:
    """Make a client of one's own: for long work, which needs another timeout."""
    with errors_translated():
        address = kwargs_from_env(environment={**os.environ, "DOCKER_HOST": settings.DOCKER_HOST})
        found = docker.APIClient(version="auto", timeout=timeout, **address)
    if settings.DOCKER_HOST.startswith("unix:"):
        # It takes each path that it asks for another server, and would keep connections to the last 25, in each thread.
        found.headers["Connection"] = "close"
    return found


def ping() -> None:
    """Return if the engine answers; raise EngineUnreachable if not."""
    with errors_translated():
        client().ping()


@contextmanager
def errors_translated() -> Iterator[None]:
    """Raise what goes wrong between us and the engine as an EngineError. Works as a decorator, too."""
    try:
        yield
    except APIError as error:
        raise of_answer(error) from error
    except NO_CONNECTION as error:
        raise unreachable(error) from error


def of_answer(error: APIError) -> EngineError:
    """Say what an answer of the engine means."""
    reason = str(error.explanation or error)
    if isinstance(error, ImageNotFound) or "no such image" in reason.lower():
        return ImageMissing(IMAGE_MISSING)
    if "no space left on device" in reason:
        return DiskFull(DISK_FULL)
    if re.search("unknown (or invalid )?runtime", reason, re.IGNORECASE):
        return EngineError(RUNTIME_UNKNOWN)
    if "apparmor profile" in reason:
        return EngineError(PROFILE_MISSING)
    if isinstance(error, NotFound) or "is not running" in reason:
        return ContainerGone(CONTAINER_GONE)
    return EngineError(f"The Docker Engine refused: {reason.strip()}")


def unreachable(error: Exception) -> EngineUnreachable:
    reason = str(error)
    if "permission denied" in reason.lower():
        mend = "Add this user to the group docker, and sign in again."
    elif "timed out" in reason.lower():
        mend = "It took too long to answer: see whether the machine is overloaded."
    else:
        mend = "Run `scripts/engine.sh` to start one, or set DOCKER_HOST."
    return EngineUnreachable(f"No Docker Engine answers at {settings.DOCKER_HOST}. {mend}")


@cache
def cgroup_version(host: str) -> str:
    """Return which version of cgroups the engine at `host` has, "1" or "2", for as long as its machine is up."""
    return str(client().info().get("CgroupVersion", "1"))


@errors_translated()
def remove_container(name: str) -> None:
    """Remove a container, running or not, with what it wrote. One that is not there has been removed already."""
    for attempt in range(REMOVE_TRIES):
        try:
            client().remove_container(name, force=True, v=True)
            return
        except NotFound:
            return
        except APIError as error:
            # 409: its removal is under way. 500: the engine is still busy with its many terminals.
            if error.status_code not in (409, 500) or attempt == REMOVE_TRIES - 1:
                raise
            time.sleep(0.25 * 2**attempt)


@errors_translated()
def await_line(container: str, text: str, timeout: float) -> str:
    """Return "" once the container has printed the text.

    When it has ended, or time is up, return what it printed last instead.
    """
    printed = ""
    stream = client().logs(container, stream=True, follow=True)
    with cut_off(stream, timeout):
        for chunk in stream:
            printed = printed[-4096:] + chunk.decode(errors="replace")
            if text in printed:
                return ""
    return " / ".join(printed.splitlines()[-5:]) or "nothing"


@errors_translated()
def log_since(container: str, since: int = 0) -> list[tuple[int, str]]:
    """Return what a container printed after `since`, in order, as (nanoseconds since the epoch, line)."""
    # The engine takes a float, which is coarser than its clock: ask for a little more, and leave out what is known.
    asked = since / 1e9 - 0.001
    text = client().logs(container, timestamps=True, since=asked if asked > 0 else None)
    return [item for item in map(stamped, text.decode(errors="replace").splitlines()) if item[0] > since]


def stamped(line: str) -> tuple[int, str]:
    """Split a line of the engine's log: 2026-11-24T07:34:12.123456789Z and the text."""
    stamp, _, text = line.partition(" ")
    seconds, _, fraction = stamp.rstrip("Z").partition(".")
    whole = int(datetime.fromisoformat(seconds).replace(tzinfo=UTC).timestamp())
    return whole * 10**9 + int(fraction.ljust(9, "0")), text


@errors_translated()
def feed(container: str, argv: list[str], user: str, data: bytes, timeout: float) -> int:
    """Run a command in a container with `data` as its stdin; return its exit code. What it prints is dropped."""
    exec_id = client().exec_create(container, argv, user=user, stdin=True)["Id"]
    stream: Any = client().exec_start(exec_id, socket=True)
    raw = stream._sock  # what docker-py hands out can only be read
    try:
        raw.settimeout(timeout)
        raw.sendall(data)
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(65536):
            pass
    finally:
        stream.close()
    return int(client().exec_inspect(exec_id)["ExitCode"] or 0)


class Line:
    """A program in a container that answers each line of its stdin with a line. For one thread at a time."""

    @errors_translated()
    def __init__(self, container: str, argv: list[str], user: str) -> None:
        exec_id = client().exec_create(container, argv, user=user, stdin=True)["Id"]
        stream: Any = client().exec_start(exec_id, socket=True)
        self.stream, self.raw = stream, stream._sock  # what docker-py hands out can only be read
        self.unread = b""  # frames of the engine, of which the last may not be whole
        self.out = self.err = b""

    def ask(self, seconds: float, limit: int) -> bytes:
        """Return the next answer. Raise LineEnded if none will come; LineSilent if it takes longer, or more bytes."""
        until = time.monotonic() + seconds
        try:
            self.raw.sendall(b"\n")
            while b"\n" not in self.out:
                self.raw.settimeout(max(until - time.monotonic(), 0.001))
                self.take(self.raw.recv(1 << 16))
                if len(self.out) + len(self.err) > limit:
                    raise LineSilent("it said too much")
        except TimeoutError as exc:
            raise LineSilent("it took too long") from exc
        except OSError as exc:
            raise self.ended() from exc
        answer, _, self.out = self.out.partition(b"\n")
        return answer

    def take(self, data: bytes) -> None:
        """Read frames, each with a head of eight bytes: the stream, three zeroes, the length (API, "Attach")."""
        if not data:
            raise self.ended()
        self.unread += data
        while len(self.unread) >= FRAME_HEAD:
            length = int.from_bytes(self.unread[4:FRAME_HEAD], "big")
            if len(self.unread) < FRAME_HEAD + length:
                return
            said = self.unread[FRAME_HEAD : FRAME_HEAD + length]
            if self.unread[0] == STDOUT:
                self.out += said
            else:
                self.err += said
            self.unread = self.unread[FRAME_HEAD + length :]

    def ended(self) -> "LineEnded":
        return LineEnded(self.err.decode(errors="replace").strip()[-200:])

    def close(self) -> None:
        with suppress(OSError):  # it has ended by itself
            self.raw.shutdown(socket.SHUT_RDWR)
        self.stream.close()


@errors_translated()
def pause(container: str) -> None:
    """Freeze a container's processes. One that is frozen stays so."""
    with suppress_answer("is already paused"):
        client().pause(container)


@errors_translated()
def unpause(container: str) -> None:
    """Let a frozen container's processes go on. One that is not frozen stays so."""
    with suppress_answer("is not paused"):
        client().unpause(container)


@contextmanager
def suppress_answer(text: str) -> Iterator[None]:
    try:
        yield
    except APIError as error:
        if text not in str(error.explanation):
            raise


@contextmanager
def cut_off(stream: "CancellableStream[Any]", seconds: float) -> Iterator[threading.Event]:
    """Close a stream at the end, and no later than after these seconds: reading it then ends, and the event is set."""
    late = threading.Event()

    def end() -> None:
        late.set()
        close(stream)

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
        close(stream)


def close(stream: "CancellableStream[Any]") -> None:
    with suppress(OSError, AttributeError):  # it has ended by itself meanwhile
        stream.close()
