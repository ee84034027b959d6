"""Rows and containers are compared, and either side is mended."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sandbox import repairs, tasks
from sandbox.engine import EngineError, EngineUnreachable
from sandbox.models import Sandbox, State


def test_a_sandbox_whose_container_is_gone_is_marked_lost(alice, make, engine):
    make(alice, started_at=timezone.now() - timedelta(minutes=5))
    tasks.reconcile()
    sandbox = Sandbox.objects.get()
    assert sandbox.state == State.FAILED
    assert "container is gone" in sandbox.error


def test_a_sandbox_whose_container_ended_is_lost_and_the_container_removed(alice, make, engine):
    sandbox = make(alice, started_at=timezone.now() - timedelta(minutes=5))
    engine.ended[sandbox.code] = "abc"
    tasks.reconcile()
    assert Sandbox.objects.get().state == State.FAILED
    assert engine.ended == {}


def test_one_that_runs_is_left_alone(alice, make, engine, queued):
    sandbox = make(alice, started_at=timezone.now() - timedelta(minutes=5))
    engine.made[sandbox.code] = "abc"
    tasks.reconcile()
    tasks.reconcile()
    assert Sandbox.objects.get().state == State.RUNNING
    assert engine.made == {sandbox.code: "abc"}
    assert queued() == []


def test_one_whose_start_ends_just_after_the_look_at_the_containers_is_not_lost(alice, make, engine):
    engine.before["listing"] = lambda: make(alice)
    tasks.reconcile()
    assert Sandbox.objects.get().state == State.RUNNING


@pytest.mark.parametrize("state", [State.STOPPED, State.FAILED])
def test_a_container_that_no_live_row_speaks_of_is_removed(alice, make, engine, state):
    engine.made["nobodys"] = "abc"
    engine.ended[make(alice, state).code] = "def"
    tasks.reconcile()
    assert engine.made == engine.ended == {}


@pytest.mark.parametrize("state", [State.STARTING, State.STOPPING])
def test_a_container_that_is_being_made_or_removed_is_no_orphan(alice, make, engine, state):
    sandbox = make(alice, state)
    engine.made[sandbox.code] = "abc"
    tasks.reconcile()
    assert engine.made == {sandbox.code: "abc"}


def test_one_container_that_cannot_be_removed_does_not_keep_the_rest(engine, db):
    engine.made |= {"one": "1", "two": "2", "three": "3"}

    def refuse_once() -> None:
        raise EngineError("removal is under way")

    engine.before["remove"] = refuse_once
    tasks.reconcile()
    assert len(engine.made) == 1


def test_one_whose_time_is_up_is_stopped(alice, make, engine, queued):
    sandbox = make(alice, expires_at=timezone.now() - timedelta(seconds=1))
    engine.made[sandbox.code] = "abc"
    tasks.reconcile()
    assert Sandbox.objects.get().state == State.STOPPING
    assert ("stop_sandbox", (sandbox.pk,)) in queued()


def test_a_forgotten_start_is_queued_again(alice, make, engine, queued):
    sandbox = make(alice, State.STARTING, created_at=timezone.now() - timedelta(minutes=1))
    tasks.reconcile()
    assert queued() == [("start_sandbox", (sandbox.pk,))]


def test_a_warehouse_that_is_closed_is_opened(engine, db):
    tasks.reconcile()
    assert engine.warehouse_is_open


def test_a_warehouse_that_does_not_open_keeps_nothing_else_from_being_mended(alice, make, engine):
    sandbox = make(alice, started_at=timezone.now() - timedelta(minutes=1))
    engine.fails["open_warehouse"] = EngineError("The warehouse did not open.")
    tasks.reconcile()
    sandbox.refresh_from_db()
    assert (sandbox.state, sandbox.error) == (State.FAILED, repairs.LOST)


def test_without_an_engine_nothing_is_marked_lost(alice, make, engine):
    make(alice, started_at=timezone.now() - timedelta(minutes=5))
    engine.fails["listing"] = EngineUnreachable("No Docker Engine answers.")
    tasks.reconcile()
    assert Sandbox.objects.get().state == State.RUNNING
