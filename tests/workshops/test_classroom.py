"""What a learner's pages know of their workshop, and the strip beside the lesson."""

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.sandbox.pages import closed_with, page
from tests.workshops.conftest import make_workshop
from tests.workshops.rooms import classroom, frame
from workshops import joining
from workshops.models import Note, Participant, State, Watch, Workshop

LESSON = "/courses/sarafa-bazaar/day-2/"


@pytest.mark.django_db(transaction=True)
async def test_who_takes_no_part_is_refused(workshop, participant, charlie, bob):
    for stranger in (charlie, bob):
        async with page(classroom(workshop), stranger) as socket:
            assert await closed_with(socket) == 4404
    async with page(classroom(workshop), None) as socket:
        assert await closed_with(socket) == 4401


@pytest.mark.django_db(transaction=True)
async def test_hand_notes_and_what_is_shown_are_told_as_they_change(workshop, participant, alice, bob):
    async with page(classroom(workshop), alice) as socket:
        first = await frame(socket, bool)
        assert (first["name"], first["hand"], first["notes"], first["showing"]) == ("Alice", None, [], None)
        await sync_to_async(participant.raise_hand)(timezone.now())
        assert (await frame(socket, lambda told: told["hand"]))["hand"]["place"] == 1
        await sync_to_async(Note.objects.send)(bob, [participant], "<b>docker ps</b>", is_hint=True)
        [note] = (await frame(socket, lambda told: told["notes"]))["notes"]
        assert (note["from"], note["text"], note["hint"]) == ("Bob", "<b>docker ps</b>", True)
        await sync_to_async(workshop.show)(bob)
        assert (await frame(socket, lambda told: told["showing"]))["showing"] == {"name": "Bob"}
        await sync_to_async(workshop.close)(timezone.now())
        assert (await frame(socket, lambda told: told["workshop"]["state"] == "closed"))["showing"] is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("shared", [False, True])
async def test_who_comes_makes_pages_look_again_only_where_mates_are_shown(workshop, participant, bob, alice, shared):
    await Workshop.objects.filter(pk=workshop.pk).aupdate(progress_shared=shared)
    async with page(classroom(workshop), alice) as socket:
        await frame(socket, lambda told: told["type"] == "classroom")
        await asyncio.sleep(0.1)
        await sync_to_async(joining.join_as_guest)(workshop, "Charlie")
        assert await socket.receive_nothing(timeout=1) is not shared


@pytest.mark.django_db(transaction=True)
async def test_who_is_removed_is_sent_away(workshop, participant, alice):
    async with page(classroom(workshop), alice) as socket:
        await frame(socket, bool)
        await sync_to_async(participant.delete)()
        await sync_to_async(participant.publish)()
        assert await closed_with(socket) == 4404


def test_an_answer_is_for_ones_own_terminal_in_whichever_workshop(workshop, participant, alice, dora, join, signed_in):
    other = join(make_workshop(dora), alice)
    watch = Watch.objects.begin(other, dora, timezone.now())
    watch.ask()
    answer = signed_in(alice).post(f"/workshops/{workshop.code}/keyboard/{watch.pk}/", {"action": "grant"})
    assert answer.json() == {"keyboard": "granted"}


# --- which workshop the strip is about ---


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([State.OPEN], 0),
        ([State.PLANNED], 0),
        ([State.OPEN, State.PLANNED], 0),
        ([State.OPEN, State.OPEN], 1),
        ([State.CLOSED], None),
    ],
)
def test_the_strip_is_about_where_one_may_be_watched(bob, alice, join, now, states, expected):
    joined = [join(make_workshop(bob, state=state, closed_at=now - timedelta(days=1)), alice) for state in states]
    found = Participant.objects.of(alice).in_class(now)
    assert found == (joined[expected] if expected is not None else None)


def test_one_that_was_just_closed_may_be_opened_again(bob, alice, join, now):
    joined = join(make_workshop(bob, state=State.CLOSED, closed_at=now - timedelta(minutes=5)), alice)
    assert Participant.objects.of(alice).in_class(now) == joined


# --- the lesson's page ---


def queries_of(client) -> int:
    from django.db import connection

    client.get(LESSON)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(LESSON).status_code == 200
    return len(queries)


def test_a_lesson_costs_who_is_in_no_workshop_two_queries_at_most(charlie, signed_in, monkeypatch):
    from workshops import context

    client = signed_in(charlie)
    with_strip = queries_of(client)
    monkeypatch.setattr(context, "classroom_of", lambda request: None)
    assert with_strip - queries_of(client) <= 2
    page = client.get(LESSON).content.decode()
    assert "data-classroom" not in page
    assert "classroom.js" not in page


def test_a_page_that_shows_no_workshop_asks_for_none(client, db, monkeypatch):
    from workshops import context

    asked = []
    monkeypatch.setattr(context, "classroom_of", lambda request: asked.append(request))
    client.get("/")
    client.get(LESSON)
    assert asked == []


def test_who_takes_part_has_the_strip(participant, alice, signed_in):
    page = signed_in(alice).get(LESSON).content.decode()
    assert f'data-code="{participant.workshop.code}"' in page
    assert "Show my terminal" not in page


def test_who_teaches_has_the_switch(workshop, bob, dora, signed_in):
    assert "Show my terminal" in signed_in(bob).get(LESSON).content.decode()
    assert "Show my terminal" not in signed_in(dora).get(LESSON).content.decode()
