"""The memory of the web process while 64 MB are printed to somebody who does not read, or never says it was drawn."""

import asyncio
import contextlib

from bench.bench import Bench
from bench.learner import Learner, Terminal
from bench.printing import MAKE_FILE, MEGABYTES, PRINT_FILE
from bench.report import Figure
from bench.shells import await_prompt, run

MIB = 2**20
SECONDS = 12  # more than the shell waits for a viewer before it goes on without


async def measure(bench: Bench) -> list[Figure]:
    grown: dict[str, float] = {}
    async with bench.sandbox() as learner:
        async with await learner.terminal("maker") as maker:
            await await_prompt(maker)
            await run(maker, MAKE_FILE)
        for how in ("reads nothing", "acknowledges nothing"):
            grown[how] = await growth(bench, learner, how)
    note = f"{MEGABYTES} MB printed; " + ", ".join(f"{how}: {mib:.1f} MiB" for how, mib in grown.items())
    return [Figure("web process, growth while a reader stalls", max(grown.values()), "MiB", 20, note)]


async def growth(bench: Bench, learner: Learner, how: str) -> float:
    """Return by how many MiB the web process was larger, at most, than before."""
    async with await learner.terminal(how.split()[0]) as terminal:
        await await_prompt(terminal)
        before = bench.platform.resident("config.asgi")
        await terminal.type(PRINT_FILE.encode() + b"\r")
        reader = asyncio.create_task(read_without_a_word(terminal)) if how == "acknowledges nothing" else None
        most = before
        for _ in range(int(SECONDS / 0.05)):
            await asyncio.sleep(0.05)
            most = max(most, bench.platform.resident("config.asgi"))
        if reader:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
    return (most - before) / MIB


async def read_without_a_word(terminal: Terminal) -> None:
    terminal.acknowledges = False
    while True:
        await terminal.read()
