import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction

from courses.models import Completion, Enrollment, User


def test_a_guest_has_a_name_nobody_guesses_and_no_password(alice, charlie):
    assert alice.is_guest
    assert alice.display_name == "Alice"
    assert not alice.has_usable_password()
    assert len(alice.username) > 32
    assert alice.username != charlie.username


def test_a_guest_without_a_name_is_a_guest(db):
    assert User.objects.create_guest().display_name == "Guest"


def test_somebody_with_a_password_is_known_by_name_or_username(db):
    bob = User.objects.create_user("bob", password="a-long-password")
    assert bob.display_name == "bob"
    bob.rename("Bob")
    assert User.objects.get(pk=bob.pk).display_name == "Bob"


def test_enrolling_twice_is_one_enrolment(alice):
    assert alice.enroll("sarafa-bazaar") == alice.enroll("sarafa-bazaar")
    assert Enrollment.objects.of(alice).count() == 1


def test_a_task_is_completed_once(alice):
    enrollment = alice.enroll("sarafa-bazaar")
    assert enrollment.complete("day-2", "first-order") is True
    first = Completion.objects.get()
    assert enrollment.complete("day-2", "first-order") is False
    assert Completion.objects.get().completed_at == first.completed_at


def test_the_database_itself_refuses_a_second_completion(alice):
    enrollment = alice.enroll("sarafa-bazaar")
    enrollment.complete("day-2", "first-order")
    with pytest.raises(IntegrityError), transaction.atomic():
        Completion.objects.create(enrollment=enrollment, lesson="day-2", task="first-order")


def test_losing_the_race_for_a_completion_is_a_normal_outcome(alice, monkeypatch):
    enrollment = alice.enroll("sarafa-bazaar")
    enrollment.complete("day-2", "first-order")
    missed = Completion.objects.none()
    real_get, calls = type(missed).get, []

    def get_too_early(self, *args, **kwargs):
        calls.append(args)
        if len(calls) == 1:
            raise Completion.DoesNotExist
        return real_get(self, *args, **kwargs)

    monkeypatch.setattr(type(missed), "get", get_too_early)
    assert enrollment.complete("day-2", "first-order") is False
    assert Completion.objects.count() == 1


def test_alices_progress_is_not_charlies(alice, charlie):
    alice.enroll("sarafa-bazaar").complete("day-2", "first-order")
    theirs = charlie.enroll("sarafa-bazaar")
    assert theirs.done("day-2") == {}
    assert Completion.objects.of(charlie).count() == 0
    assert Completion.objects.of(alice).for_lesson("day-2").count() == 1
    assert theirs.complete("day-2", "first-order") is True


def test_a_visitor_has_no_enrolments(alice):
    alice.enroll("sarafa-bazaar").complete("day-2", "first-order")
    assert not Enrollment.objects.of(AnonymousUser()).exists()
    assert not Completion.objects.of(AnonymousUser()).exists()


def test_what_is_done_is_told_by_lesson(alice):
    enrollment = alice.enroll("sarafa-bazaar")
    enrollment.complete("day-2", "first-order")
    enrollment.complete("day-2", "quiz-who")
    enrollment.complete("day-3", "build")
    done = {lesson: set(goals) for lesson, goals in enrollment.done_by_lesson().items()}
    assert done == {"day-2": {"first-order", "quiz-who"}, "day-3": {"build"}}
    assert set(enrollment.done("day-3")) == {"build"}
