"""What an instructor shows the class: their own sandbox, read once and passed on to every page that looks.

`/ws/workshop/<code>/stage/terminal/`
    As a watched terminal (watching.py), for everybody in the workshop, and nobody can type.
`/ws/workshop/<code>/stage/events/`
    `log`, `flow`, `answer`, `object` and `objects` events of that sandbox, as in its own page; at first the last ones.

Close codes: 4401 not signed in, 4404 no such workshop, or they take no part in it, 4409 nothing is shown now; 1012 when
a page was too slow, or something else is shown: it comes back and gets all there is.
"""

import asyncio
import json
import logging
import time
from collections import deque
from typing import Any, ClassVar

from django.db.models import Q

from courses.models import User
from sandbox import accounts, idle, objects
from sandbox.engine import EngineError
from sandbox.lines import iso
from sandbox.models import Sandbox, State
from sandbox.sockets import AGAIN, NO_SANDBOX, NOT_RUNNING, Consumer
from sandbox.terminal import Place, Terminal
from sandbox.watch import Watch
from workshops import events
from workshops.live import ask
from workshops.models import Workshop

logger = logging.getLogger(__name__)

KEPT_BYTES = 256 * 1024  # of what the terminal printed, for pages that come later
KEPT_EVENTS = 300  # fewer than BEHIND, or who comes late would be sent away at once
BEHIND = 500  # frames that a page may be behind
BACK_SECONDS = 60  # of the flow that are told when a show begins

Frame = bytes | dict[str, Any]
Viewer = asyncio.Queue[Frame | None]


class Show:
    """One thing that is read once, and passed on. It ends with its source, or when nobody looks any more."""

    running: ClassVar[dict[str, "Show"]] = {}  # in this process

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.viewers: set[Viewer] = set()
        self.job: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, sandbox: Sandbox) -> "Show":
        return Show.running.setdefault(f"{cls.__name__} {sandbox.code}", cls(sandbox))

    def enter(self) -> Viewer:
        """Return a queue of all that there is to see, and then of what comes; None says that it is over."""
        viewer: Viewer = asyncio.Queue()
        for frame in self.so_far():
            viewer.put_nowait(frame)
        self.viewers.add(viewer)
        if not self.job:
            self.job = asyncio.create_task(self.play())
        return viewer

    def leave(self, viewer: Viewer) -> None:
        self.viewers.discard(viewer)
        if not self.viewers and self.job:
            self.job.cancel()

    async def play(self) -> None:
        try:
            await self.read()
        except EngineError as exc:
            logger.info("show of sandbox %s: %s", self.sandbox.code, exc)
        finally:
            Show.running.pop(f"{type(self).__name__} {self.sandbox.code}", None)
            for viewer in self.viewers:
                viewer.put_nowait(None)
            self.viewers.clear()

    def pass_on(self, frame: Frame) -> None:
        """Give every viewer the frame. One who is too far behind is sent away, and gets all there is on return."""
        self.keep(frame)
        for viewer in list(self.viewers):
            viewer.put_nowait(frame)
            if viewer.qsize() > BEHIND:
                self.viewers.discard(viewer)
                send_away(viewer)

    async def read(self) -> None:
        raise NotImplementedError

    def keep(self, frame: Frame) -> None:
        raise NotImplementedError

    def so_far(self) -> list[Frame]:
        raise NotImplementedError


def send_away(viewer: Viewer) -> None:
    """What it has not got yet, it gets another time."""
    while not viewer.empty():
        viewer.get_nowait()
    viewer.put_nowait(None)


class TerminalShow(Show):
    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.printed = bytearray()
        self.offset = 0  # of the first byte in `printed`
        self.attached: dict[str, Any] | None = None
        self.size: dict[str, Any] | None = None

    async def read(self) -> None:
        await idle.keep_awake(self.sandbox)
        account = accounts.of_learner(self.sandbox.learner_id).environment()
        terminal = await Terminal.attach(
            self.sandbox.container, self.sandbox.owner_uid, "client", None, Place(), account
        )
        try:
            async for frame in terminal.frames():
                self.pass_on(frame)
                await asyncio.sleep(0)  # what is there already is read without a wait: viewers want their turn, too
        finally:
            await terminal.close()

    def keep(self, frame: Frame) -> None:
        if isinstance(frame, bytes):
            self.printed += frame
            if len(self.printed) > 2 * KEPT_BYTES:
                cut = self.printed.find(b"\n", KEPT_BYTES) + 1 or KEPT_BYTES
                del self.printed[:cut]
                self.offset += cut
        elif frame["type"] == "attached":
            self.attached, self.offset = frame, int(frame.get("offset") or 0)
            self.printed.clear()
        elif frame["type"] == "size":
            self.size = frame

    def so_far(self) -> list[Frame]:
        if not self.attached:
            return []
        attached = self.attached | {"offset": self.offset, "replay": len(self.printed), "reset": True}
        return [attached, *([self.size] if self.size else []), bytes(self.printed)]


class EventShow(Show):
    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.told: deque[dict[str, Any]] = deque(maxlen=KEPT_EVENTS)
        self.objects: dict[str, Any] | None = None
        self.last_id = 0
        self.due = asyncio.Event()

    async def read(self) -> None:
        asking = asyncio.create_task(self.read_objects())
        watch = Watch(self.sandbox, int((time.time() - BACK_SECONDS) * 1e6))
        changes = 0
        try:
            async for event in watch.events():
                self.tell(event)
                await asyncio.sleep(0)
                if watch.changes_seen > changes:
                    changes = watch.changes_seen
                    self.due.set()
        finally:
            asking.cancel()

    async def read_objects(self) -> None:
        async for found in objects.follow(self.sandbox, self.due):
            self.tell({"type": "objects", **found})

    def tell(self, event: dict[str, Any]) -> None:
        self.last_id = max(event.get("id", 0), self.last_id + 1)
        self.pass_on({"at": iso(int(time.time() * 1e6)), **event, "id": self.last_id})

    def keep(self, frame: Frame) -> None:
        if isinstance(frame, dict) and frame["type"] == "objects":
            self.objects = frame
        elif isinstance(frame, dict):
            self.told.append(frame)

    def so_far(self) -> list[Frame]:
        return [*self.told, *([self.objects] if self.objects else [])]


class StageConsumer(Consumer):
    """A page that looks at what is shown. It must still be shown, and this page's to see, for as long as it looks."""

    show: type[Show]

    async def refusal(self) -> int | None:
        found = await ask(shown_to, self.scope["user"].pk, self.argument("code"))
        if found is None:
            return NO_SANDBOX
        sandbox = await Sandbox.objects.of(found.showing_id).filter(state=State.RUNNING).afirst()
        if not found.showing_id or not sandbox:
            return NOT_RUNNING
        self.sandbox, self.workshop = sandbox, found
        return None

    async def opened(self) -> None:
        self.start(self.look())
        self.start(self.end())

    async def look(self) -> None:
        show = self.show.of(self.sandbox)
        viewer = show.enter()
        try:
            while (frame := await viewer.get()) is not None:
                if isinstance(frame, bytes):
                    await self.send(bytes_data=frame)
                else:
                    await self.send(text_data=json.dumps(frame))
        finally:
            show.leave(viewer)
        await self.close(AGAIN)

    async def end(self) -> None:
        """Send the page away when something else is shown, or nothing, or it is not to see it any more."""
        async for _message in events.heard_or_waited(self.workshop.code):
            found = await ask(shown_to, self.scope["user"].pk, self.workshop.code)
            if not found or found.showing_id != self.workshop.showing_id:
                await self.close(AGAIN)
                return

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nothing that a page says is heard: it only looks."""


class StageTerminal(StageConsumer):
    show = TerminalShow


class StageEvents(StageConsumer):
    show = EventShow


def shown_to(user_id: int | None, code: str) -> Workshop | None:
    """Return the workshop, if this user takes part in it or teaches it."""
    user = User.objects.filter(pk=user_id or 0, is_active=True).first()  # one who was deleted has no number
    if not user:
        return None
    mine = Q(participants__learner=user) | Q(pk__in=Workshop.objects.taught_by(user))
    return Workshop.objects.filter(mine, code=code).distinct().first()
