"""Many terminals that print, in a process of their own, so that reading them does not slow the one that measures.

`python -m bench.crowd` reads one line of JSON, {"url", "learners": [{"cookies", "code"}], "terminals": n of each}, says
`busy` when all of them print, reads until its stdin ends, and says as JSON how much came meanwhile.

Busy is a line of 80 characters every 100 ms: a build or a log in each of the terminals, all at once. The shell waits
with a builtin, as 500 new processes a second would measure the kernel's fork.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from typing import Any

import uvloop

from bench.learner import Learner, Terminal
from bench.shells import await_prompt

PERIOD = 0.1
PRINT = (
    f"f=/tmp/never-$$; mkfifo $f; exec 9<> $f; while :; do printf '%079d\\n' $RANDOM; read -t {PERIOD:g} -u 9; done\r"
)


@dataclass
class Tally:
    frames: int = 0
    bytes: int = 0


class Crowd:
    """The process, seen from the one that measures."""

    def __init__(self, learners: list[Learner], terminals: int) -> None:
        people = [{"cookies": learner.cookies, "code": learner.code} for learner in learners]
        self.order = {"url": learners[0].url, "learners": people, "terminals": terminals}

    async def start(self) -> None:
        """Return when every terminal prints."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.crowd", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(self.order).encode() + b"\n")
        if not await asyncio.wait_for(self.process.stdout.readline(), 120):
            raise RuntimeError("the crowd of terminals could not be opened")

    async def stop(self) -> dict[str, float]:
        """Return what all of them printed a second: {"frames", "bytes"}."""
        said, _ = await self.process.communicate(b"")
        if not said:
            raise RuntimeError("the crowd of terminals ended too soon")
        return dict(json.loads(said))


async def main() -> None:
    order = json.loads(sys.stdin.readline())
    learners = [Learner(order["url"], person["cookies"]) for person in order["learners"]]
    tally = Tally()
    terminals = []
    for learner, person in zip(learners, order["learners"], strict=True):
        learner.code = person["code"]
        for number in range(order["terminals"]):
            terminals.append(await busy_terminal(learner, f"crowd-{number}"))
    readers = [asyncio.create_task(read_on(terminal, tally)) for terminal in terminals]
    await asyncio.sleep(1)
    start, before = time.monotonic(), Tally(tally.frames, tally.bytes)
    print("busy", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    seconds = time.monotonic() - start
    rates = {"frames": (tally.frames - before.frames) / seconds, "bytes": (tally.bytes - before.bytes) / seconds}
    print(json.dumps(rates), flush=True)
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, *(close(terminal) for terminal in terminals), return_exceptions=True)
    for learner in learners:
        await learner.http.close()


async def busy_terminal(learner: Learner, name: str) -> Terminal:
    terminal = await learner.terminal(name)
    await await_prompt(terminal)
    await terminal.type(PRINT.encode())
    return terminal


async def read_on(terminal: Terminal, tally: Tally) -> None:
    while True:
        data = await terminal.read()
        tally.frames += 1
        tally.bytes += len(data)


async def close(terminal: Terminal) -> Any:
    await terminal.type(b"\x03")
    await terminal.close()


if __name__ == "__main__":
    uvloop.run(main())
