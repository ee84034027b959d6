"""Who gets a place in a workshop, and who does not."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from config.pages import THREADS
from courses.models import Enrollment, User
from sandbox.models import Reservation
from tests.sandbox.conftest import run_at_once
from tests.workshops.conftest import make_workshop
from workshops import joining
from workshops.joining import JoinError
from workshops.models import Participant, State, Workshop


def test_who_joins_takes_part_and_takes_the_course(workshop, alice):
    participant = joining.join(workshop, alice)
    assert (participant.workshop, participant.learner) == (workshop, alice)
    assert Enrollment.objects.of(alice).get().course == workshop.course
    assert len(participant.personal_code) == 12


def test_a_sandbox_is_kept_warm_for_who_has_joined_until_they_have_theirs(workshop, alice, charlie, make):
    now = timezone.now()
    workshop.reserve(now)
    joining.join(workshop, alice)
    make(charlie)  # who is not in it
    assert Reservation.objects.wanted(now) == workshop.capacity
    make(alice)
    assert Reservation.objects.wanted(now) == workshop.capacity - 1
    joining.leave(Participant.objects.get(learner=alice))
    assert Reservation.objects.wanted(now) == workshop.capacity


def test_joining_twice_is_joining_once(workshop, alice):
    assert joining.join(workshop, alice) == joining.join(workshop, alice)
    assert Participant.objects.count() == 1


@pytest.mark.parametrize("change", [{"state": State.CLOSED}, {"capacity": 1}, {"guests_allowed": False}])
def test_who_is_in_stays_in_whatever_changes(workshop, participant, change):
    Workshop.objects.update(**change)
    assert joining.join(workshop, participant.learner) == participant


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state": State.PLANNED}, "begins on"),
        ({"state": State.CLOSED}, "closed"),
        ({"guests_allowed": False}, "account"),
        ({"capacity": 0}, "full"),
    ],
)
def test_a_guest_who_cannot_join_is_told_why_and_not_made(workshop, alice, change, words):
    Workshop.objects.update(**change)
    with pytest.raises(JoinError, match=words):
        joining.join(workshop, alice)
    with pytest.raises(JoinError, match=words):
        joining.join_as_guest(workshop, "Esha")
    assert not Participant.objects.exists()
    assert not Enrollment.objects.exists()
    assert not User.objects.filter(name="Esha").exists()


def test_an_account_joins_where_guests_may_not(workshop, db):
    Workshop.objects.update(guests_allowed=False)
    esha = User.objects.create_user("esha", password="learns docker")
    assert joining.join(workshop, esha).learner == esha


def test_a_workshop_that_was_deleted_meanwhile_is_no_longer_here(workshop, alice):
    Workshop.objects.all().delete()
    with pytest.raises(JoinError, match="no longer"):
        joining.join(workshop, alice)


def test_two_of_one_name_are_two(workshop):
    one, other = joining.join_as_guest(workshop, "Ravi"), joining.join_as_guest(workshop, "Ravi")
    assert one.learner != other.learner
    assert {one.learner.name, other.learner.name} == {"Ravi"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_a_hundred_at_once_get_the_places_there_are(inside):
    workshop = make_workshop(capacity=60)

    def come(number: int) -> Participant | JoinError:
        try:
            return joining.join_as_guest(workshop, f"Learner {number}")
        except JoinError as exc:
            return exc
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pages:  # as many as a process makes at once; the others wait
        results = list(pages.map(come, range(100)))
    assert [type(one) for one in results if not isinstance(one, Participant)] == [JoinError] * 40
    assert workshop.participants.count() == User.objects.count() == Enrollment.objects.count() == 60


@pytest.mark.django_db(transaction=True)
def test_one_learner_who_joins_ten_times_at_once_takes_one_place(alice):
    workshop = make_workshop()
    results = run_at_once(10, lambda _number: joining.join(workshop, alice))
    assert len(set(results)) == workshop.participants.count() == 1


def test_a_personal_code_brings_a_guest_back_however_it_is_typed(participant):
    for typed in (participant.personal_code, participant.spoken_code.upper(), f" {participant.spoken_code} "):
        assert joining.returning(typed) == participant


@pytest.mark.parametrize(
    "change", [{"is_staff": True}, {"is_superuser": True}, {"is_guest": False}, {"is_active": False}]
)
def test_a_personal_code_never_stands_for_an_account(participant, change):
    User.objects.filter(pk=participant.learner_id).update(**change)
    assert joining.returning(participant.personal_code) is None


def test_a_personal_code_never_stands_for_a_password(participant):
    participant.learner.set_password("something of her own")
    participant.learner.save()
    assert joining.returning(participant.personal_code) is None


@pytest.mark.parametrize("typed", ["", "-", "abcd-efgh-jkmn", "x" * 5000, "'; --", "a\x00b"])
def test_a_wrong_personal_code_brings_nobody(participant, typed):
    assert joining.returning(typed) is None


def test_who_leaves_keeps_progress_and_loses_the_code(workshop, participant):
    alice = participant.learner
    alice.enroll(workshop.course).complete("day-2", "first-order")
    joining.leave(participant)
    assert not workshop.participants.exists()
    assert joining.returning(participant.personal_code) is None
    assert alice.enrollments.get().completions.count() == 1


def test_a_planned_workshop_says_when_it_begins(db):
    begins = timezone.now() + timedelta(days=400)
    workshop = make_workshop(state=State.PLANNED, starts_at=begins, ends_at=begins + timedelta(hours=1))
    assert str(begins.year) in joining.closed_to(workshop, is_guest=True)
