"""HTTP and websockets over a line of bytes, with a real server at its far end and a browser as ASGI tells of one."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import WSMsgType, web
from asgiref.testing import ApplicationCommunicator

from sandbox import relay

pytestmark = pytest.mark.slow

LEFT = web.AppKey("left", asyncio.Event)


@dataclass(frozen=True)
class Kitchen:
    """A server that knows when somebody who listened to its endless page has left."""

    port: int
    left: asyncio.Event


class Wire:
    """A line to a port of this machine."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def read(self) -> bytes:
        return await self.reader.read(65536)

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()


async def tell(request: web.Request) -> web.Response:
    headers = {"Set-Cookie": "plate=blue", "Clear-Site-Data": '"cookies"', "X-Stall": "jalebi"}
    seen = {name.lower(): value for name, value in request.headers.items()}
    told = {"path": request.path_qs, "method": request.method, "seen": seen, "body": (await request.read()).decode()}
    return web.json_response(told, headers=headers)


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        for number in range(10_000):
            await response.write(f"data: {number}\n".encode())
            await asyncio.sleep(0.01)
    except (ConnectionError, asyncio.CancelledError):
        request.app[LEFT].set()
        raise
    return response


async def breaks_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"half")
    request.transport.abort()
    return response


async def echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(protocols=["dishes"], max_msg_size=0)
    await socket.prepare(request)
    async for message in socket:
        if message.data == "close":
            await socket.close(code=4007)
        elif message.type == WSMsgType.TEXT:
            await socket.send_str(f"echo {message.data}")
        else:
            await socket.send_bytes(message.data)
    return socket


@pytest.fixture
async def kitchen() -> AsyncIterator[Kitchen]:
    app = web.Application(client_max_size=0)
    app[LEFT] = asyncio.Event()
    app.router.add_get("/stream", stream)
    app.router.add_get("/breaks-off", breaks_off)
    app.router.add_get("/socket", echo)
    app.router.add_route("*", "/{rest:.*}", tell)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield Kitchen(port=runner.addresses[0][1], left=app[LEFT])
    await runner.cleanup()


@pytest.fixture
def browser(kitchen):
    """Begin a request, as ASGI has it."""
    open_ones = []

    def begin(relayed, kind="http", path="/", query=b"", method="GET", headers=(), **more) -> ApplicationCommunicator:
        async def application(scope, receive, send):
            reader, writer = await asyncio.open_connection("127.0.0.1", kitchen.port)
            try:
                await relayed(Wire(reader, writer), scope, receive, send)
            finally:
                writer.close()

        scope = {
            "type": kind, "method": method, "path": path, "raw_path": path.encode(), "query_string": query,
            "headers": [(b"host", b"stall.example"), *headers], **more,
        }  # fmt: skip
        open_ones.append(ApplicationCommunicator(application, scope))
        return open_ones[-1]

    return begin


async def answer_to(request: ApplicationCommunicator) -> tuple[dict, bytes]:
    start = await request.receive_output(5)
    body = b""
    while True:
        part = await request.receive_output(5)
        body += part.get("body", b"")
        if not part.get("more_body"):
            return start, body


async def test_a_page_comes_through(browser):
    request = browser(relay.page, path="/menu", query=b"a=1&b=%20", headers=[(b"x-mine", b"yes")])
    await request.send_input({"type": "http.request"})
    start, body = await answer_to(request)
    assert start["status"] == 200
    told = json.loads(body)
    assert (told["path"], told["method"], told["body"]) == ("/menu?a=1&b=%20", "GET", "")
    assert (told["seen"]["host"], told["seen"]["x-mine"]) == ("stall.example", "yes")


async def test_a_stall_says_nothing_of_other_pages_of_its_host(browser):
    request = browser(relay.page)
    await request.send_input({"type": "http.request"})
    start, _ = await answer_to(request)
    names = {name for name, _ in start["headers"]}
    assert {b"x-stall", b"set-cookie"} <= names
    assert not names & {b"clear-site-data", b"connection", b"transfer-encoding"}


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"11")]])
async def test_what_is_sent_arrives(browser, headers):
    request = browser(relay.page, method="POST", headers=headers)
    await request.send_input({"type": "http.request", "body": b"poha ", "more_body": True})
    await request.send_input({"type": "http.request", "body": b"please"})
    _, body = await answer_to(request)
    assert b'"body": "poha please"' in body


async def test_what_has_no_end_ends_when_the_browser_leaves(browser, kitchen):
    request = browser(relay.page, path="/stream")
    await request.send_input({"type": "http.request"})
    assert (await request.receive_output(5))["status"] == 200
    assert b"data: 0" in (await request.receive_output(5))["body"]
    await request.send_input({"type": "http.disconnect"})
    await request.wait(5)
    await asyncio.wait_for(kitchen.left.wait(), 5)


async def test_an_answer_that_breaks_off_is_not_taken_for_whole(browser):
    request = browser(relay.page, path="/breaks-off")
    await request.send_input({"type": "http.request"})
    assert (await request.receive_output(5))["status"] == 200
    with pytest.raises(Exception, match=r"peer closed|without sending complete"):
        await request.wait(5)


async def test_what_is_no_http_is_nobody():
    async def babble(reader, writer):
        writer.write(b"\x00\xff not http at all\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        wire = Wire(reader, writer)
        inbox: asyncio.Queue[dict] = asyncio.Queue()
        inbox.put_nowait({"type": "http.request"})
        scope = {"method": "GET", "raw_path": b"/", "query_string": b"", "headers": [(b"host", b"x")]}
        with pytest.raises(relay.NobodyThere):
            await relay.page(wire, scope, inbox.get, asyncio.sleep)
        writer.close()


# --- websockets ---


async def opened(browser, **more) -> tuple[ApplicationCommunicator, dict]:
    request = browser(relay.socket, kind="websocket", path="/socket", **more)
    return request, await request.receive_output(5)


async def test_a_socket_joins_both_ends(browser):
    request, accepted = await opened(browser, subprotocols=["dishes"])
    assert accepted == {"type": "websocket.accept", "subprotocol": "dishes"}
    await request.send_input({"type": "websocket.receive", "text": "poha"})
    assert await request.receive_output(5) == {"type": "websocket.send", "text": "echo poha"}
    large = bytes(range(256)) * 4096
    await request.send_input({"type": "websocket.receive", "bytes": large})
    assert await request.receive_output(5) == {"type": "websocket.send", "bytes": large}


async def test_a_socket_that_the_stall_closes_is_closed_as_it_said(browser):
    request, _ = await opened(browser)
    await request.send_input({"type": "websocket.receive", "text": "close"})
    assert await request.receive_output(5) == {"type": "websocket.close", "code": 4007}
    await request.wait(5)


async def test_a_socket_that_the_browser_leaves_ends(browser):
    request, _ = await opened(browser)
    await request.send_input({"type": "websocket.disconnect", "code": 1001})
    await request.wait(5)


async def test_a_page_that_is_no_socket_is_nobody(browser):
    request = browser(relay.socket, kind="websocket", path="/no-socket")
    with pytest.raises(relay.NobodyThere):
        await request.wait(5)
