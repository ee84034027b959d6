"""What happens to workshops by itself, with time."""

from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.utils import timezone

from courses.models import User
from sandbox.models import Reservation
from sandbox.models import State as SandboxState
from tests.workshops.conftest import make_workshop
from workshops.models import State, Workshop
from workshops.models.workshop import LEFT_OPEN
from workshops.tasks import tend_workshops
from workshops.tending import tend

HOUR = timedelta(hours=1)


@pytest.fixture
def planned(bob, now) -> Workshop:
    return make_workshop(bob, state=State.PLANNED, starts_at=now + HOUR, ends_at=now + 4 * HOUR)


def state(workshop: Workshop) -> str:
    return Workshop.objects.get(pk=workshop.pk).state


def test_a_workshop_opens_when_it_begins_and_not_sooner(planned, now):
    tend(now + HOUR - timedelta(minutes=1))
    assert state(planned) == State.PLANNED
    tend(now + HOUR)
    assert state(planned) == State.OPEN


def test_its_sandboxes_are_warm_a_quarter_of_an_hour_before(planned, now):
    tend(now)
    assert Reservation.objects.wanted(now + timedelta(minutes=44)) == 0
    assert Reservation.objects.wanted(now + timedelta(minutes=46)) == planned.capacity


def test_what_is_reserved_is_made_true_again(workshop, participant, now):
    tend(now)
    assert Reservation.objects.get().sandboxes == workshop.capacity
    assert list(Reservation.objects.get().learners.all()) == [participant.learner]
    participant.delete()
    Workshop.objects.update(capacity=3)
    tend(now)
    assert Reservation.objects.get().sandboxes == 3
    assert not Reservation.objects.get().learners.exists()


def test_a_workshop_that_was_closed_is_not_opened_again(planned, now):
    planned.close(now)
    tend(now + HOUR)
    assert state(planned) == State.CLOSED
    assert not Reservation.objects.exists()


def test_one_that_was_left_open_is_closed_with_its_sandboxes(workshop, participant, make):
    sandbox = make(participant.learner)
    tend(workshop.ends_at + LEFT_OPEN - timedelta(minutes=1))
    assert state(workshop) == State.OPEN
    tend(workshop.ends_at + LEFT_OPEN + timedelta(minutes=1))
    sandbox.refresh_from_db()
    assert (state(workshop), sandbox.state) == (State.CLOSED, SandboxState.STOPPING)


def test_one_that_is_opened_again_long_afterwards_stays_open_for_a_while(workshop):
    late = workshop.ends_at + 5 * LEFT_OPEN
    workshop.close(late - HOUR)
    workshop.open(late)
    tend(late + HOUR)
    assert state(workshop) == State.OPEN
    tend(late + LEFT_OPEN + HOUR)
    assert state(workshop) == State.CLOSED


def test_one_that_nobody_ever_opened_is_closed_in_the_end(planned):
    tend(planned.ends_at + LEFT_OPEN + HOUR)
    assert state(planned) == State.CLOSED


def test_data_are_deleted_when_they_were_kept_long_enough(workshop, participant, now):
    workshop.close(now)
    tend(now + timedelta(days=89))
    assert Workshop.objects.exists() and User.objects.filter(pk=participant.learner_id).exists()
    tend(now + timedelta(days=91))
    assert not Workshop.objects.exists()
    assert not User.objects.filter(pk=participant.learner_id).exists()


def test_it_is_done_every_few_seconds(planned):
    entry = configured.CELERY_BEAT_SCHEDULE["workshops"]
    assert entry["schedule"] == entry["options"]["expires"] == 20
    Workshop.objects.update(starts_at=timezone.now() - HOUR)
    assert entry["task"] == tend_workshops.name
    tend_workshops()
    assert state(planned) == State.OPEN
