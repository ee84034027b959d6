"""Events about a sandbox, for whoever watches it: small messages over the channel layer.

They may be lost (a broker that restarts drops them), so each only says "look again" or repeats what the database
knows. What must not be lost, the logs, is read from where it is kept.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

RETRY_SECONDS = 2


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


def publish(group: str, message: dict[str, Any]) -> None:
    try:
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
