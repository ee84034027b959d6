"""The least of an application, for tests of what serves it."""

from typing import Any


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer everything with "here", a websocket by accepting it."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
    else:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"here"})
