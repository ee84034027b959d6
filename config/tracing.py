"""One id for a request and all that it leads to: given by the proxy or made here, and passed to the tasks it orders."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from celery import Task

from config import logs

HEADER = b"x-request-id"
SANE = re.compile(r"[\w.-]{8,64}", re.ASCII)
TASK_HEADER = "request_id"

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Traced:
    """Have each request, or websocket, logged under its id, and its answer name it."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = asked_id(scope.get("headers", [])) or logs.new_id()
        with logs.about(request=request):
            await self.application(scope, receive, answering(send, request) if scope["type"] == "http" else send)


def asked_id(headers: list[tuple[bytes, bytes]]) -> str:
    """Return the id that whoever asks has given, or "" if there is none, or it is no id."""
    given = [value.decode("latin-1") for name, value in headers if name.lower() == HEADER]
    return given[0] if len(given) == 1 and SANE.fullmatch(given[0]) else ""


def answering(send: Send, request: str) -> Send:
    """Return a `send` that names the request; a stall's page may say something else."""

    async def named(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", []))
            if all(bytes(name).lower() != HEADER for name, _value in headers):
                message = message | {"headers": [*headers, (HEADER, request.encode())]}
        await send(message)

    return named


class TracedTask(Task):  # type: ignore[type-arg]  # celery's own is no generic when it runs
    """A task that is logged under the id of the request that ordered it."""

    def apply_async(self, *args: Any, headers: dict[str, Any] | None = None, **options: Any) -> Any:
        headers = {TASK_HEADER: logs.request_id()} | (headers or {})
        return super().apply_async(*args, headers=headers, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self.request.called_directly:  # by a worker: if it fails, Celery logs that afterwards, with these facts
            asked = (self.request.headers or {}).get(TASK_HEADER)
            logs.start(request=asked or logs.new_id(), task=self.name)
        return self.run(*args, **kwargs)
