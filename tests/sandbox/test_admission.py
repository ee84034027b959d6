"""Who gets a sandbox, and when: one's own, one of the warm pool, a new one, or a place in the queue."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courses.models import User
from sandbox import admission, capacity
from sandbox.admission import FullHouse, fill_pool, open_for
from sandbox.models import ACTIVE, Home, Sandbox, State, Waiting


@pytest.fixture
def warm(make, db):
    """Put sandboxes into the pool that run already."""

    def warm(count: int) -> list[Sandbox]:
        return [make(None, active_at=None) for _ in range(count)]

    return warm


def guests(count: int) -> list[User]:
    return [User.objects.create_guest() for _ in range(count)]


def refused(learner: User) -> FullHouse:
    with pytest.raises(FullHouse) as refusal:
        open_for(learner)
    return refusal.value


# --- opening ---


def test_opening_makes_one_and_queues_its_start(alice, queued):
    sandbox = open_for(alice)
    assert sandbox.state == State.STARTING
    assert queued() == [("start_sandbox", (sandbox.pk,))]


@pytest.mark.parametrize("state", ACTIVE)
def test_opening_again_finds_the_same(alice, make, queued, state):
    sandbox = make(alice, state)
    assert open_for(alice) == sandbox
    assert queued() == []


@pytest.mark.parametrize("state", [State.STOPPING, State.STOPPED, State.FAILED])
def test_after_one_that_ended_comes_a_new_one(alice, make, state):
    ended = make(alice, state)
    assert open_for(alice) != ended


@pytest.mark.django_db(transaction=True)
def test_opening_four_times_at_once_makes_one(alice, at_once):
    results = at_once(4, lambda _: open_for(alice).pk)
    assert results == [Sandbox.objects.get().pk] * 4


def test_each_learner_has_their_own(alice, charlie):
    assert open_for(alice) != open_for(charlie)


def test_a_full_house_refuses_and_makes_nothing(alice, charlie, make, settings):
    settings.SANDBOX_LIMIT = 1
    make(alice)
    assert refused(charlie).retry_after > 0
    assert not Sandbox.objects.of(charlie).exists()


def test_in_a_full_house_those_who_are_in_stay_in(alice, make, settings):
    settings.SANDBOX_LIMIT = 1
    sandbox = make(alice)
    assert open_for(alice) == sandbox


@pytest.mark.django_db(transaction=True)
def test_the_last_place_is_given_once(django_user_model, settings, at_once):
    settings.SANDBOX_LIMIT = 1
    learners = [django_user_model.objects.create_guest() for _ in range(4)]
    results = at_once(4, lambda n: open_for(learners[n]).pk)
    assert sum(isinstance(result, FullHouse) for result in results) == 3
    assert Sandbox.objects.count() == 1


def test_the_queue_away_keeps_the_order_and_says_so(alice, broker_away):
    sandbox = open_for(alice)
    assert "work queue does not answer" in sandbox.as_json()["error"]
    assert Sandbox.objects.get().state == State.STARTING
    assert sandbox in Sandbox.objects.forgotten(timezone.now() + timedelta(seconds=11))


# --- the queue ---


def test_those_who_wait_are_told_their_place(alice, make, settings):
    settings.SANDBOX_LIMIT = 1
    make(alice)
    first, second = guests(2)
    assert (refused(first).place, refused(second).place) == (1, 2)
    again = refused(first)
    assert (again.place, again.waiting) == (1, 2)
    assert "number 1 of 2 waiting" in str(again)


def test_a_place_that_is_freed_goes_to_who_came_first(alice, make, settings):
    settings.SANDBOX_LIMIT = 1
    sandbox = make(alice)
    first, second = guests(2)
    refused(first), refused(second)
    sandbox.delete()
    assert refused(second).place == 2
    assert open_for(first).learner == first
    assert refused(second).place == 1


def test_a_newcomer_does_not_overtake(alice, make, settings):
    settings.SANDBOX_LIMIT = 1
    sandbox = make(alice)
    first, newcomer = guests(2)
    refused(first)
    sandbox.delete()
    assert refused(newcomer).place == 2


def test_who_asks_no_more_loses_their_place(alice, make, settings, now):
    settings.SANDBOX_LIMIT = 1
    make(alice)
    gone, there = guests(2)
    refused(gone), refused(there)
    Waiting.objects.filter(learner=gone).update(seen_at=now - timedelta(seconds=91))
    assert (refused(there).place, refused(there).waiting) == (1, 1)
    assert refused(gone).place == 2


def test_who_leaves_the_queue_is_out_of_it(alice, make, settings):
    settings.SANDBOX_LIMIT = 1
    make(alice)
    first, second = guests(2)
    refused(first), refused(second)
    admission.leave_queue(first)
    assert refused(second).place == 1


def test_who_is_let_in_leaves_the_queue(alice):
    open_for(alice)
    assert not Waiting.objects.exists()


# --- measured room ---


def test_a_machine_that_is_short_of_something_says_of_what(alice, monkeypatch):
    monkeypatch.setattr(capacity, "shortage", lambda starting: "No memory to spare.")
    assert str(refused(alice)).startswith("No memory to spare. You are number 1")
    assert not Sandbox.objects.exists()


def test_one_that_is_being_stopped_still_takes_its_room(alice, charlie, make, settings):
    settings.SANDBOX_LIMIT = 1
    make(alice, State.STOPPING)
    assert refused(charlie).place == 1


# --- the pool ---


def test_the_pool_is_filled_and_not_more(db, settings, queued):
    settings.SANDBOX_POOL = 3
    fill_pool()
    fill_pool()
    assert Sandbox.objects.unclaimed().count() == 3
    assert [name for name, _ in queued()] == ["start_sandbox"] * 3


def test_the_pool_never_goes_beyond_what_the_machine_holds(alice, make, settings):
    settings.SANDBOX_POOL, settings.SANDBOX_LIMIT = 3, 2
    make(alice)
    fill_pool()
    assert Sandbox.objects.count() == 2


def test_the_pool_is_not_filled_when_the_machine_is_short(db, settings, monkeypatch):
    settings.SANDBOX_POOL = 3
    monkeypatch.setattr(capacity, "shortage", lambda starting: "No disk to spare.")
    fill_pool()
    assert not Sandbox.objects.exists()


def test_learners_whose_start_is_slow_go_before_the_pool(alice, make, settings):
    settings.SANDBOX_POOL = 3
    make(alice, State.STARTING)
    fill_pool()
    assert not Sandbox.objects.unclaimed().exists()


def test_those_who_wait_go_before_the_pool(alice, charlie, make, settings):
    settings.SANDBOX_POOL, settings.SANDBOX_LIMIT = 3, 1
    make(alice)
    refused(charlie)
    settings.SANDBOX_LIMIT = 5
    fill_pool()
    assert not Sandbox.objects.unclaimed().exists()


@pytest.mark.django_db(transaction=True)
def test_two_that_fill_at_once_fill_once(settings, at_once):
    settings.SANDBOX_POOL = 3
    at_once(4, lambda _: fill_pool())
    assert Sandbox.objects.count() == 3


def test_a_claim_gives_one_that_runs_and_has_its_place_filled(alice, warm, settings, queued, now):
    settings.SANDBOX_POOL = 2
    pool = warm(2)
    sandbox = open_for(alice)
    assert sandbox == pool[0]
    assert (sandbox.state, sandbox.learner) == (State.RUNNING, alice)
    assert sandbox.expires_at > now
    assert queued() == [("fill_pool", ())]


def test_a_claim_takes_no_place_in_the_queue(alice, warm):
    """A class comes in one by one, and each claim holds up the next: it asks for its own, who waits, and takes."""
    warm(1)
    with CaptureQueriesContext(connection) as asked:
        open_for(alice)
    assert not [query for query in asked if query["sql"].startswith("INSERT")]
    assert len([query for query in asked if "sandbox_waiting" in query["sql"]]) == 1


@pytest.mark.django_db(transaction=True)
def test_two_learners_never_get_the_same(warm, settings, at_once):
    settings.SANDBOX_POOL = 3
    warm(3)
    learners = guests(4)
    results = at_once(4, lambda n: open_for(learners[n]).pk)
    assert len(set(results)) == 4
    assert Sandbox.objects.filter(state=State.STARTING).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_learner_who_asks_four_times_gets_one_of_the_pool(warm, alice, settings, at_once):
    warm(4)
    results = at_once(4, lambda _: open_for(alice).pk)
    assert len(set(results)) == 1
    assert Sandbox.objects.warm().count() == 3


def test_in_a_full_house_the_pool_is_given_away(alice, warm, settings):
    settings.SANDBOX_LIMIT = 1
    (sandbox,) = warm(1)
    assert open_for(alice) == sandbox


def test_the_pool_goes_to_those_who_waited(alice, charlie, make, warm, settings):
    settings.SANDBOX_LIMIT = 1
    make(alice)
    refused(charlie)
    warm(1)
    (newcomer,) = guests(1)
    assert refused(newcomer).place == 2
    assert open_for(charlie).learner == charlie


def test_a_learner_with_files_gets_one_that_starts_with_them(alice, warm, queued, now):
    Home.objects.create(learner=alice, archive=b"tar", saved_at=now)
    (sandbox,) = warm(1)
    assert open_for(alice) == sandbox
    sandbox.refresh_from_db()
    assert (sandbox.state, sandbox.container_id) == (State.STARTING, "c" * 64)
    assert queued() == [("start_sandbox", (sandbox.pk,))]


def test_so_does_one_whose_last_sandbox_is_still_being_saved(alice, make, warm):
    make(alice, State.STOPPING, container_id="d" * 64)
    warm(1)
    assert open_for(alice).state == State.STARTING


# --- another in its place ---


def test_one_is_replaced_in_a_full_house(alice, make, settings):
    settings.SANDBOX_LIMIT = 1
    old = make(alice)
    new = admission.replace(old, keep_home=True)
    assert new != old
    assert Sandbox.objects.get(pk=old.pk).state == State.STOPPING


def test_a_clean_one_forgets_the_home(alice, make, now):
    Home.objects.create(learner=alice, archive=b"tar", saved_at=now)
    old = make(alice)
    admission.replace(old, keep_home=False)
    assert not Home.objects.exists()
    assert not Sandbox.objects.get(pk=old.pk).keeps_home


def test_one_that_keeps_the_home_does_not(alice, make, now):
    Home.objects.create(learner=alice, archive=b"tar", saved_at=now)
    old = make(alice)
    admission.replace(old, keep_home=True)
    assert Home.objects.exists()
    assert Sandbox.objects.get(pk=old.pk).keeps_home


def test_nobody_has_more_than_two_at_once(alice, make):
    make(alice, State.STOPPING)
    sandbox = make(alice)
    assert admission.replace(sandbox, keep_home=True) == sandbox
    assert Sandbox.objects.live().count() == 2


def test_one_that_failed_is_replaced_only_if_there_is_room(alice, charlie, make, settings):
    settings.SANDBOX_LIMIT = 1
    make(charlie)
    failed = make(alice, State.FAILED)
    with pytest.raises(FullHouse):
        admission.replace(failed, keep_home=True)
