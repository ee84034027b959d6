"""The engines outside: a client for each, per thread, their errors in words a person can act on, and what is asked of
them about any container."""

import re
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
from django.utils.translation import gettext_noop
from docker.errors import APIError, DockerException, ImageNotFound, NotFound, TLSParameterError
from docker.types import CancellableStream

from sandbox import wires
from sandbox.container import LOCAL, Address, Container, local

CALL_SECONDS = 30  # for an ordinary call; removing a container with many open terminals takes longest
KNOCK_SECONDS = 4
REMOVE_TRIES = 6
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
REFUSED = "It does not take our certificate, cert.pem: see whose it is."
HUNG_UP = "reset by peer|broken pipe|closed connection without|eof occurred in violation"
MENDS = {  # by a sign of what is wrong, the most telling first
    "permission denied": "Add this user to the group docker, and sign in again.",
    "alert": REFUSED,
    "has expired": "Its certificate has expired: give it a new one.",
    "mismatch": "Its certificate is for another name or address than that.",
    "key usage": "The authority in ca.pem does not say that it signs certificates: make one with keyUsage=keyCertSign.",
    "key identifier": "Its certificate does not say whose key signed it: make one with authorityKeyIdentifier=keyid.",
    "verify failed": "Its certificate is not by the authority in ca.pem.",
    "wrong version number": "It does not speak TLS there.",
    "timed out": "It took too long to answer: see whether the machine is overloaded.",
}

_thread = threading.local()


class EngineError(Exception):
    """The engine did not do what it was asked. The message may be shown to anyone."""


class EngineUnreachable(EngineError):
    """Nothing answers as a Docker Engine."""


class ImageMissing(EngineError):
    """The image is not on this engine."""


class ContainerGone(EngineError):
    """The container does not exist, or does not run."""


class DiskFull(EngineError):
    """The engine has no room left."""


def client(host: Address | None = None) -> docker.APIClient:
    """Return this thread's client of an engine, the local one if none is named, in whatever version it speaks."""
    _thread.asked = host = host or local()
    clients: dict[Address, docker.APIClient] = _thread.__dict__.setdefault("clients", {})
    if host not in clients:
        clients[host] = connect(host)
    return clients[host]


def connect(host: Address | None = None, timeout: int = CALL_SECONDS) -> docker.APIClient:
    """Make a client of one's own: for long work, which needs another timeout, in seconds without a word."""
    _thread.asked = host = host or local()
    with errors_translated():
        found = wires.connect(host, timeout)
    if host.url.startswith("unix:"):
        # It takes each path that it asks for another server, and would keep connections to the last 25, in each thread.
        found.headers["Connection"] = "close"
        found.close()  # that over which the engine's version was asked; the next question opens another
    return found


def ping(host: Address | None = None) -> None:
    """Return if the engine answers; raise EngineUnreachable if not."""
    with errors_translated():
        client(host).ping()


def knock(host: Address) -> None:
    """Return if the engine takes a new connection, and answers soon; raise EngineUnreachable if not."""
    connect(host, timeout=KNOCK_SECONDS).close()


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
    """Say which engine does not answer, the one that this thread has asked last, and what is to be done."""
    host: Address = getattr(_thread, "asked", local())
    reason = str(error)
    if host.name == LOCAL:
        mend = "Run `scripts/engine.sh` to start one, or set DOCKER_HOST."
    else:
        mend = f"See whether the host {host.name} and its engine are up."
    mend = next((text for sign, text in MENDS.items() if sign in reason.lower()), mend)
    if wires.is_tls(host) and re.search(HUNG_UP, reason, re.IGNORECASE):
        mend = REFUSED  # some hang up before what they say has come
    if isinstance(error, TLSParameterError):
        mend = f"{error.msg} Put ca.pem, cert.pem and key.pem there."
    return EngineUnreachable(f"No Docker Engine answers at {host.url}. {mend}")


@cache
@errors_translated()
def about(host: Address) -> dict[str, Any]:
    """Return what an engine tells about itself and its machine, as it was when it was first asked."""
    return dict(client(host).info())


def cgroup_version(host: Address) -> str:
    """Return which version of cgroups the machine of an engine has, "1" or "2"."""
    return str(about(host).get("CgroupVersion", "1"))


@errors_translated()
def remove_container(container: Container) -> None:
    """Remove a container, running or not, with what it wrote. One that is not there has been removed already."""
    for attempt in range(REMOVE_TRIES):
        try:
            client(container.host).remove_container(container.id, force=True, v=True)
            return
        except NotFound:
            return
        except APIError as error:
            # 409: its removal is under way. 500: the engine is still busy with its many terminals.
            if error.status_code not in (409, 500) or attempt == REMOVE_TRIES - 1:
                raise
            time.sleep(0.25 * 2**attempt)


@errors_translated()
def await_line(container: Container, text: str, timeout: float) -> str:
    """Return "" once the container has printed the text.

    When it has ended, or time is up, return what it printed last instead.
    """
    printed = ""
    stream = client(container.host).logs(container.id, stream=True, follow=True)
    with cut_off(stream, timeout):
        for chunk in stream:
            printed = printed[-4096:] + chunk.decode(errors="replace")
            if text in printed:
                return ""
    return " / ".join(printed.splitlines()[-5:]) or "nothing"


@errors_translated()
def log_since(container: Container, since: int = 0) -> list[tuple[int, str]]:
    """Return what a container printed after `since`, in order, as (nanoseconds since the epoch, line)."""
    # The engine takes a float, which is coarser than its clock: ask for a little more, and leave out what is known.
    asked = since / 1e9 - 0.001
    text = client(container.host).logs(container.id, timestamps=True, since=asked if asked > 0 else None)
    return [item for item in map(stamped, text.decode(errors="replace").splitlines()) if item[0] > since]


def stamped(line: str) -> tuple[int, str]:
    """Split a line of the engine's log: 2026-11-24T07:34:12.123456789Z and the text."""
    stamp, _, text = line.partition(" ")
    seconds, _, fraction = stamp.rstrip("Z").partition(".")
    whole = int(datetime.fromisoformat(seconds).replace(tzinfo=UTC).timestamp())
    return whole * 10**9 + int(fraction.ljust(9, "0")), text


def let_go(stream: Any) -> None:
    """Close what docker-py hands out to be read, and the connection beneath it.

    Both hold one another, and the connection holds the socket: if only the stream were closed, the socket would stay
    open until Python collects garbage, which may take hours (docker-py, `_get_raw_response_socket`).
    """
    stream._response.close()
    stream.close()


@errors_translated()
def pause(container: Container) -> None:
    """Freeze a container's processes. One that is frozen stays so."""
    with suppress_answer("is already paused"):
        client(container.host).pause(container.id)


@errors_translated()
def unpause(container: Container) -> None:
    """Let a frozen container's processes go on. One that is not frozen stays so."""
    with suppress_answer("is not paused"):
        client(container.host).unpause(container.id)


@contextmanager
def suppress_answer(text: str) -> Iterator[None]:
    try:
        yield
    except APIError as error:
        if text not in str(error.explanation):
            raise


@contextmanager
def cut_off(stream: "CancellableStream[Any]", seconds: float) -> Iterator[threading.Event]:
    """Close a stream at the end. Reading it ends no later than after these seconds, and the event is set then."""
    late = threading.Event()

    def end() -> None:
        late.set()
        with suppress(OSError, AttributeError):  # it has ended by itself meanwhile
            stream.close()

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
        let_go(stream)
