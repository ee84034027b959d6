"""A shell's frames, as the keeper sends them, and as something else in its place might."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import terminal
from sandbox.engine import EngineError
from sandbox.exec_stream import STDERR, STDOUT
from sandbox.terminal import Place, Terminal, clamp, frame

ATTACHED = b'{"type":"attached","shell":"00112233aabbccdd","offset":0,"replay":0,"reset":true}'


Piece = bytes | tuple[int, bytes] | Exception


class Stream:
    """The engine's stream: pieces to read, and what was written."""

    def __init__(self, *pieces: Piece) -> None:
        self.pieces = list(pieces)
        self.written: list[bytes] = []
        self.receiver: Callable[[bytes], bool] | None = None

    async def read(self) -> tuple[int, bytes] | None:
        if not self.pieces:
            return None
        piece = self.pieces.pop(0)
        if isinstance(piece, Exception):
            raise piece
        return (STDOUT, piece) if isinstance(piece, bytes) else piece

    async def write(self, data: bytes) -> None:
        self.written.append(data)

    def write_at_once(self, data: bytes) -> bool:
        self.written.append(data)
        return True


async def read(*pieces: Piece) -> list[bytes | dict]:
    return [piece async for piece in Terminal(Stream(*pieces)).frames()]


async def test_frames_are_bytes_or_what_the_keeper_says():
    assert await read(frame(b"c", ATTACHED) + frame(b"o", b"\x00\xff$ ")) == [
        {"type": "attached", "shell": "00112233aabbccdd", "offset": 0, "replay": 0, "reset": True},
        b"\x00\xff$ ",
    ]


@given(st.lists(st.binary(max_size=50), max_size=8), st.integers(1, 30))
def test_frames_may_be_cut_anywhere(printed, size):
    whole = b"".join(frame(b"o", piece) for piece in printed)
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    assert asyncio.run(read(*pieces)) == printed


async def test_what_is_said_on_stderr_is_shown_and_disturbs_no_frame():
    whole = frame(b"o", b"hello")
    assert await read(whole[:7], (STDERR, b"enter: no such place\n"), whole[7:]) == [
        b"enter: no such place\n",
        b"hello",
    ]


@pytest.mark.parametrize(
    "hostile",
    [
        b"o\xff\xff\xff\xff" + b"x" * 1000,
        b"o\x00\x02\x00\x01",
        frame(b"x", b"hello"),
        frame(b"c", b"not json"),
        frame(b"c", b"[]"),
        frame(b"c", b"7"),
        frame(b"c", b"{}"),
        frame(b"c", b'{"type": "notice", "text": "Your password?"}'),
        frame(b"c", b'{"type": []}'),
        frame(b"c", b"[" * 100_000),
        frame(b"c", b"\xff\xfe\x00"),
    ],
)
async def test_what_the_keeper_never_sends_is_refused(hostile):
    with pytest.raises(EngineError, match="does not speak as it should"):
        await read(frame(b"o", b"$ "), hostile)


async def test_an_endless_frame_is_refused_before_it_is_read():
    reader = Terminal(Stream(b"o\xff\xff\xff\xff", *[b"x" * 65536] * 1000))
    with pytest.raises(EngineError):
        _ = [piece async for piece in reader.frames()]
    assert len(reader.received) < 100_000


async def test_typing_is_cut_into_pieces_and_loses_nothing():
    stream = Stream()
    text = bytes(range(256)) * 100
    await Terminal(stream).type(text)
    assert all(piece[:1] == b"i" and int.from_bytes(piece[1:5], "big") == len(piece) - 5 for piece in stream.written)
    assert max(len(piece) for piece in stream.written) == terminal.INPUT_PIECE + 5
    assert b"".join(piece[5:] for piece in stream.written) == text


async def test_what_is_printed_may_be_taken_at_once_if_it_is_a_whole_frame():
    stream, shown = Stream(), []
    reader = Terminal(stream)
    reader.show_at_once(lambda printed: not shown.append(printed))
    assert stream.receiver(frame(b"o", b"x"))
    for other in (frame(b"o", b"x")[:-1], frame(b"o", b"x") * 2, frame(b"c", ATTACHED), b"", b"o"):
        assert not stream.receiver(other)
    reader.received += frame(b"o", b"what came before")[:9]
    assert not stream.receiver(frame(b"o", b"y"))
    assert shown == [b"x"]


def test_a_keystroke_is_typed_at_once_and_a_paste_is_not():
    stream = Stream()
    assert Terminal(stream).type_at_once(b"x")
    assert stream.written == [b"i\x00\x00\x00\x01x"]
    assert not Terminal(stream).type_at_once(b"x" * (terminal.INPUT_PIECE + 1))
    assert len(stream.written) == 1


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ((80, 24), (80, 24)),
        ((0, 0), (80, 24)),
        ((-5, 10), (80, 10)),
        ((10**6, 10**6), (1000, 500)),
        ((2**64, 1), (1000, 1)),
    ],
)
async def test_a_size_is_brought_into_bounds(asked, given):
    assert clamp(*asked) == given
    stream = Stream()
    await Terminal(stream).resize(*asked)
    assert stream.written == [b"r\x00\x00\x00\x04" + given[0].to_bytes(2, "big") + given[1].to_bytes(2, "big")]


@pytest.mark.parametrize(
    ("shell", "offset", "expected"),
    [
        ("00112233aabbccdd", "5", Place("00112233aabbccdd", 5)),
        ("00112233aabbccdd", "", Place()),
        ("00112233aabbccdd", "-5", Place()),
        ("00112233aabbccdd", "1" * 30, Place()),
        ("00112233AABBCCDD", "5", Place()),
        ("00112233aabbccdd\n", "5", Place()),
        ("--help", "5", Place()),
        ("", "", Place()),
    ],
)
def test_a_place_is_what_the_page_was_told_or_none(shell, offset, expected):
    assert Place.of(shell, offset) == expected
