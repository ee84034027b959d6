"""What the console says of each participant: read from the rows that tell it, in a fixed number of queries."""

import gc
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from courses.models import Attempt, Completion, Enrollment, User
from sandbox.models import State, Trouble
from workshops import roster
from workshops.models import Note, Participant, Watch, Workshop
from workshops.plan import columns, in_plain_words

ERROR = "Bind for 0.0.0.0:8080 failed: port is already allocated"


@pytest.fixture
def tasks(workshop):
    return columns(workshop, "en")


def rows(workshop: Workshop, now: datetime | None = None) -> list[roster.Row]:
    return roster.rows(workshop, columns(workshop, "en"), now or timezone.now())


def row(participant: Participant, now: datetime | None = None) -> roster.Row:
    return next(one for one in rows(participant.workshop, now) if one.participant == participant)


def done(participant: Participant, task: str, at: datetime, lesson: str = "day-2") -> None:
    enrollment = participant.learner.enrollments.get()
    made = Completion.objects.create(enrollment=enrollment, lesson=lesson, task=task)
    Completion.objects.filter(pk=made.pk).update(completed_at=at)


def joined(participant: Participant, at: datetime) -> None:
    Participant.objects.filter(pk=participant.pk).update(joined_at=at)
    participant.refresh_from_db()


def trouble(participant: Participant, at: datetime, **fields: object) -> Trouble:
    return Trouble.objects.create(learner=participant.learner, at=at, command="docker run", error=ERROR, **fields)


def attempt(participant: Participant, task: str, tries: int) -> None:
    enrollment = participant.learner.enrollments.get()
    Attempt.objects.create(enrollment=enrollment, lesson="day-2", task=task, tries=tries, found="no container")


def test_the_columns_are_the_days_tasks_and_then_their_questions(tasks):
    assert [(one.key, one.is_quiz) for one in tasks[:2]] == [
        ("day-2/both-halves", False),
        ("day-2/no-client-needed", False),
    ]
    assert [one.is_quiz for one in tasks] == sorted(one.is_quiz for one in tasks)
    assert {one.planned > timedelta() for one in tasks if not one.is_quiz} == {True}


def test_a_title_is_said_once_and_as_text():
    told = '<span class="story">customer</span><span class="plain">client</span> says <code>a &lt; b</code>'
    assert in_plain_words(f"Make the {told}.") == "Make the client says a < b."


def test_no_title_has_both_halves_of_the_story(tasks):
    assert tasks[0].title.startswith("Make the client show")


def test_who_has_done_nothing_is_at_the_first_task_since_they_joined(participant):
    told = row(participant).as_json()
    assert (told["at"], told["done"], told["tries"]) == ("day-2/both-halves", {}, 0)
    assert told["at_since"] == participant.joined_at.isoformat()


def test_one_is_at_the_first_open_task_since_the_last_was_done(participant, now):
    joined(participant, now - timedelta(minutes=30))
    done(participant, "both-halves", now - timedelta(minutes=9))
    found = row(participant)
    assert found.current.task == "no-client-needed"
    assert found.began_current == now - timedelta(minutes=9)


def test_one_is_at_a_task_of_the_day_that_they_read(participant, now):
    Workshop.objects.update(days=["day-1", "day-2"])
    participant.refresh_from_db()
    Enrollment.objects.update(lesson="day-2", lesson_since=now)
    found = row(Participant.objects.get())
    assert (found.current.key, found.began_current) == ("day-2/both-halves", now)


def test_who_has_done_all_tasks_is_at_none(participant, tasks, now):
    for task in tasks:
        done(participant, task.task, now)
    assert row(participant).as_json()["at"] is None


def test_what_was_done_in_other_days_is_not_in_the_row(participant, now):
    done(participant, "first-plate", now, lesson="day-1")
    assert row(participant).done == {}


def test_the_newest_sandbox_is_shown_even_if_it_has_ended(participant, make):
    make(participant.learner, State.STOPPED)
    make(participant.learner, State.FAILED, error="no room")
    told = row(participant).as_json()["sandbox"]
    assert (told["state"], told["error"]) == ("failed", "no room")


def test_a_fresh_error_makes_stuck_until_something_is_done(participant, now):
    trouble(participant, now - timedelta(minutes=2))
    assert row(participant, now).stuck(now).error == ERROR
    done(participant, "both-halves", now - timedelta(minutes=1))
    assert row(participant, now).stuck(now) is None


@pytest.mark.parametrize(("minutes", "fields"), [(16, {}), (2, {"mended_at": timezone.now()})])
def test_an_old_error_and_one_they_got_over_are_none(participant, now, minutes, fields):
    trouble(participant, now - timedelta(minutes=minutes), **fields)
    found = row(participant, now)
    assert (found.trouble, found.stuck(now)) == (None, None)


@pytest.mark.parametrize(("times", "tries", "is_stuck"), [(1.9, 5, False), (2.1, 1, False), (2.1, 2, True)])
def test_slow_is_who_takes_twice_the_time_and_tries(participant, tasks, now, times, tries, is_stuck):
    joined(participant, now - times * tasks[0].planned)
    attempt(participant, "both-halves", tries)
    stuck = row(participant, now).stuck(now)
    assert bool(stuck) == is_stuck
    if stuck:
        assert (stuck.task, stuck.found) == ("both-halves", "no container")


def test_times_are_the_median_of_what_each_task_took(workshop, participant, charlie, join, tasks, now):
    other = join(workshop, charlie)
    for one, minutes in ((participant, 4), (other, 8)):
        joined(one, now - timedelta(minutes=30))
        done(one, "both-halves", now - timedelta(minutes=30 - minutes))
    done(other, "no-client-needed", now - timedelta(minutes=20))
    times = roster.times_of(rows(workshop), tasks)
    assert times["day-2/both-halves"] == {"done": 2, "median": 360}
    assert times["day-2/no-client-needed"] == {"done": 1, "median": 120}
    assert times["day-2/first-order"] == {"done": 0, "median": None}


def test_who_watches_now_and_what_is_unread_is_told(participant, bob, dora, now):
    Watch.objects.begin(participant, bob, now)
    Watch.objects.begin(participant, dora, now - timedelta(minutes=5))
    Note.objects.send(bob, [participant], "Hello.", is_hint=False)
    told = row(participant, now).as_json()
    assert (told["watchers"], told["unread"]) == ([{"name": "Bob", "keyboard": "none"}], 1)


def test_only_the_learners_asked_for_are_read(workshop, participant, charlie, join, tasks, now):
    other = join(workshop, charlie)
    found = roster.rows(workshop, tasks, now, {charlie.pk})
    assert [one.participant for one in found] == [other]


def test_a_large_class_costs_as_many_queries_as_a_small_one(
    workshop, participant, join, make, now, django_assert_num_queries
):
    make(participant.learner)
    done(participant, "both-halves", now)
    trouble(participant, now)
    with django_assert_num_queries(8):
        rows(workshop)
    for number in range(30):
        one = join(workshop, User.objects.create_guest(f"Guest {number}"))
        make(one.learner)
        done(one, "both-halves", now)
        trouble(one, now)
    with django_assert_num_queries(8):
        rows(workshop)


def test_rows_that_were_replaced_leave_nothing_for_a_collection_of_garbage(workshop, join):
    """For that, everybody waits: what a look at a class has read must go as soon as nobody shows it."""
    for number in range(20):
        participant = join(workshop, User.objects.create_guest(str(number)))
        done(participant, "both-halves", timezone.now())
        attempt(participant, "no-client-needed", 1)
        trouble(participant, timezone.now())
    rows(workshop)
    gc.collect()
    gc.disable()
    try:
        rows(workshop)
        left = gc.collect()
    finally:
        gc.enable()
    assert left < 20  # of which no learner has one
