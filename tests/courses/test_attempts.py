"""What is kept of a learner's work on a task before it is done, and of which lesson they read."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courses.models import Attempt

pytestmark = pytest.mark.django_db


@pytest.fixture
def enrollment(alice):
    return alice.enroll("sarafa-bazaar")


def attempt() -> tuple[int, int, str]:
    one = Attempt.objects.get()
    return one.tries, one.hints, one.found


def test_what_is_missing_at_first_is_no_try_yet_but_its_hint_is_shown(enrollment):
    assert enrollment.try_task("day-2", "first-order", "nothing", "one", "docker run")
    assert attempt() == (0, 1, "nothing")


def test_no_hint_is_no_hint(enrollment):
    enrollment.try_task("day-2", "first-order", "nothing", "one", "")
    assert attempt() == (0, 0, "nothing")


def test_a_letter_that_no_database_has_is_left_out(enrollment):
    for _ in range(2):
        enrollment.try_task("day-2", "first-order", "no\0thing", "one", "docker run")
    assert attempt() == (0, 1, "nothing")


def test_what_has_not_changed_is_no_try(enrollment):
    for _ in range(3):
        enrollment.try_task("day-2", "first-order", "nothing", "one", "docker run")
    assert not enrollment.try_task("day-2", "first-order", "nothing", "one", "docker run")
    assert attempt() == (0, 1, "nothing")


@pytest.mark.parametrize(
    ("found", "expected", "hint", "tries_and_hints"),
    [
        ("one", "one", "docker run", (1, 1)),  # something else was found
        ("nothing", "two", "docker run", (1, 1)),  # something else is missing
        ("one", "two", "docker start", (1, 2)),
        ("one", "two", "", (1, 1)),
        ("nothing", "one", "docker start", (0, 1)),  # a text was mended, say: the learner did nothing
    ],
)
def test_each_change_is_a_try_and_each_other_hint_one_more(enrollment, found, expected, hint, tries_and_hints):
    enrollment.try_task("day-2", "first-order", "nothing", "one", "docker run")
    changed = enrollment.try_task("day-2", "first-order", found, expected, hint)
    assert attempt()[:2] == tries_and_hints
    assert changed == bool(tries_and_hints[0])


def test_going_back_is_a_try_too(enrollment):
    for found in ("nothing", "one", "nothing"):
        enrollment.try_task("day-2", "first-order", found, "two", "")
    assert attempt() == (2, 0, "nothing")


def test_a_change_that_two_checks_see_is_counted_by_one(enrollment):
    enrollment.try_task("day-2", "first-order", "nothing", "two", "")
    first, second = Attempt.objects.get(), Attempt.objects.get()
    assert first.renew("one", "two", "")
    assert not second.renew("one", "two", "")
    assert attempt() == (1, 0, "one")


def test_when_it_was_tried_last_is_kept(enrollment):
    enrollment.try_task("day-2", "first-order", "nothing", "two", "")
    Attempt.objects.update(updated_at=timezone.now() - timedelta(hours=1))
    enrollment.try_task("day-2", "first-order", "one", "two", "")
    assert timezone.now() - Attempt.objects.get().updated_at < timedelta(minutes=1)


def test_tasks_of_the_same_name_in_other_lessons_or_of_others_are_others(enrollment, charlie):
    for one, lesson in ((enrollment, "day-2"), (enrollment, "day-3"), (charlie.enroll("sarafa-bazaar"), "day-2")):
        assert one.try_task(lesson, "first-order", "nothing", "one", "")
    assert Attempt.objects.count() == 3


def test_a_text_of_any_length_is_kept(enrollment):
    enrollment.try_task("day-2", "first-order", "x" * 100_000, "one", "<b>")
    assert len(Attempt.objects.get().found) == 100_000


def test_a_lesson_is_read_since_it_was_opened_after_another(enrollment):
    now = timezone.now()
    for lesson, minutes in (("day-1", 0), ("day-2", 1), ("day-2", 2)):
        enrollment.read(lesson, now + timedelta(minutes=minutes))
    enrollment.refresh_from_db()
    assert (enrollment.lesson, enrollment.lesson_since) == ("day-2", now + timedelta(minutes=1))
    enrollment.read("day-1", now + timedelta(minutes=3))
    enrollment.refresh_from_db()
    assert (enrollment.lesson, enrollment.lesson_since) == ("day-1", now + timedelta(minutes=3))


@pytest.mark.usefixtures("shelf")
def test_opening_a_lessons_page_is_reading_it(enrollment, alice, charlie, signed_in):
    assert signed_in(alice).get("/courses/sarafa-bazaar/day-2/").status_code == 200
    assert signed_in(charlie).get("/courses/sarafa-bazaar/day-2/").status_code == 200
    enrollment.refresh_from_db()
    assert enrollment.lesson == "day-2"
    assert not charlie.enrollments.exists()
