"""Slow work: it succeeds, fails with a clear word, loses a race, and may run twice."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from sandbox import containers, tasks
from sandbox.engine import ContainerGone, EngineUnreachable, ImageMissing
from sandbox.models import Sandbox, State

# --- start ---


def test_a_start_makes_a_container_and_the_row_runs(alice, make, engine, settings, heard):
    settings.SANDBOX_MINUTES = 60
    sandbox = make(alice, State.STARTING)
    events = heard(sandbox)
    tasks.start_sandbox(sandbox.pk)
    sandbox.refresh_from_db()
    assert sandbox.state == State.RUNNING
    assert engine.made == {sandbox.code: sandbox.container_id}
    assert sandbox.expires_at - sandbox.started_at == timedelta(minutes=60)
    assert events() == [{"type": "sandbox.state"}]


@pytest.mark.parametrize("step", ["create", "wait_ready"])
def test_a_start_that_fails_says_why_and_leaves_no_container(alice, make, engine, step):
    sandbox = make(alice, State.STARTING)
    engine.fails[step] = ImageMissing("An image is missing on this machine. Run manage.py images.")
    tasks.start_sandbox(sandbox.pk)
    sandbox.refresh_from_db()
    assert sandbox.state == State.FAILED
    assert sandbox.as_json()["error"] == "An image is missing on this machine. Run manage.py images."
    assert sandbox.ended_at
    assert engine.made == {}


def test_a_start_without_an_engine_fails_even_if_nothing_can_be_removed(alice, make, engine):
    sandbox = make(alice, State.STARTING)
    engine.fails["create"] = engine.fails["remove"] = EngineUnreachable("No Docker Engine answers.")
    tasks.start_sandbox(sandbox.pk)
    sandbox.refresh_from_db()
    assert (sandbox.state, sandbox.error) == (State.FAILED, "No Docker Engine answers.")


def test_a_container_whose_learner_stopped_meanwhile_is_removed(alice, make, engine):
    sandbox = make(alice, State.STARTING)
    engine.before["wait_ready"] = lambda: Sandbox.objects.get().order_stop()
    tasks.start_sandbox(sandbox.pk)
    sandbox.refresh_from_db()
    assert sandbox.state == State.STOPPING
    assert engine.made == {}


def test_a_start_that_runs_twice_makes_one_container(alice, make, engine):
    sandbox = make(alice, State.STARTING)
    tasks.start_sandbox(sandbox.pk)
    first = Sandbox.objects.get()
    engine.fails["create"] = AssertionError("made a second container")
    tasks.start_sandbox(sandbox.pk)
    assert Sandbox.objects.get().container_id == first.container_id
    assert Sandbox.objects.get().state == State.RUNNING


def test_a_start_that_another_worker_is_at_is_left_to_it(alice, make, engine):
    sandbox = make(alice, State.STARTING)
    engine.before["create"] = lambda: tasks.start_sandbox(sandbox.pk)
    tasks.start_sandbox(sandbox.pk)
    assert list(engine.made) == [sandbox.code]
    assert Sandbox.objects.get().state == State.RUNNING


def test_a_start_that_was_taken_over_does_its_successor_no_harm(alice, make, engine, now):
    """So it is with a worker that is slow, or whose clock was set: the other removes its container, and makes one."""
    sandbox = make(alice, State.STARTING)

    def take_over() -> None:
        Sandbox.objects.update(claimed_at=now - timedelta(minutes=2))
        tasks.start_sandbox(sandbox.pk)
        raise ContainerGone("The container does not run any more.")

    engine.before["wait_ready"] = take_over
    tasks.start_sandbox(sandbox.pk)
    sandbox.refresh_from_db()
    assert (sandbox.state, sandbox.error) == (State.RUNNING, "")
    assert engine.made == {sandbox.code: sandbox.container_id}


@pytest.mark.django_db
def test_starting_or_stopping_what_is_gone_does_nothing(engine):
    tasks.start_sandbox(404)
    tasks.stop_sandbox(404)
    tasks.check_tasks(404)
    assert engine.made == {}


# --- stop ---


def test_a_stop_removes_the_container(alice, make, engine):
    sandbox = make(alice, State.STOPPING)
    engine.made[sandbox.code] = containers.name_of(sandbox.code)
    tasks.stop_sandbox(sandbox.pk)
    sandbox.refresh_from_db()
    assert sandbox.state == State.STOPPED
    assert sandbox.ended_at
    assert engine.made == {}
    tasks.stop_sandbox(sandbox.pk)
    assert Sandbox.objects.get().ended_at == sandbox.ended_at


def test_a_stop_without_an_engine_is_tried_again(alice, make, engine, queued):
    sandbox = make(alice, State.STOPPING)
    engine.fails["remove"] = EngineUnreachable("No Docker Engine answers.")
    with pytest.raises(EngineUnreachable):
        tasks.stop_sandbox(sandbox.pk)
    assert Sandbox.objects.get().state == State.STOPPING
    tasks.reconcile()
    assert ("stop_sandbox", (sandbox.pk,)) in queued()


def test_only_a_stopping_one_is_removed(alice, make, engine):
    sandbox = make(alice)
    engine.made[sandbox.code] = "abc"
    tasks.stop_sandbox(sandbox.pk)
    assert engine.made
    assert Sandbox.objects.get().state == State.RUNNING


# --- the queue ---


def test_an_order_is_queued_with_ids(queued):
    assert tasks.order(tasks.check_tasks, 7)
    assert queued() == [("check_tasks", (7,))]


def test_a_queue_that_is_away_is_said_to_be(broker_away):
    assert not tasks.order(tasks.check_tasks, 7)


def test_a_heartbeat_is_the_time():
    tasks.heartbeat()
    assert abs(cache.get(tasks.HEARTBEAT) - timezone.now().timestamp()) < 5
