"""How long an image of 5 MiB takes from the warehouse into a sandbox, alone, and when a whole class wants it."""

import asyncio
import re
import statistics
from contextlib import AsyncExitStack

from bench.bench import Bench
from bench.learner import Learner, Terminal
from bench.report import Figure, percentile
from bench.shells import await_prompt, run

CLASS = 30
# Random bytes, so that packing does not make it smaller than it is said to be.
PUSH = (
    "mkdir five; cd five; head -c 5242880 /dev/urandom > dish; printf 'FROM scratch\\nCOPY dish /\\n' > Dockerfile; "
    "docker build -q -t warehouse:5000/$LEARNER/five .; docker push -q warehouse:5000/$LEARNER/five; cd"
)
SPACE = "echo sp''ace=$LEARNER=\r"
SAYS_SPACE = re.compile(rb"space=(\w+)=")


async def measure(bench: Bench) -> list[Figure]:
    async with bench.sandbox() as maker:
        image = await pushed_by(maker)
        alone = await pulled_alone(bench, image)
        at_once = await pulled_at_once(bench, image)
    note = f"n={len(alone)}, {min(alone):.2f} to {max(alone):.2f} s; from Enter to all it printed"
    spread = f"median {statistics.median(at_once):.1f} s, p90 {percentile(at_once, 90):.1f} s"
    return [
        Figure("pull of 5 MiB from the warehouse, median", statistics.median(alone), "s", 1, note),
        Figure(f"the same by {CLASS} sandboxes at once, slowest", max(at_once), "s", 15, spread),
    ]


async def pushed_by(maker: Learner) -> str:
    """Return the name of an image of 5 MiB that a learner has made and pushed."""
    async with await maker.terminal() as terminal:
        await await_prompt(terminal)
        await run(terminal, PUSH)
        await terminal.type(SPACE.encode())
        printed = b""
        while not (found := SAYS_SPACE.search(printed)):
            printed += await terminal.read()
    return f"warehouse:5000/{found[1].decode()}/five"


async def pull(terminal: Terminal, image: str) -> float:
    """Pull an image; return the seconds it took. Raise RuntimeError if it did not come."""
    took = await run(terminal, f"docker pull -q {image}")
    # rmi fails, and with it the next pull is no pull, if it is not there.
    await terminal.type(f"docker rmi {image} > /dev/null && echo go''ne\r".encode())
    printed = b""
    async with asyncio.timeout(30):
        while b"gone" not in printed:
            printed += await terminal.read()
            if b"No such image" in printed:
                raise RuntimeError(f"{image} was not pulled")
    return took


async def pulled_alone(bench: Bench, image: str) -> list[float]:
    async with bench.sandbox() as learner, await learner.terminal() as terminal:
        await await_prompt(terminal)
        return [await pull(terminal, image) for _ in range(bench.times(15, 4))]


async def pulled_at_once(bench: Bench, image: str) -> list[float]:
    async with AsyncExitStack() as stack:
        learners = [await stack.enter_async_context(bench.learner()) for _ in range(CLASS)]
        try:
            for learner in learners:
                await learner.open_sandbox_in_turn()
            terminals = [await stack.enter_async_context(await learner.terminal()) for learner in learners]
            for terminal in terminals:
                await await_prompt(terminal)
            return await asyncio.gather(*(pull(terminal, image) for terminal in terminals))
        finally:
            await asyncio.gather(*(learner.stop_sandbox() for learner in learners if learner.code))
