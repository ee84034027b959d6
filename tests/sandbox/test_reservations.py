"""The pool grows for a class before it begins, and shrinks after it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sandbox.admission import empty_pool, fill_pool, open_for, pool_size
from sandbox.models import Reservation, Sandbox, State

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def reserve(now):
    def put(sandboxes: int, purpose: str = "a class", begins=-HOUR, ends=HOUR) -> None:
        Reservation.objects.put(purpose, sandboxes=sandboxes, begins_at=now + begins, ends_at=now + ends)

    return put


def test_what_is_reserved_is_wanted_from_its_beginning_to_its_end(reserve, now):
    reserve(5, begins=HOUR, ends=2 * HOUR)
    moments = (timedelta(), HOUR - timedelta(seconds=1), HOUR, 2 * HOUR - timedelta(seconds=1), 2 * HOUR)
    assert [pool_size(now + after) for after in moments] == [0, 0, 5, 5, 0]


def test_two_classes_at_once_want_as_many_as_both(reserve, now):
    reserve(5)
    reserve(3, "another")
    assert pool_size(now) == 8


def test_the_same_purpose_is_one_reservation(reserve, now):
    reserve(5)
    reserve(2)
    assert pool_size(now) == 2
    assert Reservation.objects.count() == 1


@pytest.mark.parametrize(("pool", "reserved", "size"), [(3, 0, 3), (3, 2, 3), (3, 5, 5)])
def test_the_pool_is_the_greater_of_what_is_set_and_what_is_reserved(reserve, settings, now, pool, reserved, size):
    settings.SANDBOX_POOL = pool
    reserve(reserved)
    assert pool_size(now) == size


def test_the_pool_is_filled_for_a_class(reserve, queued):
    reserve(4)
    fill_pool()
    assert Sandbox.objects.unclaimed().count() == 4
    assert [name for name, _ in queued()] == ["start_sandbox"] * 4


def test_no_more_are_started_than_the_machine_holds(reserve, settings):
    settings.SANDBOX_LIMIT = 2
    reserve(40)
    fill_pool()
    assert Sandbox.objects.count() == 2


def test_who_takes_one_has_it_replaced_while_the_class_lasts(reserve, alice, make, queued):
    reserve(1)
    make(None, active_at=None)
    assert open_for(alice).state == State.RUNNING
    assert ("fill_pool", ()) in queued()


def test_who_it_was_reserved_for_leaves_nothing_to_be_replaced(reserve, alice, make, queued):
    reserve(2)
    Reservation.objects.expect("a class", alice)
    for _ in range(2):
        make(None, active_at=None)
    assert open_for(alice).state == State.RUNNING
    assert queued() == []


def test_without_pool_and_class_nothing_is_replaced(alice, queued):
    open_for(alice)
    assert ("fill_pool", ()) not in queued()


def test_after_the_class_the_pool_is_given_back_the_newest_first(reserve, settings, make):
    settings.SANDBOX_POOL = 1
    reserve(3, ends=-timedelta(minutes=1))
    first, *rest = [make(None, active_at=None) for _ in range(3)]
    empty_pool()
    assert list(Sandbox.objects.warm()) == [first]
    assert [Sandbox.objects.filter(pk=one.pk, state=State.RUNNING).exists() for one in rest] == [False, False]


def test_while_the_class_lasts_nothing_is_given_back(reserve, make):
    reserve(3)
    for _ in range(3):
        make(None, active_at=None)
    empty_pool()
    assert Sandbox.objects.warm().count() == 3


def test_what_is_kept_for_a_class_is_not_given_back_while_it_comes_in(reserve, now, alice, charlie, make):
    """Who has joined is about to ask for one. It was given back just then, and another started in its place."""
    reserve(2)
    for learner in (alice, charlie):
        Reservation.objects.expect("a class", learner)
        make(None, active_at=None)
    empty_pool()
    assert Sandbox.objects.warm().count() == pool_size(now) == 2
    open_for(alice)
    assert Sandbox.objects.warm().count() == pool_size(now) == 1


def test_what_learners_have_is_never_given_back(alice, make):
    sandbox = make(alice)
    make(None, active_at=None)
    empty_pool()
    assert not Sandbox.objects.warm().exists()
    sandbox.refresh_from_db()
    assert sandbox.state == State.RUNNING
    assert timezone.now() > sandbox.started_at
