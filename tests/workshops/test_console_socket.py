"""The live console's socket: all at first, then only what has changed, and true again whatever was lost."""

import asyncio
from collections.abc import Callable

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from courses.models import User
from sandbox.models import State as SandboxState
from sandbox.models import Trouble
from tests.sandbox.pages import closed_with, page
from workshops import events, live
from workshops.models import Note, Watch, Workshop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "GATHER_SECONDS", 0.01)


def path(workshop: Workshop) -> str:
    return f"/ws/workshop/{workshop.code}/console/"


async def frame(socket) -> dict:
    return await socket.receive_json_from(timeout=3)


async def change(socket, act: Callable[[], object]) -> dict:
    """Do something to the database once the console listens, and return the frame that tells of it."""
    await asyncio.sleep(0.05)
    await sync_to_async(act)()
    return await frame(socket)


async def test_at_first_it_tells_everything(workshop, participant, bob):
    async with page(path(workshop), bob) as socket:
        first = await frame(socket)
    assert first["type"] == "room"
    assert first["workshop"]["spoken_code"] == workshop.spoken_code
    assert [row["name"] for row in first["rows"]] == ["Alice"]
    assert {column["lesson"] for column in first["columns"]} == {"day-2"}
    assert first["radar"] == []


async def test_a_task_done_is_told_and_nothing_else(workshop, participant, charlie, join, bob):
    await sync_to_async(join)(workshop, charlie)

    def do_it() -> None:
        participant.learner.enrollments.get().complete("day-2", "first-order")
        participant.publish()

    async with page(path(workshop), bob) as socket:
        await frame(socket)
        told = await change(socket, do_it)
    assert told["type"] == "change"
    assert [(row["name"], list(row["done"])) for row in told["rows"]] == [("Alice", ["day-2/first-order"])]
    assert told["times"]["day-2/first-order"]["done"] == 1
    assert told.keys() == {"type", "now", "rows", "gone", "times"}


CHANGES: dict[str, Callable] = {
    "hand_at": lambda one: one.raise_hand(timezone.now()),
    "name": lambda one: (one.learner.rename("Alia"), one.publish()),
    "unread": lambda one: Note.objects.send(one.learner, [one], "hello", False),
    "watchers": lambda one: Watch.objects.begin(one, one.workshop.instructors.get(), timezone.now()),
}


@pytest.mark.parametrize("what", CHANGES)
async def test_what_happens_to_a_learner_is_told_at_once(workshop, participant, bob, what):
    async with page(path(workshop), bob) as socket:
        [before] = (await frame(socket))["rows"]
        [after] = (await change(socket, lambda: CHANGES[what](participant)))["rows"]
    assert {key for key in before if before[key] != after[key]} == {what}


async def test_a_sandbox_that_changes_is_told(workshop, participant, bob, make):
    sandbox = await sync_to_async(make)(participant.learner)
    async with page(path(workshop), bob) as socket:
        await frame(socket)
        [row] = (await change(socket, sandbox.order_stop))["rows"]
    assert row["sandbox"]["state"] == SandboxState.STOPPING


async def test_a_mistake_comes_on_the_radar_by_the_daemons_words(workshop, participant, bob):
    command = {
        "at": timezone.now().isoformat(), "name": "run", "line": "docker run -p 80:80 nginx",
        "calls": [{"status": 500, "error": "Bind for 0.0.0.0:80 failed: port is already allocated"}],
    }  # fmt: skip

    def fail() -> None:
        Trouble.objects.note(participant.learner, [command])
        participant.publish()

    async with page(path(workshop), bob) as socket:
        await frame(socket)
        told = await change(socket, fail)
    [group] = told["radar"]
    assert (group["name"], group["members"]) == ("port is already allocated", [participant.pk])
    assert told["rows"][0]["trouble"]["command"] == "docker run -p 80:80 nginx"


async def test_who_comes_and_who_goes_is_told(workshop, participant, charlie, join, bob):
    async with page(path(workshop), bob) as socket:
        await frame(socket)
        told = await change(socket, lambda: (join(workshop, charlie), events.publish_workshop(workshop.code)))
        assert [row["name"] for row in told["rows"]] == ["Charlie"]
        # Of one who came later, news are heard, too.
        other = await workshop.participants.aget(learner=charlie)
        [row] = (await change(socket, lambda: other.raise_hand(timezone.now())))["rows"]
        assert row["hand_at"]
        told = await change(socket, lambda: (other.delete(), other.publish()))
        assert told["gone"] == [other.pk] or told["gone"] == [row["id"]]


async def test_a_learner_who_is_deleted_is_gone(workshop, participant, bob, monkeypatch):
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.1)
    async with page(path(workshop), bob) as socket:
        await frame(socket)
        told = await change(socket, participant.learner.delete)
    assert told["gone"] == [participant.pk]


async def test_it_is_true_again_though_the_message_was_lost(workshop, participant, bob, monkeypatch):
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.1)
    silently = type(participant).objects.filter(pk=participant.pk).update
    async with page(path(workshop), bob) as socket:
        await frame(socket)
        [row] = (await change(socket, lambda: silently(hand_at=timezone.now())))["rows"]
    assert row["hand_at"]


async def test_while_nothing_changes_nothing_is_told(workshop, participant, bob, monkeypatch):
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.05)
    async with page(path(workshop), bob) as socket:
        await frame(socket)
        assert await socket.receive_nothing(timeout=0.5)


async def test_it_ends_when_the_workshop_is_not_theirs_any_more(workshop, bob):
    async with page(path(workshop), bob) as socket:
        await frame(socket)
        await sync_to_async(workshop.instructors.clear)()
        await sync_to_async(events.publish_workshop)(workshop.code)
        assert await closed_with(socket) == 4404


async def test_nobody_else_gets_it(workshop, participant, dora):
    for stranger, code in ((None, 4401), (dora, 4404), (participant.learner, 4404)):
        async with page(path(workshop), stranger) as socket:
            assert await closed_with(socket) == code


async def test_an_instructor_whose_account_is_blocked_loses_it(workshop, bob):
    async with page(path(workshop), bob) as socket:
        await frame(socket)
        await User.objects.filter(pk=bob.pk).aupdate(is_active=False)
        await sync_to_async(events.publish_workshop)(workshop.code)
        assert await closed_with(socket) == 4404
