"""What is going on in a sandbox, as one stream of events: the daemon's log, the warehouse's, and the flow they tell."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

from sandbox import streaming, warehouse
from sandbox.engine import EngineError
from sandbox.flow import Flow
from sandbox.lines import Line, parse_daemon, parse_warehouse
from sandbox.models import Sandbox
from sandbox.tap import Ended, Heard, ObjectEvent, Opened, hear

logger = logging.getLogger(__name__)

GATHER_SECONDS = 0.04  # lines of both logs that arrive this close are put in the order of their times
CONTEXT = 30_000_000  # microseconds read before `after`, so that a flow cut in half is understood
QUEUE = 2000  # lines; when full, the logs are not read on
RETRY_SECONDS = 3


class Watch:
    """Reads a running sandbox's logs and numbers the events.

    An event's id is its line's time in microseconds since the epoch, made larger where two would be equal: a page that
    comes back names the last id it saw and gets what followed.
    """

    def __init__(self, sandbox: Sandbox, after: int = 0) -> None:
        self.sandbox = sandbox
        self.after = after
        self.flow = Flow()
        self.lines: asyncio.Queue[Line | Heard] = asyncio.Queue(QUEUE)
        self.last_id = 0
        self.calls_seen = 0
        self.changes_seen = 0  # of what the daemon manages

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Yield events until the sandbox's container ends. Raise EngineError if the engine goes away."""
        warehouse_reader = asyncio.create_task(self.read_warehouse())
        reader = asyncio.create_task(self.read_daemon())
        try:
            while batch := await self.gather(reader):
                for line in sorted(batch, key=lambda line: line.at):
                    for event in self.numbered(line):
                        yield event
            await reader  # raises what ended it
        finally:
            reader.cancel()
            warehouse_reader.cancel()

    async def gather(self, reader: "asyncio.Task[None]") -> list[Line | Heard]:
        """Return the next lines, those that come within GATHER_SECONDS together; none when the log has ended."""
        first = asyncio.create_task(self.lines.get())
        try:
            await asyncio.wait({first, reader}, return_when=asyncio.FIRST_COMPLETED)
            if not first.done():
                return self.waiting()
        finally:
            first.cancel()  # does nothing to one that is done
        await asyncio.sleep(GATHER_SECONDS)
        return [first.result(), *self.waiting()]

    def waiting(self) -> list[Line | Heard]:
        return [self.lines.get_nowait() for _ in range(self.lines.qsize())]

    async def read_daemon(self) -> None:
        since = max(self.after - CONTEXT, 0)
        async for at, raw in streaming.follow_log(self.sandbox.container, since):
            await self.lines.put(hear(at, raw) or parse_daemon(at, raw))

    async def read_warehouse(self) -> None:
        """Read the warehouse's log for as long as it takes; only this sandbox's own requests are passed on."""
        started = self.sandbox.started_at or self.sandbox.created_at
        since = max(self.after - CONTEXT, int(started.timestamp() * 1e6))
        while True:
            try:
                async for at, raw in streaming.follow_log(warehouse.container(), since):
                    since = at + 1
                    line = parse_warehouse(at, raw)
                    if line and line.fields["address"] == self.sandbox.address:
                        await self.lines.put(line)
            except EngineError as exc:
                logger.info("the warehouse's log cannot be read: %s", exc)
            await asyncio.sleep(RETRY_SECONDS)

    def numbered(self, line: Line | Heard) -> list[dict[str, Any]]:
        flows = self.flow.feed(line)
        if flows is None:
            return []
        self.calls_seen += bool(flows)
        self.changes_seen += isinstance(line, Opened | ObjectEvent | Ended)
        logged = [line.as_event(self.flow.order_number(line))] if isinstance(line, Line) else []
        events = [event | {"id": self.next_id(line.at)} for event in [*logged, *flows]]
        return [event for event in events if event["id"] > self.after]

    def next_id(self, at: int) -> int:
        self.last_id = max(at, self.last_id + 1)
        return self.last_id
