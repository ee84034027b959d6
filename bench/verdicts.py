"""How soon after the daemon did something the page has the verdict on it; and how long a course takes to be checked."""

import asyncio
import re
import statistics
import sys
import time
from datetime import datetime

from bench.bench import Bench
from bench.learner import Terminal
from bench.platform import ROOT
from bench.report import Figure, milliseconds
from bench.watching import PATIENCE, Watcher, watched

TASK = "flavours-dont-mix"  # says how many containers run
START = "docker run -d --name one warehouse:5000/sarafa/poha open > /dev/null"
STARTED = re.compile(rb"started (\S+?)(\.\d+)?Z")
TELL = "docker inspect -f 'sta''rted {{.State.StartedAt}}' one"
STOP = "docker rm -f one"


async def measure(bench: Bench) -> list[Figure]:
    async with bench.sandbox() as learner, watched(learner) as (watcher, terminal):
        verdicts = [await verdict(watcher, terminal) for _ in range(bench.times(15, 4))]
    checks = [await course_check() for _ in range(bench.times(5, 2))]
    note = f"n={len(verdicts)}, {milliseconds(min(verdicts)):.0f} to {milliseconds(max(verdicts)):.0f} ms"
    alone = f"n={len(checks)}, {min(checks):.2f} to {max(checks):.2f} s, the interpreter's start included"
    return [
        Figure("container started, until the verdict on it, median", median(verdicts), "ms", 500, note),
        Figure("manage.py course check, median", statistics.median(checks), "s", 2, alone),
    ]


def median(seconds: list[float]) -> float:
    return milliseconds(statistics.median(seconds))


async def verdict(watcher: Watcher, terminal: Terminal) -> float:
    """Start a container; return the seconds from its start, as the daemon says, to the verdict that it runs."""
    await terminal.type(f"{START}; {TELL}\r".encode())
    printed = b""
    while not (found := STARTED.search(printed)):
        printed += await terminal.read()
    said = datetime.fromisoformat(found[1].decode() + "+00:00").timestamp() + float(found[2] or 0)
    heard = await said_of(watcher, "one is running")
    await terminal.type(f"{STOP}\r".encode())
    await said_of(watcher, "no container")
    await asyncio.sleep(2)
    return heard - said


async def said_of(watcher: Watcher, text: str) -> float:
    """Return since when the verdict on the task has been that."""
    async with asyncio.timeout(PATIENCE):
        while True:
            since = None
            for at, event in watcher.heard:
                if event.get("task") == TASK:
                    since = (since or at) if text in event["found"] else None
            if since:
                return since
            await asyncio.sleep(0.01)


async def course_check() -> float:
    started = time.perf_counter()
    check = await asyncio.create_subprocess_exec(
        sys.executable, "manage.py", "course", "check", cwd=ROOT, stdout=asyncio.subprocess.DEVNULL
    )
    if await check.wait():
        raise RuntimeError("the course has faults: manage.py course check")
    return time.perf_counter() - started
