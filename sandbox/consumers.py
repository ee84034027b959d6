"""The two websockets of a sandbox: a terminal, and events. The wire is documented here, once.

`/ws/sandbox/<code>/terminal/<name>/?cols=80&rows=24&shell=<id>&offset=<n>`
    Binary frames are raw terminal bytes, both ways. Text frames are JSON.
    To the page, first: {"type": "attached", "shell": id, "offset": n, "replay": n, "reset": bool, "window": n}. The
    bytes that follow start at `offset` of the shell's output; the first `replay` of them were printed before; `reset`
    says to clear the screen first; `window` is how many typed bytes it may send ahead of those "taken". Later
    {"type": "taken", "bytes": n}, {"type": "exit", "code": n} and {"type": "notice", "text": ...}.
    From the page: {"type": "resize", "cols": n, "rows": n}, {"type": "ack", "bytes": n} for bytes drawn since the last.
    A page that comes back passes the shell's id and the offset it had reached, and gets what it missed.

`/ws/sandbox/<code>/events/?after=<id>`
    Text frames to the page, each JSON with `type`, `at` and `id` (increasing): state, task; log, flow, answer, object:
    what was heard, see flow.py; objects: all that the daemon manages, soon after it changed; ports: what running
    containers publish, {"ports": [{"container": name, "port": n}]}; served: what the customer got of the
    newest images that were pushed, {"runs": [{"image": name, "output": text, "code": exit code, "pushed_at": time}]}.
    The fields of each are in static/js/workspace/protocol.ts.

Close codes: 4401 not signed in, 4404 no such sandbox (or not yours), 4409 not running, 4503 engine unreachable.
"""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from channels.exceptions import StopConsumer
from django.db import Error as DatabaseError
from django.utils.translation import gettext as _

from config.short_frames import EXTENSION, ShortFrames
from sandbox import accounts, idle, open_terminals
from sandbox.engine import EngineError, EngineUnreachable
from sandbox.models import State
from sandbox.sockets import AGAIN, NO_ENGINE, NOT_RUNNING, SandboxConsumer, as_number
from sandbox.terminal import Place, Terminal

logger = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

UNDRAWN_HIGH = 512 * 1024  # bytes sent but not drawn by the page at which the shell's output is no longer read
UNDRAWN_LOW = 128 * 1024
TYPING_WINDOW = 256 * 1024  # bytes that a page may send ahead of what the shell has taken
TAKEN_EVERY = 32 * 1024
UNTYPED = 12 * 1024 * 1024  # bytes sent ahead, all the same, at which the socket is no longer read
PATIENCE = 10  # seconds after which what is typed beyond that, at a shell that takes nothing, is left out
NOTE_SECONDS = 20  # between two notes that a terminal is used; less than any idle time


class TerminalConsumer(SandboxConsumer):
    """A learner's shell. Bytes go straight between the socket and the engine's stream."""

    terminal: Terminal | None = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """As Channels does, but without a task, and a wait for the shared database thread, for every keystroke."""
        self.scope, self.base_send = scope, send
        with contextlib.suppress(StopConsumer):
            while True:
                self.listening = True
                message = await receive()
                self.listening = False
                await getattr(self, message["type"].replace(".", "_"))(message)

    async def opened(self) -> None:
        if self.sandbox.state != State.RUNNING:
            await self.close(NOT_RUNNING)
            return
        self.undrawn = 0
        self.drawn = asyncio.Event()
        self.typed: asyncio.Queue[bytes] = asyncio.Queue()
        self.untyped = 0
        self.unsaid = 0  # bytes that the shell has taken, and the page was not told of yet
        self.taken = asyncio.Event()
        self.deaf = False
        self.ended = False
        self.size = self.first_size()
        self.size_waits = False
        self.used_at = 0.0
        self.start(self.attach(self.size))

    def first_size(self) -> tuple[int, int] | None:
        return self.number("cols"), self.number("rows")

    async def attach(self, size: tuple[int, int] | None) -> None:
        place = Place.of(self.query("shell"), self.query("offset"))
        name = self.scope["url_route"]["kwargs"]["name"]
        try:
            await self.stay_awake()
            account = accounts.of_learner(self.sandbox.learner_id).environment()
            self.terminal = await Terminal.attach(
                self.sandbox.container, self.sandbox.owner_uid, name, size, place, account
            )
            self.start(self.type_on(self.terminal))
            if self.size and self.size != size:  # it changed meanwhile
                await self.terminal.resize(*self.size)
            self.take_short_way(self.terminal)
            with open_terminals.here.one():
                await self.show(self.terminal)
            await self.close(1000 if self.ended else AGAIN)
        except EngineUnreachable:
            await self.close(NO_ENGINE)
        except EngineError as exc:
            await self.say({"type": "notice", "text": _(str(exc))})
            await self.close(NOT_RUNNING)
        finally:
            if self.terminal:
                await self.terminal.close()

    def take_short_way(self, terminal: Terminal) -> None:
        """Have the server and the engine's stream ask, of what is short, whether it can be passed on at once."""
        page = self.scope.get("extensions", {}).get(EXTENSION)
        if page:
            page.receiver = partial(self.type_at_once, terminal)
            terminal.show_at_once(partial(self.show_at_once, page))

    def type_at_once(self, terminal: Terminal, data: bytes) -> bool:
        """Type what the page sent, if nothing that it sent before waits, and nothing else is to be done."""
        if not self.listening or self.untyped or self.use_is_due() or self.unsaid + len(data) >= TAKEN_EVERY:
            return False
        taken = terminal.type_at_once(data)
        self.unsaid += len(data) if taken else 0
        return taken

    def show_at_once(self, page: ShortFrames, printed: bytes) -> bool:
        """Send what was printed, if the page may have more, and nothing else is to be done."""
        if self.use_is_due() or self.undrawn + len(printed) > UNDRAWN_HIGH or not page.send_short(printed):
            return False
        self.undrawn += len(printed)
        return True

    async def stay_awake(self) -> None:
        """Note that the sandbox is used, and wake it: what was typed while it slept waits in the shell's pipe."""
        self.used_at = time.monotonic()
        await idle.keep_awake(self.sandbox)

    def use_is_due(self) -> bool:
        return time.monotonic() - self.used_at > NOTE_SECONDS

    def use(self) -> None:
        if self.use_is_due():
            self.used_at = time.monotonic()
            self.start(self.wake_up())

    async def wake_up(self) -> None:
        try:
            await self.stay_awake()
        except EngineError as exc:
            logger.info("sandbox %s not woken: %s", self.code, exc)
            await self.close(NO_ENGINE)
        except DatabaseError as exc:  # it is noted later: a shell does without a database
            logger.info("sandbox %s: its use not noted: %s", self.code, exc)

    async def show(self, terminal: Terminal) -> None:
        async for frame in terminal.frames():
            if isinstance(frame, dict):
                self.ended |= frame["type"] == "exit"
                await self.say(frame | {"window": TYPING_WINDOW} if frame["type"] == "attached" else frame)
                continue
            self.use()
            self.undrawn += len(frame)
            await self.base_send({"type": "websocket.send", "bytes": frame})
            if self.undrawn > UNDRAWN_HIGH:
                self.drawn.clear()
                await self.drawn.wait()

    async def type_on(self, terminal: Terminal) -> None:
        while True:
            data = await self.typed.get()
            with contextlib.suppress(EngineError, RuntimeError):  # the stream has ended: show() says so
                await (terminal.type(data) if data else self.tell_size(terminal))
            self.untyped -= len(data)
            self.taken.set()
            await self.note_taken(len(data))

    def change_size(self, size: tuple[int, int]) -> None:
        """Tell the shell, now or when it takes something again: while one waits for that, the page is not heard."""
        self.size = size
        if self.terminal and not self.size_waits and not self.terminal.resize_at_once(*size):
            self.size_waits = True
            self.typed.put_nowait(b"")

    async def tell_size(self, terminal: Terminal) -> None:
        self.size_waits = False
        if self.size:
            await terminal.resize(*self.size)

    async def note_taken(self, length: int) -> None:
        self.unsaid += length
        if self.unsaid >= TAKEN_EVERY:
            taken, self.unsaid = self.unsaid, 0
            await self.say({"type": "taken", "bytes": taken})

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.closed:  # what a page has sent before it learns that it is refused
            return
        if bytes_data and self.terminal and not self.untyped and self.terminal.type_at_once(bytes_data):
            await self.note_taken(len(bytes_data))
            self.use()
        elif bytes_data and await self.has_room(len(bytes_data)):
            self.untyped += len(bytes_data)
            self.typed.put_nowait(bytes_data)
            self.use()
        elif text_data:
            await self.control(text_data)

    async def has_room(self, length: int) -> bool:
        """Wait until the shell has taken what was typed before. If it does not, say so and return False.

        The wait has an end because, while it lasts, nothing else that the page sends is heard, not even that it goes.
        """
        if self.untyped + length <= UNTYPED:
            self.deaf = False
            return True
        try:
            async with asyncio.timeout(0 if self.deaf else PATIENCE):
                while self.untyped and self.untyped + length > UNTYPED:
                    self.taken.clear()
                    await self.taken.wait()
            self.deaf = False
        except TimeoutError:
            if not self.deaf:
                await self.say({"type": "notice", "text": "The shell takes no more input. The rest was left out."})
            self.deaf = True
        return not self.deaf

    async def control(self, text: str) -> None:
        """Obey a control frame. One that is broken or unknown is answered with a notice, and does nothing."""
        try:
            frame = json.loads(text)
            kind = frame["type"]
        except (ValueError, TypeError, KeyError, RecursionError):
            kind = None
        if kind == "ack":
            self.undrawn = max(0, self.undrawn - as_number(frame.get("bytes")))
            if self.undrawn <= UNDRAWN_LOW:
                self.drawn.set()
        elif kind == "resize":
            cols, rows = as_number(frame.get("cols")), as_number(frame.get("rows"))
            if cols and rows:
                self.change_size((cols, rows))
        else:
            await self.say({"type": "notice", "text": _("That message was not understood.")})
