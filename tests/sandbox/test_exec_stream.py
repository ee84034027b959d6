"""What a program prints, and takes, over a connection that the engine has handed over. Only the engine is a double."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from sandbox import exec_stream
from sandbox.engine import EngineUnreachable
from sandbox.exec_stream import STDERR, STDOUT, ExecStream

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HANDED_OVER = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"


def piece(data: bytes, source: int = STDOUT) -> bytes:
    return struct.pack(">BxxxL", source, len(data)) + data


@asynccontextmanager
async def opened(folder: Path, talk: Talk, answer: bytes = HANDED_OVER) -> AsyncIterator[ExecStream]:
    """Open a stream to an engine that answers so, and then talks."""

    async def engine(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await talk(reader, writer)

    server = await asyncio.start_unix_server(engine, folder / "engine.sock")
    connector = aiohttp.UnixConnector(str(folder / "engine.sock"))
    headers = {"Connection": "Upgrade", "Upgrade": "tcp"}
    async with server, aiohttp.ClientSession(connector=connector) as session:
        stream = ExecStream(await session.post("http://localhost/exec/1/start", headers=headers))
        try:
            yield stream
        finally:
            stream.cut()


async def quiet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.002)


@pytest.mark.parametrize("size", [1, 3, 7, 9, 1000])
async def test_pieces_may_be_cut_anywhere_and_come_with_the_answer(tmp_path, size):
    pieces = [(STDOUT, b"$ "), (STDERR, b"enter: no such place"), (STDOUT, bytes(range(256)))]
    whole = b"".join(piece(data, source) for source, data in pieces)

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for start in range(0, len(whole), size):
            writer.write(whole[start : start + size])
            await asyncio.sleep(0.0005)
        writer.close()

    async with opened(tmp_path, talk) as stream:
        assert [await stream.read() for _ in range(4)] == [*pieces, None]
        assert await stream.read() is None


async def test_the_receiver_has_what_arrives_whole_while_somebody_waits(tmp_path):
    said: asyncio.Queue[bytes] = asyncio.Queue()

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(await said.get())

    taken: list[bytes] = []
    async with opened(tmp_path, talk) as stream:
        stream.receiver = lambda data: data != b"no" and not taken.append(data)
        said.put_nowait(piece(b"nobody waits"))
        await until(lambda: stream.received)
        assert await stream.read() == (STDOUT, b"nobody waits")

        reading = asyncio.create_task(stream.read())
        for data in (b"x", b"y"):
            said.put_nowait(piece(data))
            await until(lambda data=data: taken[-1:] == [data])
        assert not reading.done()
        said.put_nowait(piece(b"no"))
        assert await reading == (STDOUT, b"no")


@pytest.mark.parametrize(
    "arriving", [[piece(b"1") + piece(b"2")], [piece(b"an error", STDERR)], [piece(b"in parts")[:11], b"parts"]]
)
async def test_the_receiver_is_asked_of_nothing_else(tmp_path, arriving):
    waits = asyncio.Event()

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await waits.wait()
        for data in arriving:
            await asyncio.sleep(0.02)
            writer.write(data)

    taken: list[bytes] = []
    async with opened(tmp_path, talk) as stream:
        stream.receiver = lambda data: not taken.append(data)
        waits.set()
        assert await asyncio.wait_for(stream.read(), 5)
    assert taken == []


async def test_it_reads_ahead_only_so_far(tmp_path):
    written = 0

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        while True:
            writer.write(piece(b"x" * 32_768))
            await writer.drain()
            written += 32_768

    async with opened(tmp_path, talk) as stream:
        await until(lambda: written > exec_stream.READ_AHEAD)
        await asyncio.sleep(0.1)
        before = written
        assert len(stream.received) < 2**20
        await asyncio.sleep(0.1)
        assert written == before
        for _ in range(100):
            assert await stream.read() == (STDOUT, b"x" * 32_768)
        await until(lambda: written > before)


async def test_what_does_not_fit_waits_until_it_is_taken(tmp_path):
    takes, took = asyncio.Event(), bytearray()

    async def talk(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await takes.wait()
        while data := await reader.read(65536):
            took.extend(data)

    async with opened(tmp_path, talk) as stream:
        assert stream.write_at_once(b"x")
        writing = asyncio.create_task(stream.write(b"y" * 2**21))
        await asyncio.sleep(0.05)
        assert not writing.done()
        assert not stream.write_at_once(b"z")
        takes.set()
        await asyncio.wait_for(writing, 5)
        await until(lambda: len(took) == 2**21 + 1)


async def test_one_who_waits_to_write_hears_that_the_engine_is_gone(tmp_path):
    async with opened(tmp_path, quiet_until_cut) as stream:
        with pytest.raises(EngineUnreachable):
            await asyncio.wait_for(stream.write(b"y" * 2**21), 5)
        assert await stream.read() is None
        assert not stream.write_at_once(b"x")
        with pytest.raises(EngineUnreachable):
            await stream.write(b"x")


async def quiet_until_cut(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.05)
    writer.transport.abort()


async def test_a_reader_hears_that_the_stream_was_cut(tmp_path):
    async with opened(tmp_path, quiet) as stream:
        reading = asyncio.create_task(stream.read())
        await asyncio.sleep(0.01)
        stream.cut()
        assert await asyncio.wait_for(reading, 5) is None
        assert not stream.write_at_once(b"x")


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"HTTP/1.1 204 No Content\r\n\r\n"]
)
async def test_a_connection_that_is_not_handed_over_is_refused(tmp_path, answer):
    with pytest.raises(EngineUnreachable):
        async with opened(tmp_path, quiet, answer):
            pass
