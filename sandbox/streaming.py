"""The engines' streams for the web side: executed programs and followed logs, without blocking.

aiodocker is known here and nowhere else; its errors leave as EngineError.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

import aiodocker
import aiohttp
from aiodocker.multiplexed import multiplexed_result_stream
from docker.errors import TLSParameterError

from sandbox import wires
from sandbox.container import Address, Container
from sandbox.engine import EngineError, EngineUnreachable
from sandbox.exec_stream import GONE, STDOUT, ExecStream

STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d) (.*)", re.DOTALL)

ENDLESS = aiohttp.ClientTimeout(total=None, sock_connect=wires.CONNECT_SECONDS)
NO_LINE = (aiohttp.ClientError, OSError, TLSParameterError)
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
            raise EngineUnreachable(GONE) from exc
        raise EngineError(f"The Docker Engine refused: {exc.message}") from exc
    except NO_LINE as exc:
        raise EngineUnreachable(GONE) from exc


async def execute(
    container: Container, argv: list[str], user: str, environment: dict[str, str] | None = None
) -> ExecStream:
    """Run `argv` in a container as `user` ("uid:gid"), and return its streams."""
    with engine_errors():
        program = (
            await client(container.host)
            .containers.container(container.id)
            .exec(argv, stdin=True, stdout=True, stderr=True, tty=False, user=user, environment=environment)
        )
        return ExecStream(await started(container.host, program.id))


async def started(host: Address, exec_id: str) -> aiohttp.ClientResponse:
    """Start an exec that was made, and return the answer that hands its connection over."""
    return await client(host)._do_query(
        f"exec/{exec_id}/start",
        method="POST",
        data=json.dumps({"Detach": False, "Tty": False}),
        headers={"Connection": "Upgrade", "Upgrade": "tcp"},
        timeout=ENDLESS,
        read_until_eof=False,
    )


class Line:
    """A program in a container, as a line of bytes: written to its stdin, read from its stdout."""

    def __init__(self, stream: ExecStream) -> None:
        self.stream = stream

    async def read(self) -> bytes:
        """Return the next bytes; none when there will be no more."""
        while piece := await self.stream.read():
            source, data = piece
            if source == STDOUT:
                return data
        return b""

    async def write(self, data: bytes) -> None:
        await self.stream.write(data)


@asynccontextmanager
async def opened(container: Container, argv: list[str], user: str) -> AsyncIterator[Line]:
    """Run a program in a container for as long as the context lasts."""
    stream = await execute(container, argv, user)
    try:
        yield Line(stream)
    finally:
        stream.cut()


async def unpause(container: Container) -> None:
    """Let a frozen container's processes go on. One that is not frozen stays so."""
    with engine_errors():
        try:
            await client(container.host).containers.container(container.id).unpause()
        except aiodocker.DockerError as exc:
            if "is not paused" not in str(exc.message):
                raise


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
    path = f"containers/{container.id}/logs"
    async with client(container.host)._query(path, params=params, timeout=ENDLESS) as answer:
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
