"""What the processes and an idle sandbox take."""

import asyncio
import statistics

from bench.bench import Bench
from bench.learner import prompt_of
from bench.report import Figure

MIB = 2**20
SETTLE = 5  # seconds after the prompt


async def measure(bench: Bench) -> list[Figure]:
    async with bench.sandbox() as first, bench.sandbox() as second, bench.sandbox() as third:
        learners = (first, second, third)
        for learner in learners:
            await prompt_of(learner)
        await asyncio.sleep(SETTLE)
        idle = [await bench.engine.memory(learner.code) for learner in learners]
    note = f"n={len(idle)}, a shell open; as docker stats counts"
    return [
        Figure("idle sandbox, median", statistics.median(idle) / MIB, "MiB", note=note),
        Figure("worker", bench.platform.resident("celery") / MIB, "MiB", note="resident"),
        Figure("broker", bench.platform.resident("redis.sock") / MIB, "MiB", note="resident"),
    ]
