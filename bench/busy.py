"""The same keystroke while 50 other terminals are open and print, and the memory that these take."""

from contextlib import AsyncExitStack

from bench import echo
from bench.bench import Bench
from bench.crowd import PERIOD, Crowd
from bench.report import Figure, milliseconds, percentile

SANDBOXES, EACH = 5, 10
MIB = 2**20


async def measure(bench: Bench) -> list[Figure]:
    async with AsyncExitStack() as stack:
        learner = await stack.enter_async_context(bench.sandbox())
        others = [await stack.enter_async_context(bench.sandbox()) for _ in range(SANDBOXES)]
        before = bench.platform.resident("config.asgi")
        crowd = Crowd(others, EACH)
        await crowd.start()
        try:
            echoed = await echo.compare(bench, learner, bench.times(1000, 200))
            resident = bench.platform.resident("config.asgi")
        finally:
            rates = await crowd.stop()
    lines = f"each a line per {PERIOD * 1000:.0f} ms: {rates['frames']:.0f} frames/s read"
    ratio = f"median {echoed.ratio:.2f} × a raw stream's"
    many = f"{SANDBOXES * EACH} terminals"
    return [
        Figure(
            f"keystroke to echo, {many} busy, p99", milliseconds(percentile(echoed.ours, 99)), "ms", 50,
            f"{echoed.said(99)}; {echoed.said(50)}; {ratio}; {lines}",
        ),
        Figure(f"web process with {many} open", resident / MIB, "MiB", 150, f"{before / MIB:.0f} MiB before"),
    ]  # fmt: skip
