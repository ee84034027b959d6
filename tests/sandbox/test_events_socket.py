"""The events' websocket: only its far end, what the logs tell, is a double."""

import asyncio

import pytest
from asgiref.sync import sync_to_async

from sandbox import admission, event_consumer, events, objects
from sandbox.engine import EngineError, EngineUnreachable
from sandbox.models import Host, Sandbox, State
from tests.sandbox.pages import (
    closed_with,
    page,
    stream,
    until,
)

pytestmark = pytest.mark.django_db(transaction=True)


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


async def test_one_that_goes_on_elsewhere_is_watched_anew(alice, make, logs):
    sandbox = await sync_to_async(make)(alice)
    async with page(stream(sandbox), alice) as socket:
        await socket.receive_json_from()
        await subscribed(sandbox)
        await until(lambda: logs.watchers == 1)
        await Host.objects.acreate(name="far", url="tcp://10.0.0.2:2376", capacity=5)
        await sync_to_async(admission.relocate)(sandbox, "It goes on elsewhere.")
        event = await socket.receive_json_from()
        assert (event["state"], event["error"]) == ("starting", "It goes on elsewhere.")
        assert await closed_with(socket) == 1012


async def subscribed(sandbox: Sandbox) -> None:
    layer = events.get_channel_layer()
    await until(lambda: events.group_of(sandbox.code) in layer.groups)


async def test_a_change_whose_event_was_lost_is_seen_all_the_same(alice, make, logs, monkeypatch):
    monkeypatch.setattr(event_consumer, "LOOK_SECONDS", 0.05)
    sandbox = await sync_to_async(make)(alice, State.STARTING)
    async with page(stream(sandbox), alice) as socket:
        assert (await socket.receive_json_from())["state"] == "starting"
        await Sandbox.objects.filter(pk=sandbox.pk).aupdate(state=State.FAILED, error="no room")
        assert (await socket.receive_json_from())["error"] == "no room"
        assert await closed_with(socket) == 4409


async def test_nothing_is_said_twice_while_nothing_changes(alice, make, logs, monkeypatch):
    monkeypatch.setattr(event_consumer, "LOOK_SECONDS", 0.02)
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


async def test_calls_to_the_daemon_and_changes_have_the_tasks_checked(alice, make, logs, queued, monkeypatch):
    monkeypatch.setattr(event_consumer, "CHECK_SECONDS", 0.01)
    monkeypatch.setattr(event_consumer, "CHECK_PAUSE", 0.01)
    sandbox = await sync_to_async(make)(alice)
    async with page(stream(sandbox), alice) as socket:
        await socket.receive_json_from()
        found: list = []
        await until(lambda: found.extend(queued()) or found)  # once at the beginning
        logs.calls_seen = 1
        logs.told.put_nowait({"type": "log", "at": "then", "id": 5000})
        await until(lambda: found.extend(queued()) or len(found) == 2)
        logs.changes_seen = 1  # a build that has ended
        logs.told.put_nowait({"type": "log", "at": "then", "id": 5500})
        await until(lambda: found.extend(queued()) or len(found) == 3)
        assert set(found) == {("check_tasks", (sandbox.pk, "en"))}
        logs.told.put_nowait({"type": "log", "at": "then", "id": 6000})  # neither a call nor a change
        await asyncio.sleep(0.2)
        assert queued() == []


async def test_tasks_are_checked_again_for_what_a_call_has_begun(alice, make, logs, queued, monkeypatch):
    for name, value in {"CHECK_SECONDS": 0.01, "CHECK_PAUSE": 0.01, "CHECKS_LATER": (0.05, 0.05, 0.05)}.items():
        monkeypatch.setattr(event_consumer, name, value)
    sandbox = await sync_to_async(make)(alice)
    async with page(stream(sandbox), alice):
        found: list = []
        await until(lambda: found.extend(queued()) or len(found) == 4)
        await asyncio.sleep(0.2)
        assert queued() == []


# --- what the daemon manages ---

NOTHING = {"containers": [], "images": [], "networks": [], "volumes": []}


async def next_objects(socket) -> dict:
    while (event := await socket.receive_json_from())["type"] != "objects":
        pass
    return event


async def test_what_the_daemon_manages_is_told_at_first_and_after_each_change(alice, make, logs, monkeypatch):
    monkeypatch.setattr(objects, "PAUSE", 0.01)
    sandbox = await sync_to_async(make)(alice)
    async with page(stream(sandbox), alice) as socket:
        logs.objects.put_nowait(NOTHING)
        assert (await next_objects(socket)).items() >= NOTHING.items()
        logs.changes_seen = 1
        logs.told.put_nowait({"type": "log", "at": "then", "id": 5000})
        logs.objects.put_nowait(NOTHING | {"volumes": [{"name": "v", "driver": "local"}]})
        assert (await next_objects(socket))["volumes"] == [{"name": "v", "driver": "local"}]


async def test_nobody_is_asked_while_nothing_changes(alice, make, logs, monkeypatch):
    monkeypatch.setattr(objects, "PAUSE", 0.01)
    sandbox = await sync_to_async(make)(alice)
    async with page(stream(sandbox), alice) as socket:
        for _ in range(5):
            logs.objects.put_nowait(NOTHING)
        await next_objects(socket)
        await asyncio.sleep(0.2)
    assert logs.asked == 1


async def test_a_flood_of_changes_is_few_questions(alice, make, logs, monkeypatch):
    monkeypatch.setattr(objects, "PAUSE", 0.1)
    sandbox = await sync_to_async(make)(alice)
    async with page(stream(sandbox), alice):
        for number in range(200):
            logs.objects.put_nowait(NOTHING)
            logs.changes_seen += 1
            logs.told.put_nowait({"type": "log", "at": "then", "id": 5000 + number})
            await asyncio.sleep(0.002)
        await asyncio.sleep(0.3)
    assert 2 <= logs.asked <= 10


async def test_a_daemon_that_does_not_answer_is_asked_again(alice, make, logs, monkeypatch):
    monkeypatch.setattr(objects, "PAUSE", 0.01)
    monkeypatch.setattr(objects, "RETRY", (0.02, 0.05))
    sandbox = await sync_to_async(make)(alice)
    async with page(stream(sandbox), alice) as socket:
        for _ in range(4):
            logs.objects.put_nowait(EngineError("it did not answer"))
        logs.objects.put_nowait(NOTHING)
        assert (await next_objects(socket)).items() >= NOTHING.items()


async def test_a_daemon_that_serves_again_is_asked_at_once(alice, make, logs, monkeypatch):
    monkeypatch.setattr(objects, "PAUSE", 0.01)
    sandbox = await sync_to_async(make)(alice)
    async with page(stream(sandbox), alice) as socket:
        logs.objects.put_nowait(EngineError("it did not answer"))
        await until(lambda: logs.asked == 1)
        await asyncio.sleep(0.05)
        logs.changes_seen += 1
        logs.told.put_nowait({"type": "log", "at": "then", "id": 5000})
        logs.objects.put_nowait(NOTHING)
        async with asyncio.timeout(0.8):
            assert (await next_objects(socket)).items() >= NOTHING.items()
