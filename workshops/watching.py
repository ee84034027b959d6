"""An instructor who looks over a learner's shoulder: the same shell, read only, and the same events.

`/ws/workshop/<code>/learners/<participant>/terminal/<name>/`
    As a learner's own terminal (sandbox/consumers.py), but {"type": "size", "cols": n, "rows": n} tells how large the
    learner's is, {"type": "keyboard", "granted": bool} whether what this page types is taken, at first and after each
    change, and a resize changes nothing. While it is open, the learner's pages say who watches.
`/ws/workshop/<code>/learners/<participant>/events/`
    As a learner's own events, without their tasks' checks. Only while the terminal is watched.

Close codes are the learner's own; 4404 also when the instructor does not, or no longer, teach the workshop.
"""

import asyncio
import json
from typing import Any

from django.utils import timezone

from courses.models import User
from sandbox import idle
from sandbox.consumers import TerminalConsumer
from sandbox.event_consumer import EventsConsumer
from sandbox.events import group_of_learner, subscribe
from sandbox.models import Sandbox, State
from sandbox.sockets import NO_SANDBOX, NOT_RUNNING, SandboxConsumer
from workshops.live import ask
from workshops.models import Participant, Workshop
from workshops.models.watch import SEEN_EVERY, Watch

COMES_SECONDS = 10  # within which the terminal's socket is there, after the events'
LOOK_SECONDS = 0.2  # between two looks whether it is


class OverTheShoulder(SandboxConsumer):
    """Whose sandbox it is, and who may look."""

    participant: Participant

    async def refusal(self) -> int | None:
        found = await ask(self.find)
        if not found:
            return NO_SANDBOX
        self.participant = found
        sandbox = await Sandbox.objects.of(found.learner).active().afirst()
        if not sandbox or sandbox.state != State.RUNNING:
            return NOT_RUNNING
        self.sandbox = sandbox
        return None

    def find(self) -> Participant | None:
        """Return the participant, if the instructor teaches them now."""
        user = User.objects.filter(pk=self.scope["user"].pk).first()
        taught = Workshop.objects.taught_by(user) if user else Workshop.objects.none()
        known = Participant.objects.filter(workshop__in=taught, workshop__code=self.argument("code"))
        return known.select_related("learner", "workshop").filter(pk=self.argument("participant")).first()


class WatchedTerminal(OverTheShoulder, TerminalConsumer):
    watch: Watch | None = None
    may_type = False

    async def opened(self) -> None:
        self.watch = await ask(Watch.objects.begin, self.participant, self.scope["user"], timezone.now())
        self.news = asyncio.Event()
        self.start(self.listen())
        self.start(self.stay())
        await super().opened()

    async def listen(self) -> None:
        async for _message in subscribe(group_of_learner(self.participant.learner_id)):
            self.news.set()

    async def stay(self) -> None:
        """Say that one is still there, and see whether one may type, at least every SEEN_EVERY."""
        told: bool | None = None
        while True:
            self.news.clear()
            self.may_type = await ask(self.look)
            if self.may_type != told:
                told = self.may_type
                await self.say({"type": "keyboard", "granted": told})
            try:
                await asyncio.wait_for(self.news.wait(), SEEN_EVERY.total_seconds())
            except TimeoutError:
                continue

    def look(self) -> bool:
        return bool(self.watch and self.watch.stay(timezone.now()))

    def first_size(self) -> tuple[int, int] | None:
        return None

    async def stay_awake(self) -> None:
        """Wake a sandbox that sleeps; but to be looked at is not to be used."""
        await self.sandbox.arefresh_from_db(fields=["paused_at"])
        if self.sandbox.paused_at or self.may_type:
            await idle.keep_awake(self.sandbox)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if bytes_data and self.may_type:
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
        if await self.is_watched():
            await super().opened()
            self.start(self.end_with_terminal())
        else:
            await self.close(NOT_RUNNING)

    async def is_watched(self) -> bool:
        """Wait for the terminal's socket, which tells the learner, and return whether it came."""
        until = asyncio.get_running_loop().time() + COMES_SECONDS
        while asyncio.get_running_loop().time() < until:
            watches = Watch.objects.present(timezone.now())
            if await watches.filter(participant=self.participant, instructor=self.scope["user"]).aexists():
                return True
            await asyncio.sleep(LOOK_SECONDS)
        return False

    async def end_with_terminal(self) -> None:
        is_watched = True
        while is_watched:
            await asyncio.sleep(SEEN_EVERY.total_seconds())
            is_watched = await self.is_watched()
        await self.close(NOT_RUNNING)

    async def check_when_due(self) -> None:
        """The learner's own page has the tasks checked."""
