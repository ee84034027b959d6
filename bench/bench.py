"""What every figure is given: the running platform, the engine, and how thorough to be."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bench.learner import PATIENCE, Learner
from bench.platform import Platform
from bench.shells import Engine

POOL = 4  # as delivered
QUIET = 1  # seconds


@dataclass
class Bench:
    platform: Platform
    engine: Engine
    quick: bool = False
    minutes: float | None = None  # that a class is held, if not as usual
    learners: int | None = None  # in the soak, if not as usual
    seed: int = 1  # of what happens in the soak

    def times(self, thorough: int, quick: int) -> int:
        return quick if self.quick else thorough

    @asynccontextmanager
    async def learner(self) -> AsyncIterator[Learner]:
        """Yield a fresh learner, who has no sandbox yet."""
        async with Learner(self.platform.url) as learner:
            await learner.start_learning()
            yield learner

    async def pool_full(self, count: int = POOL) -> None:
        """Wait until the pool is full, and the machine quiet again."""
        for _ in range(PATIENCE * 10):
            if self.platform.warm() >= count:
                break
            await asyncio.sleep(0.1)
        else:
            raise RuntimeError("the pool does not fill")
        await asyncio.sleep(QUIET)

    @asynccontextmanager
    async def sandbox(self) -> AsyncIterator[Learner]:
        """Yield a fresh learner whose sandbox runs; it is removed afterwards."""
        async with self.learner() as learner:
            await learner.open_sandbox()
            try:
                yield learner
            finally:
                await learner.stop_sandbox()
