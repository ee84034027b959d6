"""What a sandbox takes of a processor, idle and asleep, and how soon one that sleeps answers a key."""

import asyncio
import statistics
import time
from contextlib import AsyncExitStack

from bench.bench import Bench
from bench.learner import Events, Learner, Terminal
from bench.report import Figure, milliseconds
from bench.shells import await_prompt

SECONDS = 10
PATIENCE = 120


async def measure(bench: Bench) -> list[Figure]:
    async with AsyncExitStack() as stack:
        learners = [await stack.enter_async_context(bench.sandbox()) for _ in range(bench.times(8, 3))]
        terminals = [await stack.enter_async_context(await learner.terminal()) for learner in learners]
        events = [await stack.enter_async_context(await learner.events()) for learner in learners]
        for terminal in terminals:
            await await_prompt(terminal)
        awake = await asyncio.gather(*(share(bench, learner) for learner in learners))
        # Somebody reads meanwhile: who does not for long is taken for gone.
        echoes = [asyncio.create_task(terminal.read()) for terminal in terminals]
        await asyncio.wait_for(asyncio.gather(*map(sleeping, events)), PATIENCE)
        asleep = await asyncio.gather(*(share(bench, learner) for learner in learners))
        wakes = [milliseconds(await wake(terminal, echo)) for terminal, echo in zip(terminals, echoes, strict=True)]
    note = f"n={len(asleep)}, over {SECONDS} s each; awake and idle: {statistics.median(awake):.2f} %"
    told = f"n={len(wakes)}, at most {max(wakes):.0f} ms"
    return [
        Figure("paused sandbox, of a processor, max", max(asleep), "%", 0, note),
        Figure("paused sandbox, key to echo, median", statistics.median(wakes), "ms", None, told),
    ]


async def wake(terminal: Terminal, echo: "asyncio.Task[bytes]") -> float:
    start = time.perf_counter()
    await terminal.type(b"x")
    await echo
    return time.perf_counter() - start


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
