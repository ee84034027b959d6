"""From a click on "Stop" to a sandbox that is gone, its home saved; and of it, what the engine takes."""

import statistics
import time

from bench.bench import Bench
from bench.report import Figure, milliseconds
from bench.shells import await_prompt, run

# A home as it is after a day's lesson: a few small files.
MAKE_FILES = "for n in $(seq 20); do base64 /dev/urandom | head -c 5000 > notes-$n; done"


async def measure(bench: Bench) -> list[Figure]:
    gone, saved = [], []
    for _ in range(bench.times(10, 3)):
        removal, whole = await stop_one(bench)
        gone.append(milliseconds(removal))
        saved.append(milliseconds(whole))
    note = f"n={len(gone)}, {min(gone):.0f} to {max(gone):.0f} ms; from the engine's kill to its destroy"
    told = f"n={len(saved)}, {min(saved):.0f} to {max(saved):.0f} ms; 20 files saved; until the page hears of it"
    return [
        Figure("sandbox, removed, median", statistics.median(gone), "ms", 500, note),
        Figure("sandbox, click to stopped, median", statistics.median(saved), "ms", None, told),
    ]


async def stop_one(bench: Bench) -> tuple[float, float]:
    """Return the seconds of its container's removal, and of the whole."""
    async with bench.learner() as learner:
        await learner.open_sandbox()
        async with await learner.terminal() as terminal:
            await await_prompt(terminal)
            await run(terminal, MAKE_FILES)
        removal = await bench.engine.watch_removal(learner.code)
        clicked = time.perf_counter()
        await learner.stop_sandbox()
        took = time.perf_counter() - clicked
        return await removal, took
