"""Events about a workshop as a whole. What happens to one learner of it is told by `sandbox.events.publish_learner`."""

import asyncio
from collections.abc import AsyncIterator

from sandbox.events import Inbox, publish

ROSTER = "workshop.roster"
LOOK_SECONDS = 4  # after which one looks again, in case the message that told of a change was lost


def group_of(code: str) -> str:
    return f"workshop.{code}"


def publish_workshop(code: str) -> None:
    """Say that the workshop has changed: whoever shows it looks again."""
    publish(group_of(code), {"type": "workshop.news"})


def publish_roster(code: str, learner_id: int) -> None:
    """Say that a learner has joined or left: whoever shows who is there looks again."""
    publish(group_of(code), {"type": ROSTER, "learner": learner_id})


async def heard_or_waited(code: str) -> AsyncIterator[None]:
    """Yield after each event about the workshop, and every few seconds without one."""
    due = asyncio.Event()

    async def listen() -> None:
        async for _message in Inbox(group_of(code)).messages():
            due.set()

    job = asyncio.create_task(listen())
    try:
        while True:
            due.clear()
            yield
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await due.wait()
            except TimeoutError:
                continue
    finally:
        job.cancel()
