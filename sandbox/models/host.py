"""The hosts on whose engines sandboxes run, and which of them gets the next one."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, F, FilteredRelation, Q, Sum, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext_lazy

from sandbox import capacity
from sandbox.container import LOCAL, Address
from sandbox.models.state import LIVE

LOST_AFTER = timedelta(seconds=12)  # from the first look that got no answer


class HostQuerySet(models.QuerySet["Host"]):
    def others(self) -> Self:
        """All but the one whose engine DOCKER_HOST names."""
        return self.exclude(name=LOCAL)

    def ready(self) -> Self:
        """Those that take sandboxes."""
        return self.filter(draining=False, lost_at=None)

    def lost(self) -> Self:
        return self.exclude(lost_at=None)

    def with_room(self) -> Self:
        """Tell of each, as `limit`, how many sandboxes it can hold, as `live`, how many it has, and its `room`."""
        limit = Coalesce(F("capacity"), Value(capacity.limit()))
        alive = FilteredRelation("sandboxes", condition=Q(sandboxes__state__in=LIVE))  # those that ended are many more
        live = Count("alive")
        return self.annotate(alive=alive).annotate(limit=limit, live=live, room=Greatest(limit - live, Value(0)))

    def roomiest(self) -> Self:
        """Those with room, the one with the most first, and behind all others those that have just not answered."""
        silence = F("silent_since").asc(nulls_first=True)
        return self.ready().with_room().filter(room__gt=0).order_by(silence, "-room", "name")

    def limit(self) -> int:
        """Return how many sandboxes those of these that take any can hold."""
        whole = Sum(Coalesce(F("capacity"), Value(capacity.limit())))
        return int(self.ready().aggregate(whole=whole)["whole"] or 0)


class Host(models.Model):
    """A machine with an engine. The local one has no address here: DOCKER_HOST names its engine."""

    name = models.SlugField(gettext_lazy("name"), max_length=40, unique=True)
    url = models.CharField(gettext_lazy("engine"), max_length=200, blank=True)
    capacity = models.PositiveIntegerField(
        gettext_lazy("capacity"),
        null=True,
        blank=True,
        help_text=gettext_lazy("Sandboxes at once; if empty, as many as this machine is found to hold."),
    )
    draining = models.BooleanField(gettext_lazy("takes no more"), default=False)
    added_at = models.DateTimeField(gettext_lazy("added at"), auto_now_add=True)
    seen_at = models.DateTimeField(gettext_lazy("seen at"), null=True, blank=True)
    silent_since = models.DateTimeField(gettext_lazy("silent since"), null=True, blank=True)
    lost_at = models.DateTimeField(gettext_lazy("given up at"), null=True, blank=True)
    error = models.TextField(gettext_lazy("error"), blank=True)

    limit: int  # these three are told by `with_room`
    live: int
    room: int

    objects = HostQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("host")
        verbose_name_plural = gettext_lazy("hosts")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> Address:
        return Address(self.name, self.url or settings.DOCKER_HOST)

    @property
    def is_local(self) -> bool:
        return self.name == LOCAL

    @property
    def state(self) -> str:
        """Return "lost", "silent", "draining" or "ready"."""
        if self.lost_at:
            return "lost"
        if self.silent_since:
            return "silent"
        return "draining" if self.draining else "ready"

    def note_answer(self, at: datetime) -> None:
        """Note that its engine answers. One that was given up stays so until what it still runs has been looked at."""
        self.change(seen_at=at, silent_since=None, error="")

    def note_silence(self, at: datetime, why: str) -> None:
        """Note that its engine did not answer. It is given up when it has not for LOST_AFTER, by looks that were made.

        A look that nobody made, because the workers were busy, is nothing that can be held against it. Two looks may
        be under way at once, and the older one end last: neither takes back what the other has noted.
        """
        row = Host.objects.filter(pk=self.pk)
        row.update(silent_since=Coalesce("silent_since", Value(at)), error=why)
        row.filter(lost_at=None, silent_since__lte=at - LOST_AFTER).update(lost_at=at)
        with suppress(Host.DoesNotExist):  # it was removed meanwhile
            self.refresh_from_db()

    def change(self, **fields: Any) -> None:
        """Write these fields; none, if the host was removed meanwhile, say while somebody looked at it."""
        for name, value in fields.items():
            setattr(self, name, value)
        Host.objects.filter(pk=self.pk).update(**fields)
