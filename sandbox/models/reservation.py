"""Sandboxes that are wanted at a certain time, say for a class."""

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Sum
from django.utils.translation import gettext_lazy


class ReservationQuerySet(models.QuerySet["Reservation"]):
    def due(self, at: datetime) -> Self:
        return self.filter(begins_at__lte=at, ends_at__gt=at)

    def wanted(self, at: datetime) -> int:
        """Return how many sandboxes should be warm now because of these."""
        return int(self.due(at).aggregate(total=Sum("sandboxes"))["total"] or 0)

    def put(self, purpose: str, **fields: Any) -> None:
        self.update_or_create(purpose=purpose, defaults=fields)


class Reservation(models.Model):
    """So many sandboxes more are kept warm from its beginning to its end. Whose it is, `purpose` says."""

    purpose = models.CharField(gettext_lazy("for"), max_length=60, unique=True)
    sandboxes = models.PositiveIntegerField(gettext_lazy("sandboxes"))
    begins_at = models.DateTimeField(gettext_lazy("from"))
    ends_at = models.DateTimeField(gettext_lazy("until"))

    objects = ReservationQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("reservation")
        verbose_name_plural = gettext_lazy("reservations")

    def __str__(self) -> str:
        return self.purpose
