"""The line to the warehouse's door, over which the platform answers who may do what: see sandbox/image/warehouse/door.

The sandboxes reach the door, and nothing of the platform; the platform reaches the engine. So the platform runs the
door in the warehouse's container and holds its stdin and stdout. Several may hold a line: one of them has the open
door, and when that one goes, another's opens.
"""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import close_old_connections, connection

from config import logs
from sandbox import tokens, warehouse
from sandbox.engine import EngineError
from sandbox.programs import Program
from sandbox.tokens import Answer, Request

logger = logging.getLogger(__name__)

BEAT_SECONDS = 3
SILENCE_SECONDS = 15  # without an answer to a beat, after which a line is given up
RETRY_SECONDS = 1
LONGEST = 1 << 20  # bytes of a record, at most
AWAY = Answer(503, "The platform has trouble. Try again in a minute.")


def serve(stopped: threading.Event) -> None:
    """Answer at the door until told to stop; whenever the line breaks, or the warehouse is closed, try again."""
    while not stopped.is_set():
        try:
            with opened() as line:
                hold(line, stopped)
        except (EngineError, OSError) as exc:
            logger.warning("the line to the warehouse's door is broken: %s", exc)
        stopped.wait(RETRY_SECONDS)


@contextmanager
def kept() -> Iterator[None]:
    """Answer at the door meanwhile, from a thread. Whoever answers there already goes on doing so."""
    stopped = threading.Event()
    thread = threading.Thread(target=serve_and_leave, args=(stopped,), daemon=True)
    thread.start()
    try:
        warehouse.await_door()
        yield
    finally:
        stopped.set()
        thread.join(SILENCE_SECONDS)


def serve_and_leave(stopped: threading.Event) -> None:
    try:
        serve(stopped)
    finally:
        connection.close()


@contextmanager
def opened() -> Iterator[socket.socket]:
    """Run the door, and yield its stdin and stdout as one socket."""
    program = Program(warehouse.container(), ["door"])
    try:
        program.socket.settimeout(1)
        yield program.socket
    finally:
        hang_up(program)


def hang_up(program: Program) -> None:
    """End the door, which sees the end of its stdin, and wait until it is gone: whoever is next may open it at once."""
    with suppress(OSError):
        program.socket.shutdown(socket.SHUT_WR)
        while program.socket.recv(65536):
            pass
    program.close()


def hold(line: socket.socket, stopped: threading.Event) -> None:
    """Beat, and answer what is asked, in turn. Raise OSError when the line is broken."""
    received = bytearray()
    heard = time.monotonic()
    due = 0.0
    while not stopped.is_set():
        now = time.monotonic()
        if now - heard > SILENCE_SECONDS:
            raise TimeoutError("nobody answers")
        if now >= due:
            line.sendall(b"beat\n")
            due = now + BEAT_SECONDS
        try:
            data = line.recv(65536)
        except TimeoutError:
            continue
        if not data:
            raise ConnectionError("it was closed")
        received += data
        for record in records(received):
            heard = time.monotonic()
            if record.startswith("ask\t"):
                line.sendall(reply(record).encode())


def records(received: bytearray) -> Iterator[str]:
    """Take the whole lines of the door's stdout out of what the engine sent. Raise EngineError for what is no stream.

    The engine puts a head of eight bytes before each piece: its source in the first, its length in the last four.
    """
    printed = bytearray()
    while len(received) >= 8:
        end = 8 + int.from_bytes(received[4:8], "big")
        if received[0] > 2 or end > LONGEST:
            raise EngineError("the engine's stream cannot be read")
        if len(received) < end:
            break
        printed += received[8:end]
        del received[:end]
    *lines, rest = printed.split(b"\n")
    if rest:  # put back what has no end yet, as a piece of its own
        received[:0] = bytes([1, 0, 0, 0]) + len(rest).to_bytes(4, "big") + rest
    for line in lines:
        yield line.decode(errors="replace")


def reply(record: str) -> str:
    """Answer one record of the door. Whatever goes wrong, it gets an answer, and the line goes on."""
    _, number, kind, uri, address, authorization, *measures = record.split("\t")
    logs.start(request=logs.new_id())
    try:
        close_old_connections()
        used, total, free, busy = (int(measure) for measure in measures)
        answer = tokens.answer(Request(kind, uri, address, authorization, used, total, free, bool(busy)))
    except Exception:
        logger.exception("a question at the warehouse's door could not be answered")
        answer = AWAY
    return f"{number}\t{answer.status}\t{answer.reason}\t{answer.body}\n"
