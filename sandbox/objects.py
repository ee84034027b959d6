"""What a learner's daemon manages, asked from it whenever something changed, for as long as a page watches."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sandbox import streaming
from sandbox.containers import DOCKER_GID
from sandbox.engine import EngineError
from sandbox.models import Sandbox, State

logger = logging.getLogger(__name__)

ARGV = ["/sbx/objects"]
SECONDS = 5  # for one answer
MOST = 4 << 20  # bytes of one
GATHER_SECONDS = 0.05  # how long after a change the daemon is asked: changes come in bursts
PAUSE = 0.3  # seconds at least between two questions
RETRY = (1, 30)  # seconds until a daemon that did not answer is asked again, if it says nothing before; at most


class Asker:
    """A line to `/sbx/objects` in one sandbox."""

    def __init__(self, line: streaming.Line) -> None:
        self.line = line
        self.rest = b""

    async def ask(self) -> dict[str, Any]:
        """Return all objects: see ObjectsEvent in static/js/workspace/protocol.ts. Raise EngineError for no answer."""
        await self.line.write(b"\n")
        try:
            async with asyncio.timeout(SECONDS):
                told = json.loads(await self.read())
        except (TimeoutError, ValueError) as exc:
            raise EngineError("The daemon did not tell what it manages.") from exc
        if not isinstance(told, dict):
            raise EngineError("The daemon did not tell what it manages.")
        return told

    async def read(self) -> bytes:
        while b"\n" not in self.rest:
            more = await self.line.read()
            if not more or len(self.rest) > MOST:
                raise EngineError("The daemon did not tell what it manages.")
            self.rest += more
        answer, self.rest = self.rest.split(b"\n", 1)
        return answer


@asynccontextmanager
async def asker(sandbox: Sandbox) -> AsyncIterator[Asker]:
    async with streaming.opened(sandbox.container, ARGV, f"{sandbox.owner_uid}:{DOCKER_GID}") as line:
        yield Asker(line)


async def follow(sandbox: Sandbox, due: asyncio.Event) -> AsyncIterator[dict[str, Any]]:
    """Yield what the daemon manages, at first and soon after each time that `due` is set, while the sandbox runs."""
    pause, longest = RETRY
    while sandbox.state == State.RUNNING:
        try:
            async with asker(sandbox) as line:
                while True:
                    due.clear()
                    yield await line.ask()
                    pause = RETRY[0]
                    await asyncio.sleep(PAUSE)
                    await due.wait()
                    await asyncio.sleep(GATHER_SECONDS)
        except EngineError as exc:
            logger.info("objects of sandbox %s: %s", sandbox.code, exc)
            await asyncio.sleep(PAUSE)
            with contextlib.suppress(TimeoutError):
                # Asleep, it cannot answer. When it wakes, or its daemon serves again, that is a change.
                async with asyncio.timeout(None if sandbox.paused_at else pause):
                    await due.wait()
            pause = min(2 * pause, longest)
