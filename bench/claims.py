"""From a click on "Start sandbox" to a prompt, with sandboxes kept warm, and nobody else about."""

import asyncio
import statistics
import time

from bench.bench import Bench
from bench.learner import Events, Gone, Learner, prompt_of
from bench.report import Figure, milliseconds, percentile


async def measure(bench: Bench) -> list[Figure]:
    times = []
    for _ in range(bench.times(60, 10)):
        await bench.pool_full()
        async with bench.learner() as learner:
            times.append(milliseconds(await click_to_prompt(learner)))
            await learner.stop_sandbox()
    note = f"n={len(times)}, {min(times):.0f} to {max(times):.0f} ms; the pool is full again before each"
    return [
        Figure("sandbox, click to prompt, warm, median", statistics.median(times), "ms", 300, note),
        Figure("sandbox, click to prompt, warm, p99", percentile(times, 99), "ms", 1000),
    ]


async def click_to_prompt(learner: Learner) -> float:
    """Do what the page does: open the terminal, and beside it the panes, which are filled at the same time."""
    clicked = time.perf_counter()
    await learner.open_sandbox()
    async with await learner.events() as events:
        panes = asyncio.create_task(follow(events))
        prompt = await prompt_of(learner)
        panes.cancel()
        await asyncio.gather(panes, return_exceptions=True)
    return prompt - clicked


async def follow(events: Events) -> None:
    try:
        while True:
            await events.next()
    except Gone:
        pass
