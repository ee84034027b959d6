"""The line to the warehouse's door: records in the engine's frames, and an answer to each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import door, tokens
from sandbox.engine import EngineError


def framed(data: bytes, source: int = 1) -> bytes:
    return bytes([source, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


@given(st.lists(st.text(st.characters(exclude_characters="\n\r", codec="utf-8"))), st.data())
def test_records_come_whole_however_the_stream_is_cut(lines, data):
    text = "".join(f"{line}\n" for line in lines).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    stream = b"".join(map(framed, pieces))
    received, found = bytearray(), []
    for start in range(0, len(stream), 7):
        received += stream[start : start + 7]
        found += door.records(received)
    assert found == lines


def test_what_is_no_stream_of_the_engine_is_refused():
    for broken in (b"HTTP/1.1 500 Internal Server Error", framed(b"x" * (door.LONGEST + 1))):
        with pytest.raises(EngineError):
            list(door.records(bytearray(broken)))


def test_a_question_gets_the_answer_under_its_number(db, monkeypatch):
    asked = []
    monkeypatch.setattr(tokens, "answer", lambda request: asked.append(request) or tokens.Answer(403, "No.", "{}"))
    assert door.reply("ask\t7\twrite\t/v2/a/b\tfd00::1\tBearer x\t1\t2\t3\t1") == "7\t403\tNo.\t{}\n"
    assert asked == [tokens.Request("write", "/v2/a/b", "fd00::1", "Bearer x", 1, 2, 3, True)]


def test_a_question_that_fails_gets_an_answer_too(db, monkeypatch, caplog):
    def fail(request):
        raise RuntimeError("the database is away")

    monkeypatch.setattr(tokens, "answer", fail)
    assert door.reply("ask\t7\ttoken\t/token\tfd00::1\tBasic c2VjcmV0\t0\t0\t0\t0").startswith("7\t503\t")
    assert "c2VjcmV0" not in caplog.text
