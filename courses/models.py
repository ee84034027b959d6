"""People and how far they have come. What is taught is in files: see `catalogue.py`."""

import secrets
from collections import defaultdict
from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses.outline import Course, Progress


class UserManager(DjangoUserManager["User"]):
    def create_guest(self, name: str = "") -> "User":
        """Make a learner who gave at most a name, and who comes back by session alone."""
        return self.create_user(username=f"guest-{secrets.token_hex(16)}", password=None, name=name, is_guest=True)


class User(AbstractUser):
    """Anybody who signs in: a guest who learns, a learner with a password, an instructor."""

    name = models.CharField(_("name"), max_length=80, blank=True)
    is_guest = models.BooleanField(_("guest"), default=False)

    objects: ClassVar[UserManager] = UserManager()

    @property
    def display_name(self) -> str:
        return self.name or (gettext("Guest") if self.is_guest else self.get_username())

    def rename(self, name: str) -> None:
        self.name = name
        self.save(update_fields=["name"])

    def enroll(self, course: str) -> "Enrollment":
        """Return this learner's enrolment, made if there was none; two requests at once share it."""
        enrollment, _made = Enrollment.objects.get_or_create(learner=self, course=course)
        return enrollment


class EnrollmentQuerySet(models.QuerySet["Enrollment"]):
    def of(self, learner: Any) -> Self:
        """Those of one learner; a visitor who is not signed in has none."""
        return self.filter(learner=learner) if learner.is_authenticated else self.none()

    def in_course(self, course: str) -> Self:
        return self.filter(course=course)


class Enrollment(models.Model):
    """A learner who takes a course."""

    learner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="enrollments", verbose_name=_("learner"))
    course = models.SlugField(_("course"), max_length=60)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

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


def new_certificate_code() -> str:
    """Return an address that nobody can guess: 120 bits."""
    return secrets.token_urlsafe(15)


class Certificate(models.Model):
    """What a learner had done when they asked for it. Whoever has its address can see it."""

    code = models.CharField(max_length=32, unique=True, default=new_certificate_code, editable=False)
    enrollment = models.OneToOneField(
        Enrollment, on_delete=models.CASCADE, related_name="certificate", verbose_name=_("enrolment")
    )
    title = models.CharField(_("course"), max_length=200)
    days = models.JSONField(_("days"))  # [{"number", "title", "done_at": ISO date}]
    goals = models.PositiveIntegerField(_("tasks and questions"))
    solutions = models.PositiveIntegerField(_("solutions shown"))
    issued_at = models.DateTimeField(_("issued at"), auto_now_add=True)

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")

    def __str__(self) -> str:
        return self.code
