"""What it costs that calls to the daemon are heard: the same calls through the tap, and on the daemon's own socket."""

import re
import statistics

from bench.bench import Bench
from bench.learner import Terminal
from bench.report import Figure
from bench.shells import await_prompt, read_until_quiet, run

TAPPED, OWN = "/run/docker.sock", "/run/dockerd.sock"
CALLS = 500  # over one connection, of a kind that costs the daemon little
# Microseconds by the shell's clock, from before curl's start to its end.
TAKE = """take() { local since=${EPOCHREALTIME/./}
curl -s -o /dev/null --unix-socket $1 "http://d/volumes?n=[1-$2]"
echo told=$((${EPOCHREALTIME/./} - since)); }"""
RESIDENT = "echo told=$(sed -n 's/^VmRSS:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$(pgrep -f '^/sbx/tap')/status)"
TOLD = re.compile(rb"told=(\d+)\r?\n")


async def measure(bench: Bench) -> list[Figure]:
    async with bench.sandbox() as learner, await learner.terminal() as terminal:
        await await_prompt(terminal)
        await run(terminal, TAKE.replace("\n", "; "))
        before = await number(terminal, RESIDENT)
        taken: dict[str, list[float]] = {TAPPED: [], OWN: []}
        for turn in range(bench.times(12, 4) + 1):
            for socket, times in taken.items():
                milliseconds = await number(terminal, f"take {socket} {CALLS}") / 1000 / CALLS
                if turn:  # the first fills caches
                    times.append(milliseconds)
        after = await number(terminal, RESIDENT)
    through, own = statistics.median(taken[TAPPED]), statistics.median(taken[OWN])
    note = f"median of {len(taken[OWN])} × {CALLS}: {through:.2f} ms through the tap, {own:.2f} ms without it"
    return [
        Figure("tap, added to a call to the daemon", through - own, "ms", note=note),
        Figure("call through the tap, to one without", through / own, "×", note="the same medians"),
        Figure("tap, resident", after, "KiB", note=f"after all these calls; {before} KiB before"),
    ]


async def number(terminal: Terminal, command: str) -> int:
    """Run a command that tells a number; return that."""
    await terminal.type(f"{command}\r".encode())
    printed = b""
    while not (found := TOLD.search(printed)):
        printed += await terminal.read()
    await read_until_quiet(terminal)
    return int(found[1])
