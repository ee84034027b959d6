"""The events' websocket of a sandbox. Its wire is documented in consumers.py."""

import asyncio
import contextlib
import logging
import time
from typing import Any

from channels.db import database_sync_to_async
from django.utils.translation import get_language

from sandbox import events, objects, tasks
from sandbox.container import Container
from sandbox.engine import EngineError, EngineUnreachable
from sandbox.lines import iso
from sandbox.models import Sandbox, State
from sandbox.sockets import AGAIN, NO_ENGINE, NO_SANDBOX, NOT_RUNNING, SandboxConsumer
from sandbox.watch import Watch

logger = logging.getLogger(__name__)

LOOK_SECONDS = 5  # between two looks at the row, in case the event that told of a change was lost
CHECK_SECONDS = 0.3  # without news, after which the tasks are checked: calls to the daemon come in bursts
CHECK_LATEST = 1  # seconds from the first news to the check, however many follow
CHECK_PAUSE = 0.5  # seconds at least between two checks
CHECKS_LATER = (1.5, 4, 10)  # seconds between those that follow the last news: no event tells of files, or of a page


class EventsConsumer(SandboxConsumer):
    """What happens in a sandbox. Reads nothing from the page."""

    async def opened(self) -> None:
        self.last_id = self.number("after")
        self.sending = asyncio.Lock()
        self.watched: Container | None = None
        self.shown: dict[str, object] = {}
        self.check_due = asyncio.Event()
        self.objects_due = asyncio.Event()
        self.start(self.listen())
        self.start(self.check_when_due())
        await self.show_state()
        self.start(self.look_again())

    async def listen(self) -> None:
        async for message in events.subscribe(events.group_of(self.code)):
            if message["type"] == "sandbox.state":
                await self.show_state()
            elif message["type"] == "sandbox.ports":
                await self.emit({"type": "ports", "ports": message["ports"]})
            elif message["type"] == "sandbox.served":
                await self.emit({"type": "served", "runs": message["runs"]})
            elif message["type"] == "sandbox.tasks":
                for result in message["results"]:
                    await self.emit(result)

    async def look_again(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.show_state(if_new=True)

    async def show_state(self, if_new: bool = False) -> None:
        try:
            await database_sync_to_async(self.sandbox.refresh_from_db)()
        except Sandbox.DoesNotExist:
            await self.close(NO_SANDBOX)
            return
        state = self.sandbox.as_json()
        news = {key: value for key, value in state.items() if key != "now"}
        if if_new and news == self.shown:
            return
        self.shown = news
        await self.emit({"type": "state", **state})
        self.objects_due.set()  # if it was asleep, nobody could be asked
        if self.watched and self.sandbox.container != self.watched:
            await self.close(AGAIN)  # it goes on in another container: what is watched is that one's no more
        elif self.sandbox.state == State.RUNNING and not self.watched:
            self.watched = self.sandbox.container
            self.start(self.watch())
            self.start(self.show_objects())
        elif self.sandbox.state in {State.STOPPED, State.FAILED}:
            await self.close(NOT_RUNNING)

    async def watch(self) -> None:
        """Pass on what the logs tell, until the container ends."""
        watch = Watch(self.sandbox, self.number("after"))
        self.check_due.set()
        calls = changes = 0
        try:
            async for event in watch.events():
                await self.emit(event)
                if watch.calls_seen > calls:
                    calls = watch.calls_seen
                    self.check_due.set()
                if watch.changes_seen > changes:
                    changes = watch.changes_seen
                    self.objects_due.set()
                    self.check_due.set()
        except EngineUnreachable:
            await self.close(NO_ENGINE)
        except EngineError as exc:
            logger.info("log of sandbox %s: %s", self.code, exc)
        await self.close(AGAIN)

    async def show_objects(self) -> None:
        async for found in objects.follow(self.sandbox, self.objects_due):
            await self.emit({"type": "objects", **found})

    async def check_when_due(self) -> None:
        """Have the tasks checked soon after the daemon was asked for something, or something came of it."""
        while True:
            await self.check_due.wait()
            await self.hear_out()
            await self.check()
            await asyncio.sleep(CHECK_PAUSE)
            await self.check_again()

    async def hear_out(self) -> None:
        """Return when there is no more news, or too much."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CHECK_LATEST):
                while self.check_due.is_set():
                    self.check_due.clear()
                    await asyncio.sleep(CHECK_SECONDS)
        self.check_due.clear()

    async def check_again(self) -> None:
        """Check a few times more, until there is news: of what a container does, the daemon does not tell all."""
        for pause in CHECKS_LATER:
            with contextlib.suppress(TimeoutError):
                # Not wait_for: up to Python 3.11 it may swallow the cancellation that a closed page brings.
                async with asyncio.timeout(pause):
                    await self.check_due.wait()
                return
            await self.check()

    async def check(self) -> None:
        await database_sync_to_async(tasks.order)(tasks.check_tasks, self.sandbox.pk, get_language())

    async def emit(self, event: dict[str, Any]) -> None:
        """Send an event, with an id larger than that of the one before.

        A line of a log brings its id: its time. What cannot be read again later takes the next number, not its own
        time, so that a page which comes back does not skip lines that are older, but were not sent yet.
        """
        async with self.sending:
            self.last_id = max(event.get("id", 0), self.last_id + 1)
            await self.say({"at": iso(int(time.time() * 1e6)), **event, "id": self.last_id})
