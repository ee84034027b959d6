"""Who sends a byte a minute, or nothing at all, holds no connection for long, and nobody else up."""

import asyncio
import contextlib
import resource
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator

import pytest
import uvicorn
from django.conf import settings

from config import serving
from tests import here
from tests.here import application
from tests.parts import until

pytestmark = pytest.mark.slow

HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
FILES = 40  # that a process may have open; it needs about fifteen itself


@pytest.fixture
async def port(monkeypatch) -> AsyncIterator[int]:
    monkeypatch.setattr(serving, "HEAD_SECONDS", 0.5)
    options = {"lifespan": "off", "log_level": "error", "ws": "websockets-sansio"}
    server = uvicorn.Server(uvicorn.Config(application, port=0, http=serving.Impatient, **options))
    job = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 (nothing tells of it)
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await job


async def seconds_held(port: int, first: bytes, then: bytes) -> float:
    """Return how long a connection is held that sends a few bytes, and then one piece after another."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    writer.write(first)
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(5):
            while not reader.at_eof():
                writer.write(then)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(reader.read(100), 0.1)
    writer.close()
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("first", "then"),
    [(b"", b""), (HEAD, b"X"), (HEAD + b"\r\n", b"\r\n"), (HEAD + b"\r\n" + HEAD, b"X")],
    ids=["silent", "slow head", "empty lines after an answer", "slow second head"],
)
async def test_a_connection_without_a_whole_head_is_given_up(port, first, then):
    assert 0.4 < await seconds_held(port, first, then) < 2


async def test_a_head_that_does_not_end_is_given_up(port, monkeypatch):
    monkeypatch.setattr(serving, "HEAD_SECONDS", 60)
    assert await seconds_held(port, HEAD, b"X-More: " + 8192 * b"x" + b"\r\n") < 2


async def test_so_is_one_behind_an_answer_that_is_not_taken(port, monkeypatch):
    monkeypatch.setattr(serving, "HEAD_SECONDS", 60)
    late = asyncio.Event()
    monkeypatch.setattr(here, "before_answer", late.wait)
    try:
        assert await seconds_held(port, HEAD + b"\r\n" + HEAD, b"X-More: " + 8192 * b"x" + b"\r\n") < 2
    finally:
        late.set()


async def test_who_asks_again_and_again_is_answered_for_longer_than_a_head_may_take(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(4):
        writer.write(HEAD + b"\r\n")
        assert (await reader.readuntil(b"here")).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.3)
    writer.close()


async def test_a_websocket_may_be_as_quiet_as_it_likes(port):
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + upgrade + b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 1)
    writer.close()


def processor_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as stat:
        return sum(int(ticks) for ticks in stat.read().rpartition(")")[2].split()[11:13]) / 100


def answer(port: int) -> bytes:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as line:
        line.sendall(HEAD + b"Connection: close\r\n\r\n")
        return line.recv(15)
    return b""


@pytest.mark.slow
def test_more_connections_than_it_may_have_files_cost_neither_the_server_nor_a_processor():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    argv = [sys.executable, "-m", "config.serving", "tests.here:application", "--port", str(port)]
    few = [*argv, "--lifespan", "off", "--log-level", "error"]
    limit = resource.RLIMIT_NOFILE
    server = subprocess.Popen(few, cwd=settings.BASE_DIR, preexec_fn=lambda: resource.setrlimit(limit, (FILES, FILES)))
    lines: list[socket.socket] = []
    try:
        until(lambda: answer(port), 20, "a server")
        lines = [socket.create_connection(("127.0.0.1", port), 1) for _ in range(2 * FILES)]
        before = processor_seconds(server.pid)
        time.sleep(1)
        assert processor_seconds(server.pid) - before < 0.3
        for line in lines:
            line.close()
        until(lambda: answer(port) == b"HTTP/1.1 200 OK", 10, "an answer when there is room again")
    finally:
        server.kill()
        server.wait()
        for line in lines:
            line.close()
