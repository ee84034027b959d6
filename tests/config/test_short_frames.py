"""Short frames through a real server: however they are cut, all arrive, in their order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from config.short_frames import EXTENSION, SHORT, ShortFrames

pytestmark = pytest.mark.slow


class Application:
    """Keeps what it received. Takes at once what comes while it listens, if it `takes`."""

    def __init__(self) -> None:
        self.received: list[bytes | str] = []
        self.at_once = 0
        self.takes = True
        self.listens = False
        self.code: int | None = None
        self.page: ShortFrames | None = None
        self.send: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.page, self.send = scope["extensions"][EXTENSION], send
        self.page.receiver = self.take
        while True:
            self.listens = True
            message = await receive()
            self.listens = False
            await asyncio.sleep(0.001)
            if message["type"] == "websocket.connect":
                await send({"type": "websocket.accept"})
            elif message["type"] == "websocket.disconnect":
                self.code = message["code"]
                return
            else:
                self.received.append(message.get("bytes") or message.get("text"))

    def take(self, data: bytes) -> bool:
        if not (self.takes and self.listens):
            return False
        self.received.append(data)
        self.at_once += 1
        return True


class Browser:
    """The other end, which sends frames in whatever pieces it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.protocol = ClientProtocol(parse_uri("ws://localhost/"))

    async def open(self) -> None:
        self.protocol.send_request(self.protocol.connect())
        self.writer.write(b"".join(self.protocol.data_to_send()))
        await self.hear()

    async def say(self, data: bytes, size: int = 2**20) -> None:
        for start in range(0, len(data), size):
            self.writer.write(data[start : start + size])
            await asyncio.sleep(0.001 if size < len(data) else 0)

    async def hear(self) -> list[Any]:
        while not (events := self.protocol.events_received()):
            data = await asyncio.wait_for(self.reader.read(65536), 5)
            if not data:
                self.protocol.receive_eof()
                return self.protocol.events_received()
            self.protocol.receive_data(data)
        return events


@asynccontextmanager
async def served(application: Application) -> AsyncIterator[Browser]:
    config = uvicorn.Config(
        application, port=0, ws=ShortFrames, ws_per_message_deflate=False, lifespan="off", log_level="error"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    browser = Browser(*await asyncio.open_connection("127.0.0.1", port))
    await browser.open()
    await until(lambda: application.listens)
    try:
        yield browser
    finally:
        browser.writer.close()
        server.should_exit = True
        await serving


async def until(true: Any) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.002)


def frame(data: bytes, opcode: Opcode = Opcode.BINARY, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin=fin).serialize(mask=True)


@pytest.fixture
def application() -> Application:
    return Application()


async def test_a_short_message_is_taken_at_once(application):
    async with served(application) as browser:
        for data in (b"x", b"\x1b[A", b"y" * SHORT):
            await browser.say(frame(data))
            await until(lambda data=data: application.received[-1:] == [data])
        assert application.at_once == 3


async def test_one_that_is_not_taken_is_received_as_usual(application):
    application.takes = False
    async with served(application) as browser:
        await browser.say(frame(b"x"))
        await until(lambda: application.received == [b"x"])


async def test_others_go_the_usual_way(application):
    async with served(application) as browser:
        await browser.say(frame(b"{}", Opcode.TEXT))
        for length in (SHORT + 1, 70_000):
            await browser.say(frame(b"z" * length))
        await until(lambda: application.received == ["{}", b"z" * (SHORT + 1), b"z" * 70_000])
        assert application.at_once == 0


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7, 8, 13, 64, 2**20])
async def test_in_whatever_pieces_they_come_all_arrive_in_their_order(application, size):
    parts = frame(b"3a", fin=False) + frame(b"", Opcode.PING) + frame(b"3b", Opcode.CONT)
    whole = frame(b"1") + frame(b"2" * 200) + parts + frame(b"4") + frame(b"five", Opcode.TEXT) + frame(b"6") * 3
    async with served(application) as browser:
        await browser.say(whole, size)
        await browser.say(frame(b"7"))
        await until(lambda: application.received[-1:] == [b"7"])
    assert application.received == [b"1", b"2" * 200, b"3a3b", b"4", "five", b"6", b"6", b"6", b"7"]


async def test_one_does_not_overtake_what_still_waits(application):
    async with served(application):
        for data in (b"1" * 200, b"2"):  # in one turn of the event loop
            application.page.data_received(frame(data))
        await until(lambda: len(application.received) == 2)
    assert application.received == [b"1" * 200, b"2"]


async def test_nothing_is_taken_once_it_is_closed(application):
    taken: list[bytes] = []
    async with served(application) as browser:
        application.page.receiver = lambda data: not taken.append(data)
        await application.send({"type": "websocket.close", "code": 1000})
        await browser.say(frame(b"x"))
        await asyncio.sleep(0.05)
    assert taken == []


async def test_what_looks_like_a_short_frame_within_another_is_part_of_it(application):
    inner = frame(b"x")
    outer = frame(b"=" * 100 + inner + b"=" * 100)
    # As the mask is random, what is sent is masked so that the inner frame is there to be seen.
    masked = bytearray(outer[:4]) + b"\0\0\0\0" + b"=" * 100 + inner + b"=" * 100
    async with served(application) as browser:
        for start, end in ((0, 108), (108, 108 + len(inner)), (108 + len(inner), len(masked))):
            await browser.say(bytes(masked[start:end]))
            await asyncio.sleep(0.02)
        await until(lambda: application.received)
    assert application.received == [b"=" * 100 + inner + b"=" * 100]
    assert application.at_once == 0


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(b"\x82\x01x", id="not masked"),
        pytest.param(b"\xc2" + frame(b"x")[1:], id="a reserved bit"),
        pytest.param(frame(b"a", fin=False) + frame(b"x"), id="a message within a message"),
    ],
)
async def test_a_frame_that_breaks_the_protocol_ends_the_connection(application, broken):
    async with served(application) as browser:
        await browser.say(broken)
        await until(lambda: application.code)
    assert (application.code, application.received) == (1002, [])


async def test_a_message_within_a_message_is_not_taken_when_it_comes_alone(application):
    async with served(application) as browser:
        await browser.say(frame(b"a", fin=False))
        await asyncio.sleep(0.02)
        await browser.say(frame(b"x"))
        await until(lambda: application.code)
    assert (application.code, application.received) == (1002, [])


async def test_what_is_short_is_sent_at_once_between_what_is_not(application):
    async with served(application) as browser:
        assert application.page.send_short(b"1")
        await application.send({"type": "websocket.send", "bytes": b"2" * 300})
        assert application.page.send_short(b"3" * SHORT)
        heard = []
        while len(heard) < 3:
            heard += [bytes(event.data) for event in await browser.hear() if isinstance(event, Frame)]
    assert heard == [b"1", b"2" * 300, b"3" * SHORT]


async def test_nothing_is_sent_at_once_that_is_long_or_has_to_wait_or_comes_too_late(application):
    async with served(application):
        assert not application.page.send_short(b"x" * (SHORT + 1))
        assert not application.page.send_short(b"")
        application.page.pause_writing()
        assert not application.page.send_short(b"x")
        application.page.resume_writing()
        await application.send({"type": "websocket.close", "code": 1000})
        assert not application.page.send_short(b"x")
    assert not application.page.send_short(b"x")
