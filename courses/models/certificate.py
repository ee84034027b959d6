import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _


def new_certificate_code() -> str:
    """Return an address that nobody can guess: 120 bits."""
    return secrets.token_urlsafe(15)


class Certificate(models.Model):
    """What a learner had done when they asked for it. Whoever has its address can see it."""

    code = models.CharField(max_length=32, unique=True, default=new_certificate_code, editable=False)
    enrollment = models.OneToOneField(
        "courses.Enrollment", on_delete=models.CASCADE, related_name="certificate", verbose_name=_("enrolment")
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
