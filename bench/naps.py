"""What a sandbox takes of a processor, idle and asleep, and how soon one that sleeps answers a key."""

import asyncio
import statistics
import time
from contextlib import AsyncExitStack

from bench.bench import Bench
from bench.learner import Events, Learner
from bench.report import Figure, milliseconds
from bench.shells import await_prompt

SECONDS = 10
PATIENCE = 120


async def measure(bench: Bench) -> list[Figure]:
    awake, asleep, wakes = [], [], []
    async with AsyncExitStack() as stack:
        for _ in range(bench.times(8, 3)):
            learner = await stack.enter_async_context(bench.sandbox())
            terminal = await stack.enter_async_context(await learner.terminal())
            events = await stack.enter_async_context(await learner.events())
            await await_prompt(terminal)
            awake.append(await share(bench, learner))
            echo = asyncio.create_task(terminal.read())  # who reads nothing for long is taken for gone
            await asyncio.wait_for(sleeping(events), PATIENCE)
            asleep.append(await share(bench, learner))
            start = time.perf_counter()
            await terminal.type(b"x")
            await echo
            wakes.append(milliseconds(time.perf_counter() - start))
    note = f"n={len(asleep)}, over {SECONDS} s each; awake and idle: {statistics.median(awake):.2f} %"
    return [
        Figure("paused sandbox, of a processor, max", max(asleep), "%", 0, note),
        Figure("paused sandbox, key to echo, median", statistics.median(wakes), "ms", None, f"max {max(wakes):.0f} ms"),
    ]


async def share(bench: Bench, learner: Learner) -> float:
    """Return the per cent of a processor that a sandbox takes now."""
    before = await bench.engine.processor_time(learner.code)
    start = time.perf_counter()
    await asyncio.sleep(SECONDS)
    used = await bench.engine.processor_time(learner.code) - before
    return 100 * used / (time.perf_counter() - start)


async def sleeping(events: Events) -> None:
    while not (await events.next()).get("paused"):
        pass
