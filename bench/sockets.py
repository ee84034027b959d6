"""Ten thousand connections that send half a request's head and no more: what they take, and who notices."""

import asyncio
import resource
import socket
import statistics
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

from bench.bench import Bench
from bench.learner import Learner
from bench.leftovers import held
from bench.report import Figure, milliseconds

COUNT, COUNT_QUICK = 10_000, 1000
AT_ONCE = 500  # connections that are opened without a pause: fewer than wait to be accepted
PAUSE = 0.05  # seconds
OWN = 500  # files that this process needs besides
HALF = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
HELD_SECONDS = 20  # that the server waits for the other half: config/serving.py
PAGES = 20
WEB = "config.asgi"
MIB, KIB = 2**20, 2**10


async def measure(bench: Bench) -> list[Figure]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    count = min(bench.times(COUNT, COUNT_QUICK), most - OWN)
    async with bench.learner() as learner:
        quiet = await page_times(learner)
        before = held(bench.platform, WEB)
        with ExitStack() as stack:
            began = time.monotonic()
            await open_idle(stack, bench.platform.url, count)
            took = time.monotonic() - began
            times = await page_times(learner)
            during = held(bench.platform, WEB)
            await asyncio.sleep(HELD_SECONDS + 5)
            after = held(bench.platform, WEB)
    assert before
    assert during
    assert after
    return figures(count, took, quiet, times, [before, during, after])


async def open_idle(stack: ExitStack, url: str, count: int) -> None:
    place = urlsplit(url)
    for number in range(count):
        line = stack.enter_context(socket.create_connection((place.hostname, place.port), 5))
        line.sendall(HALF)
        if number % AT_ONCE == AT_ONCE - 1:
            await asyncio.sleep(PAUSE)


async def page_times(learner: Learner) -> list[float]:
    """Return the seconds that the front page took, again and again, each on a connection of its own."""
    times = []
    for _ in range(PAGES):
        start = time.perf_counter()
        async with learner.http.get("/", headers={"Connection": "close"}) as page:
            page.raise_for_status()
            await page.read()
        times.append(time.perf_counter() - start)
    return times


def figures(count: int, took: float, quiet: list[float], times: list[float], web: list) -> list[Figure]:
    before, during, after = web
    held_open = during.files - before.files
    each = (during.resident - before.resident) / max(1, held_open)
    usual, slowest = milliseconds(statistics.median(quiet)), milliseconds(max(times))
    note = f"n={len(times)}, slowest {slowest:.0f}; without them {usual:.1f}; opened in {took:.1f} s"
    told = f"web process {before.resident / MIB:.0f} to {during.resident / MIB:.0f} MiB"
    return [
        Figure("half requests held at once", held_open, "", count * 0.95, f"of {count}", at_least=True),
        Figure("front page meanwhile, median", milliseconds(statistics.median(times)), "ms", 50, note),
        Figure("memory of the web process for each", each / KIB, "KiB", None, told),
        Figure("half requests held later", after.files - before.files, "", 16, f"after {HELD_SECONDS + 5} s"),
    ]
