"""Programs in containers that are spoken to while they run, by docker-py."""

import socket
import time
from contextlib import suppress
from typing import Any, cast

from sandbox.container import Container
from sandbox.engine import EngineError, client, errors_translated, let_go

FRAME_HEAD, STDOUT = 8, 1


class LineEnded(EngineError):
    """The program at the other end has ended. The message is what it said last."""


class LineSilent(EngineError):
    """The program at the other end gave no answer in time, or none that has an end."""


class Program:
    """One that runs. What is written to `socket` is its stdin; what is read are frames of what it prints."""

    @errors_translated()
    def __init__(self, container: Container, argv: list[str], user: str = "") -> None:
        self.calls = client(container.host)
        self.id = self.calls.exec_create(container.id, argv, user=user, stdin=True)["Id"]
        self.stream: Any = self.calls.exec_start(self.id, socket=True)
        # What docker-py hands out can only be read, but for a socket with TLS.
        self.socket = cast(socket.socket, getattr(self.stream, "_sock", self.stream))

    def exit_code(self) -> int:
        return int(self.calls.exec_inspect(self.id)["ExitCode"] or 0)

    def close(self) -> None:
        let_go(self.stream)


@errors_translated()
def feed(container: Container, argv: list[str], user: str, data: bytes, timeout: float) -> int:
    """Run a command in a container with `data` as its stdin; return its exit code. What it prints is dropped.

    Where its stdin ends is counted: half of a connection with TLS cannot be closed.
    """
    program = Program(container, ["sh", "-c", 'head -c "$0" | "$@"', str(len(data)), *argv], user)
    try:
        program.socket.settimeout(timeout)
        program.socket.sendall(data)
        while program.socket.recv(65536):
            pass
    finally:
        program.close()
    return program.exit_code()


class Line:
    """A program in a container that answers each line of its stdin with a line. For one thread at a time."""

    def __init__(self, container: Container, argv: list[str], user: str) -> None:
        self.program = Program(container, argv, user)
        self.unread = b""  # frames of the engine, of which the last may not be whole
        self.out = self.err = b""

    def ask(self, seconds: float, limit: int) -> bytes:
        """Return the next answer. Raise LineEnded if none will come; LineSilent if it takes longer, or more bytes."""
        until = time.monotonic() + seconds
        try:
            self.program.socket.sendall(b"\n")
            while b"\n" not in self.out:
                self.program.socket.settimeout(max(until - time.monotonic(), 0.001))
                self.take(self.program.socket.recv(1 << 16))
                if len(self.out) + len(self.err) > limit:
                    raise LineSilent("it said too much")
        except TimeoutError as exc:
            raise LineSilent("it took too long") from exc
        except OSError as exc:
            raise self.ended() from exc
        answer, _, self.out = self.out.partition(b"\n")
        return answer

    def take(self, data: bytes) -> None:
        """Read frames, each with a head of eight bytes: the stream, three zeroes, the length (API, "Attach")."""
        if not data:
            raise self.ended()
        self.unread += data
        while len(self.unread) >= FRAME_HEAD:
            length = int.from_bytes(self.unread[4:FRAME_HEAD], "big")
            if len(self.unread) < FRAME_HEAD + length:
                return
            said = self.unread[FRAME_HEAD : FRAME_HEAD + length]
            if self.unread[0] == STDOUT:
                self.out += said
            else:
                self.err += said
            self.unread = self.unread[FRAME_HEAD + length :]

    def ended(self) -> "LineEnded":
        return LineEnded(self.err.decode(errors="replace").strip()[-200:])

    def close(self) -> None:
        with suppress(OSError):  # it has ended by itself
            self.program.socket.shutdown(socket.SHUT_RDWR)
        self.program.close()
