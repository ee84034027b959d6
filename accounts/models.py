"""Invitations: how those who teach or administer get their account."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from courses.models import AuditEntry, User

VALID = timedelta(days=7)


def digest_of(token: str) -> str:
    """Return what is kept of a token. It is random and long: no salt is needed."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, at: datetime) -> Self:
        return self.filter(used_at=None, revoked_at=None, expires_at__gt=at)

    def with_token(self, token: str) -> Self:
        return self.filter(digest=digest_of(token))

    def invite(self, administrator: User, role: str, label: str, at: datetime) -> tuple["Invitation", str]:
        """Return a new invitation and its token, which nobody can learn afterwards."""
        token = secrets.token_urlsafe(32)
        made = self.create(
            role=role, label=label, digest=digest_of(token), made_by=administrator, expires_at=at + VALID
        )
        AuditEntry.objects.note(administrator, AuditEntry.Action.INVITE, detail=role)
        return made, token


class Invitation(models.Model):
    """A link by which somebody becomes an instructor or an administrator, once."""

    class Role(models.TextChoices):
        INSTRUCTOR = "instructor", _("instructor")
        ADMINISTRATOR = "administrator", _("administrator")

    role = models.CharField(_("role"), max_length=15, choices=Role.choices, default=Role.INSTRUCTOR)
    label = models.CharField(_("for whom"), max_length=120, blank=True)  # a note of the administrator's, no address
    digest = models.CharField(max_length=64, unique=True, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("made by"),
    )
    made_at = models.DateTimeField(_("made at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("used by"),
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-made_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.role}: {self.label}" if self.label else str(self.role)

    def is_open(self, at: datetime) -> bool:
        return not self.used_at and not self.revoked_at and at < self.expires_at

    def accept(self, user: User, at: datetime) -> bool:
        """Give the user the role, and return True; False, and change nothing, if the invitation is not open any more.

        Of two who use it at once, one wins.
        """
        if not Invitation.objects.open(at).filter(pk=self.pk).update(used_at=at, used_by=user):
            return False
        user.is_staff = True
        user.is_superuser = user.is_superuser or self.role == self.Role.ADMINISTRATOR
        user.save(update_fields=["is_staff", "is_superuser"])
        return True

    def revoke(self, at: datetime) -> bool:
        """Close an invitation that nobody has used. Return False if there was nothing to close."""
        return bool(Invitation.objects.filter(pk=self.pk, used_at=None, revoked_at=None).update(revoked_at=at))
