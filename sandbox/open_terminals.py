"""How many terminals are open, in all processes together.

Each process that has some says how many, again and again; what one has said that died since lapses.
"""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache
from redis.exceptions import RedisError

EVERY, LAPSES = 10, 30  # seconds
PROCESSES = "terminals"  # the key of the names of those that have said something


class Terminals:
    """Those of this process."""

    def __init__(self) -> None:
        self.number = 0
        self.telling: asyncio.Task[None] | None = None

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count one more meanwhile."""
        self.number += 1
        if not self.telling or self.telling.done():
            self.telling = asyncio.create_task(self.tell())
        try:
            yield
        finally:
            self.number -= 1

    async def tell(self) -> None:
        """Say how many there are until there are none."""
        while True:
            number = self.number
            await say(number)
            if not number:
                return
            await asyncio.sleep(EVERY)


def key_of(name: str) -> str:
    return f"{PROCESSES}:{name}"


async def say(number: int) -> None:
    """Keep this process's number, and its name among the others. Of two at once, one name may be lost for a while."""
    name = f"{socket.gethostname()}-{os.getpid()}"
    try:
        await cache.aset(key_of(name), number, LAPSES)
        others = {other for other in await cache.aget(PROCESSES, []) if other != name}
        living = await cache.aget_many([key_of(other) for other in others])
        await cache.aset(PROCESSES, [name, *(other for other in others if key_of(other) in living)], LAPSES)
    except (RedisError, OSError):
        return


def in_all_processes() -> int:
    return sum(cache.get_many([key_of(name) for name in cache.get(PROCESSES, [])]).values())


here = Terminals()
