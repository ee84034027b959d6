"""An instructor who looks over a learner's shoulder: the same shell, read only, and the same events.

`/ws/workshop/<code>/learners/<participant>/terminal/client/`
    As a learner's own terminal (sandbox/consumers.py), but {"type": "size", "cols": n, "rows": n} tells how large the
    learner's is, {"type": "keyboard", "granted": bool} whether what this page types is taken, at first and after each
    change, and a resize changes nothing. While it is open, the learner's pages say who watches.
`/ws/workshop/<code>/learners/<participant>/events/`
    As a learner's own events, without their tasks' checks. Only while the terminal is watched.

Close codes are the learner's own; 4404 also when the workshop is not, or no longer, open, or the instructor's.
"""

import asyncio
import contextlib
import json
import time
from typing import Any

from django.utils import timezone

from courses.models import User
from sandbox import idle
from sandbox.consumers import TerminalConsumer
from sandbox.event_consumer import EventsConsumer
from sandbox.events import group_of_learner, subscribe
from sandbox.models import Sandbox, State
from sandbox.sockets import AGAIN, NO_SANDBOX, NOT_RUNNING, SandboxConsumer
from sandbox.terminal import Terminal
from workshops.live import ask
from workshops.models import Participant, Workshop
from workshops.models.watch import SEEN_EVERY, Watch

COMES_SECONDS = 10  # within which the terminal's socket is there, after the events'
LOOK_SECONDS = 0.2  # between two looks whether it is
AHEAD_SECONDS = 0.3  # by which the learner's pages know of a watcher before anything of theirs is read


class OverTheShoulder(SandboxConsumer):
    """Whose sandbox it is, and who may look: only in an open workshop, since only then the learner's pages say so."""

    participant: Participant

    async def refusal(self) -> int | None:
        found = await ask(self.find)
        if not found:
            return NO_SANDBOX
        self.participant = found
        sandbox = await Sandbox.objects.of(found.learner).active().afirst()
        if not sandbox or sandbox.state != State.RUNNING:
            return NOT_RUNNING
        sandbox.note_in_logs()
        self.sandbox = sandbox
        return None

    def find(self) -> Participant | None:
        """Return the participant, if the instructor teaches them now."""
        user = User.objects.filter(pk=self.scope["user"].pk).first()
        taught = Workshop.objects.taught_by(user).open() if user else Workshop.objects.none()
        known = Participant.objects.filter(workshop__in=taught, workshop__code=self.argument("code"))
        return known.select_related("learner", "workshop").filter(pk=self.argument("participant")).first()

    async def hear_news(self, due: asyncio.Event) -> None:
        async for _message in subscribe(group_of_learner(self.participant.learner_id)):
            due.set()


async def heard(due: asyncio.Event) -> None:
    """Wait until there is news of the learner, but no longer than SEEN_EVERY."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SEEN_EVERY.total_seconds()):
            await due.wait()
    due.clear()


class WatchedTerminal(OverTheShoulder, TerminalConsumer):
    watch: Watch | None = None
    may_type = False
    untyped = 0

    async def opened(self) -> None:
        began = timezone.now()
        self.watch = await ask(Watch.objects.begin, self.participant, self.scope["user"], began)
        self.news = asyncio.Event()
        self.start(self.hear_news(self.news))
        self.start(self.stay())
        if self.watch.since == began:
            await asyncio.sleep(AHEAD_SECONDS)
        await super().opened()

    async def stay(self) -> None:
        """Say that one is still there, and see whether one still may watch, and type, at least every SEEN_EVERY."""
        told: bool | None = None
        while await ask(self.find):
            self.may_type = await ask(self.look)
            if self.may_type != told:
                if told and self.untyped:
                    # What the shell has not taken yet must not be typed any more.
                    await self.close(AGAIN)
                told = self.may_type
                await self.say({"type": "keyboard", "granted": told})
            await heard(self.news)
        await self.close(NO_SANDBOX)

    def look(self) -> bool:
        return bool(self.watch and self.watch.stay(timezone.now()))

    def first_size(self) -> tuple[int, int] | None:
        return None

    async def stay_awake(self) -> None:
        """Wake a sandbox that sleeps; but to be looked at is not to be used."""
        self.used_at = time.monotonic()
        await (idle.keep_awake if self.may_type else idle.rouse)(self.sandbox)

    def type_at_once(self, terminal: Terminal, data: bytes) -> bool:
        return False  # each key is asked about first

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if bytes_data and self.watch and self.may_type:
            # Asked again for each key: the learner may just have taken the keyboard back.
            self.may_type = await ask(self.watch.may_type)
            if self.may_type:
                await super().receive(bytes_data=bytes_data)
        elif text_data and not is_resize(text_data):
            await super().receive(text_data=text_data)

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        if self.watch:
            await ask(self.watch.leave)


def is_resize(text: str) -> bool:
    try:
        frame: Any = json.loads(text)
        return bool(frame["type"] == "resize")
    except (ValueError, TypeError, KeyError, RecursionError):
        return False


class WatchedEvents(OverTheShoulder, EventsConsumer):
    async def opened(self) -> None:
        if await self.is_watched_soon():
            await super().opened()
            self.start(self.end_with_terminal())
        else:
            await self.close(NOT_RUNNING)

    async def is_watched(self) -> bool:
        """Return whether the terminal's socket is there, which tells the learner."""
        watches = Watch.objects.present(timezone.now())
        return bool(await ask(watches.filter(participant=self.participant, instructor=self.scope["user"]).exists))

    async def is_watched_soon(self) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(COMES_SECONDS):
                while not await self.is_watched():  # noqa: ASYNC110 - it may be another process that knows
                    await asyncio.sleep(LOOK_SECONDS)
                return True
        return False

    async def end_with_terminal(self) -> None:
        news = asyncio.Event()
        self.start(self.hear_news(news))
        while await ask(self.find):
            if not await self.is_watched():
                await self.close(AGAIN)
                return
            await heard(news)
        await self.close(NO_SANDBOX)

    async def check_when_due(self) -> None:
        """The learner's own page has the tasks checked."""
