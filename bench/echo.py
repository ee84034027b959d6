"""From a keystroke to its echo, on the learner's terminal and on a raw exec stream of the same sandbox, in turn."""

import asyncio
import random
import statistics
import time
from dataclasses import dataclass

from bench.bench import Bench
from bench.learner import Learner
from bench.report import Figure, milliseconds, percentile
from bench.shells import Shell, await_prompt, read_until_quiet

LINE = 40  # keystrokes until the line is cleared, well before it would wrap
BETWEEN = (0.010, 0.030)  # seconds between two keystrokes: someone who types very fast
CLEAR_LINE = b"\x15"


@dataclass(frozen=True)
class Echo:
    """Seconds of each keystroke."""

    raw: list[float]
    ours: list[float]

    @property
    def ratio(self) -> float:
        return statistics.median(self.ours) / statistics.median(self.raw)

    def said(self, percent: float) -> str:
        ours, raw = (milliseconds(percentile(times, percent)) for times in (self.ours, self.raw))
        return f"p{percent:g} {ours:.2f} ms, raw {raw:.2f} ms"


async def measure(bench: Bench) -> list[Figure]:
    async with bench.sandbox() as learner:
        echo = await compare(bench, learner, bench.times(1000, 200))
    note = f"n={len(echo.ours)}; {echo.said(50)}"
    return [
        Figure("keystroke to echo, median, to a raw exec stream", echo.ratio, "×", 1.5, note),
        Figure("keystroke to echo, p99", milliseconds(percentile(echo.ours, 99)), "ms", 10, echo.said(99)),
    ]


async def compare(bench: Bench, learner: Learner, count: int) -> Echo:
    raw = await bench.engine.raw_shell(learner.code)
    ours = await learner.terminal("echo")
    echo = Echo([], [])
    try:
        for shell in (raw, ours):
            await await_prompt(shell)
        for number in range(count):
            if number % LINE == LINE - 1:
                await clear_line(raw, ours)
            for shell, times in ((raw, echo.raw), (ours, echo.ours)):
                await asyncio.sleep(random.uniform(*BETWEEN))
                times.append(await keystroke(shell))
    finally:
        await raw.close()
        await ours.close()
    return echo


async def keystroke(shell: Shell) -> float:
    start = time.perf_counter()
    await shell.type(b"x")
    echoed = await shell.read()
    took = time.perf_counter() - start
    if echoed != b"x":
        raise RuntimeError(f"not an echo: {echoed!r}")
    return took


async def clear_line(*shells: Shell) -> None:
    for shell in shells:
        await shell.type(CLEAR_LINE)
        await read_until_quiet(shell)
