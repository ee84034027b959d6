"""The sockets of a workshop, as paths; and what comes over them, without what a test does not ask about."""

import asyncio
from collections.abc import Callable
from typing import Any

from channels.testing import WebsocketCommunicator

from workshops.models import Participant, Workshop

ATTACHED = {"type": "attached", "shell": "0" * 16, "offset": 0, "replay": 0, "reset": True}


def watched(participant: Participant, what: str = "terminal/client") -> str:
    return f"/ws/workshop/{participant.workshop.code}/learners/{participant.pk}/{what}/"


def classroom(workshop: Workshop) -> str:
    return f"/ws/workshop/{workshop.code}/classroom/"


def stage(workshop: Workshop, what: str = "terminal") -> str:
    return f"/ws/workshop/{workshop.code}/stage/{what}/"


async def frame(socket: WebsocketCommunicator, fits: Callable[[dict[str, Any]], Any], seconds: float = 3) -> dict:
    """Return the first JSON frame that fits."""
    import json

    async with asyncio.timeout(seconds):
        while True:
            output = await socket.receive_output(timeout=seconds)
            assert output["type"] == "websocket.send", output
            if output.get("text") and fits(found := json.loads(output["text"])):
                return found


async def printed(socket: WebsocketCommunicator, seconds: float = 3) -> bytes:
    """Return the next bytes that the shell printed."""
    async with asyncio.timeout(seconds):
        while True:
            output = await socket.receive_output(timeout=seconds)
            assert output["type"] == "websocket.send", output
            if output.get("bytes"):
                return output["bytes"]
