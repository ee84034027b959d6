"""Events about a sandbox, for whoever watches it: small messages over the channel layer.

They may be lost (a broker that restarts drops them), so each only says "look again" or repeats what the database
knows. What must not be lost, the logs, is read from where it is kept.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

RETRY_SECONDS = 2
SEND_SECONDS = 3  # that a worker gives an event which the broker does not take


def group_of(code: str) -> str:
    return f"sandbox.{code}"


def group_of_learner(learner_id: int) -> str:
    return f"learner.{learner_id}"


def publish_state(code: str) -> None:
    publish(group_of(code), {"type": "sandbox.state"})


def publish_tasks(code: str, results: list[dict[str, Any]]) -> None:
    publish(group_of(code), {"type": "sandbox.tasks", "results": results})


def publish_ports(code: str, ports: list[dict[str, Any]]) -> None:
    publish(group_of(code), {"type": "sandbox.ports", "ports": ports})


def publish_served(code: str, runs: list[dict[str, Any]]) -> None:
    publish(group_of(code), {"type": "sandbox.served", "runs": runs})


def publish_learner(learner_id: int) -> None:
    """Say that something about a learner has changed: sandbox, progress, trouble, or what a class does with them."""
    publish(group_of_learner(learner_id), {"type": "learner.news", "learner": learner_id})


class Sender:
    """Sends from threads that no event loop has started, as a worker's are, by one loop that is kept.

    `async_to_sync` makes a loop for each event there, and the channel layer a connection to the broker for each loop.
    """

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="events", daemon=True)
        self.thread.start()

    def send(self, group: str, message: dict[str, Any]) -> None:
        sent = asyncio.run_coroutine_threadsafe(self.group_send(group, message), self.loop)
        sent.result(SEND_SECONDS + 1)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        async with asyncio.timeout(SEND_SECONDS):
            await get_channel_layer().group_send(group, message)


_sender: Sender | None = None


def keep_sender() -> None:
    """Have this process send its events by one loop, and one connection."""
    global _sender
    _sender = Sender()


def publish(group: str, message: dict[str, Any]) -> None:
    try:
        if _sender:
            _sender.send(group, message)
        else:
            async_to_sync(get_channel_layer().group_send)(group, message)
    except (OSError, RedisError) as exc:
        logger.warning("event %s for %s not sent: %r", message["type"], group, exc)


async def subscribe(group: str) -> AsyncIterator[dict[str, Any]]:
    """Yield messages to a group as they are published. Lives on through a broker that goes and comes back."""
    async for message in Inbox(group).messages():
        yield message


class Inbox:
    """Messages to any number of groups; more can be added while they are read."""

    def __init__(self, *groups: str) -> None:
        self.layer = get_channel_layer()
        self.groups = set(groups)
        self.channel = ""

    async def follow(self, groups: set[str]) -> None:
        """Hear of these groups, too."""
        new = groups - self.groups
        self.groups |= new
        if self.channel:
            with contextlib.suppress(OSError, RedisError):  # messages() joins all of them when the broker is back
                for group in new:
                    await self.layer.group_add(group, self.channel)

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        while True:
            try:
                self.channel = await self.layer.new_channel()
                try:
                    for group in set(self.groups):
                        await self.layer.group_add(group, self.channel)
                    while True:
                        yield await self.layer.receive(self.channel)
                finally:
                    channel, self.channel = self.channel, ""
                    for group in self.groups:
                        await self.layer.group_discard(group, channel)
            except (OSError, RedisError) as exc:
                logger.warning("events of %s interrupted: %r", ", ".join(sorted(self.groups)[:3]), exc)
                await asyncio.sleep(RETRY_SECONDS)
