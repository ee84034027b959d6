"""No request brings more than some page sends, whatever it says of itself."""

import pytest
from channels.testing import ApplicationCommunicator

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
