"""The rows of the console, read from the database."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courses.models import User
from sandbox.models import State, Trouble
from workshops import roster
from workshops.plan import columns

MINUTE = timedelta(minutes=1)


@pytest.fixture
def tasks(workshop):
    return columns(workshop, "en")


@pytest.fixture
def row(workshop, participant, tasks):
    """Return Alice's row, as it is now or at another time."""
    return lambda at=None: roster.rows(workshop, tasks, at or timezone.now())[0]


def test_the_columns_are_the_tasks_and_questions_of_the_days_with_a_plan(tasks):
    keys = [column.key for column in tasks]
    assert keys[0] == "day-2/both-halves" or keys[0].startswith("day-2/")
    assert any(column.is_quiz for column in tasks)
    assert all((column.planned > timedelta()) != column.is_quiz for column in tasks)


def test_a_workshop_on_a_course_that_is_gone_has_no_columns(workshop):
    workshop.course = "never-heard-of"
    assert columns(workshop, "en") == []


def test_the_current_task_is_the_first_open_one(row, participant, tasks):
    enrollment = participant.learner.enrollments.get()
    assert row().current == tasks[0]
    enrollment.complete("day-2", tasks[0].task)
    assert row().current == tasks[1]
    for task in tasks:
        enrollment.complete("day-2", task.task)
    assert row().current is None


def test_what_is_done_of_another_day_or_task_does_not_count(row, participant):
    enrollment = participant.learner.enrollments.get()
    enrollment.complete("day-1", "first-stall")
    enrollment.complete("day-2", "was-taken-out-of-the-lesson")
    assert row().done == {}


def test_time_at_a_task_counts_from_the_one_before(row, participant, tasks):
    enrollment = participant.learner.enrollments.get()
    assert row().began_current == participant.joined_at
    enrollment.complete("day-2", tasks[0].task)
    assert row().began_current == enrollment.completions.get().completed_at


def test_an_error_makes_stuck_until_it_is_mended_old_or_passed_by(row, participant, tasks):
    now = timezone.now()
    trouble = Trouble.objects.create(
        learner=participant.learner, at=now - MINUTE, command="docker stop x", error="No such container: x"
    )
    assert row().stuck(now).error == "No such container: x"
    assert row(now + 20 * MINUTE).stuck(now + 20 * MINUTE) is None
    participant.learner.enrollments.get().complete("day-2", tasks[0].task)
    assert row().stuck(now) is None
    participant.learner.enrollments.get().completions.all().delete()
    Trouble.objects.filter(pk=trouble.pk).update(mended_at=now)
    assert row().stuck(now) is None


def test_who_tries_for_much_longer_than_planned_is_stuck(row, participant, tasks):
    enrollment, first = participant.learner.enrollments.get(), tasks[0]
    for found in ("nothing", "something", "something else"):
        enrollment.try_task("day-2", first.task, found, "all of it", "a hint")
    late = timezone.now() + 2 * first.planned + MINUTE
    assert row(late).stuck(timezone.now()) is None
    stuck = row(late).stuck(late)
    assert (stuck.task, stuck.found, stuck.error) == (first.task, "something else", "")


def test_of_several_sandboxes_the_newest_counts(row, participant, make):
    make(participant.learner, State.STOPPED)
    newest = make(participant.learner)
    assert row().sandbox == newest


def test_times_are_the_median_of_what_each_took_after_the_task_before(workshop, participant, tasks, charlie, join):
    now = timezone.now()
    for one, minutes in ((participant, 4), (join(workshop, charlie), 10)):
        type(one).objects.filter(pk=one.pk).update(joined_at=now - 60 * MINUTE)
        enrollment = one.learner.enrollments.get()
        enrollment.complete("day-2", tasks[0].task)
        enrollment.completions.update(completed_at=now - 60 * MINUTE + minutes * MINUTE)
    times = roster.times_of(roster.rows(workshop, tasks, now), tasks)
    assert times[tasks[0].key] == {"done": 2, "median": 7 * 60}
    assert times[tasks[1].key] == {"done": 0, "median": None}


def test_it_takes_the_same_queries_however_many_there_are(
    workshop, participant, tasks, join, make, django_assert_num_queries
):
    for number in range(30):
        learner = User.objects.create_guest(f"Learner {number}")
        join(workshop, learner)
        make(learner)
        learner.enrollments.get().complete("day-2", tasks[0].task)
    with django_assert_num_queries(8):
        found = roster.rows(workshop, tasks, timezone.now())
        [row.as_json() for row in found]
    assert len(found) == 31
