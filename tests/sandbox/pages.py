"""A page on a sandbox's sockets, through the real router; and doubles of their far ends: the shell, and the logs."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from config.asgi import application
from config.short_frames import EXTENSION
from courses.models import User
from sandbox.models import Sandbox

HOST = b"localhost:8000"
ATTACHED = {"type": "attached", "shell": "0" * 16, "offset": 0, "replay": 0, "reset": True}
KIB = 1024


class Shell:
    """A shell's far end. Tests put frames into `prints`; None ends the stream, an exception breaks it."""

    def __init__(self) -> None:
        self.prints: asyncio.Queue[bytes | dict | Exception | None] = asyncio.Queue()
        self.reads = 0
        self.typed = bytearray()
        self.sizes: list[tuple[int, int]] = []
        self.takes = asyncio.Event()
        self.takes.set()
        self.closed = asyncio.Event()
        self.arguments: tuple = ()
        self.coming = asyncio.Event()
        self.coming.set()
        self.refuses: Exception | None = None

    async def attach(self, *arguments: object) -> "Shell":
        self.arguments = arguments
        await self.coming.wait()
        if self.refuses:
            raise self.refuses
        return self

    async def frames(self) -> AsyncIterator[bytes | dict]:
        while (frame := await self.prints.get()) is not None:
            self.reads += 1
            if isinstance(frame, Exception):
                raise frame
            yield frame

    def show_at_once(self, show: Callable[[bytes], bool]) -> None:
        self.shows_at_once = show

    def type_at_once(self, data: bytes) -> bool:
        if not self.takes.is_set():
            return False
        self.typed += data
        return True

    async def type(self, data: bytes) -> None:
        await self.takes.wait()
        self.typed += data

    def resize_at_once(self, cols: int, rows: int) -> bool:
        if self.takes.is_set():
            self.sizes.append((cols, rows))
        return self.takes.is_set()

    async def resize(self, cols: int, rows: int) -> None:
        await self.takes.wait()
        self.sizes.append((cols, rows))

    async def close(self) -> None:
        self.closed.set()


class ShortWay:
    """What the server has for a page's socket besides: a way for what is short. See config/short_frames.py."""

    def __init__(self) -> None:
        self.receiver: Callable[[bytes], bool] | None = None
        self.sent = bytearray()
        self.takes = True

    def send_short(self, data: bytes) -> bool:
        if self.takes:
            self.sent += data
        return self.takes


class Logs:
    """The far end of the events: what a Watch yields, and what the daemon says that it manages.

    Of what is `told`, None ends it, and an exception breaks it. `objects` are answers, in their order.
    """

    def __init__(self) -> None:
        self.told: asyncio.Queue[dict | Exception | None] = asyncio.Queue()
        self.after: int | None = None
        self.watchers = 0
        self.calls_seen = 0
        self.changes_seen = 0
        self.objects: asyncio.Queue[dict | Exception] = asyncio.Queue()
        self.asked = 0

    @asynccontextmanager
    async def asker(self, sandbox: Sandbox) -> AsyncIterator["Logs"]:
        yield self

    async def ask(self) -> dict:
        self.asked += 1
        answer = await self.objects.get()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def watch(self, sandbox: Sandbox, after: int) -> "Logs":
        self.after = after
        self.watchers += 1
        return self

    async def events(self) -> AsyncIterator[dict]:
        while (event := await self.told.get()) is not None:
            if isinstance(event, Exception):
                raise event
            yield event


def headers_of(user: User | None, origin: bytes | None) -> list[tuple[bytes, bytes]]:
    headers = [(b"host", HOST)]
    if origin is not None:
        headers.append((b"origin", origin))
    if user:
        client = Client()
        client.force_login(user)
        headers.append((b"cookie", f"sessionid={client.cookies[settings.SESSION_COOKIE_NAME].value}".encode()))
    return headers


@asynccontextmanager
async def page(
    path: str, user: User | None, origin: bytes | None = b"http://" + HOST, short_way: ShortWay | None = None
) -> AsyncIterator[WebsocketCommunicator]:
    """A page of this site that has opened the socket, and goes away at the end."""
    headers = await sync_to_async(headers_of)(user, origin)
    communicator = WebsocketCommunicator(application, path, headers=headers)
    communicator.scope["extensions"] = {EXTENSION: short_way} if short_way else {}
    connected, _ = await communicator.connect(timeout=5)
    assert connected
    try:
        yield communicator
    finally:
        with suppress(asyncio.CancelledError):
            await communicator.disconnect(timeout=5)


def terminal(sandbox: Sandbox, query: str = "cols=80&rows=24") -> str:
    return f"/ws/sandbox/{sandbox.code}/terminal/client/?{query}"


def stream(sandbox: Sandbox, query: str = "") -> str:
    return f"/ws/sandbox/{sandbox.code}/events/?{query}"


async def closed_with(communicator: WebsocketCommunicator) -> int:
    """Return the code the server closes with; what it says before is passed over."""
    while True:
        output = await communicator.receive_output(timeout=10)
        if output["type"] == "websocket.close":
            return output["code"]


async def say(communicator: WebsocketCommunicator, **frame: object) -> None:
    await communicator.send_to(text_data=json.dumps(frame))


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.005)
