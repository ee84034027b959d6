"""What befalls a platform: its processes are killed, and its learners' sandboxes, when a seed says so."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiodocker.exceptions import DockerError

from bench.bench import Bench
from bench.regulars import Regular

EVERY = (10, 40)  # seconds between two
SILENT_SECONDS = 20  # that the broker says nothing
DAEMONS = ["/sbx/enter", "-u", "root", "pkill", "-KILL", "dockerd|containerd$"]
WEB, WORKER, TOKENS, VISITS, BROKER = "config.asgi", "celery", "warehouse tokens", "config.visits", "redis.sock"


class Mishaps:
    """`killed` tells when (time.time()) the container of which sandbox was."""

    def __init__(self, bench: Bench, regulars: list[Regular], seed: int, say: Callable[[str], None]) -> None:
        self.bench, self.regulars, self.say = bench, regulars, say
        self.dice = random.Random(seed)
        self.killed: dict[str, float] = {}
        self.counts: Counter[str] = Counter()
        self.kinds: dict[str, tuple[int, Callable[[], Awaitable[str]]]] = {
            "worker killed": (4, lambda: self.kill(WORKER)),
            "web killed": (4, lambda: self.kill(WEB)),
            "broker killed": (3, lambda: self.kill(BROKER)),
            "broker silent": (1, self.silence_broker),
            "tokens killed": (1, lambda: self.kill(TOKENS)),
            "visits killed": (1, lambda: self.kill(VISITS)),
            "sandbox killed": (6, self.kill_sandbox),
            "daemon killed": (4, self.kill_daemon),
        }

    async def befall(self, seconds: float) -> None:
        began = time.monotonic()
        until = began + seconds
        while (pause := self.dice.uniform(*EVERY)) < until - time.monotonic():
            await asyncio.sleep(pause)
            [kind] = self.dice.choices(list(self.kinds), [weight for weight, _ in self.kinds.values()])
            whom = await self.kinds[kind][1]()
            self.counts[kind] += bool(whom)
            self.say(f"  {time.monotonic() - began:6.1f} s  {kind}: {whom or 'nobody was there'}")

    async def kill(self, what: str) -> str:
        """Kill a process that run.py keeps, as the kernel does when memory is short."""
        pids = self.bench.platform.kept(what)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return " ".join(map(str, pids))

    async def silence_broker(self) -> str:
        pids = self.bench.platform.kept(BROKER)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(SILENT_SECONDS)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        return f"for {SILENT_SECONDS} s"

    async def kill_sandbox(self) -> str:
        """Kill a learner's container from outside, as `docker kill` does."""
        code = self.dice.choice(self.regulars).code
        with suppress(DockerError, IndexError):  # it may have ended by itself
            container = await self.bench.engine.container(code)
            await container.kill()
            self.killed[code] = time.time()
            return code
        return ""

    async def kill_daemon(self) -> str:
        """Kill the daemon inside a learner's sandbox."""
        code = self.dice.choice(self.regulars).code
        with suppress(DockerError, IndexError):
            owner = await self.bench.engine.owner(code)
            container = await self.bench.engine.container(code)
            program = await container.exec(DAEMONS, user=f"{owner}:{owner}")
            await program.start(detach=True)
            return code
        return ""

    def told(self) -> str:
        return ", ".join(f"{kind} {count} ×" for kind, count in sorted(self.counts.items()))
