"""A sandbox's row: who has one, and how it moves from state to state."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from sandbox import capacity
from sandbox.models import ACTIVE, FullHouse, Sandbox, State, new_address, new_code


def at_once(count: int, act: Callable[[int], object]) -> list[object]:
    """Do something in several threads at the same moment; return what each got, or its exception."""
    barrier = threading.Barrier(count)
    results: list[object] = [None] * count

    def run(number: int) -> None:
        try:
            barrier.wait(5)
            results[number] = act(number)
        except Exception as exc:
            results[number] = exc
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    return results


# --- moving ---


def test_a_move_changes_the_row_and_says_so(alice, make, heard):
    sandbox = make(alice, State.STARTING)
    events = heard(sandbox)
    assert sandbox.move(State.STARTING, State.RUNNING, container_id="abc")
    assert sandbox.state == State.RUNNING
    assert Sandbox.objects.get(pk=sandbox.pk).container_id == "abc"
    assert events() == [{"type": "sandbox.state"}]


def test_a_move_from_another_state_changes_nothing(alice, make, heard):
    sandbox = make(alice, State.STOPPED)
    events = heard(sandbox)
    assert not sandbox.move(State.STARTING, State.RUNNING, container_id="abc")
    sandbox.refresh_from_db()
    assert (sandbox.state, sandbox.container_id) == (State.STOPPED, "")
    assert events() == []


@pytest.mark.django_db(transaction=True)
def test_of_two_movers_one_wins(alice, make):
    sandbox = make(alice, State.STARTING)
    targets = [State.RUNNING, State.FAILED, State.STOPPING, State.RUNNING]
    results = at_once(
        4, lambda n: Sandbox.objects.get(pk=sandbox.pk).move(State.STARTING, targets[n], container_id=str(n))
    )
    assert sorted(map(str, results)) == ["False", "False", "False", "True"]
    winner = results.index(True)
    sandbox.refresh_from_db()
    assert (sandbox.state, sandbox.container_id) == (targets[winner], str(winner))


# --- opening ---


def test_opening_makes_one_and_queues_its_start(alice, queued):
    sandbox = Sandbox.objects.open_for(alice)
    assert sandbox.state == State.STARTING
    assert queued() == [("start_sandbox", (sandbox.pk,))]


@pytest.mark.parametrize("state", ACTIVE)
def test_opening_again_finds_the_same(alice, make, queued, state):
    sandbox = make(alice, state)
    assert Sandbox.objects.open_for(alice) == sandbox
    assert queued() == []


@pytest.mark.parametrize("state", [State.STOPPING, State.STOPPED, State.FAILED])
def test_after_one_that_ended_comes_a_new_one(alice, make, state):
    ended = make(alice, state)
    assert Sandbox.objects.open_for(alice) != ended


@pytest.mark.django_db(transaction=True)
def test_opening_four_times_at_once_makes_one(alice):
    results = at_once(4, lambda _: Sandbox.objects.open_for(alice).pk)
    assert results == [Sandbox.objects.get().pk] * 4


def test_each_learner_has_their_own(alice, charlie):
    assert Sandbox.objects.open_for(alice) != Sandbox.objects.open_for(charlie)


def test_a_full_house_refuses_and_makes_nothing(alice, charlie, make, settings):
    settings.SANDBOX_LIMIT = 1
    make(alice)
    with pytest.raises(FullHouse) as refused:
        Sandbox.objects.open_for(charlie)
    assert refused.value.retry_after > 0
    assert not Sandbox.objects.of(charlie).exists()


def test_in_a_full_house_those_who_are_in_stay_in(alice, make, settings):
    settings.SANDBOX_LIMIT = 1
    sandbox = make(alice)
    assert Sandbox.objects.open_for(alice) == sandbox


@pytest.mark.django_db(transaction=True)
def test_the_last_place_is_given_once(django_user_model, settings):
    settings.SANDBOX_LIMIT = 1
    learners = [django_user_model.objects.create_guest() for _ in range(4)]
    results = at_once(4, lambda n: Sandbox.objects.open_for(learners[n]).pk)
    assert sum(isinstance(result, FullHouse) for result in results) == 3
    assert Sandbox.objects.count() == 1


def test_the_queue_away_keeps_the_order_and_says_so(alice, broker_away):
    sandbox = Sandbox.objects.open_for(alice)
    assert "work queue does not answer" in sandbox.as_json()["error"]
    assert Sandbox.objects.get().state == State.STARTING
    assert sandbox in Sandbox.objects.forgotten(timezone.now() + timedelta(seconds=11))


# --- claims ---


def test_a_start_is_claimed_once(alice, make, now):
    sandbox = make(alice, State.STARTING)
    assert sandbox.claim_start(now)
    assert not sandbox.claim_start(now + timedelta(seconds=30))


def test_the_claim_of_a_worker_that_died_lapses(alice, make, now):
    sandbox = make(alice, State.STARTING)
    assert sandbox.claim_start(now)
    assert sandbox.claim_start(now + timedelta(seconds=61))


@pytest.mark.parametrize("state", [State.RUNNING, State.STOPPING, State.STOPPED, State.FAILED])
def test_only_a_starting_one_can_be_claimed(alice, make, now, state):
    assert not make(alice, state, claimed_at=None).claim_start(now)


@pytest.mark.django_db(transaction=True)
def test_of_four_workers_one_starts(alice, make, now):
    sandbox = make(alice, State.STARTING)
    assert sorted(at_once(4, lambda _: sandbox.claim_start(now))) == [False, False, False, True]


def test_forgotten_are_those_that_nobody_took_on_or_whose_worker_died(alice, bob, charlie, make, now):
    def ago(seconds: int):
        return now - timedelta(seconds=seconds)

    untaken = make(alice, State.STARTING, created_at=ago(11))
    dead = make(bob, State.STARTING, created_at=ago(90), claimed_at=ago(61))
    at_work = make(charlie, State.STARTING, created_at=ago(90), claimed_at=ago(59))
    assert set(Sandbox.objects.forgotten(now)) == {untaken, dead}
    at_work.delete()
    make(charlie, State.STARTING, created_at=ago(9))
    assert set(Sandbox.objects.forgotten(now)) == {untaken, dead}


# --- time ---


def test_only_running_ones_expire(alice, bob, charlie, make, now):
    past, future = now - timedelta(seconds=1), now + timedelta(seconds=1)
    over = make(alice, expires_at=past)
    make(bob, expires_at=future)
    make(charlie, State.STOPPING, expires_at=past)
    assert list(Sandbox.objects.expired(now)) == [over]


def test_an_extension_gives_the_full_time_from_now(alice, make, now, settings):
    settings.SANDBOX_MINUTES = 30
    sandbox = make(alice, expires_at=now)
    assert sandbox.extend(now)
    assert Sandbox.objects.get().expires_at == now + timedelta(minutes=30)


@pytest.mark.parametrize("state", [State.STARTING, State.STOPPING, State.STOPPED, State.FAILED])
def test_only_a_running_one_is_extended(alice, make, now, state):
    sandbox = make(alice, state)
    assert not sandbox.extend(now)
    assert Sandbox.objects.get().expires_at is None


# --- stopping ---


@pytest.mark.parametrize("state", ACTIVE)
def test_an_order_to_stop_shows_at_once_and_is_queued(alice, make, queued, state):
    sandbox = make(alice, state)
    sandbox.order_stop()
    assert Sandbox.objects.get().state == State.STOPPING
    assert queued() == [("stop_sandbox", (sandbox.pk,))]


@pytest.mark.parametrize("state", [State.STOPPED, State.FAILED])
def test_one_that_has_ended_is_not_stopped_again(alice, make, queued, state):
    sandbox = make(alice, state)
    sandbox.order_stop()
    assert Sandbox.objects.get().state == state
    assert queued() == []


def test_one_that_starts_to_run_while_it_is_being_stopped_is_stopped(alice, make, queued):
    sandbox = make(alice, State.STARTING)
    Sandbox.objects.get().move(State.STARTING, State.RUNNING)  # the worker was faster
    sandbox.order_stop()
    assert Sandbox.objects.get().state == sandbox.state == State.STOPPING
    assert queued() == [("stop_sandbox", (sandbox.pk,))]


def test_one_that_failed_while_it_is_being_stopped_says_so(alice, make):
    sandbox = make(alice, State.STARTING)
    Sandbox.objects.get().move(State.STARTING, State.FAILED, error="no room")
    sandbox.order_stop()
    assert sandbox.as_json()["state"] == "failed"


# --- what is said of it ---


def test_the_api_s_four_keys(alice, make, now):
    sandbox = make(alice, expires_at=now)
    assert sandbox.as_json() == {
        "code": sandbox.code,
        "state": "running",
        "expires_at": now.isoformat(),
        "error": "",
    }


def test_a_start_that_nobody_takes_on_says_so(alice, make, now):
    sandbox = make(alice, State.STARTING, created_at=now - timedelta(seconds=11))
    assert "No worker has taken your order" in sandbox.as_json()["error"]
    assert sandbox.claim_start(now)
    sandbox.refresh_from_db()
    assert sandbox.as_json()["error"] == ""


def test_owners_are_outside_every_id_range_that_containers_map(alice, make):
    from sandbox.containers import FIRST_OWNER_UID

    assert make(alice).owner_uid >= FIRST_OWNER_UID


def test_codes_and_addresses_cannot_be_guessed():
    assert len({new_code() for _ in range(1000)}) == 1000
    assert len(new_code()) == 16
    addresses = {new_address() for _ in range(1000)}
    assert len(addresses) == 1000
    assert all(address.startswith("fd") for address in addresses)


# --- how many fit ---


@pytest.mark.parametrize(
    ("size", "expected"), [("400m", 400 * 2**20), ("1g", 2**30), ("1.5GB", int(1.5 * 2**30)), ("7", 7), ("64k", 65536)]
)
def test_sizes_are_read_as_docker_writes_them(size, expected):
    assert capacity.in_bytes(size) == expected


@pytest.mark.parametrize("size", ["", "big", "-1g", "1t"])
def test_what_is_no_size_is_said_to_be_none(size):
    with pytest.raises(ValueError, match="is not a size"):
        capacity.in_bytes(size)


def test_memory_sets_the_limit_unless_a_setting_does(settings, monkeypatch):
    monkeypatch.setattr(capacity, "memory", lambda: 9 * 2**30)
    settings.SANDBOX_LIMIT, settings.SANDBOX_MEMORY = 0, "1g"
    capacity.derived.cache_clear()
    assert capacity.limit() == 20
    settings.SANDBOX_LIMIT = 3
    assert capacity.limit() == 3
    capacity.derived.cache_clear()


def test_a_small_machine_holds_at_least_one(settings, monkeypatch):
    monkeypatch.setattr(capacity, "memory", lambda: 2**30)
    settings.SANDBOX_LIMIT = 0
    capacity.derived.cache_clear()
    assert capacity.limit() == 1
    capacity.derived.cache_clear()
