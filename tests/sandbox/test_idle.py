"""Sandboxes that nobody uses sleep, and wake when somebody does: whoever comes in between."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync

from sandbox import idle, streaming, tasks
from sandbox.container import Container
from sandbox.engine import EngineError, EngineUnreachable
from sandbox.models import Sandbox, State


@pytest.fixture
def unused(alice, make, engine, settings, now):
    """A sandbox that nobody has used for a quarter of an hour."""
    settings.SANDBOX_IDLE_MINUTES = 10
    sandbox = make(alice, active_at=now - timedelta(minutes=15), saved_at=now - timedelta(minutes=14))
    engine.made[sandbox.code] = sandbox.container_id
    return sandbox


def asleep(sandbox: Sandbox, engine) -> tuple[bool, bool]:
    """Say whether it sleeps, by its row and by its container."""
    sandbox.refresh_from_db()
    return sandbox.paused_at is not None, sandbox.container_id in engine.asleep


def test_one_that_is_unused_is_put_to_sleep(unused, engine, queued, heard):
    events = heard(unused)
    tasks.reconcile()
    assert queued() == [("pause_sandbox", (unused.pk,))]
    tasks.pause_sandbox(unused.pk)
    assert asleep(unused, engine) == (True, True)
    assert unused.as_json()["paused"] is True
    assert events() == [{"type": "sandbox.state"}]


def test_one_that_is_used_is_not(unused, engine, now):
    unused.touch(now)
    tasks.pause_sandbox(unused.pk)
    assert asleep(unused, engine) == (False, False)


def test_with_idle_minutes_of_zero_none_is(unused, engine, settings, queued):
    settings.SANDBOX_IDLE_MINUTES = 0
    tasks.reconcile()
    assert queued() == []


def test_one_of_the_pool_is_not(unused, engine, queued, settings):
    settings.SANDBOX_POOL = 1
    Sandbox.objects.update(learner=None)
    tasks.reconcile()
    assert queued() == []


def test_its_home_is_saved_before(unused, alice, engine, now):
    Sandbox.objects.update(saved_at=now - timedelta(minutes=20))
    engine.homes[unused.container_id] = b"work"
    tasks.pause_sandbox(unused.pk)
    assert bytes(alice.home.archive) == b"work"
    assert asleep(unused, engine) == (True, True)


def test_a_use_in_the_middle_of_it_wins(unused, engine, now):
    def use() -> None:
        other = Sandbox.objects.get()
        assert other.touch(now)
        idle.wake(other)

    engine.before["pause"] = use  # after the row, before the container
    tasks.pause_sandbox(unused.pk)
    assert asleep(unused, engine) == (False, False)


def test_a_use_says_that_it_sleeps(unused, engine, now):
    assert not unused.touch(now)
    Sandbox.objects.update(paused_at=now)
    assert unused.touch(now)


@pytest.mark.django_db(transaction=True)
def test_a_key_wakes_it(unused, engine, now, monkeypatch):
    async def unpause(container: Container) -> None:
        engine.asleep.discard(container.id)

    monkeypatch.setattr(streaming, "unpause", unpause)
    tasks.pause_sandbox(unused.pk)
    async_to_sync(idle.keep_awake)(unused)
    assert asleep(unused, engine) == (False, False)


def test_one_that_sleeps_is_not_checked(unused, alice, engine, now):
    alice.enroll("sarafa-bazaar")
    Sandbox.objects.update(paused_at=now)
    engine.before["facts"] = lambda: pytest.fail("asked while it slept")
    tasks.check_tasks(unused.pk)


# --- what a crash leaves ---


def test_a_container_that_sleeps_while_its_row_is_awake_is_woken(unused, engine, now):
    unused.touch(now)
    engine.asleep.add(unused.container_id)
    tasks.reconcile()
    assert asleep(unused, engine) == (False, False)


def test_a_row_that_sleeps_while_its_container_is_awake_is_mended(unused, engine, now):
    Sandbox.objects.update(paused_at=now - timedelta(minutes=2))
    tasks.reconcile()
    assert asleep(unused, engine) == (False, False)


def test_one_that_is_just_being_put_to_sleep_is_let_be(unused, engine, now):
    Sandbox.objects.update(paused_at=now)
    tasks.reconcile()
    assert asleep(unused, engine) == (True, False)


def test_one_that_cannot_be_frozen_is_not_said_to_sleep(unused, engine):
    engine.fails["pause"] = EngineError("Cannot pause container: unable to freeze")
    with pytest.raises(EngineError):
        tasks.pause_sandbox(unused.pk)
    assert asleep(unused, engine) == (False, False)
    del engine.fails["pause"]
    tasks.pause_sandbox(unused.pk)
    assert asleep(unused, engine) == (True, True)


def test_without_an_engine_the_row_is_mended_later(unused, engine):
    engine.fails["pause"] = EngineUnreachable("No Docker Engine answers.")
    with pytest.raises(EngineUnreachable):
        tasks.pause_sandbox(unused.pk)
    Sandbox.objects.update(paused_at=unused.active_at)
    del engine.fails["pause"]
    tasks.reconcile()
    assert asleep(unused, engine) == (False, False)


def test_one_that_sleeps_is_not_lost(unused, engine, now):
    Sandbox.objects.update(paused_at=now, started_at=now - timedelta(hours=1))
    engine.asleep.add(unused.container_id)
    tasks.reconcile()
    assert Sandbox.objects.get().state == State.RUNNING
