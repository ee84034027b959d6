"""How soon the page hears of what its daemon was asked, and how soon a task ticks after the command that does it."""

import asyncio
import re
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from bench.bench import Bench
from bench.learner import Events, Gone, Learner, Terminal
from bench.report import Figure, milliseconds
from bench.shells import await_prompt, run

TASK = "first-order"
DOES_TASK = "docker run --rm warehouse:5000/sarafa/poha"
CALLS = "curl --silent --unix-socket /run/docker.sock http://localhost/version > /dev/null"
SAID_AT = re.compile(r'time="([^"]+?)(\.\d+)?(Z|[+-][\d:]+)"')
PATIENCE = 15  # seconds for the tick of a task


class Watcher:
    """A learner's events, with the moment each came (seconds since the epoch)."""

    def __init__(self, events: Events) -> None:
        self.events = events
        self.heard: list[tuple[float, dict[str, Any]]] = []
        self.ticked: dict[str, float] = {}
        self.news = asyncio.Event()

    async def listen(self) -> None:
        try:
            while True:
                event = await self.events.next()
                now = time.time()
                self.heard.append((now, event))
                if event["type"] == "task" and event["state"] == "done":
                    self.ticked.setdefault(event["task"], now)
                    self.news.set()
        except Gone:
            self.news.set()

    async def tick_of(self, task: str) -> float:
        async with asyncio.timeout(PATIENCE):
            while task not in self.ticked:
                self.news.clear()
                await self.news.wait()
        return self.ticked[task]

    def delays(self, kind: str) -> list[float]:
        """Return how long each event of a kind took from a call to here."""
        times = [(heard, called_at(event)) for heard, event in self.heard if event["type"] == kind]
        return [heard - called for heard, called in times if called is not None]


def called_at(event: dict[str, Any]) -> float | None:
    """Return when the daemon was called, if the event tells of that: by a clock that is the host's.

    The log's event says when the daemon wrote its line, the flow's when the engine had the tap's, cut to milliseconds.
    """
    if event["type"] == "flow":
        return moment(event["at"]) if event["from"] == "client" else None
    found = SAID_AT.search(event.get("raw", ""))
    if not found or "Calling " not in event["raw"]:
        return None
    return moment(found[1] + found[3]) + float(found[2] or 0)


def moment(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


async def measure(bench: Bench) -> list[Figure]:
    ticks = [await tick(bench) for _ in range(bench.times(7, 2))]
    async with bench.sandbox() as learner, watched(learner) as (watcher, terminal):
        for _ in range(bench.times(40, 10)):
            await run(terminal, CALLS)
        await asyncio.sleep(1)
    logs, flows = watcher.delays("log"), watcher.delays("flow")
    note = f"n={len(ticks)}, {min(ticks):.2f} to {max(ticks):.2f} s after the command's last byte"
    return [
        Figure("task done, after its command has ended, median", statistics.median(ticks), "s", 2, note),
        Figure("call to the daemon, until its log event", delay(logs), "ms", note=f"median, n={len(logs)}"),
        Figure("call to the daemon, until its flow event", delay(flows), "ms", note=f"median, n={len(flows)}"),
    ]


def delay(delays: list[float]) -> float:
    return milliseconds(statistics.median(delays))


async def tick(bench: Bench) -> float:
    """Do a task in a fresh sandbox; return the seconds from the command's end to the task's tick."""
    async with bench.sandbox() as learner, watched(learner) as (watcher, terminal):
        # What was printed last is awaited here and not in run(), which waits for quiet before it returns.
        await terminal.type(f"{DOES_TASK}; echo en''d\r".encode())
        printed = b""
        while b"\nend" not in printed:
            printed += await terminal.read()
        ended = time.time()
        return await watcher.tick_of(TASK) - ended


@asynccontextmanager
async def watched(learner: Learner) -> AsyncIterator[tuple[Watcher, Terminal]]:
    async with await learner.events() as events, await learner.terminal() as terminal:
        watcher = Watcher(events)
        listening = asyncio.create_task(watcher.listen())
        await await_prompt(terminal)
        await asyncio.sleep(2)  # the first check, which every page has made at once, is over
        try:
            yield watcher, terminal
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
