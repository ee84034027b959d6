"""A sandbox's row: who has one, and how it moves from state to state."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from sandbox.models import ACTIVE, Sandbox, State, new_address, new_code

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
def test_of_two_movers_one_wins(alice, make, at_once):
    sandbox = make(alice, State.STARTING)
    targets = [State.RUNNING, State.FAILED, State.STOPPING, State.RUNNING]
    results = at_once(
        4, lambda n: Sandbox.objects.get(pk=sandbox.pk).move(State.STARTING, targets[n], container_id=str(n))
    )
    assert sorted(map(str, results)) == ["False", "False", "False", "True"]
    winner = results.index(True)
    sandbox.refresh_from_db()
    assert (sandbox.state, sandbox.container_id) == (targets[winner], str(winner))


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
def test_of_four_workers_one_starts(alice, make, now, at_once):
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


def test_an_extension_never_takes_time_away(alice, make, now, settings):
    settings.SANDBOX_MINUTES = 30
    sandbox = make(alice, expires_at=now + timedelta(minutes=45))
    assert sandbox.extend(now)
    assert Sandbox.objects.get().expires_at == now + timedelta(minutes=45)


def test_extensions_end_after_the_longest_time(alice, make, now, settings):
    settings.SANDBOX_MINUTES, settings.SANDBOX_MAX_HOURS = 30, 2
    start = now - timedelta(minutes=100)
    sandbox = make(alice, started_at=start, expires_at=now + timedelta(minutes=5))
    assert sandbox.can_extend(now)
    assert sandbox.extend(now)
    assert Sandbox.objects.get().expires_at == start + timedelta(hours=2)
    assert not sandbox.can_extend(now)


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


def test_what_the_api_says(alice, make, now):
    sandbox = make(alice, expires_at=now, saved_at=now, left_out=2)
    said = sandbox.as_json()
    assert timezone.now() - datetime.fromisoformat(said.pop("now")) < timedelta(seconds=5)
    assert said == {
        "code": sandbox.code,
        "state": "running",
        "expires_at": now.isoformat(),
        "error": "",
        "paused": False,
        "can_extend": True,
        "saved_at": now.isoformat(),
        "left_out": 2,
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
