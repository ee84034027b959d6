"""A check of a learner's tasks: what it keeps, and what it tells."""

from types import SimpleNamespace

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.utils import timezone

from courses import catalogue
from courses.models import Completion
from sandbox import checks, tasks, visits
from sandbox.engine import ContainerGone, EngineError, EngineUnreachable
from sandbox.events import group_of_learner
from sandbox.models import State


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


@pytest.fixture
def news():
    """Return a function that listens to a learner's group, and gives the messages since the last look."""

    def listen(learner):
        layer = get_channel_layer()
        channel = async_to_sync(layer.new_channel)()
        async_to_sync(layer.group_add)(group_of_learner(learner.pk), channel)

        def take() -> list[dict]:
            waiting = layer.channels.get(channel)
            return [waiting.get_nowait()[1] for _ in range(waiting.qsize())] if waiting else []

        return take

    return listen


def test_what_has_changed_is_said_once_to_the_learners_group(alice, charlie, make, engine, lesson, news):
    sandbox, told, others = make(alice), news(alice), news(charlie)
    alice.enroll("bazaar").read("day-2", timezone.now())
    tasks.check_tasks(sandbox.pk)
    assert told() == [{"type": "learner.news", "learner": alice.pk}]
    tasks.check_tasks(sandbox.pk)
    assert told() == []
    engine.facts["containers"] = [container("stall")]
    tasks.check_tasks(sandbox.pk)
    assert len(told()) == 1
    tasks.check_tasks(sandbox.pk)
    assert told() == others() == []


def test_of_the_lesson_that_is_read_the_first_open_task_is_tried(alice, make, engine, lesson):
    sandbox, enrollment = make(alice), alice.enroll("bazaar")
    enrollment.read("day-2", timezone.now())
    tasks.check_tasks(sandbox.pk)
    assert [(one.task, one.tries, one.found) for one in enrollment.attempts.all()] == [("open-stall", 0, "0 stalls")]


@pytest.mark.parametrize("reads", ["", "day-1"])
def test_of_other_lessons_no_task_is(alice, make, engine, lesson, reads):
    sandbox, enrollment = make(alice), alice.enroll("bazaar")
    enrollment.read(reads, timezone.now())
    tasks.check_tasks(sandbox.pk)
    assert not enrollment.attempts.exists()


def test_a_task_that_is_done_is_tried_no_more(alice, make, engine, lesson):
    sandbox, enrollment = make(alice), alice.enroll("bazaar")
    enrollment.read("day-2", timezone.now())
    tasks.check_tasks(sandbox.pk)
    enrollment.complete("day-2", "open-stall")
    tasks.check_tasks(sandbox.pk)
    assert enrollment.attempts.get().tries == 0
