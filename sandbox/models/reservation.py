"""Sandboxes that are wanted at a certain time, say for a class."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy

from sandbox.models.state import ACTIVE


class ReservationQuerySet(models.QuerySet["Reservation"]):
    def due(self, at: datetime) -> Self:
        return self.filter(begins_at__lte=at, ends_at__gt=at)

    def wanted(self, at: datetime) -> int:
        """Return how many sandboxes should be warm now because of these: not for those who have theirs."""
        served = Count("learners", filter=Q(learners__sandboxes__state__in=ACTIVE), distinct=True)
        due = self.due(at).annotate(served=served).values_list("sandboxes", "served")
        return sum(max(0, sandboxes - served) for sandboxes, served in due)

    def put(self, purpose: str, **fields: Any) -> "Reservation":
        return self.update_or_create(purpose=purpose, defaults=fields)[0]

    def expect(self, purpose: str, learner: Any) -> None:
        """Count on this learner among those for whom it is."""
        for one in self.filter(purpose=purpose):
            one.learners.add(learner)


class Reservation(models.Model):
    """So many sandboxes more are kept warm from its beginning to its end, less those that its learners have.

    Whose it is, `purpose` says.
    """

    purpose = models.CharField(gettext_lazy("for"), max_length=60, unique=True)
    sandboxes = models.PositiveIntegerField(gettext_lazy("sandboxes"))
    learners = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="reservations", verbose_name=gettext_lazy("learners")
    )
    begins_at = models.DateTimeField(gettext_lazy("from"))
    ends_at = models.DateTimeField(gettext_lazy("until"))

    objects = ReservationQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("reservation")
        verbose_name_plural = gettext_lazy("reservations")

    def __str__(self) -> str:
        return self.purpose
