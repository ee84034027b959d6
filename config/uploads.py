"""How much a request may bring, and how long it may take. Django takes in all of it before any view is asked."""

import asyncio
from http import HTTPStatus
from typing import Any

from django.conf import settings

BODY_SECONDS = 120  # in which the largest that is allowed comes over a line of 25 kB a second


class Bounded:
    """Pass on requests of a size that some page of ours sends; what is larger is answered 413, what is late 408."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = Body(receive)
        if declared(scope["headers"]) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            body.refused = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        else:
            await self.application(scope, body.receive, send)
        if body.refused:  # said nowhere beforehand: Django has given it up without an answer
            await refuse(send, body.refused)


class Body:
    """What a request brings. `refused` says why it is given up, if it is: then it looks as if the browser had gone."""

    refused: HTTPStatus | None = None

    def __init__(self, receive: Any) -> None:
        self.next, self.received, self.is_whole = receive, 0, False
        self.due = asyncio.get_running_loop().time() + BODY_SECONDS

    async def receive(self) -> Any:
        try:
            async with asyncio.timeout_at(None if self.is_whole else self.due):
                message = await self.next()
        except TimeoutError:
            self.refused = HTTPStatus.REQUEST_TIMEOUT
            return {"type": "http.disconnect"}
        self.received += len(message.get("body", b""))
        self.is_whole = not message.get("more_body", False)
        if self.received > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            self.refused = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            return {"type": "http.disconnect"}
        return message


SENTENCES = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: b"That is more than any page here sends.",
    HTTPStatus.REQUEST_TIMEOUT: b"That took too long to arrive. Try again.",
}


def declared(headers: list[tuple[bytes, bytes]]) -> int:
    """Return the length that the request says it has; 0 if it does not."""
    lengths = [value for name, value in headers if name.lower() == b"content-length"]
    return int(lengths[0][:20]) if len(lengths) == 1 and lengths[0].isdigit() else 0


async def refuse(send: Any, status: HTTPStatus) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": SENTENCES[status]})
