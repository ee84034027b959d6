"""A class arrives: thirty learners press "Start sandbox" within ten seconds, with the pool as it is by default."""

import asyncio
import statistics
from contextlib import AsyncExitStack

from bench.bench import Bench
from bench.claims import click_to_prompt
from bench.learner import Learner
from bench.report import Figure, percentile

LEARNERS, WITHIN = 30, 10


async def measure(bench: Bench) -> list[Figure]:
    times: list[float] = []
    failures: list[BaseException] = []
    for _ in range(bench.times(3, 1)):
        for outcome in await arrive(bench):
            (failures if isinstance(outcome, BaseException) else times).append(outcome)  # type: ignore[arg-type]
    spread = ", ".join(f"p{percent} {percentile(times, percent):.1f}" for percent in (25, 75, 90))
    note = f"n={len(times)}; median {statistics.median(times):.1f} s, {spread}"
    why = "; ".join(sorted({f"{type(failure).__name__}: {failure}" for failure in failures}))
    return [
        Figure(f"{LEARNERS} learners in {WITHIN} s, click to prompt, max", max(times), "s", 10, note),
        Figure(f"{LEARNERS} learners in {WITHIN} s, who got none", len(failures), "", 0, why),
    ]


async def arrive(bench: Bench) -> list[float | BaseException]:
    """Return each one's seconds from click to prompt, or why there was none; all have left then."""
    await bench.pool_full()
    async with AsyncExitStack() as stack:
        learners = [await stack.enter_async_context(bench.learner()) for _ in range(LEARNERS)]
        clicks = (come(learner, WITHIN * number / LEARNERS) for number, learner in enumerate(learners))
        outcomes = await asyncio.gather(*clicks, return_exceptions=True)
        await asyncio.gather(*(learner.stop_sandbox() for learner in learners if learner.code))
    return outcomes


async def come(learner: Learner, after: float) -> float:
    await asyncio.sleep(after)
    return await click_to_prompt(learner)
