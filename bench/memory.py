"""What the processes, an idle sandbox and one that is used take."""

import asyncio
import shlex
import statistics

from bench import footprint
from bench.bench import Bench
from bench.learner import Learner, prompt_of
from bench.report import Figure
from bench.shells import await_prompt, run

MIB = 2**20
SETTLE = 5  # seconds after the prompt, or the last command
LESSON = "sarafa-bazaar/day-2"


async def measure(bench: Bench) -> list[Figure]:
    async with bench.sandbox() as first, bench.sandbox() as second, bench.sandbox() as third:
        learners = (first, second, third)
        for learner in learners:
            await prompt_of(learner)
        await asyncio.sleep(SETTLE)
        idle = [await bench.engine.memory(learner.code) / MIB for learner in learners]
        ids = [(await bench.engine.container(learner.code)).id for learner in learners]
        seen = [footprint.of(container_id) for container_id in ids]
        worked = [await work(bench, learner) / MIB for learner in learners]
    told = f"n={len(idle)}, {min(idle):.0f} to {max(idle):.0f}; all its processes and its disk, by its cgroup"
    if all(seen):
        told += f"; its processes' PSS and its disk: {statistics.median(seen) / MIB:.0f} MiB"
    after = f"n={len(worked)}, {min(worked):.0f} to {max(worked):.0f}; all tasks of {LESSON} done, by its cgroup"
    return [
        Figure("idle sandbox, median", statistics.median(idle), "MiB", 50, told),
        Figure("sandbox in use, median", statistics.median(worked), "MiB", note=after),
        Figure("worker", bench.platform.resident("celery") / MIB, "MiB", note="resident"),
        Figure("broker", bench.platform.resident("redis.sock") / MIB, "MiB", note="resident"),
    ]


async def work(bench: Bench, learner: Learner) -> int:
    """Do all tasks of the lesson in a terminal, as it says; return the bytes the sandbox takes afterwards."""
    async with await learner.terminal() as terminal:
        await await_prompt(terminal)
        for script in bench.platform.solutions(LESSON):
            await run(terminal, f"bash -c {shlex.quote(script)}")
        await asyncio.sleep(SETTLE)
        return await bench.engine.memory(learner.code)
