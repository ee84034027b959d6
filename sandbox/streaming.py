"""The engines' streams for the web side: executed programs and followed logs, without blocking.

aiodocker is known here and nowhere else; its errors leave as EngineError.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

import aiodocker
import aiohttp
from aiodocker.multiplexed import multiplexed_result_stream
from aiodocker.stream import Stream
from django.utils.translation import gettext_noop
from docker.errors import TLSParameterError

from sandbox import wires
from sandbox.container import Address, Container
from sandbox.engine import EngineError, EngineUnreachable

STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d) (.*)", re.DOTALL)

# aiodocker asserts that a connection is there.
NO_LINE = (aiohttp.ClientError, OSError, TLSParameterError, AssertionError)
NO_CONNECTION = 900  # what aiodocker gives as status when there was no answer

_clients: "WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Address, aiodocker.Docker]]" = WeakKeyDictionary()


def client(host: Address) -> aiodocker.Docker:
    """Return this event loop's client of an engine."""
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    if host not in clients:
        clients[host] = wires.connect_async(host)
    return clients[host]


async def close_client() -> None:
    for docker in _clients.pop(asyncio.get_running_loop(), {}).values():
        await docker.close()


@contextmanager
def engine_errors() -> Iterator[None]:
    """Turn aiodocker's errors into ours."""
    try:
        yield
    except aiodocker.DockerError as exc:
        if exc.status == NO_CONNECTION:
            raise EngineUnreachable("The Docker Engine does not answer.") from exc
        raise EngineError(f"The Docker Engine refused: {exc.message}") from exc
    except NO_LINE as exc:
        raise EngineUnreachable(gettext_noop("The Docker Engine does not answer.")) from exc


async def execute(
    container: Container, argv: list[str], user: str, environment: dict[str, str] | None = None
) -> Stream:
    """Run `argv` in a container as `user` ("uid:gid") with stdin and stdout connected, and return its stream."""
    with engine_errors():
        program = (
            await client(container.host)
            .containers.container(container.id)
            .exec(argv, stdin=True, stdout=True, stderr=True, tty=False, user=user, environment=environment)
        )
        stream = program.start(detach=False)
        await stream.__aenter__()
        return stream


class Line:
    """A program in a container, as a line of bytes: written to its stdin, read from its stdout."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    async def read(self) -> bytes:
        """Return the next bytes; none when there will be no more."""
        with engine_errors():
            while message := await self.stream.read_out():
                if message.stream == 1:
                    return message.data
        return b""

    async def write(self, data: bytes) -> None:
        with engine_errors():
            await self.stream.write_in(data)


@asynccontextmanager
async def opened(container: Container, argv: list[str], user: str) -> AsyncIterator[Line]:
    """Run a program in a container for as long as the context lasts."""
    stream = await execute(container, argv, user)
    try:
        yield Line(stream)
    finally:
        await cut(stream)


async def unpause(container: Container) -> None:
    """Let a frozen container's processes go on. One that is not frozen stays so."""
    with engine_errors():
        try:
            await client(container.host).containers.container(container.id).unpause()
        except aiodocker.DockerError as exc:
            if "is not paused" not in str(exc.message):
                raise


def is_writable(stream: Stream) -> bool:
    """Is there room for more, such that `write_in` returns without a wait?"""
    connection = stream._resp.connection if stream._resp else None
    protocol = connection.protocol if connection else None
    return protocol is not None and not protocol.writing_paused  # an idle protocol is falsy: it is a queue, too


async def cut(stream: Stream) -> None:
    """Close a stream at once. An orderly close waits until what was written is taken, which may be never."""
    connection = stream._resp.connection if stream._resp else None
    if connection and connection.transport:
        connection.transport.abort()
    with suppress(AssertionError):  # aiodocker finds its connection gone
        await stream.close()


async def follow_log(container: Container, since: int) -> AsyncIterator[tuple[int, str]]:
    """Yield (microseconds since the epoch, line) of a container's log from `since` on, then as lines are written.

    A line longer than Docker's 16 KiB arrives in parts. Ends when the container does.
    """
    with engine_errors():
        async with opened_log(container, since) as answer:
            async for stamped in stamped_lines(answer):
                yield stamped


async def stamped_lines(answer: aiohttp.ClientResponse) -> AsyncIterator[tuple[int, str]]:
    rest = ""
    async for piece in multiplexed_result_stream(answer):  # type: ignore[no-untyped-call]
        *lines, rest = (rest + piece).split("\n")
        for line in lines:
            stamped = stamp(line)
            if stamped:
                yield stamped


@asynccontextmanager
async def opened_log(container: Container, since: int) -> AsyncIterator[aiohttp.ClientResponse]:
    """Ask for a container's log. aiodocker's own `log` would leave the connection open when its reader leaves."""
    params = {
        "stdout": "1", "stderr": "1", "follow": "1", "timestamps": "1",
        "since": f"{since // 1_000_000}.{since % 1_000_000:06}",
    }  # fmt: skip
    endless = aiohttp.ClientTimeout(total=None)
    path = f"containers/{container.id}/logs"
    async with client(container.host)._query(path, params=params, timeout=endless) as answer:
        try:
            yield answer
        finally:
            answer.close()


def stamp(line: str) -> tuple[int, str] | None:
    """Split Docker's timestamp off a log line; None if it has none."""
    found = STAMP.match(line.rstrip("\r"))
    if not found:
        return None
    second = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
    return int(second.timestamp()) * 1_000_000 + int((found[2] or "0").ljust(6, "0")[:6]), found[4]
