"""The least of an application, for tests of what serves it."""

from collections.abc import Awaitable, Callable
from typing import Any

before_answer: Callable[[], Awaitable[object]] | None = None  # for tests to have an answer wait


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer everything with "here", a websocket by accepting it."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
    else:
        if before_answer:
            await before_answer()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"here"})
