"""An instructor over a learner's shoulder: seen by the learner, and without hands unless the learner gives them."""

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from courses.models import AuditEntry
from sandbox import idle, streaming
from sandbox.container import Container
from sandbox.models import Sandbox, State
from tests.sandbox.pages import ShortWay, closed_with, page, say, until
from tests.workshops.conftest import make_workshop
from tests.workshops.rooms import ATTACHED, classroom, frame, printed, watched
from workshops import watching
from workshops.models import Keyboard, Participant, Watch
from workshops.models import State as WorkshopState
from workshops.models.watch import LAPSES, SEEN_EVERY

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

GRANTED, REFUSED = {"type": "keyboard", "granted": True}, {"type": "keyboard", "granted": False}


@pytest.fixture
async def sandbox(participant, make) -> Sandbox:
    return await sync_to_async(make)(participant.learner, expires_at=timezone.now() + timedelta(hours=1))


async def audited() -> list[str]:
    return [entry.action async for entry in AuditEntry.objects.order_by("pk")]


async def the_watch(**of: object) -> Watch:
    about = "participant__learner", "participant__workshop", "instructor"
    return await Watch.objects.select_related(*about).aget(**of)


async def grant(watch: Watch) -> None:
    await sync_to_async(watch.ask)()
    await sync_to_async(watch.grant)()


# --- who may look ---


async def test_nobody_but_the_workshops_instructors_may(participant, sandbox, dora, charlie, alice, shell):
    for stranger in (dora, charlie, alice):
        async with page(watched(participant), stranger) as socket:
            assert await closed_with(socket) == 4404
    async with page(watched(participant), None) as socket:
        assert await closed_with(socket) == 4401
    assert shell.arguments == ()
    assert not await Watch.objects.aexists()


async def test_a_participant_of_another_workshop_is_not_found(participant, sandbox, bob, dora, join, shell):
    other = await sync_to_async(lambda: join(make_workshop(dora), participant.learner))()
    other.workshop.code, theirs = participant.workshop.code, other
    async with page(watched(theirs), bob) as socket:
        assert await closed_with(socket) == 4404


@pytest.mark.parametrize("state", [WorkshopState.PLANNED, WorkshopState.CLOSED])
async def test_only_in_an_open_workshop(participant, sandbox, bob, shell, state):
    await type(participant.workshop).objects.aupdate(state=state)
    async with page(watched(participant), bob) as socket:
        assert await closed_with(socket) == 4404
    assert shell.arguments == ()


async def test_a_shell_that_is_not_on_the_learners_page_is_not_opened(participant, sandbox, bob, shell):
    with pytest.raises(AssertionError):  # there is no such socket
        async with page(watched(participant, "terminal/secret"), bob):
            pass
    assert shell.arguments == ()


async def test_one_that_does_not_run_is_said_so(participant, bob, make, shell):
    async with page(watched(participant), bob) as socket:
        assert await closed_with(socket) == 4409
    await sync_to_async(make)(participant.learner, State.STARTING)
    async with page(watched(participant), bob) as socket:
        assert await closed_with(socket) == 4409


# --- the learner is told ---


async def test_the_learner_is_told_before_anything_is_shown(participant, sandbox, bob, alice, shell):
    shell.prints.put_nowait(ATTACHED)
    shell.prints.put_nowait(b"$ ")
    async with page(classroom(participant.workshop), alice) as seat:
        assert (await frame(seat, bool))["watchers"] == []
        async with page(watched(participant), bob) as socket:
            found = await frame(seat, lambda told: told["watchers"])
            assert [(one["name"], one["keyboard"]) for one in found["watchers"]] == [("Bob", "none")]
            assert shell.arguments == ()  # nothing was read yet
            assert await printed(socket) == b"$ "
        await frame(seat, lambda told: not told["watchers"])
    assert await audited() == ["watch", "leave"]


async def test_a_watcher_of_another_workshop_is_named_too(participant, sandbox, alice, dora, join, shell):
    other = await sync_to_async(lambda: join(make_workshop(dora), alice))()
    async with page(classroom(participant.workshop), alice) as seat:
        await frame(seat, bool)
        async with page(watched(other), dora):
            found = await frame(seat, lambda told: told["watchers"])
            assert [one["name"] for one in found["watchers"]] == ["Dora"]


async def test_a_watcher_whose_process_dies_is_gone_in_ten_seconds(participant, sandbox, bob, alice, monkeypatch):
    before = timezone.now() - LAPSES + timedelta(seconds=2)
    await sync_to_async(Watch.objects.begin)(participant, bob, before)
    async with page(classroom(participant.workshop), alice) as seat:
        await frame(seat, lambda told: told["watchers"])
        await frame(seat, lambda told: not told["watchers"], seconds=3.5)
    assert timezone.now() - before < timedelta(seconds=12)


def test_that_is_said_within_ten_seconds_of_the_last_sign():
    from workshops.classroom import WATCHED_SECONDS

    assert LAPSES + timedelta(seconds=WATCHED_SECONDS) <= timedelta(seconds=10)
    assert 3 * SEEN_EVERY <= LAPSES


async def test_of_two_pages_of_one_instructor_the_other_still_counts(participant, sandbox, bob, alice, shell):
    async with page(watched(participant), bob):
        await until(lambda: shell.arguments)
        async with page(watched(participant), bob):
            await asyncio.sleep(0.1)
        async with page(classroom(participant.workshop), alice) as seat:
            await frame(seat, lambda told: told["watchers"])
    assert await audited() == ["watch", "leave", "watch", "leave"]


# --- hands ---


async def test_nothing_that_is_typed_reaches_the_shell_before_the_learner_agrees(participant, sandbox, bob, shell):
    shell.prints.put_nowait(ATTACHED)
    async with page(watched(participant), bob) as socket:
        await frame(socket, lambda told: told["type"] == "attached")
        await socket.send_to(bytes_data=b"rm -rf /\r")
        watch = await the_watch()
        await sync_to_async(watch.ask)()
        await socket.send_to(bytes_data=b"please\r")
        await asyncio.sleep(0.2)
        assert shell.typed == b""
        await sync_to_async(watch.grant)()
        await frame(socket, lambda told: told == GRANTED)
        await socket.send_to(bytes_data=b"ls\r")
        await until(lambda: shell.typed == b"ls\r")


async def test_what_is_typed_after_it_was_taken_back_is_not_taken_whatever_the_page_knows(
    participant, sandbox, bob, shell, monkeypatch
):
    shell.prints.put_nowait(ATTACHED)
    async with page(watched(participant), bob) as socket:
        await frame(socket, lambda told: told["type"] == "attached")
        await grant(await the_watch())
        await frame(socket, lambda told: told == GRANTED)
        await Watch.objects.aupdate(keyboard=Keyboard.NONE)  # and the news of it is lost
        await socket.send_to(bytes_data=b"too late\r")
        await asyncio.sleep(0.2)
        assert shell.typed == b""


async def test_no_key_passes_by_the_question_whether_one_may_type(participant, sandbox, bob, shell):
    way = ShortWay()
    async with page(watched(participant), bob, short_way=way):
        await until(lambda: way.receiver)
        assert not way.receiver(b"x")
        await grant(await the_watch())
        await asyncio.sleep(0.1)
        assert not way.receiver(b"x")
        assert shell.typed == b""


async def test_what_waits_for_the_shell_is_not_typed_after_it_was_taken_back(participant, sandbox, bob, shell):
    shell.prints.put_nowait(ATTACHED)
    shell.takes.clear()
    async with page(watched(participant), bob) as socket:
        await frame(socket, lambda told: told["type"] == "attached")
        await grant(await the_watch())
        await frame(socket, lambda told: told == GRANTED)
        for _ in range(3):
            await socket.send_to(bytes_data=b"echo pasted\r")
        await asyncio.sleep(0.1)
        await sync_to_async((await the_watch()).give_back)()
        assert await closed_with(socket) == 1012
    shell.takes.set()
    await asyncio.sleep(0.1)
    assert shell.typed == b""


async def test_the_log_tells_it_all(participant, sandbox, bob, shell):
    async with page(watched(participant), bob):
        await until(lambda: shell.arguments)
        watch = await the_watch()
        await grant(watch)
        await sync_to_async(watch.give_back)()
    assert await audited() == ["watch", "ask", "type", "return", "leave"]


async def test_who_leaves_with_the_keyboard_gives_it_back(participant, sandbox, bob, shell):
    async with page(watched(participant), bob):
        await until(lambda: shell.arguments)
        await grant(await the_watch())
    assert (await the_watch()).keyboard == Keyboard.NONE
    assert await audited() == ["watch", "ask", "type", "return", "leave"]


async def test_of_two_instructors_one_has_the_keyboard(participant, sandbox, bob, dora, shell):
    await participant.workshop.instructors.aadd(dora)
    async with page(watched(participant), bob) as first, page(watched(participant), dora) as second:
        await until(lambda: shell.arguments)
        await grant(await the_watch(instructor=bob))
        await frame(first, lambda told: told == GRANTED)
        await grant(await the_watch(instructor=dora))
        await frame(second, lambda told: told == GRANTED)
        await frame(first, lambda told: told == REFUSED)
    assert not await Watch.objects.filter(keyboard=Keyboard.GRANTED).aexists()


async def test_a_watchers_window_changes_nothing(participant, sandbox, bob, shell):
    shell.prints.put_nowait(ATTACHED)
    shell.prints.put_nowait({"type": "size", "cols": 100, "rows": 30})
    async with page(f"{watched(participant)}?cols=20&rows=5", bob) as socket:
        assert (await frame(socket, lambda told: told["type"] == "size"))["cols"] == 100
        await grant(await the_watch())
        await frame(socket, lambda told: told == GRANTED)
        await say(socket, type="resize", cols=20, rows=5)
        await socket.send_to(text_data='{"type": "resize", "cols": 20, "rows": 5, "type": "resize"}')
        await asyncio.sleep(0.1)
    assert shell.sizes == []
    assert shell.arguments[3] is None


# --- it ends ---


async def lose_rights(participant: Participant, bob) -> None:
    await participant.workshop.instructors.aremove(bob)


async def lose_account(participant: Participant, bob) -> None:
    bob.is_active = False
    await bob.asave(update_fields=["is_active"])


async def remove(participant: Participant, bob) -> None:
    await Participant.objects.filter(pk=participant.pk).adelete()


async def close(participant: Participant, bob) -> None:
    await sync_to_async(participant.workshop.close)(timezone.now())


async def delete_learner(participant: Participant, bob) -> None:
    await sync_to_async(participant.learner.delete)()


@pytest.mark.parametrize("end", [lose_rights, lose_account, remove, close, delete_learner])
async def test_it_ends_when_it_may_not_go_on(participant, sandbox, bob, shell, logs, end, caplog):
    async with page(watched(participant), bob) as socket, page(watched(participant, "events"), bob) as events:
        await until(lambda: shell.arguments)
        await frame(events, lambda told: told["type"] == "state")
        await grant(await the_watch())
        await frame(socket, lambda told: told == GRANTED)
        await end(participant, bob)
        await socket.send_to(bytes_data=b"x")
        async with asyncio.timeout(4 * SEEN_EVERY.total_seconds()):
            for ending in (socket, events):
                while (output := await ending.receive_output(timeout=10))["type"] != "websocket.close":
                    pass
                # 1012 if what was typed came first: the page comes back, and hears 4404 then.
                assert output["code"] in (4404, 1012)
    async with page(watched(participant), bob) as again:
        assert await closed_with(again) in (4401, 4404)
    assert "Traceback" not in caplog.text
    assert not [record for record in caplog.records if record.exc_info]


# --- the events ---


async def test_events_are_shown_only_with_the_terminal(participant, sandbox, bob, shell, logs, monkeypatch):
    monkeypatch.setattr(watching, "COMES_SECONDS", 0.3)
    async with page(watched(participant, "events"), bob) as events:
        assert await closed_with(events) == 4409
    assert logs.watchers == 0
    async with page(watched(participant, "events"), bob) as events:
        async with page(watched(participant), bob):
            assert (await frame(events, bool))["type"] == "state"
        assert await closed_with(events) == 1012


async def test_to_watch_orders_no_checks(participant, sandbox, bob, shell, logs, queued):
    async with page(watched(participant), bob), page(watched(participant, "events"), bob) as events:
        await frame(events, lambda told: told["type"] == "state")
        logs.calls_seen = 1
        logs.told.put_nowait({"type": "log", "at": "then", "id": 5000})
        await frame(events, lambda told: told["type"] == "log")
        await asyncio.sleep(0.6)
    assert queued() == []


# --- sleep ---


async def test_one_that_sleeps_is_woken_but_not_used(participant, sandbox, bob, shell, monkeypatch):
    long_ago = timezone.now() - timedelta(hours=1)
    await Sandbox.objects.aupdate(active_at=long_ago, paused_at=timezone.now())
    woken = []

    async def unpause(container: Container) -> None:
        woken.append(container)

    monkeypatch.setattr(streaming, "unpause", unpause)
    assert idle.streaming is streaming
    async with page(watched(participant), bob):
        await until(lambda: shell.arguments)
        await sandbox.arefresh_from_db()
        assert (sandbox.paused_at, sandbox.active_at, woken) == (None, long_ago, [sandbox.container])


async def test_an_instructor_who_types_does_use_it(participant, sandbox, bob, shell, monkeypatch):
    from sandbox import consumers

    monkeypatch.setattr(consumers, "NOTE_SECONDS", 0)
    long_ago = timezone.now() - timedelta(hours=1)
    await Sandbox.objects.aupdate(active_at=long_ago)
    shell.prints.put_nowait(ATTACHED)
    async with page(watched(participant), bob) as socket:
        await frame(socket, lambda told: told["type"] == "attached")
        await grant(await the_watch())
        await frame(socket, lambda told: told == GRANTED)
        await socket.send_to(bytes_data=b"x")
        await until(lambda: shell.typed == b"x")
        await asyncio.sleep(0.2)
    await sandbox.arefresh_from_db()
    assert sandbox.active_at > long_ago
