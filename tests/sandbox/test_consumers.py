"""The two websockets, through the real router. Only the far ends are doubles: the shell, and the logs."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from config.asgi import application
from courses.models import User
from sandbox import accounts, consumers, events
from sandbox.engine import EngineError, EngineUnreachable
from sandbox.models import Sandbox, State

pytestmark = pytest.mark.django_db(transaction=True)

HOST = b"localhost:8000"
ATTACHED = {"type": "attached", "shell": "0" * 16, "offset": 0, "replay": 0, "reset": True}
KIB = 1024


class Shell:
    """A shell's far end. Tests put frames into `prints`; None ends the stream, an exception breaks it."""

    def __init__(self) -> None:
        self.prints: asyncio.Queue[bytes | dict | Exception | None] = asyncio.Queue()
        self.reads = 0
        self.typed = bytearray()
        self.sizes: list[tuple[int, int]] = []
        self.takes = asyncio.Event()
        self.takes.set()
        self.closed = asyncio.Event()
        self.arguments: tuple = ()
        self.coming = asyncio.Event()
        self.coming.set()
        self.refuses: Exception | None = None

    async def attach(self, *arguments: object) -> "Shell":
        self.arguments = arguments
        await self.coming.wait()
        if self.refuses:
            raise self.refuses
        return self

    async def frames(self) -> AsyncIterator[bytes | dict]:
        while (frame := await self.prints.get()) is not None:
            self.reads += 1
            if isinstance(frame, Exception):
                raise frame
            yield frame

    def takes_at_once(self, data: bytes) -> bool:
        return self.takes.is_set()

    async def type(self, data: bytes) -> None:
        await self.takes.wait()
        self.typed += data

    async def resize(self, cols: int, rows: int) -> None:
        self.sizes.append((cols, rows))

    async def close(self) -> None:
        self.closed.set()


@pytest.fixture
async def shell(monkeypatch: pytest.MonkeyPatch) -> Shell:
    shell = Shell()
    monkeypatch.setattr(consumers, "Terminal", shell)
    return shell


class Logs:
    """The far end of the events: what a Watch yields. None ends it, an exception breaks it."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[dict | Exception | None] = asyncio.Queue()
        self.after: int | None = None
        self.watchers = 0
        self.calls_seen = 0

    def watch(self, sandbox: Sandbox, after: int) -> "Logs":
        self.after = after
        self.watchers += 1
        return self

    async def events(self) -> AsyncIterator[dict]:
        while (event := await self.told.get()) is not None:
            if isinstance(event, Exception):
                raise event
            yield event


@pytest.fixture
async def logs(monkeypatch: pytest.MonkeyPatch) -> Logs:
    logs = Logs()
    monkeypatch.setattr(consumers, "Watch", logs.watch)
    return logs


def headers_of(user: User | None, origin: bytes | None) -> list[tuple[bytes, bytes]]:
    headers = [(b"host", HOST)]
    if origin is not None:
        headers.append((b"origin", origin))
    if user:
        client = Client()
        client.force_login(user)
        headers.append((b"cookie", f"sessionid={client.cookies[settings.SESSION_COOKIE_NAME].value}".encode()))
    return headers


@asynccontextmanager
async def page(
    path: str, user: User | None, origin: bytes | None = b"http://" + HOST
) -> AsyncIterator[WebsocketCommunicator]:
    """A page of this site that has opened the socket, and goes away at the end."""
    headers = await sync_to_async(headers_of)(user, origin)
    communicator = WebsocketCommunicator(application, path, headers=headers)
    connected, _ = await communicator.connect(timeout=5)
    assert connected
    try:
        yield communicator
    finally:
        with suppress(asyncio.CancelledError):
            await communicator.disconnect(timeout=5)


def terminal(sandbox: Sandbox, query: str = "cols=80&rows=24") -> str:
    return f"/ws/sandbox/{sandbox.code}/terminal/client/?{query}"


def stream(sandbox: Sandbox, query: str = "") -> str:
    return f"/ws/sandbox/{sandbox.code}/events/?{query}"


async def closed_with(communicator: WebsocketCommunicator) -> int:
    """Return the code the server closes with; what it says before is passed over."""
    while True:
        output = await communicator.receive_output(timeout=3)
        if output["type"] == "websocket.close":
            return output["code"]


async def say(communicator: WebsocketCommunicator, **frame: object) -> None:
    await communicator.send_to(text_data=json.dumps(frame))


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(3):
        while not true():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.005)


# --- who may connect, to both ---

BOTH = pytest.mark.parametrize("path", [terminal, stream])


@BOTH
async def test_a_visitor_is_refused(alice, make, shell, logs, path):
    sandbox = await sync_to_async(make)(alice)
    async with page(path(sandbox), None) as socket:
        assert await closed_with(socket) == 4401


@BOTH
async def test_someone_elses_sandbox_does_not_exist(alice, bob, charlie, make, shell, logs, path):
    sandbox = await sync_to_async(make)(alice)
    for other in (bob, charlie):
        async with page(path(sandbox), other) as socket:
            assert await closed_with(socket) == 4404
    assert shell.arguments == ()
    assert logs.watchers == 0


@BOTH
async def test_neither_does_one_that_never_was(alice, shell, logs, path):
    async with page(path(Sandbox(code="neverwas")), alice) as socket:
        assert await closed_with(socket) == 4404


@BOTH
@pytest.mark.parametrize("origin", [b"http://evil.example", b"http://localhost:8001", b"null"])
async def test_a_page_from_elsewhere_cannot_connect(alice, make, shell, logs, path, origin):
    sandbox = await sync_to_async(make)(alice)
    headers = await sync_to_async(headers_of)(alice, origin)
    communicator = WebsocketCommunicator(application, path(sandbox), headers=headers)
    connected, _ = await communicator.connect()
    assert not connected
    assert shell.arguments == ()
    assert logs.watchers == 0


async def test_what_is_no_browser_names_no_origin(alice, make, shell):
    sandbox = await sync_to_async(make)(alice)
    async with page(terminal(sandbox), alice, origin=None):
        await until(lambda: shell.arguments)


@pytest.mark.parametrize(
    "path", ["/ws/", "/ws/sandbox/x/", "/ws/sandbox/x/terminal/UPPER/", "/ws/sandbox/x/terminal//"]
)
async def test_there_is_no_other_socket(alice, path):
    headers = await sync_to_async(headers_of)(alice, b"http://" + HOST)
    connected, _ = await WebsocketCommunicator(application, path, headers=headers).connect()
    assert not connected


# --- the terminal ---


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
    assert (container, owner, name, size) == (sandbox.container_id, sandbox.owner_uid, "client", (132, 43))
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


# --- events ---


async def test_the_first_event_is_the_state(alice, make, logs):
    sandbox = await sync_to_async(make)(alice)
    async with page(stream(sandbox), alice) as socket:
        event = await socket.receive_json_from()
    assert event["type"] == "state"
    assert event.items() >= {key: value for key, value in sandbox.as_json().items() if key != "now"}.items()
    assert event["at"].endswith("Z")
    assert event["id"] > 0


@pytest.mark.parametrize("state", [State.STOPPED, State.FAILED])
async def test_of_one_that_ended_comes_the_state_and_no_more(alice, make, logs, state):
    sandbox = await sync_to_async(make)(alice, state, error="no room")
    async with page(stream(sandbox), alice) as socket:
        event = await socket.receive_json_from()
        assert (event["state"], event["error"]) == (state, "no room")
        assert await closed_with(socket) == 4409
    assert logs.watchers == 0


async def test_a_start_is_followed_from_queue_to_running(alice, make, logs):
    sandbox = await sync_to_async(make)(alice, State.STARTING)
    async with page(stream(sandbox), alice) as socket:
        assert (await socket.receive_json_from())["state"] == "starting"
        await subscribed(sandbox)
        assert logs.watchers == 0
        await sync_to_async(sandbox.move)(State.STARTING, State.RUNNING, container_id="abc")
        assert (await socket.receive_json_from())["state"] == "running"
        await until(lambda: logs.watchers == 1)
        await sync_to_async(sandbox.extend)(sandbox.created_at)
        assert (await socket.receive_json_from())["expires_at"]
    assert logs.watchers == 1


async def subscribed(sandbox: Sandbox) -> None:
    layer = events.get_channel_layer()
    await until(lambda: events.group_of(sandbox.code) in layer.groups)


async def test_a_change_whose_event_was_lost_is_seen_all_the_same(alice, make, logs, monkeypatch):
    monkeypatch.setattr(consumers, "LOOK_SECONDS", 0.05)
    sandbox = await sync_to_async(make)(alice, State.STARTING)
    async with page(stream(sandbox), alice) as socket:
        assert (await socket.receive_json_from())["state"] == "starting"
        await Sandbox.objects.filter(pk=sandbox.pk).aupdate(state=State.FAILED, error="no room")
        assert (await socket.receive_json_from())["error"] == "no room"
        assert await closed_with(socket) == 4409


async def test_nothing_is_said_twice_while_nothing_changes(alice, make, logs, monkeypatch):
    monkeypatch.setattr(consumers, "LOOK_SECONDS", 0.02)
    sandbox = await sync_to_async(make)(alice)
    async with page(stream(sandbox), alice) as socket:
        await socket.receive_json_from()
        assert await socket.receive_nothing(timeout=0.2)


async def test_a_sandbox_that_is_deleted_does_not_exist(alice, make, logs):
    sandbox = await sync_to_async(make)(alice)
    async with page(stream(sandbox), alice) as socket:
        await socket.receive_json_from()
        await subscribed(sandbox)
        await Sandbox.objects.all().adelete()
        await sync_to_async(events.publish_state)(sandbox.code)
        assert await closed_with(socket) == 4404


async def test_what_the_logs_tell_is_passed_on_with_increasing_ids(alice, make, logs):
    sandbox = await sync_to_async(make)(alice)
    async with page(stream(sandbox), alice) as socket:
        state = await socket.receive_json_from()
        await subscribed(sandbox)
        logs.told.put_nowait({"type": "log", "at": "then", "source": "daemon", "line": "one", "id": 1000})
        await sync_to_async(events.publish_tasks)(sandbox.code, [])
        first = await socket.receive_json_from()
        await sync_to_async(events.publish_tasks)(
            sandbox.code,
            [{"type": "task", "task": "a", "state": "done"}, {"type": "task", "task": "b", "state": "open"}],
        )
        two = [await socket.receive_json_from() for _ in range(2)]
        logs.told.put_nowait({"type": "flow", "at": "then", "step": 1, "id": 1000})
        logs.told.put_nowait({"type": "log", "at": "then", "id": 2000})
        rest = [await socket.receive_json_from() for _ in range(2)]
    assert first == {"type": "log", "at": "then", "source": "daemon", "line": "one", "id": 1000}
    assert [(event["task"], event["state"]) for event in two] == [("a", "done"), ("b", "open")]
    assert all(event["at"].endswith("Z") for event in two)
    ids = [event["id"] for event in [state, first, *two, *rest]]
    assert ids == sorted(set(ids))
    assert ids[-1] == 2000


async def test_a_page_that_comes_back_says_where_it_was(alice, make, logs):
    sandbox = await sync_to_async(make)(alice)
    async with page(stream(sandbox, "after=1795507896384072"), alice) as socket:
        assert (await socket.receive_json_from())["id"] == 1795507896384073
        await until(lambda: logs.after == 1795507896384072)


@pytest.mark.parametrize("after", ["", "-5", "x", "1e9", str(2**60)])
async def test_nonsense_after_is_from_the_beginning(alice, make, logs, after):
    sandbox = await sync_to_async(make)(alice)
    async with page(stream(sandbox, f"after={after}"), alice) as socket:
        assert (await socket.receive_json_from())["id"] == 1
        await until(lambda: logs.after == 0)


@pytest.mark.parametrize(
    ("ending", "code"),
    [(None, 1012), (EngineUnreachable("away"), 4503), (EngineError("gone"), 1012), (KeyError("a mistake"), 1012)],
)
async def test_logs_that_end_say_what_to_do(alice, make, logs, ending, code):
    sandbox = await sync_to_async(make)(alice)
    async with page(stream(sandbox), alice) as socket:
        logs.told.put_nowait(ending)
        assert await closed_with(socket) == code


async def test_what_a_page_says_on_the_events_socket_is_passed_over(alice, make, logs):
    sandbox = await sync_to_async(make)(alice)
    async with page(stream(sandbox), alice) as socket:
        await socket.receive_json_from()
        await socket.send_to(text_data="[" * 100_000)
        await socket.send_to(bytes_data=b"\xff" * 1000)
        logs.told.put_nowait({"type": "log", "at": "then", "id": 5000})
        assert (await socket.receive_json_from())["id"] == 5000


async def test_calls_to_the_daemon_have_the_tasks_checked(alice, make, logs, queued, monkeypatch):
    monkeypatch.setattr(consumers, "CHECK_SECONDS", 0.01)
    monkeypatch.setattr(consumers, "CHECK_PAUSE", 0.01)
    sandbox = await sync_to_async(make)(alice)
    async with page(stream(sandbox), alice) as socket:
        await socket.receive_json_from()
        found: list = []
        await until(lambda: found.extend(queued()) or found)  # once at the beginning
        logs.calls_seen = 1
        logs.told.put_nowait({"type": "log", "at": "then", "id": 5000})
        await until(lambda: found.extend(queued()) or len(found) == 2)
        assert set(found) == {("check_tasks", (sandbox.pk, "en"))}
        logs.told.put_nowait({"type": "log", "at": "then", "id": 6000})  # not a call
        await asyncio.sleep(0.2)
        assert queued() == []


async def test_tasks_are_checked_again_for_what_a_call_has_begun(alice, make, logs, queued, monkeypatch):
    for name, value in {"CHECK_SECONDS": 0.01, "CHECK_PAUSE": 0.01, "CHECKS_LATER": (0.05, 0.05, 0.05)}.items():
        monkeypatch.setattr(consumers, name, value)
    sandbox = await sync_to_async(make)(alice)
    async with page(stream(sandbox), alice):
        found: list = []
        await until(lambda: found.extend(queued()) or len(found) == 4)
        await asyncio.sleep(0.2)
        assert queued() == []
