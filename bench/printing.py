"""Printing 64 MB, on the learner's terminal and on a raw exec stream of the same sandbox, in turn."""

import statistics

from bench.bench import Bench
from bench.report import Figure
from bench.shells import Shell, await_prompt, run

MEGABYTES = 64
# Text in lines, as logs and files are; made once, then only read.
MAKE_FILE = f"base64 /dev/urandom | head -c {MEGABYTES}000000 > ~/print-me"
PRINT_FILE = "cat ~/print-me"


async def measure(bench: Bench) -> list[Figure]:
    times: dict[str, list[float]] = {"raw": [], "ours": []}
    async with bench.sandbox() as learner:
        shells: dict[str, Shell] = {"raw": await bench.engine.raw_shell(learner.code), "ours": await learner.terminal()}
        try:
            for shell in shells.values():
                await await_prompt(shell)
            await run(shells["raw"], MAKE_FILE)
            for _ in range(bench.times(7, 2)):
                for name, shell in shells.items():
                    times[name].append(await run(shell, PRINT_FILE))
        finally:
            for shell in shells.values():
                await shell.close()
    raw, ours = (statistics.median(times[name]) for name in ("raw", "ours"))
    note = f"n={len(times['ours'])}; {ours:.2f} s ({MEGABYTES / ours:.0f} MB/s), raw {raw:.2f} s"
    return [Figure(f"printing {MEGABYTES} MB, median, to a raw exec stream", ours / raw, "×", 1.3, note)]
