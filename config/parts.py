"""Which part of the platform a process serves.

On a laptop one process serves everything. As a service, lessons are served by processes that have no way to a Docker
Engine, and the few pages and sockets that need one by others. The proxy sends each request where it belongs
(deploy/Caddyfile); a process refuses what is not its own, whatever the proxy does.
"""

import re
from typing import Any

from channels.security.websocket import WebsocketDenier

LESSONS, SANDBOXES = "lessons", "sandboxes"
# All that asks an engine, and nothing else: terminals and events, whether all is well, what the host is, the editor.
NEEDS_ENGINE = re.compile(r"/(ws/.*|readyz|admin/host/|sandbox/[^/]+/files?/)")
EVERYBODYS = {"/healthz"}


class Part:
    """Pass on what the named part serves; everything, if none is named."""

    def __init__(self, application: Any, part: str) -> None:
        self.application, self.part = application, part

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        if not self.part or scope["path"] in EVERYBODYS or self.part == part_of(scope["path"]):
            return await self.application(scope, receive, send)
        if scope["type"] == "websocket":
            return await WebsocketDenier()(scope, receive, send)
        return await misdirected(send)


def part_of(path: str) -> str:
    return SANDBOXES if NEEDS_ENGINE.fullmatch(path) else LESSONS


async def misdirected(send: Any) -> None:
    """Say that another process would know (RFC 9110, 15.5.20)."""
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 421, "headers": headers})
    await send({"type": "http.response.body", "body": b"This is served by another process than this one."})
