"""What the customer got of the images that learners pushed."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy

from sandbox.history import CALLS_KEPT

KEPT = CALLS_KEPT  # of each learner
CUSTOMER_WAITS = timedelta(minutes=2)  # for an image whose push has been asked for
CUSTOMER_LATE = timedelta(minutes=1)  # more than one look takes


class CustomerRunQuerySet(models.QuerySet["CustomerRun"]):
    def of(self, learner: Any) -> Self:
        return self.filter(learner=learner)

    def served(self) -> Self:
        return self.exclude(code=None)

    def unserved(self, at: datetime) -> Self:
        """Those that the customer has not got yet, and still waits for."""
        return self.filter(code=None, ordered_at__gt=at - CUSTOMER_WAITS)

    def forgotten(self, at: datetime) -> Self:
        """Those of the unserved that nobody has looked for lately: who was to do so died, or the queue was away."""
        return self.unserved(at).filter(looked_at__lt=at - CUSTOMER_LATE)

    def forget_old(self, learner: Any) -> None:
        """Keep the newest: as many as a log is read for, so that none is ordered again."""
        for pk in self.of(learner).order_by("-pk").values_list("pk", flat=True)[KEPT : KEPT + 1]:
            self.of(learner).filter(pk__lte=pk).delete()


class CustomerRun(models.Model):
    """What the customer in Rajwada got of an image that a learner pushed."""

    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="customer_runs")
    image = models.CharField(gettext_lazy("image"), max_length=255)
    pushed_at = models.CharField(max_length=40)  # as the daemon's log has it: it tells one push from another
    ordered_at = models.DateTimeField(gettext_lazy("ordered at"), default=timezone.now)
    looked_at = models.DateTimeField(gettext_lazy("looked for at"), default=timezone.now)
    output = models.TextField(gettext_lazy("output"), blank=True)
    code = models.IntegerField(gettext_lazy("exit code"), null=True)

    objects = CustomerRunQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("customer's run")
        verbose_name_plural = gettext_lazy("customer's runs")
        ordering = ["-ordered_at"]
        constraints = [models.UniqueConstraint(fields=["learner", "pushed_at"], name="one_customer_run_per_push")]

    def __str__(self) -> str:
        return self.image

    def as_fact(self) -> dict[str, object]:
        return {"image": self.image, "output": self.output, "code": self.code, "pushed_at": self.pushed_at}
