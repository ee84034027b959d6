"""Who takes a course, and how far they have come. What is taught is in files: see `catalogue.py`."""

from collections import defaultdict
from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.models.certificate import Certificate
from courses.models.people import User
from courses.outline import Course, Progress


class EnrollmentQuerySet(models.QuerySet["Enrollment"]):
    def of(self, learner: Any) -> Self:
        """Those of one learner; a visitor who is not signed in has none."""
        return self.filter(learner=learner) if learner.is_authenticated else self.none()

    def in_course(self, course: str) -> Self:
        return self.filter(course=course)

    def find(self, learner: Any, course: str) -> "Enrollment | None":
        """Return the one of a learner in a course. Not by `first`: an order where there is one row costs every page."""
        return next(iter(self.of(learner).in_course(course)), None)


class Enrollment(models.Model):
    """A learner who takes a course."""

    learner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="enrollments", verbose_name=_("learner"))
    course = models.SlugField(_("course"), max_length=60)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)
    lesson = models.SlugField(_("lesson read last"), max_length=60, blank=True)
    lesson_since = models.DateTimeField(_("reads it since"), null=True, blank=True)

    objects = EnrollmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        constraints = [models.UniqueConstraint(fields=["learner", "course"], name="one_enrolment_per_course")]

    def __str__(self) -> str:
        return f"{self.learner}: {self.course}"

    def complete(self, lesson: str, task: str) -> bool:
        """Note that a task is done, and return True; False if it was already.

        Two checks may find the same task true at once: the database lets only one of them add it.
        """
        _completion, is_new = Completion.objects.get_or_create(enrollment=self, lesson=lesson, task=task)
        return is_new

    def read(self, lesson: str, at: datetime) -> None:
        """Note which lesson the learner reads, and since when: from when they opened it after another."""
        if self.lesson != lesson:
            self.lesson, self.lesson_since = lesson, at
            self.save(update_fields=["lesson", "lesson_since"])

    def try_task(self, lesson: str, task: str, found: str, expected: str, hint: str) -> bool:
        """Note what is missing of a task, and return True if something else was missing before, or nothing was known.

        Each change counts as a try: the learner did something that bears upon the task, but is not all of it.
        """
        found = found.replace("\0", "")  # it was found in a sandbox; PostgreSQL has no such letter
        first = {"found": found, "expected": expected, "hint": hint, "hints": 1 if hint else 0}
        attempt, is_new = self.attempts.get_or_create(lesson=lesson, task=task, defaults=first)
        return is_new or attempt.renew(found, expected, hint)

    def show_solution(self, lesson: str, task: str) -> None:
        """Note that the learner has asked to see how a task is done. Only the first time counts."""
        SolutionView.objects.get_or_create(enrollment=self, lesson=lesson, task=task)

    def solutions_shown(self, lesson: str) -> set[str]:
        """Return the ids of the tasks of a lesson whose solution the learner has seen."""
        return set(self.solution_views.filter(lesson=lesson).values_list("task", flat=True))

    def certify(self, course: "Course") -> "Certificate | None":
        """Return the learner's certificate, made now if there was none; None while something is to be done."""
        done = self.done_by_lesson()
        progress = Progress.of(course.lessons, done)
        if not progress.is_complete:
            return None
        days = [
            {
                "number": lesson.number,
                "title": lesson.title,
                "done_at": max(done[lesson.slug].values()).date().isoformat(),
            }
            for lesson in course.lessons
            if lesson.goals
        ]
        known = {"title": course.title, "days": days, "goals": progress.total}
        known["solutions"] = self.solution_views.count()
        certificate, _made = Certificate.objects.get_or_create(enrollment=self, defaults=known)
        return certificate

    def done(self, lesson: str) -> dict[str, datetime]:
        """Return what is done in one lesson, and when, by id."""
        return dict(self.completions.for_lesson(lesson).values_list("task", "completed_at"))

    def done_by_lesson(self) -> dict[str, dict[str, datetime]]:
        done: dict[str, dict[str, datetime]] = defaultdict(dict)
        for lesson, task, at in self.completions.values_list("lesson", "task", "completed_at"):
            done[lesson][task] = at
        return dict(done)


class CompletionQuerySet(models.QuerySet["Completion"]):
    def of(self, learner: Any) -> Self:
        return self.filter(enrollment__learner=learner) if learner.is_authenticated else self.none()

    def for_lesson(self, lesson: str) -> Self:
        return self.filter(lesson=lesson)


class Completion(models.Model):
    """One task, or one rightly answered quiz, that a learner has done. Keyed by the catalogue's ids."""

    enrollment = models.ForeignKey(
        Enrollment, on_delete=models.CASCADE, related_name="completions", verbose_name=_("enrolment")
    )
    lesson = models.SlugField(_("lesson"), max_length=60)
    task = models.SlugField(_("task"), max_length=80)
    completed_at = models.DateTimeField(_("completed at"), auto_now_add=True)

    objects = CompletionQuerySet.as_manager()

    class Meta:
        verbose_name = _("completion")
        verbose_name_plural = _("completions")
        constraints = [models.UniqueConstraint(fields=["enrollment", "lesson", "task"], name="one_completion_per_task")]

    def __str__(self) -> str:
        return f"{self.enrollment}/{self.lesson}/{self.task}"


class Attempt(models.Model):
    """What a learner's work on a task has come to: counted until it is done, and kept afterwards.

    `tries` are those that were not all of it: one more did it, if the task is done.
    """

    enrollment = models.ForeignKey(
        Enrollment, on_delete=models.CASCADE, related_name="attempts", verbose_name=_("enrolment")
    )
    lesson = models.SlugField(_("lesson"), max_length=60)
    task = models.SlugField(_("task"), max_length=80)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    hints = models.PositiveIntegerField(_("hints shown"), default=1)
    found = models.TextField(_("found last"), blank=True)
    expected = models.TextField(_("expected"), blank=True)
    hint = models.TextField(_("hint"), blank=True)
    since = models.DateTimeField(_("begun at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("tried last at"), auto_now=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        constraints = [models.UniqueConstraint(fields=["enrollment", "lesson", "task"], name="one_attempt_per_task")]

    def __str__(self) -> str:
        return f"{self.enrollment}/{self.lesson}/{self.task}"

    def renew(self, found: str, expected: str, hint: str) -> bool:
        """Count a try, and a hint if it is another, unless nothing has changed. Return whether something has.

        Of two checks that see the same change at once, one counts it.
        """
        if (self.found, self.expected) == (found, expected):
            return False
        same_hint = hint in ("", self.hint)
        as_it_was = Attempt.objects.filter(pk=self.pk, found=self.found, expected=self.expected)
        rows = as_it_was.update(
            tries=F("tries") + 1,
            hints=F("hints") + (0 if same_hint else 1),
            found=found,
            expected=expected,
            hint=hint,
            updated_at=timezone.now(),
        )
        return rows == 1


class SolutionView(models.Model):
    """A learner has asked to see the solution of a task."""

    enrollment = models.ForeignKey(
        Enrollment, on_delete=models.CASCADE, related_name="solution_views", verbose_name=_("enrolment")
    )
    lesson = models.SlugField(_("lesson"), max_length=60)
    task = models.SlugField(_("task"), max_length=80)
    shown_at = models.DateTimeField(_("shown at"), auto_now_add=True)

    class Meta:
        verbose_name = _("solution shown")
        verbose_name_plural = _("solutions shown")
        constraints = [models.UniqueConstraint(fields=["enrollment", "lesson", "task"], name="one_view_per_solution")]

    def __str__(self) -> str:
        return f"{self.enrollment}/{self.lesson}/{self.task}"
