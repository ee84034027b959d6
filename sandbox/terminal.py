"""A learner's shell as bytes: the far end is `keeper` (sandbox/image/keeper.c), which documents the frames."""

import json
import re
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from sandbox import streaming
from sandbox.container import Container
from sandbox.engine import EngineError
from sandbox.exec_stream import STDOUT, ExecStream
from sandbox.sockets import as_number

SHELL_ID = re.compile(r"[0-9a-f]{16}")
MAX_COLS, MAX_ROWS = 1000, 500
INPUT_PIECE = 8192
HEADER = struct.Struct(">cI")  # of a frame: its kind, its length
FRAME_LIMIT = 1 << 17  # bytes; the keeper's are at most half as long
OUT_OF_STEP = "The shell's keeper does not speak as it should. Reset the sandbox if the terminal stays away."
SHELL = ["bash", "--login"]


@dataclass(frozen=True)
class Place:
    """Where a viewer left off: which shell it saw and how many bytes of its output it has."""

    shell: str = "-"
    offset: int = 0

    @classmethod
    def of(cls, shell: str, offset: str) -> "Place":
        if SHELL_ID.fullmatch(shell) and offset.isdecimal() and len(offset) < 19:
            return cls(shell, int(offset))
        return cls()


class Terminal:
    """One viewer of one shell. Close it when done; the shell goes on."""

    def __init__(self, stream: ExecStream) -> None:
        self.stream = stream
        self.received = bytearray()

    @classmethod
    async def attach(
        cls,
        container: Container,
        owner_uid: int,
        name: str,
        size: tuple[int, int] | None,
        place: Place,
        environment: dict[str, str] | None = None,
    ) -> "Terminal":
        """Join the shell called `name`; if it does not run, start it in this environment. Raise EngineError.

        Without a size, one only watches: the terminal keeps its size, which is told, and the shell waits for nobody.
        """
        cols, rows = clamp(*size) if size else (0, 0)
        argv = [
            "/sbx/enter",
            "/sbx/keeper",
            name,
            place.shell,
            str(place.offset),
            str(cols),
            str(rows),
            *SHELL,
        ]
        user = f"{owner_uid}:{owner_uid}"
        return cls(await streaming.execute(container, argv, user, environment))

    async def frames(self) -> AsyncIterator[bytes | dict[str, Any]]:
        """Yield what comes: bytes that the shell printed, or a dict the keeper says. Ends when the viewer is gone.

        Nothing is read ahead: a caller that does not ask for the next frame slows the shell down.
        """
        while piece := await self.stream.read():
            source, data = piece
            if source != STDOUT:
                # What the engine or /sbx/enter say on stderr is no frame: show it, it is why the shell did not come.
                yield data
                continue
            self.received += data
            for frame in self.whole_frames():
                yield frame

    def whole_frames(self) -> list[bytes | dict[str, Any]]:
        """Take the frames that are complete. Raise EngineError for what the keeper never sends.

        The keeper runs as the learner, who can put another program in its place: its word is not to be trusted.
        """
        frames: list[bytes | dict[str, Any]] = []
        start, data = 0, self.received
        while len(data) - start >= HEADER.size:
            kind, length = HEADER.unpack_from(data, start)
            if length > FRAME_LIMIT:
                raise EngineError(OUT_OF_STEP)
            end = start + HEADER.size + length
            if len(data) < end:
                break
            frames.append(content(kind, bytes(data[start + HEADER.size : end])))
            start = end
        del data[:start]
        return frames

    def show_at_once(self, show: Callable[[bytes], bool]) -> None:
        """Have `show` asked of what is printed, while the next frame is waited for, whether it takes it at once."""

        def take(piece: bytes) -> bool:
            return not self.received and is_output(piece) and show(piece[HEADER.size :])

        self.stream.receiver = take

    def type_at_once(self, data: bytes) -> bool:
        """Type `data` if the shell takes it without a wait, as it does keystrokes, and say whether that was done."""
        return len(data) <= INPUT_PIECE and self.stream.write_at_once(frame(b"i", data))

    async def type(self, data: bytes) -> None:
        """Type `data`; waits while the shell does not take it."""
        for start in range(0, len(data), INPUT_PIECE):
            await self.stream.write(frame(b"i", data[start : start + INPUT_PIECE]))

    def resize_at_once(self, cols: int, rows: int) -> bool:
        """Tell the size if that needs no wait, and say whether that was done."""
        return self.stream.write_at_once(size_frame(cols, rows))

    async def resize(self, cols: int, rows: int) -> None:
        await self.stream.write(size_frame(cols, rows))

    async def close(self) -> None:
        self.stream.cut()


def content(kind: bytes, payload: bytes) -> bytes | dict[str, Any]:
    if kind == b"o":
        return payload
    try:
        control = json.loads(payload) if kind == b"c" else None
    except (ValueError, RecursionError):
        control = None
    if not isinstance(control, dict) or control.get("type") not in ("attached", "exit", "size"):
        raise EngineError(OUT_OF_STEP)
    return size_of(control) if control["type"] == "size" else control


def size_of(told: dict[str, Any]) -> dict[str, Any]:
    """Return a size that a page can draw, whatever was told."""
    cols, rows = clamp(as_number(told.get("cols")), as_number(told.get("rows")))
    return {"type": "size", "cols": cols, "rows": rows}


def frame(kind: bytes, payload: bytes) -> bytes:
    return HEADER.pack(kind, len(payload)) + payload


def is_output(piece: bytes) -> bool:
    """Is this one whole frame of what the shell printed?"""
    return len(piece) > HEADER.size and HEADER.unpack_from(piece) == (b"o", len(piece) - HEADER.size)


def size_frame(cols: int, rows: int) -> bytes:
    return frame(b"r", struct.pack(">HH", *clamp(cols, rows)))


def clamp(cols: int, rows: int) -> tuple[int, int]:
    """Bring a size into what a terminal can be; 0 (a hidden page) becomes the usual 80 x 24."""
    return min(max(cols, 0), MAX_COLS) or 80, min(max(rows, 0), MAX_ROWS) or 24
