"""Events about a sandbox, for whoever watches it: small messages over the channel layer.

They may be lost (a broker that restarts drops them), so each only says "look again" or repeats what the database
knows. What must not be lost, the logs, is read from where it is kept.
"""

import asyncio
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


def publish_state(code: str) -> None:
    _publish(code, {"type": "sandbox.state"})


def publish_tasks(code: str, results: list[dict[str, Any]]) -> None:
    _publish(code, {"type": "sandbox.tasks", "results": results})


def publish_ports(code: str, ports: list[dict[str, Any]]) -> None:
    _publish(code, {"type": "sandbox.ports", "ports": ports})


def publish_served(code: str, runs: list[dict[str, Any]]) -> None:
    _publish(code, {"type": "sandbox.served", "runs": runs})


def _publish(code: str, message: dict[str, Any]) -> None:
    try:
        async_to_sync(get_channel_layer().group_send)(group_of(code), message)
    except (OSError, RedisError) as exc:
        logger.warning("event %s for sandbox %s not sent: %r", message["type"], code, exc)


async def subscribe(code: str) -> AsyncIterator[dict[str, Any]]:
    """Yield messages about a sandbox as they are published. Lives on through a broker that goes and comes back."""
    layer = get_channel_layer()
    while True:
        try:
            channel = await layer.new_channel()
            await layer.group_add(group_of(code), channel)
            try:
                while True:
                    yield await layer.receive(channel)
            finally:
                await layer.group_discard(group_of(code), channel)
        except (OSError, RedisError) as exc:
            logger.warning("events of sandbox %s interrupted: %r", code, exc)
            await asyncio.sleep(RETRY_SECONDS)
