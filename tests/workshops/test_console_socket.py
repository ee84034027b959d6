"""The console's websocket: everything at first, then what has changed; and only for who teaches the workshop."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.utils import timezone

from courses.models import User
from sandbox.events import publish_learner
from sandbox.models import Trouble
from tests.sandbox.pages import closed_with, page
from tests.workshops.conftest import make_workshop
from tests.workshops.rooms import classroom as classroom_of
from workshops import classroom, events, joining, live, roster
from workshops.models import Note, Participant, Watch, Workshop

pytestmark = pytest.mark.django_db(transaction=True)


def console(workshop: Workshop) -> str:
    return f"/ws/workshop/{workshop.code}/console/"


@asynccontextmanager
async def opened(workshop: Workshop, user: User) -> AsyncIterator[WebsocketCommunicator]:
    """A console that has shown the room, and hears of changes."""
    async with page(console(workshop), user) as socket:
        assert (await socket.receive_json_from(timeout=10))["type"] == "room"
        await asyncio.sleep(0.05)
        yield socket


async def news(socket: WebsocketCommunicator) -> dict:
    """Return the next change that has anything in it."""
    while True:
        frame = await socket.receive_json_from(timeout=10)
        if frame["rows"] or frame["gone"] or frame.keys() > {"type", "now", "rows", "gone"}:
            return frame


@pytest.fixture
def two(workshop, participant, charlie, join) -> list[Participant]:
    """Alice and Charlie, both of Bob's."""
    return [participant, join(workshop, charlie)]


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Nothing is found by looking after a while, unless a test says so."""
    monkeypatch.setattr(live, "LOOK_SECONDS", 60)
    monkeypatch.setattr(live, "GATHER_SECONDS", 0.02)


async def test_the_first_frame_is_the_whole_room(workshop, two, bob):
    async with page(console(workshop), bob) as socket:
        frame = await socket.receive_json_from(timeout=10)
    assert frame["type"] == "room"
    assert [row["name"] for row in frame["rows"]] == ["Alice", "Charlie"]
    assert frame["workshop"]["spoken_code"] == workshop.spoken_code
    assert frame["columns"][0]["key"] == "day-2/both-halves"
    assert frame["times"]["day-2/both-halves"] == {"done": 0, "median": None}
    assert (frame["radar"], frame["gone"]) == ([], [])


def complete(participant: Participant) -> None:
    participant.learner.enrollments.get().complete("day-2", "both-halves")
    participant.publish()


def stumble(participant: Participant) -> None:
    error = "Error response from daemon: No such container: stal"
    Trouble.objects.create(learner=participant.learner, at=timezone.now(), command="docker stop stal", error=error)
    participant.publish()


def rename(participant: Participant) -> None:
    participant.learner.rename("Alice A.")
    participant.publish()


def write(participant: Participant) -> None:
    Note.objects.send(participant.workshop.instructors.get(), [participant], "Look at the port.", is_hint=False)


def watch(participant: Participant) -> None:
    Watch.objects.begin(participant, participant.workshop.instructors.get(), timezone.now())


@pytest.mark.parametrize(
    ("happens", "is_seen"),
    [
        (complete, lambda row: list(row["done"]) == ["day-2/both-halves"] and row["at"] == "day-2/no-client-needed"),
        (stumble, lambda row: row["trouble"]["phrase"] == "No such container"),
        (lambda one: one.raise_hand(timezone.now()), lambda row: row["hand_at"]),
        (rename, lambda row: row["name"] == "Alice A."),
        (write, lambda row: row["unread"] == 1),
        (watch, lambda row: row["watchers"] == [{"name": "Bob", "keyboard": "none"}]),
    ],
    ids=["done", "trouble", "hand", "name", "note", "watcher"],
)
async def test_a_change_of_one_learner_brings_their_row_alone(workshop, two, bob, happens, is_seen):
    async with opened(workshop, bob) as socket:
        await sync_to_async(happens)(two[0])
        frame = await news(socket)
    assert frame["type"] == "change"
    assert [row["id"] for row in frame["rows"]] == [two[0].pk]
    assert is_seen(frame["rows"][0])


@pytest.fixture
def read(monkeypatch) -> list[object]:
    """Of which learners the rows were read, each time."""
    asked, rows = [], roster.rows

    def noted(workshop, columns, now, learners=None):
        asked.append(learners)
        return rows(workshop, columns, now, learners)

    monkeypatch.setattr(roster, "rows", noted)
    return asked


async def test_what_all_consoles_show_is_read_once(workshop, two, bob, dora, read):
    await workshop.instructors.aadd(dora)
    async with opened(workshop, bob) as first, opened(workshop, dora) as second:
        del read[:]
        await sync_to_async(two[0].raise_hand)(timezone.now())
        frames = [await news(first), await news(second)]
    assert [[row["id"] for row in frame["rows"]] for frame in frames] == [[two[0].pk]] * 2
    assert read == [{two[0].learner_id}]


async def test_what_happens_while_it_is_read_is_read_again(workshop, two, bob, read, monkeypatch):
    """News that comes when one has just begun to read may be of what was not there yet."""
    monkeypatch.setattr(live, "GATHER_SECONDS", 0.3)
    async with opened(workshop, bob) as socket:
        del read[:]
        await sync_to_async(two[0].raise_hand)(timezone.now())
        assert (await news(socket))["rows"][0]["hand_at"]
        await sync_to_async(two[0].lower_hand)()
        assert not (await news(socket))["rows"][0]["hand_at"]
    assert read == [{two[0].learner_id}] * 2


async def test_who_is_stuck_is_on_the_radar_at_once(workshop, two, bob):
    async with opened(workshop, bob) as socket:
        await sync_to_async(stumble)(two[1])
        (group,) = (await news(socket))["radar"]
    assert (group["kind"], group["name"], group["members"]) == ("error", "No such container", [two[1].pk])


async def test_a_new_participant_is_a_new_row_and_heard_of_from_then_on(workshop, participant, bob, charlie, read):
    async with opened(workshop, bob) as socket:
        del read[:]
        other = await sync_to_async(joining.join)(workshop, charlie)
        assert [row["name"] for row in (await news(socket))["rows"]] == ["Charlie"]
        await sync_to_async(other.raise_hand)(timezone.now())
        assert [row["id"] for row in (await news(socket))["rows"]] == [other.pk]
    assert read == [{charlie.pk}] * 2  # a class that comes in is not read anew with each of them


async def test_who_leaves_is_gone(workshop, two, bob, read):
    left = two[1].pk
    async with opened(workshop, bob) as socket:
        del read[:]
        await sync_to_async(joining.leave)(two[1])
        frame = await news(socket)
    assert (frame["gone"], frame["rows"]) == ([left], [])
    assert set(map(frozenset, read)) == {frozenset({two[1].learner_id})}


async def test_who_is_removed_is_gone(workshop, two, bob):
    removed = two[1].pk
    async with opened(workshop, bob) as socket:
        await Participant.objects.filter(pk=removed).adelete()
        await sync_to_async(events.publish_workshop)(workshop.code)
        frame = await news(socket)
    assert (frame["gone"], frame["rows"]) == ([removed], [])


async def test_a_workshop_that_is_closed_says_so(workshop, participant, bob):
    async with opened(workshop, bob) as socket:
        await sync_to_async(workshop.close)(timezone.now())
        frame = await news(socket)
    assert frame["workshop"]["state"] == "closed"


async def test_what_nobody_told_of_is_seen_all_the_same(workshop, two, bob, monkeypatch):
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.1)
    async with opened(workshop, bob) as socket:
        await Participant.objects.filter(pk=two[0].pk).aupdate(hand_at=timezone.now())
        frame = await news(socket)
    assert [row["id"] for row in frame["rows"]] == [two[0].pk]


async def test_it_is_seen_in_a_room_in_which_something_happens_all_the_time(workshop, two, bob, monkeypatch):
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.3)
    async with opened(workshop, bob) as socket:
        await Participant.objects.filter(pk=two[0].pk).aupdate(hand_at=timezone.now())
        async with asyncio.timeout(5):
            while await socket.receive_nothing(timeout=0.01):
                await sync_to_async(publish_learner)(two[1].learner_id)
        frame = await news(socket)
    assert [row["id"] for row in frame["rows"]] == [two[0].pk]


async def test_a_room_in_which_nothing_happens_says_so_every_few_seconds(workshop, participant, bob, monkeypatch):
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.1)
    async with opened(workshop, bob) as socket:
        frame = await socket.receive_json_from(timeout=10)
    assert (frame.pop("type"), frame.pop("rows"), frame.pop("gone")) == ("change", [], [])
    assert frame.keys() == {"now"}


@pytest.mark.parametrize("who", ["dora", "alice", "charlie"])
async def test_others_are_turned_away(workshop, participant, request, who):
    user = await sync_to_async(request.getfixturevalue)(who)
    async with page(console(workshop), user) as socket:
        assert await closed_with(socket) == 4404


async def test_a_visitor_is_asked_to_sign_in(workshop):
    async with page(console(workshop), None) as socket:
        assert await closed_with(socket) == 4401


async def lose_rights(workshop: Workshop, bob: User) -> None:
    await sync_to_async(workshop.instructors.clear)()


async def lose_staff(workshop: Workshop, bob: User) -> None:
    await User.objects.filter(pk=bob.pk).aupdate(is_staff=False)


async def be_deleted(workshop: Workshop, bob: User) -> None:
    await Workshop.objects.filter(pk=workshop.pk).adelete()


@pytest.mark.parametrize("happens", [lose_rights, lose_staff, be_deleted])
async def test_who_teaches_it_no_longer_is_sent_away(workshop, participant, bob, monkeypatch, happens: Callable):
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.1)
    async with opened(workshop, bob) as socket:
        await happens(workshop, bob)
        assert await closed_with(socket) == 4404


async def test_a_learner_of_another_workshop_is_none_of_this_ones_news(workshop, participant, bob, dora, charlie, join):
    other = await sync_to_async(lambda: join(make_workshop(dora), charlie))()
    async with opened(workshop, bob) as socket:
        await sync_to_async(other.raise_hand)(timezone.now() - timedelta(minutes=1))
        await sync_to_async(participant.raise_hand)(timezone.now())
        assert [row["name"] for row in (await news(socket))["rows"]] == ["Alice"]


async def test_a_console_does_not_wait_for_a_herd_of_pages(workshop, participant, alice, bob, monkeypatch):
    held, released = threading.Semaphore(0), threading.Event()

    def look(*_arguments):
        held.release()
        released.wait(30)

    monkeypatch.setattr(classroom, "seen_by", look)
    async with AsyncExitStack() as pages:
        try:
            for _ in range(40):  # more than there are threads for anything
                await pages.enter_async_context(page(classroom_of(workshop), alice))
            async with asyncio.timeout(10):
                while not held.acquire(blocking=False):  # noqa: ASYNC110 (in a thread, it might wait for the pages)
                    await asyncio.sleep(0.01)
            async with opened(workshop, bob) as socket:
                await sync_to_async(participant.raise_hand)(timezone.now())
                assert (await news(socket))["rows"][0]["hand_at"]
        finally:
            released.set()
