"""Workshops: what is taught, when, to how many, by whom, and how far it has come."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from courses.models import User
from sandbox.models import Host, Reservation
from workshops import codes, events

WARM_BEFORE = timedelta(minutes=15)  # sandboxes of a class are started so long before it begins
LINGERS = timedelta(hours=2)  # after its end, it is still shown beside the lesson: it may be opened again
LEFT_OPEN = timedelta(hours=12)  # after its end, a workshop that nobody has closed is closed


def new_join_code() -> str:
    return codes.new_code(codes.JOIN)


class State(models.TextChoices):
    PLANNED = "planned", _("planned")
    OPEN = "open", _("open")
    CLOSED = "closed", _("closed")


class WorkshopQuerySet(models.QuerySet["Workshop"]):
    def taught_by(self, user: Any) -> Self:
        """Those that a user may see and run: an administrator all of them, an instructor their own."""
        if not user.is_active or not user.is_staff:
            return self.none()
        return self if user.is_superuser else self.filter(instructors=user)

    def open(self) -> Self:
        return self.filter(state=State.OPEN)

    def due(self, at: datetime) -> Self:
        """Those that should be open by now."""
        return self.filter(state=State.PLANNED, starts_at__lte=at, ends_at__gt=at)

    def left_open(self, at: datetime) -> Self:
        """Those that ended long ago and nobody has closed; one that was opened afterwards is given its time, too."""
        before = at - LEFT_OPEN
        opened = Q(opened_at=None) | Q(opened_at__lt=before)
        return self.exclude(state=State.CLOSED).filter(opened, ends_at__lt=before)

    def overlapping(self, begins_at: datetime, ends_at: datetime) -> Self:
        return self.exclude(state=State.CLOSED).filter(starts_at__lt=ends_at, ends_at__gt=begins_at)

    def kept_long_enough(self, at: datetime) -> Self:
        """Closed ones whose data are to be deleted by now."""
        return self.filter(state=State.CLOSED, delete_at__lt=at)


class Workshop(models.Model):
    """A class that does some days of a course together, joined by a code."""

    code = models.CharField(_("code"), max_length=16, unique=True, default=new_join_code, editable=False)
    title = models.CharField(_("title"), max_length=120)
    course = models.SlugField(_("course"), max_length=60)
    days = models.JSONField(_("days"), default=list)  # slugs of lessons, in the order of the course
    language = models.CharField(_("language"), max_length=10)
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    capacity = models.PositiveSmallIntegerField(_("places"))
    guests_allowed = models.BooleanField(_("guests may join"), default=True)
    progress_shared = models.BooleanField(_("learners see each other's progress"), default=False)
    names_on_wall = models.BooleanField(_("the wall shows names"), default=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PLANNED)
    opened_at = models.DateTimeField(_("opened at"), null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True, editable=False)
    keep_days = models.PositiveSmallIntegerField(_("days its data are kept after it is closed"), default=90)
    delete_at = models.DateTimeField(_("data are deleted at"), null=True, blank=True, editable=False)
    instructors = models.ManyToManyField(User, related_name="workshops", verbose_name=_("instructors"))
    # Whose sandbox the class is shown now.
    showing = models.ForeignKey(
        User,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("shows"),
    )
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    objects = WorkshopQuerySet.as_manager()

    class Meta:
        verbose_name = _("workshop")
        verbose_name_plural = _("workshops")
        ordering = ["-starts_at"]

    def __str__(self) -> str:
        return self.title

    @property
    def spoken_code(self) -> str:
        return codes.spoken(self.code)

    @property
    def is_open(self) -> bool:
        return self.state == State.OPEN

    def is_shown(self, at: datetime) -> bool:
        """Return whether the lessons of who joined it show it."""
        return self.state != State.CLOSED or (self.closed_at is not None and self.closed_at > at - LINGERS)

    def open(self, at: datetime) -> bool:
        """Let learners in. Return False if it was open already. One that was closed may be opened again."""
        rows = Workshop.objects.filter(pk=self.pk).exclude(state=State.OPEN)
        return self._changed(rows.update(state=State.OPEN, opened_at=at, closed_at=None, delete_at=None))

    def open_if_planned(self, at: datetime) -> bool:
        """Open it as planned, unless somebody has opened or closed it meanwhile."""
        rows = Workshop.objects.filter(pk=self.pk, state=State.PLANNED)
        return self._changed(rows.update(state=State.OPEN, opened_at=at))

    def close(self, at: datetime) -> bool:
        """Let nobody in any more, and have every participant's sandbox saved and stopped.

        Return False if it was closed already.
        """
        won = self.shut(at)
        if won:
            for participant in self.participants.select_related("learner"):
                participant.stop_sandbox()
        return won

    def shut(self, at: datetime) -> bool:
        """Let nobody in any more. Return False if it was closed already."""
        delete_at = at + timedelta(days=self.keep_days)
        rows = Workshop.objects.filter(pk=self.pk).exclude(state=State.CLOSED)
        won = self._changed(rows.update(state=State.CLOSED, closed_at=at, delete_at=delete_at, showing=None))
        if won:
            self.release()
        return won

    def show(self, instructor: User | None) -> None:
        """Show the class an instructor's sandbox, or, with None, no longer."""
        self._changed(Workshop.objects.filter(pk=self.pk).update(showing=instructor))

    def _changed(self, rows: int) -> bool:
        if rows:
            self.refresh_from_db()
            events.publish_workshop(self.code)
        return rows == 1

    # --- room ---

    def reserve(self, at: datetime) -> None:
        """Keep a sandbox warm for each place whose learner, if there is one yet, has none; if it begins soon."""
        if self.state == State.CLOSED:
            return self.release()
        made = Reservation.objects.put(
            self.purpose, sandboxes=self.capacity, begins_at=self.starts_at - WARM_BEFORE, ends_at=self.ends_at
        )
        made.learners.set(self.participants.values_list("learner", flat=True))
        return None

    def keep_reserved(self, at: datetime) -> None:
        """Reserve for the workshop as it is by now: it may have been closed or deleted meanwhile."""
        with transaction.atomic():
            locked = Workshop.objects.select_for_update().filter(pk=self.pk).first()
            if locked:
                locked.reserve(at)

    def release(self) -> None:
        Reservation.objects.filter(purpose=self.purpose).delete()

    @property
    def purpose(self) -> str:
        return f"workshop {self.code}"

    def others_capacity(self) -> int:
        """Return how many places other workshops have at the same time, at the moment when that is most."""
        others = Workshop.objects.overlapping(self.starts_at, self.ends_at).exclude(pk=self.pk)
        times = list(others.values_list("starts_at", "ends_at", "capacity"))
        moments = [self.starts_at, *(begins for begins, _ends, _places in times if begins > self.starts_at)]
        return max(sum(places for begins, ends, places in times if begins <= at < ends) for at in moments)

    def places_left(self) -> int:
        """Return how many sandboxes the hosts hold besides those of other workshops at the same time."""
        return max(0, Host.objects.limit() - self.others_capacity())

    def has_room(self) -> bool:
        """Say whether the hosts hold as many sandboxes as it has places, besides other workshops' at that time."""
        return self.capacity <= self.places_left()
