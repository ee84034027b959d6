"""What a learner's buttons do in a workshop."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.workshops.conftest import make_workshop
from workshops.models import Keyboard, Note, State, Watch

ROOM = "/workshops/{0.workshop.code}/"


@pytest.fixture
def seat(alice, signed_in):
    return signed_in(alice)


def test_a_raised_hand_keeps_its_place_however_often_it_is_raised(workshop, participant, charlie, join, signed_in):
    other, now = join(workshop, charlie), timezone.now()
    other.raise_hand(now - timedelta(minutes=1))
    url, client = f"{ROOM.format(participant)}hand/", signed_in(participant.learner)
    assert client.post(url, {"up": "yes"}).json() == {"place": 2}
    first = type(participant).objects.get(pk=participant.pk).hand_at
    assert client.post(url, {"up": "yes"}).json() == {"place": 2}
    assert type(participant).objects.get(pk=participant.pk).hand_at == first
    other.lower_hand()
    assert client.post(url, {"up": "yes"}).json() == {"place": 1}
    assert client.post(url, {"up": "no"}).json() == {"place": None}


def test_in_a_closed_workshop_no_hand_goes_up(workshop, participant, seat):
    type(workshop).objects.update(state=State.CLOSED)
    assert seat.post(f"{ROOM.format(participant)}hand/", {"up": "yes"}).status_code == 409
    participant.refresh_from_db()
    assert participant.hand_at is None


def test_the_learner_decides_who_types(participant, bob, seat):
    watch = Watch.objects.begin(participant, bob, timezone.now())
    url = f"{ROOM.format(participant)}keyboard/{watch.pk}/"
    assert seat.post(url, {"action": "grant"}).json() == {"keyboard": "none"}  # nobody has asked
    watch.ask()
    assert seat.post(url, {"action": "refuse"}).json() == {"keyboard": "none"}
    watch.ask()
    assert seat.post(url, {"action": "grant"}).json() == {"keyboard": "granted"}
    assert seat.post(url, {"action": "take"}).json() == {"keyboard": "none"}


def test_of_two_instructors_only_the_last_has_the_keyboard(participant, bob, dora):
    watches = [Watch.objects.begin(participant, teacher, timezone.now()) for teacher in (bob, dora)]
    for watch in watches:
        watch.ask()
        assert watch.grant()
    for watch in watches:
        watch.refresh_from_db()
    assert [watch.keyboard for watch in watches] == [Keyboard.NONE, Keyboard.GRANTED]


def test_who_watches_somebody_else_is_not_theirs_to_answer(workshop, participant, charlie, join, bob, seat):
    other = Watch.objects.begin(join(workshop, charlie), bob, timezone.now())
    other.ask()
    assert seat.post(f"{ROOM.format(participant)}keyboard/{other.pk}/", {"action": "grant"}).status_code == 404
    other.refresh_from_db()
    assert other.keyboard == Keyboard.ASKED


def test_who_comes_back_after_a_while_has_no_keyboard_any_more(participant, bob):
    now = timezone.now()
    watch = Watch.objects.begin(participant, bob, now)
    watch.ask()
    watch.grant()
    soon = Watch.objects.begin(participant, bob, now + timedelta(seconds=5))
    assert soon.keyboard == Keyboard.GRANTED
    later = Watch.objects.begin(participant, bob, now + timedelta(minutes=5))
    assert later.keyboard == Keyboard.NONE


def test_notes_are_read_by_whom_they_are_for(workshop, participant, charlie, join, bob, seat):
    Note.objects.send(bob, [participant, join(workshop, charlie)], "Look at the port.", is_hint=False)
    mine, others = Note.objects.order_by("participant")
    answer = seat.post(f"{ROOM.format(participant)}notes/read/", {"ids": f"{mine.pk},{others.pk},x,,-3"})
    assert answer.json() == {"read": 1}
    assert [note.read_at is not None for note in Note.objects.order_by("participant")] == [True, False]


@pytest.mark.parametrize("path", ["hand/", "notes/read/", "keyboard/1/"])
def test_only_who_takes_part_can_press_them(workshop, participant, charlie, dora, client, signed_in, path):
    url = ROOM.format(participant) + path
    assert client.post(url).status_code == 401
    make_workshop(dora)
    for stranger in (charlie, dora):
        assert signed_in(stranger).post(url, {"up": "yes"}).status_code == 404
    assert signed_in(participant.learner).get(url).status_code == 405
    participant.refresh_from_db()
    assert participant.hand_at is None
