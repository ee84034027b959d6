"""From a click on "Start sandbox" to a prompt, with no sandbox kept warm."""

import statistics
import time

from bench.bench import Bench
from bench.learner import prompt_of
from bench.report import Figure


async def measure(bench: Bench) -> list[Figure]:
    to_running, to_prompt = [], []
    for _ in range(bench.times(10, 3)):
        async with bench.learner() as learner:
            clicked = time.perf_counter()
            await learner.open_sandbox()
            running = time.perf_counter()
            to_prompt.append(await prompt_of(learner) - clicked)
            to_running.append(running - clicked)
            await learner.stop_sandbox()
    note = (
        f"n={len(to_prompt)}, {min(to_prompt):.2f} to {max(to_prompt):.2f} s; "
        f"of it until the page hears that it runs: {statistics.median(to_running):.2f} s"
    )
    return [Figure("sandbox, click to prompt, cold, median", statistics.median(to_prompt), "s", 1.5, note)]
