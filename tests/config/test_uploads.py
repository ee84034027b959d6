"""No request brings more than some page sends, whatever it says of itself."""

import asyncio

import pytest
from channels.testing import ApplicationCommunicator

from config import uploads
from config.asgi import application

PIECE = b"a" * 65536


class Request(ApplicationCommunicator):
    def __init__(self, *headers: tuple[bytes, bytes]) -> None:
        host = (b"host", b"localhost")
        scope = {"type": "http", "method": "POST", "path": "/healthz", "query_string": b"", "headers": [host, *headers]}
        super().__init__(application, scope)

    async def bring(self, pieces: int) -> None:
        for number in range(pieces):
            await self.send_input({"type": "http.request", "body": PIECE, "more_body": number < pieces - 1})

    async def status(self) -> int:
        return (await self.receive_output(timeout=10))["status"]


async def test_a_length_that_is_too_large_is_refused_unread():
    request = Request((b"content-length", b"2621441"))
    assert await request.status() == 413


@pytest.mark.parametrize("length", [[], [(b"content-length", b"10")]])
async def test_more_than_it_says_is_refused_too(length):
    request = Request(*length)
    await request.bring(41)
    assert await request.status() == 413


async def test_as_much_as_may_be_is_taken_in():
    request = Request()
    await request.bring(40)
    assert await request.status() == 403  # Django has read it, and misses the token


async def test_one_that_does_not_end_in_time_is_refused(monkeypatch):
    monkeypatch.setattr(uploads, "BODY_SECONDS", 0.3)
    request = Request()
    await request.send_input({"type": "http.request", "body": b"a", "more_body": True})
    assert await request.status() == 408


async def test_a_page_may_take_longer_than_a_request(monkeypatch):
    monkeypatch.setattr(uploads, "BODY_SECONDS", 0.1)
    body = uploads.Body(telling({"type": "http.request", "body": b"a"}, after=0))
    assert (await body.receive())["body"] == b"a"
    body.next = telling({"type": "http.disconnect"}, after=0.3)
    assert (await body.receive())["type"] == "http.disconnect"
    assert body.refused is None


def telling(message: dict, after: float):
    async def receive() -> dict:
        await asyncio.sleep(after)
        return message

    return receive
