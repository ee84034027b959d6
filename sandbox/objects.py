"""What a learner's daemon manages, asked from it whenever something changed, for as long as a page watches."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sandbox import streaming
from sandbox.containers import DOCKER_GID
from sandbox.engine import EngineError
from sandbox.models import Sandbox

ARGV = ["/sbx/objects"]
SECONDS = 5  # for one answer
MOST = 4 << 20  # bytes of one


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
    async with streaming.opened(sandbox.container_id, ARGV, f"{sandbox.owner_uid}:{DOCKER_GID}") as line:
        yield Asker(line)
