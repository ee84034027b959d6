"""Who waits for a sandbox."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

# A place in the queue is kept this long after its page asked last. Browsers let a hidden page ask once a minute.
WAITING_LAPSES = timedelta(seconds=90)


class WaitingQuerySet(models.QuerySet["Waiting"]):
    def present(self, at: datetime) -> Self:
        """Those whose page still asks; the others have gone, and lose their place."""
        return self.filter(seen_at__gte=at - WAITING_LAPSES)

    def ahead_of(self, learner: Any, at: datetime) -> int:
        """Return how many are in the queue before this learner, who may not be in it yet."""
        others = self.present(at).exclude(learner=learner)
        mine = self.present(at).filter(learner=learner).first()
        if mine:
            others = others.filter(Q(since__lt=mine.since) | Q(since=mine.since, pk__lt=mine.pk))
        return others.count()

    def note(self, learner: Any, at: datetime) -> bool:
        """Put the learner at the end of the queue and return True, or note that they still wait where they are."""
        self.filter(seen_at__lt=at - WAITING_LAPSES).delete()
        come = {"since": at, "seen_at": at}
        _waiting, is_new = self.update_or_create(learner=learner, defaults={"seen_at": at}, create_defaults=come)
        return is_new


class Waiting(models.Model):
    """A learner who waits for a sandbox."""

    learner = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="waiting")
    since = models.DateTimeField(gettext_lazy("waits since"))
    seen_at = models.DateTimeField(gettext_lazy("seen at"))

    objects = WaitingQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("waiting learner")
        verbose_name_plural = gettext_lazy("waiting learners")
        ordering = ["since"]

    def __str__(self) -> str:
        return str(self.learner)
