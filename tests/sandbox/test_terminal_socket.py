"""The terminal's websocket: only its far end, the shell, is a double."""

import asyncio

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.db import InternalError, OperationalError

from sandbox import accounts, consumers
from sandbox.engine import EngineError, EngineUnreachable
from sandbox.models import State
from tests.sandbox.pages import (
    ATTACHED,
    KIB,
    Shell,
    ShortWay,
    closed_with,
    page,
    say,
    terminal,
    until,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("state", [State.STARTING, State.STOPPING, State.STOPPED, State.FAILED])
async def test_there_is_no_terminal_in_one_that_does_not_run(alice, make, shell, state):
    sandbox = await sync_to_async(make)(alice, state)
    async with page(terminal(sandbox), alice) as socket:
        assert await closed_with(socket) == 4409
    assert shell.arguments == ()


async def test_an_engine_that_is_away_is_said_to_be(alice, make, shell):
    sandbox = await sync_to_async(make)(alice)
    shell.refuses = EngineUnreachable("The Docker Engine does not answer.")
    async with page(terminal(sandbox), alice) as socket:
        assert await closed_with(socket) == 4503


async def test_a_container_that_is_gone_is_said_to_be(alice, make, shell):
    sandbox = await sync_to_async(make)(alice)
    shell.refuses = EngineError("The Docker Engine refused: no such container")
    async with page(terminal(sandbox), alice) as socket:
        assert (await socket.receive_json_from())["type"] == "notice"
        assert await closed_with(socket) == 4409


async def test_the_shell_is_asked_for_by_name_size_and_place(alice, make, shell):
    sandbox = await sync_to_async(make)(alice)
    async with page(terminal(sandbox, "cols=132&rows=43&shell=00112233aabbccdd&offset=4096"), alice):
        await until(lambda: shell.arguments)
    container, owner, name, size, place, environment = shell.arguments
    assert (container.id, owner, name, size) == (sandbox.container_id, sandbox.owner_uid, "client", (132, 43))
    assert environment == accounts.of_learner(sandbox.learner_id).environment()
    assert (place.shell, place.offset) == ("00112233aabbccdd", 4096)


@pytest.mark.parametrize(
    "query",
    ["", "cols=&rows=", "cols=-5&rows=x", "shell=../../etc&offset=1", "shell=00112233aabbccdd&offset=-1",
     "shell=00112233aabbccdd&offset=99999999999999999999", "cols=%ff%fe&shell=%00"],
)  # fmt: skip
async def test_nonsense_in_the_address_is_as_if_it_were_not_there(alice, make, shell, query):
    sandbox = await sync_to_async(make)(alice)
    async with page(terminal(sandbox, query), alice):
        await until(lambda: shell.arguments)
    _, _, _, size, place, _ = shell.arguments
    assert size == (0, 0)
    assert (place.shell, place.offset) == ("-", 0)


async def test_bytes_go_both_ways_as_they_are(alice, make, shell):
    sandbox = await sync_to_async(make)(alice)
    every = bytes(range(256))
    async with page(terminal(sandbox), alice) as socket:
        shell.prints.put_nowait(ATTACHED)
        shell.prints.put_nowait(every)
        attached = await socket.receive_json_from()
        assert attached == ATTACHED | {"window": consumers.TYPING_WINDOW}
        assert await socket.receive_from() == every
        await socket.send_to(bytes_data=every)
        await until(lambda: bytes(shell.typed) == every)


@pytest.mark.parametrize("error", [OperationalError("the connection is lost"), InternalError("it only reads")])
async def test_a_shell_goes_on_without_a_database(alice, make, shell, monkeypatch, error):
    async def away(_sandbox) -> None:
        raise error

    sandbox = await sync_to_async(make)(alice)
    async with page(terminal(sandbox), alice) as socket:
        shell.prints.put_nowait(b"$ ")
        assert await socket.receive_from() == b"$ "
        monkeypatch.setattr("sandbox.idle.keep_awake", away)
        monkeypatch.setattr(consumers, "NOTE_SECONDS", -1)
        await socket.send_to(bytes_data=b"ls")
        await until(lambda: bytes(shell.typed) == b"ls")
        shell.prints.put_nowait(b"work")
        assert await socket.receive_from() == b"work"
        assert await socket.receive_nothing()


async def test_when_the_shell_ends_the_page_hears_how(alice, make, shell):
    sandbox = await sync_to_async(make)(alice)
    async with page(terminal(sandbox), alice) as socket:
        shell.prints.put_nowait({"type": "exit", "code": 3})
        shell.prints.put_nowait(None)
        assert await socket.receive_json_from() == {"type": "exit", "code": 3}
        assert await closed_with(socket) == 1000


@pytest.mark.parametrize(
    ("ending", "code"),
    [(None, 1012), (EngineUnreachable("away"), 4503), (EngineError("refused"), 4409), (KeyError("a mistake"), 1012)],
)
async def test_a_stream_that_ends_before_the_shell_says_what_to_do(alice, make, shell, ending, code):
    sandbox = await sync_to_async(make)(alice)
    async with page(terminal(sandbox), alice) as socket:
        shell.prints.put_nowait(b"$ ")
        shell.prints.put_nowait(ending)
        assert await closed_with(socket) == code
        await asyncio.wait_for(shell.closed.wait(), 1)


async def test_a_page_that_goes_gives_the_stream_back(alice, make, shell):
    sandbox = await sync_to_async(make)(alice)
    async with page(terminal(sandbox), alice):
        await until(lambda: shell.arguments)
        assert not shell.closed.is_set()
    await asyncio.wait_for(shell.closed.wait(), 1)


async def test_two_pages_may_look_at_one_terminal(alice, make, shell):
    sandbox = await sync_to_async(make)(alice)
    async with page(terminal(sandbox), alice) as first, page(terminal(sandbox), alice) as second:
        for socket, text in ((first, b"1"), (second, b"2")):
            await socket.send_to(bytes_data=text)
        await until(lambda: sorted(shell.typed) == [ord("1"), ord("2")])


# --- resize ---


async def test_a_new_size_is_passed_on(alice, make, shell):
    sandbox = await sync_to_async(make)(alice)
    async with page(terminal(sandbox), alice) as socket:
        shell.prints.put_nowait(ATTACHED)
        await socket.receive_json_from()
        await say(socket, type="resize", cols=100, rows=30)
        await say(socket, type="resize", cols=1_000_000, rows=1_000_000)  # the terminal knows its bounds
        await until(lambda: shell.sizes == [(100, 30), (1_000_000, 1_000_000)])


async def test_a_size_that_changes_while_the_shell_is_joined_is_not_lost(alice, make, shell):
    sandbox = await sync_to_async(make)(alice)
    shell.coming.clear()
    async with page(terminal(sandbox), alice) as socket:
        await say(socket, type="resize", cols=100, rows=30)
        await asyncio.sleep(0.02)
        shell.coming.set()
        await until(lambda: shell.sizes == [(100, 30)])


async def test_a_window_resized_at_a_shell_that_takes_nothing_leaves_the_page_heard(alice, make, shell):
    sandbox = await sync_to_async(make)(alice)
    async with page(terminal(sandbox), alice) as socket:
        shell.prints.put_nowait(ATTACHED)
        await socket.receive_json_from()
        shell.takes.clear()
        for cols in range(100, 150):
            await say(socket, type="resize", cols=cols, rows=30)
        await socket.send_to(text_data="what?")
        assert "not understood" in (await socket.receive_json_from(timeout=3))["text"]
        shell.takes.set()
        await until(lambda: shell.sizes == [(149, 30)])


@pytest.mark.parametrize(
    ("cols", "rows"),
    [
        (0, 0),
        (0, 24),
        (80, 0),
        (-80, -24),
        (80, 2**64),
        ("x", "y"),
        (None, None),
        (1.5, 2.5),
        ([80], {"a": 1}),
        (True, 1),
    ],
)
async def test_what_is_no_size_does_nothing(alice, make, shell, cols, rows):
    sandbox = await sync_to_async(make)(alice)
    async with page(terminal(sandbox), alice) as socket:
        await say(socket, type="resize", cols=cols, rows=rows)
        await still_works(socket, shell)
    assert shell.sizes == []


async def still_works(socket: WebsocketCommunicator, shell: Shell) -> None:
    await socket.send_to(bytes_data=b"still here")
    await until(lambda: shell.typed.endswith(b"still here"))
    shell.prints.put_nowait(b"yes")
    while await socket.receive_output(timeout=3) != {"type": "websocket.send", "bytes": b"yes"}:
        pass


# --- frames that are none ---

NOT_UNDERSTOOD = [
    "", "ls -l", "{", "[]", "[1, 2]", "7", "null", '"text"', "{}", '{"type": null}', '{"type": "reboot"}',
    '{"type": ["resize"]}', '{"type": {"a": 1}}', "[" * 100_000, '{"a":' * 50_000, "1" * 5_000, "\ud7ff\x00",
    "NaN", '{"kind": "resize"}', '{"type": "RESIZE", "cols": 80, "rows": 24}',
]  # fmt: skip


async def test_a_frame_that_is_not_understood_is_answered_and_does_nothing(alice, make, shell):
    sandbox = await sync_to_async(make)(alice)
    async with page(terminal(sandbox), alice) as socket:
        for frame in NOT_UNDERSTOOD:
            await socket.send_input({"type": "websocket.receive", "text": frame})
            if frame:
                assert await socket.receive_json_from(timeout=3) == {
                    "type": "notice",
                    "text": "That message was not understood.",
                }, frame[:40]
        await still_works(socket, shell)
    assert bytes(shell.typed) == b"still here"


NO_NUMBERS = [
    '"x"',
    "-1",
    "1e400",
    "NaN",
    "null",
    "[]",
    "{}",
    "true",
    str(2**53),
    "9" * 4000,
    "1.5",
    '"' + "9" * 5000 + '"',
]


async def test_an_acknowledgement_of_nothing_changes_nothing(alice, make, shell):
    sandbox = await sync_to_async(make)(alice)
    async with page(terminal(sandbox), alice) as socket:
        for value in [*NO_NUMBERS, *("[" * depth + "]" * depth for depth in (300, 600, 900))]:
            await socket.send_to(text_data='{"type": "ack", "bytes": ' + value + "}")
        await socket.send_to(text_data='{"type": "ack"}')
        await still_works(socket, shell)


# --- what is short ---


async def test_a_keystroke_and_its_echo_are_passed_on_at_once(alice, make, shell):
    sandbox, way = await sync_to_async(make)(alice), ShortWay()
    async with page(terminal(sandbox), alice, short_way=way):
        await until(lambda: way.receiver)
        assert way.receiver(b"x")
        assert bytes(shell.typed) == b"x"
        assert shell.shows_at_once(b"x")
        assert bytes(way.sent) == b"x"


async def test_a_keystroke_does_not_overtake_what_was_sent_before(alice, make, shell):
    sandbox, way = await sync_to_async(make)(alice), ShortWay()
    async with page(terminal(sandbox), alice, short_way=way) as socket:
        await until(lambda: way.receiver)
        shell.takes.clear()
        assert not way.receiver(b"1")
        await socket.send_to(bytes_data=b"1")
        await asyncio.sleep(0.05)
        shell.takes.set()
        assert not way.receiver(b"2")  # the other was not yet typed
        await until(lambda: bytes(shell.typed) == b"1")
        await until(lambda: way.receiver(b"2"))
        assert bytes(shell.typed) == b"12"


async def test_a_page_hears_what_was_taken_at_once_too(alice, make, shell):
    sandbox, way = await sync_to_async(make)(alice), ShortWay()
    async with page(terminal(sandbox), alice, short_way=way) as socket:
        await until(lambda: way.receiver)
        taken = 0
        while way.receiver(b"x" * 100):
            taken += 100
        await socket.send_to(bytes_data=b"x" * 100)
        assert await socket.receive_json_from() == {"type": "taken", "bytes": taken + 100}


async def test_what_a_page_has_not_drawn_counts_when_it_was_shown_at_once(alice, make, shell):
    sandbox, way = await sync_to_async(make)(alice), ShortWay()
    async with page(terminal(sandbox), alice, short_way=way) as socket:
        await until(lambda: way.receiver)
        while shell.shows_at_once(b"x" * 100):
            pass
        assert consumers.UNDRAWN_HIGH - 100 < len(way.sent) <= consumers.UNDRAWN_HIGH
        await say(socket, type="ack", bytes=100)
        await until(lambda: shell.shows_at_once(b"x" * 100))


async def test_what_the_server_cannot_send_at_once_is_not_counted(alice, make, shell):
    sandbox, way = await sync_to_async(make)(alice), ShortWay()
    way.takes = False
    async with page(terminal(sandbox), alice, short_way=way):
        await until(lambda: way.receiver)
        assert not any(shell.shows_at_once(b"x" * 1000) for _ in range(1000))
        way.takes = True
        assert shell.shows_at_once(b"x")


async def test_now_and_then_it_is_noted_that_the_terminal_is_used(alice, make, shell, monkeypatch):
    sandbox, way = await sync_to_async(make)(alice), ShortWay()
    async with page(terminal(sandbox), alice, short_way=way):
        await until(lambda: way.receiver)
        monkeypatch.setattr(consumers, "NOTE_SECONDS", -1)
        assert not way.receiver(b"x")
        assert not shell.shows_at_once(b"x")


# --- back-pressure: output ---


def flood(shell: Shell, frames: int) -> bytes:
    piece = b"x" * 64 * KIB
    for _ in range(frames):
        shell.prints.put_nowait(piece)
    return piece


async def test_a_page_that_draws_nothing_stops_the_reading_of_the_shell(alice, make, shell):
    sandbox = await sync_to_async(make)(alice)
    most = consumers.UNDRAWN_HIGH // (64 * KIB) + 1
    async with page(terminal(sandbox), alice) as socket:
        flood(shell, 100)
        await until(lambda: shell.reads >= most)
        await asyncio.sleep(0.1)
        assert shell.reads == most
        for _ in range(most):
            await socket.receive_from()

        await say(socket, type="ack", bytes=64 * KIB)  # not enough
        await asyncio.sleep(0.05)
        assert shell.reads == most

        await say(socket, type="ack", bytes=(most - 1) * 64 * KIB)
        await until(lambda: shell.reads >= 2 * most)
        await asyncio.sleep(0.05)
        assert shell.reads == 2 * most


async def test_a_page_that_draws_gets_everything(alice, make, shell):
    sandbox = await sync_to_async(make)(alice)
    async with page(terminal(sandbox), alice) as socket:
        piece = flood(shell, 100)
        for _ in range(100):
            assert await socket.receive_from(timeout=3) == piece
            await say(socket, type="ack", bytes=len(piece))


async def test_acknowledging_more_than_was_sent_buys_nothing(alice, make, shell):
    sandbox = await sync_to_async(make)(alice)
    most = consumers.UNDRAWN_HIGH // (64 * KIB) + 1
    async with page(terminal(sandbox), alice) as socket:
        await say(socket, type="ack", bytes=2**50)
        await still_works(socket, shell)
        before = shell.reads
        flood(shell, 100)
        await until(lambda: shell.reads - before >= most - 1)
        await asyncio.sleep(0.05)
        assert shell.reads - before <= most


async def test_a_stalled_page_can_still_type_and_leave(alice, make, shell):
    sandbox = await sync_to_async(make)(alice)
    async with page(terminal(sandbox), alice) as socket:
        flood(shell, 100)
        await until(lambda: shell.reads >= 8)
        await socket.send_to(bytes_data=b"\x03")
        await until(lambda: bytes(shell.typed) == b"\x03")
    await asyncio.wait_for(shell.closed.wait(), 1)


# --- back-pressure: input ---


async def test_a_large_paste_arrives_whole_and_the_page_hears_what_was_taken(alice, make, shell):
    sandbox = await sync_to_async(make)(alice)
    paste = bytes(range(256)) * 4 * 1024  # 1 MiB
    async with page(terminal(sandbox), alice) as socket:
        for start in range(0, len(paste), 64 * KIB):
            await socket.send_to(bytes_data=paste[start : start + 64 * KIB])
        taken = 0
        while taken < len(paste):
            frame = await socket.receive_json_from(timeout=3)
            assert frame["type"] == "taken"
            taken += frame["bytes"]
    assert taken == len(paste)
    assert bytes(shell.typed) == paste


async def test_more_than_the_server_holds_waits_for_the_shell(alice, make, shell, monkeypatch):
    monkeypatch.setattr(consumers, "UNTYPED", 256 * KIB)
    sandbox = await sync_to_async(make)(alice)
    shell.takes.clear()
    async with page(terminal(sandbox), alice) as socket:
        for _ in range(16):
            await socket.send_to(bytes_data=b"y" * 64 * KIB)
        await asyncio.sleep(0.05)
        shell.takes.set()
        await until(lambda: len(shell.typed) == 16 * 64 * KIB)


async def test_a_shell_that_takes_nothing_does_not_hold_the_page_for_ever(alice, make, shell, monkeypatch):
    monkeypatch.setattr(consumers, "UNTYPED", 256 * KIB)
    monkeypatch.setattr(consumers, "PATIENCE", 0.05)
    sandbox = await sync_to_async(make)(alice)
    shell.takes.clear()
    async with page(terminal(sandbox), alice) as socket:
        for _ in range(50):
            await socket.send_to(bytes_data=b"y" * 64 * KIB)
        assert "takes no more input" in (await socket.receive_json_from(timeout=3))["text"]
        assert await socket.receive_nothing(timeout=0.2)  # it is said once
    await asyncio.wait_for(shell.closed.wait(), 1)
