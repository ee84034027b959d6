"""What both live pages of a workshop share: they look at the database when they are told to, and every few seconds."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from channels.db import database_sync_to_async

from sandbox.events import Inbox, group_of_learner
from sandbox.sockets import NO_SANDBOX, Consumer
from workshops import events

GATHER_SECONDS = 0.1  # between two looks: what is heard meanwhile is looked up together
LOOK_SECONDS = 4  # between two looks at everything, in case the message that told of a change was lost


class LiveConsumer(Consumer):
    """A page about a workshop. What it shows is asked anew after each change, and only what has changed is sent."""

    async def opened(self) -> None:
        self.due = asyncio.Event()
        self.stale: set[int] | None = None  # learners of whom there is news; None: look at everything
        self.looked_at = 0.0  # at everything; the times are of time.monotonic()
        self.heard_at = time.monotonic()  # the last news
        self.inbox = Inbox(events.group_of(self.argument("code")))
        self.start(self.listen())
        self.start(self.keep_showing())

    async def listen(self) -> None:
        async for message in self.inbox.messages():
            if not self.concerns(message):
                continue
            self.heard_at = time.monotonic()
            if "learner" not in message:
                self.stale = None
            elif self.stale is not None:
                self.stale.add(message["learner"])
            self.due.set()

    def concerns(self, message: dict[str, Any]) -> bool:
        """Whether news, of the workshop or of a learner whom one follows, is a reason to look."""
        return True

    async def follow(self, learners: set[int]) -> None:
        await self.inbox.follow({group_of_learner(learner) for learner in learners})

    async def keep_showing(self) -> None:
        while True:
            due = self.looked_at + self.patience()
            if time.monotonic() >= due:
                self.stale, self.heard_at = None, max(self.heard_at, due)
            stale, self.stale = self.stale, set()
            if stale is None:
                self.looked_at = time.monotonic()
            self.due.clear()
            gathered = time.monotonic() + GATHER_SECONDS
            if not await self.show(stale):
                await self.close(NO_SANDBOX)
                return
            try:
                # Not wait_for: up to Python 3.11 it may swallow the cancellation that a closed page brings.
                async with asyncio.timeout(max(0, self.looked_at + self.patience() - time.monotonic())):
                    await self.due.wait()
                await asyncio.sleep(gathered - time.monotonic())  # the first news after a while waits for no other
            except TimeoutError:
                continue

    def patience(self) -> float:
        """Return after how many seconds one looks at everything, news or not."""
        return LOOK_SECONDS

    async def show(self, stale: set[int] | None) -> bool:
        """Send what has changed. Return False if the page may not be shown any longer."""
        raise NotImplementedError


async def ask(question: Callable[..., Any], *arguments: Any, threads: ThreadPoolExecutor | None = None) -> Any:
    """Ask the database, beside whatever else asks it: a look at a whole class takes a while."""
    asked = database_sync_to_async(question, thread_sensitive=False, executor=threads)
    return await asked(*arguments)
