"""The connection that the engine has handed over to a program in a container: its stdin, its stdout and stderr.

Every keystroke and its echo come this way, so there is as little on it as can be: no queue, and no task of its own.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from http import HTTPStatus

from aiohttp import ClientError, ClientResponse
from django.utils.translation import gettext_noop

from sandbox.engine import EngineUnreachable

STDOUT, STDERR = 1, 2
HEADER = struct.Struct(">BxxxL")  # before each piece: which stream it is of, its length
READ_AHEAD = 128 * 1024  # bytes waiting for their reader at which no more is taken from the engine
GONE = gettext_noop("The Docker Engine does not answer.")


class ExecStream:
    """A program's streams. Close with `cut`.

    `receiver` is asked, of each piece of stdout that arrives whole while somebody waits in `read`, whether it takes it
    at once. It must not raise. What it does not take, `read` returns.
    """

    receiver: Callable[[bytes], bool] | None = None

    def __init__(self, answer: ClientResponse) -> None:
        """Take over the connection on which the engine gave this answer. Raise EngineUnreachable if it did not."""
        protocol = answer.connection.protocol if answer.connection else None
        transport = None if protocol is None else protocol.transport  # an idle protocol is falsy: it is a queue, too
        if answer.status != HTTPStatus.SWITCHING_PROTOCOLS or protocol is None or transport is None:
            answer.close()
            raise EngineUnreachable(GONE)
        self.answer = answer  # which would close the connection, if it were forgotten
        self.protocol, self.transport = protocol, transport
        self.received = bytearray()
        self.ended = False
        self.arrival: asyncio.Future[None] | None = None
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        protocol.set_parser(self, None)

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take what has arrived. aiohttp calls this, as it does a websocket's parser."""
        if self.receiver and self.is_expected(data) and self.receiver(data[HEADER.size :]):
            return False, b""
        self.received += data
        if len(self.received) >= READ_AHEAD:
            self.protocol.pause_reading()
        self.tell_reader()
        return False, b""

    def is_expected(self, data: bytes) -> bool:
        """Is this one piece of stdout, the next that is waited for?"""
        if self.received or not self.arrival or self.arrival.done() or len(data) < HEADER.size:
            return False
        return HEADER.unpack_from(data) == (STDOUT, len(data) - HEADER.size)

    def feed_eof(self) -> None:
        """Take that no more will arrive. aiohttp calls this, whatever ended the connection."""
        self.ended = True
        self.tell_reader()

    def tell_reader(self) -> None:
        if self.arrival and not self.arrival.done():
            self.arrival.set_result(None)

    async def read(self) -> tuple[int, bytes] | None:
        """Return the next piece, and whether it is of STDOUT or STDERR; None when there will be no more."""
        while not (piece := self.whole_piece()):
            if self.ended:
                return None
            if self.protocol._reading_paused:
                self.protocol.resume_reading()
            self.arrival = asyncio.get_running_loop().create_future()
            await self.arrival
        return piece

    def whole_piece(self) -> tuple[int, bytes] | None:
        """Take a piece that has arrived whole."""
        if len(self.received) < HEADER.size:
            return None
        source, length = HEADER.unpack_from(self.received)
        end = HEADER.size + length
        if len(self.received) < end:
            return None
        piece = source, bytes(self.received[HEADER.size : end])
        del self.received[:end]
        return piece

    def write_at_once(self, data: bytes) -> bool:
        """Write to stdin if that needs no wait, and say whether that was done."""
        if self.protocol.writing_paused or self.transport.is_closing():
            return False
        self.transport.write(data)
        return True

    async def write(self, data: bytes) -> None:
        """Write to stdin; waits while the program does not take it. Raise EngineUnreachable."""
        if self.transport.is_closing():
            raise EngineUnreachable(GONE)
        self.transport.write(data)
        if self.protocol.writing_paused:
            try:
                await self.protocol._drain_helper()
            except (ClientError, OSError) as exc:
                raise EngineUnreachable(GONE) from exc

    def cut(self) -> None:
        """Close at once. An orderly close waits until what was written is taken, which may be never."""
        self.transport.abort()
        self.answer.close()
