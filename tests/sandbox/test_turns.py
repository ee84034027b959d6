"""Decisions that are made one after another, whichever database says whose turn it is."""

import time

import pytest
from django.db import transaction

from sandbox.models import Reservation
from sandbox.turns import take_turn

AT_ONCE = 6
PATIENCE = 0.02  # seconds in which another would come in between


def count_up(name: str) -> None:
    """Read, wait and write: what somebody else counts meanwhile is lost, unless they take turns."""
    with transaction.atomic():
        take_turn(name)
        before = Reservation.objects.get().sandboxes
        time.sleep(PATIENCE)
        Reservation.objects.update(sandboxes=before + 1)


@pytest.fixture
def counter(transactional_db: None, now) -> Reservation:
    return Reservation.objects.create(purpose="a test", sandboxes=0, begins_at=now, ends_at=now)


def test_of_many_at_once_each_sees_what_the_one_before_has_left(counter, at_once):
    assert at_once(AT_ONCE, lambda _: count_up("one")) == [None] * AT_ONCE
    counter.refresh_from_db()
    assert counter.sandboxes == AT_ONCE


@pytest.mark.postgresql  # SQLite has one writer
def test_without_turns_what_others_counted_is_lost(counter, at_once):
    at_once(AT_ONCE, lambda number: count_up(f"turn {number}"))
    counter.refresh_from_db()
    assert counter.sandboxes < AT_ONCE


@pytest.mark.django_db(transaction=True)
def test_a_turn_that_would_never_end_is_refused():
    with pytest.raises(AssertionError, match="transaction"):
        take_turn("one")
