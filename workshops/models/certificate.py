"""What a learner is given for having done all of a workshop."""

from datetime import datetime
from typing import Any

from django.db import models
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from courses.models import User, new_certificate_code
from workshops.models.workshop import Workshop


class WorkshopCertificateManager(models.Manager["WorkshopCertificate"]):
    def issue(self, workshop: Workshop, learner: User, **known: Any) -> "WorkshopCertificate":
        """Return the learner's certificate, made now if there was none; two requests at once share it."""
        teachers = ", ".join(one.display_name for one in workshop.instructors.order_by("pk"))
        told = {"title": workshop.title, "name": learner.display_name, "taught_by": teachers[:300]}
        certificate, _made = self.get_or_create(workshop=workshop, learner=learner, defaults=told | known)
        return certificate


class WorkshopCertificate(models.Model):
    """What a learner had done when it was made. Whoever has its address can see it.

    It says what was true then: it outlives the workshop, though not the learner's account.
    """

    code = models.CharField(max_length=32, unique=True, default=new_certificate_code, editable=False)
    workshop = models.ForeignKey(
        Workshop, null=True, on_delete=models.SET_NULL, related_name="certificates", verbose_name=_("workshop")
    )
    learner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="workshop_certificates", verbose_name=_("learner")
    )
    name = models.CharField(_("name"), max_length=150)
    title = models.CharField(_("title"), max_length=120)
    course = models.CharField(_("course"), max_length=200)  # its title
    taught_by = models.CharField(_("taught by"), max_length=300, blank=True)
    days = models.JSONField(_("days"))  # [{"number", "title", "done_at": ISO date}]
    goals = models.PositiveIntegerField(_("tasks and questions"))
    solutions = models.PositiveIntegerField(_("solutions shown"))
    issued_at = models.DateTimeField(_("issued at"), auto_now_add=True)

    objects = WorkshopCertificateManager()

    class Meta:
        verbose_name = _("certificate of a workshop")
        verbose_name_plural = _("certificates of workshops")
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["workshop", "learner"], name="one_certificate_per_workshop")]

    def __str__(self) -> str:
        return self.code

    def days_with_dates(self) -> list[dict[str, Any]]:
        return [day | {"done_at": parse_date(day["done_at"])} for day in self.days]


def day_of(number: int, title: str, done_at: datetime) -> dict[str, Any]:
    return {"number": number, "title": title, "done_at": done_at.date().isoformat()}
