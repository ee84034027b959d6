"""Slow work: it succeeds, fails with a clear word, loses a race, and may run twice."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.utils import timezone

from courses import catalogue
from courses.models import Completion
from sandbox import checks, containers, tasks, visits
from sandbox.engine import ContainerGone, EngineError, EngineUnreachable, ImageMissing
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


# --- reconcile ---


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
    assert (sandbox.state, sandbox.error) == (State.FAILED, tasks.LOST)


def test_without_an_engine_nothing_is_marked_lost(alice, make, engine):
    make(alice, started_at=timezone.now() - timedelta(minutes=5))
    engine.fails["listing"] = EngineUnreachable("No Docker Engine answers.")
    tasks.reconcile()
    assert Sandbox.objects.get().state == State.RUNNING


# --- checks ---


@pytest.fixture
def lesson(monkeypatch: pytest.MonkeyPatch):
    """A course with one task that is true once the daemon's version was asked for, and one that needs a container."""
    version = SimpleNamespace(id="ask-version", first_failing=lambda facts: None if facts["calls"] else failing())
    stall = SimpleNamespace(id="open-stall", first_failing=lambda facts: None if facts["containers"] else failing())

    def failing():
        return SimpleNamespace(describe=lambda facts: "0 stalls", expected="one stall", hint="docker run")

    course = SimpleNamespace(lessons=[SimpleNamespace(slug="day-2", tasks=[version, stall])])
    monkeypatch.setattr(catalogue, "find_course", lambda slug, language="en": course if slug == "bazaar" else None)
    return course


def told_of_tasks(events: list[dict]) -> list[dict]:
    return [event for event in events if event["type"] == "sandbox.tasks"]


def results_of(events: list[dict]) -> dict[str, str]:
    (told,) = told_of_tasks(events)
    return {result["task"]: result["state"] for result in told["results"]}


def test_a_check_keeps_what_is_done_and_tells_what_is_missing(alice, make, engine, lesson, heard):
    sandbox, enrollment = make(alice), alice.enroll("bazaar")
    events = heard(sandbox)
    tasks.check_tasks(sandbox.pk)
    assert set(enrollment.done("day-2")) == {"ask-version"}
    (told,) = told_of_tasks(events())
    assert told["results"] == [
        {"type": "task", "task": "ask-version", "state": "done", "found": "", "expected": "", "hint": "",
         "lesson": "day-2"},
        {"type": "task", "task": "open-stall", "state": "open", "found": "0 stalls", "expected": "one stall",
         "hint": "docker run", "lesson": "day-2"},
    ]  # fmt: skip


def test_a_check_tells_in_the_learners_language(alice, make, engine, heard):
    sandbox = make(alice)
    alice.enroll("sarafa-bazaar")
    events = heard(sandbox)
    tasks.check_tasks(sandbox.pk)
    tasks.check_tasks(sandbox.pk, "hi")
    english, hindi = (
        {result["task"]: result["hint"] for result in told["results"]} for told in told_of_tasks(events())
    )
    assert english.keys() == hindi.keys()
    assert any(english[task] != hindi[task] for task in english)


def container(name: str, running: bool = True, **ports: object) -> dict:
    return {"Name": f"/{name}", "State": {"Running": running}, "NetworkSettings": {"Ports": ports}}


def test_a_check_tells_what_can_be_visited(alice, make, engine, heard):
    sandbox = make(alice)
    both = [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}]
    engine.facts["containers"] = [
        container("open", tcp80=both, tcp81=None),
        container("inside", tcp80=None),
        container("closed", running=False, tcp80=both),
    ]
    events = heard(sandbox)
    tasks.check_tasks(sandbox.pk)
    assert {"type": "sandbox.ports", "ports": [{"container": "open", "port": 8080}]} in events()


@pytest.mark.parametrize(
    "containers",
    [
        "none",
        [{"State": {"Running": True}, "NetworkSettings": {"Ports": "many"}}],
        [container("x", tcp80=[{"HostPort": "99999"}, {"HostPort": "-1"}, {"HostPort": ["80"]}, {"HostPort": "0"}])],
        [{"Name": None, "State": {"Running": True}, "NetworkSettings": None}],
    ],
)
def test_a_daemon_that_tells_nonsense_publishes_nothing(containers):
    assert visits.published({"containers": containers}) == []


def test_a_check_that_runs_twice_completes_once(alice, make, engine, lesson):
    sandbox = make(alice)
    alice.enroll("bazaar")
    tasks.check_tasks(sandbox.pk)
    tasks.check_tasks(sandbox.pk)
    assert Completion.objects.count() == 1


def test_what_is_done_stays_done(alice, make, engine, lesson, heard, monkeypatch):
    sandbox = make(alice)
    alice.enroll("bazaar").complete("day-2", "open-stall")
    events = heard(sandbox)
    tasks.check_tasks(sandbox.pk)
    assert results_of(events()) == {"ask-version": "done", "open-stall": "done"}


def test_a_learner_in_no_course_is_not_checked(alice, make, engine, lesson, heard):
    sandbox = make(alice)
    events = heard(sandbox)
    tasks.check_tasks(sandbox.pk)
    assert told_of_tasks(events()) == []


def test_a_course_that_is_gone_is_passed_over(alice, make, engine, lesson, heard):
    sandbox = make(alice)
    alice.enroll("no-such-course")
    events = heard(sandbox)
    tasks.check_tasks(sandbox.pk)
    assert results_of(events()) == {}


def test_a_check_is_of_the_learners_own_progress(alice, charlie, make, engine, lesson):
    charlie.enroll("bazaar")
    alice.enroll("bazaar")
    tasks.check_tasks(make(alice).pk)
    assert {done.enrollment.learner for done in Completion.objects.all()} == {alice}


@pytest.mark.parametrize("step", ["facts", "daemon_log"])
@pytest.mark.parametrize("error", [ContainerGone("gone"), EngineUnreachable("away"), EngineError("did not answer")])
def test_a_check_that_cannot_ask_changes_nothing(alice, make, engine, lesson, heard, step, error):
    sandbox = make(alice)
    alice.enroll("bazaar")
    engine.fails[step] = error
    events = heard(sandbox)
    tasks.check_tasks(sandbox.pk)
    assert events() == []
    assert Completion.objects.count() == 0


@pytest.mark.parametrize("state", [State.STARTING, State.STOPPING, State.STOPPED, State.FAILED])
def test_only_a_running_sandbox_is_checked(alice, make, engine, lesson, heard, state):
    sandbox = make(alice, state)
    alice.enroll("bazaar")
    events = heard(sandbox)
    tasks.check_tasks(sandbox.pk)
    assert events() == []


def test_real_tasks_are_judged_by_the_first_condition_that_does_not_hold():
    lesson = catalogue.find_lesson("sarafa-bazaar", "day-2")
    facts = {"containers": [], "images": [], "networks": [], "volumes": [], "calls": [], "runs": []}
    for task in lesson.tasks:
        result = checks.evaluate(task, facts)
        assert result.state == "open", task.id
        assert result.expected
        assert result.hint


# --- the queue ---


def test_an_order_is_queued_with_ids(queued):
    assert tasks.order(tasks.check_tasks, 7)
    assert queued() == [("check_tasks", (7,))]


def test_a_queue_that_is_away_is_said_to_be(broker_away):
    assert not tasks.order(tasks.check_tasks, 7)


def test_a_heartbeat_is_the_time():
    tasks.heartbeat()
    assert abs(cache.get(tasks.HEARTBEAT) - timezone.now().timestamp()) < 5
