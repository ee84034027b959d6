"""How much a request may bring. Django takes in all of it, onto the disk, before any view is asked."""

from typing import Any

from django.conf import settings


class Bounded:
    """Pass on requests of a size that some page of ours sends; a larger one is answered with 413."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        received, is_over = 0, declared(scope["headers"]) > most

        async def bounded() -> Any:
            nonlocal received, is_over
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                is_over = True
                return {"type": "http.disconnect"}
            return message

        if not is_over:
            await self.application(scope, bounded, send)
        if is_over:  # said nowhere beforehand: Django has given it up without an answer
            await refuse(send)


def declared(headers: list[tuple[bytes, bytes]]) -> int:
    """Return the length that the request says it has; 0 if it does not."""
    lengths = [value for name, value in headers if name.lower() == b"content-length"]
    return int(lengths[0][:20]) if len(lengths) == 1 and lengths[0].isdigit() else 0


async def refuse(send: Any) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": b"That is more than any page here sends."})
