"""How many sandboxes this machine holds before admission refuses, each with its page open and its shell idle.

It takes some minutes and most of the machine's memory, so it runs only when it is named. All is taken away with the
platform, however this ends.
"""

import asyncio
import re
import statistics
import time
from contextlib import AsyncExitStack
from pathlib import Path

from bench import echo
from bench.bench import Bench
from bench.claims import follow
from bench.learner import FullHouse, Gone, Learner, Terminal
from bench.naps import share
from bench.report import Figure, milliseconds, percentile
from bench.shells import await_prompt

AT_ONCE = 4  # learners who arrive together
REFUSED_SECONDS = 45  # whoever waits in the queue that long, while nobody else is let in either, met the limit
SETTLE = 60  # seconds until what starts leave behind is over
SAMPLE = 20  # sandboxes that are looked at one by one
FLOOR = 4 * 2**30  # bytes: admission ought to have refused long before
MIB, GIB = 2**20, 2**30


class Full(Exception):
    """Admission refuses."""


class House:
    """The learners who came, with what they have open."""

    def __init__(self, bench: Bench, stack: AsyncExitStack) -> None:
        self.bench = bench
        self.stack = stack
        self.learners: list[Learner] = []
        self.readers: list[asyncio.Task[None]] = []
        self.refusal = ""

    async def fill(self) -> None:
        """Let learners come until one is kept waiting."""
        while not self.refusal:
            learner = await self.stack.enter_async_context(self.bench.learner())
            try:
                await self.let_in(learner)
            except Full as full:
                self.refusal = str(full)

    async def let_in(self, learner: Learner) -> None:
        until = time.monotonic() + REFUSED_SECONDS
        while True:
            if available() < FLOOR:
                raise RuntimeError("admission let more in than the memory holds")
            try:
                await learner.open_sandbox()
                break
            except FullHouse as full:
                if time.monotonic() > until:
                    raise Full(str(full)) from full
                await asyncio.sleep(full.answer["retry_after"])
        await self.open_page(learner)

    def sample(self) -> list[Learner]:
        return self.learners[:: max(1, len(self.learners) // SAMPLE)]

    async def open_page(self, learner: Learner) -> None:
        events = await self.stack.enter_async_context(await learner.events())
        terminal = await self.stack.enter_async_context(await learner.terminal())
        await await_prompt(terminal)
        self.readers += [asyncio.create_task(follow(events)), asyncio.create_task(read_on(terminal))]
        self.learners.append(learner)


async def read_on(terminal: Terminal) -> None:
    try:
        while True:
            await terminal.read()
    except Gone:
        pass


async def measure(bench: Bench) -> list[Figure]:
    await bench.pool_full()
    await asyncio.sleep(SETTLE / 4)
    before, pool = available(), bench.platform.warm()
    async with AsyncExitStack() as stack:
        house = House(bench, stack)
        began = time.monotonic()
        await asyncio.gather(*(house.fill() for _ in range(AT_ONCE)))
        took = time.monotonic() - began
        try:
            await asyncio.sleep(SETTLE)
            return [*(await memory_figures(house, before, pool, took)), *(await life_figures(house))]
        finally:
            for reader in house.readers:
                reader.cancel()
            await asyncio.gather(*house.readers, return_exceptions=True)


async def memory_figures(house: House, before: int, pool: int, took: float) -> list[Figure]:
    count = len(house.learners)
    each = (before - available()) / (count + house.bench.platform.warm() - pool)
    sample = house.sample()
    stats = await asyncio.gather(*(house.bench.engine.memory(learner.code) for learner in sample))
    note = f"in {took:.0f} s, then: {house.refusal}"
    told = f"what became less available; by cgroup, median of {len(sample)}: {statistics.median(stats) / MIB:.0f} MiB"
    return [
        Figure("idle sandboxes held", count, "", 200 if total() > 23 * GIB else None, note, at_least=True),
        Figure("memory of the machine for each", each / MIB, "MiB", None, told),
        Figure("memory left", available() / GIB, "GiB"),
    ]


async def life_figures(house: House) -> list[Figure]:
    """Tell how the platform fares while the house is full."""
    platform = house.bench.platform
    shares = await asyncio.gather(*(share(house.bench, learner) for learner in house.sample()))
    echoed = await echo.compare(house.bench, house.learners[0], 200)
    repairs = platform.reconcile_times()
    return [
        Figure("each, of a processor", statistics.mean(shares), "%", None, f"mean of {len(shares)}, all idle"),
        Figure("keystroke to echo, p99", milliseconds(percentile(echoed.ours, 99)), "ms", None, echoed.said(50)),
        Figure("rows and containers compared, median", statistics.median(repairs), "s", None, f"n={len(repairs)}"),
        Figure("web process", platform.resident("config.asgi") / MIB, "MiB", None, "resident"),
        Figure("worker", platform.resident("celery") / MIB, "MiB", None, "resident"),
    ]


def memory(what: str) -> int:
    found = re.search(rf"{what}:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    assert found
    return int(found[1]) * 1024


def available() -> int:
    return memory("MemAvailable")


def total() -> int:
    return memory("MemTotal")
