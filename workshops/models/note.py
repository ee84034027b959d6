"""What instructors write to learners, each copy of it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from courses.models import User
from workshops.models.participant import Participant

LONGEST = 1000  # letters


class NoteQuerySet(models.QuerySet["Note"]):
    def unread(self) -> Self:
        return self.filter(read_at=None)

    def hints(self) -> Self:
        return self.filter(is_hint=True)

    def send(self, author: User, to: Iterable[Participant], text: str, is_hint: bool) -> int:
        """Write to each of these participants, tell their pages, and return to how many it was."""
        recipients = list(to)
        self.bulk_create(
            Note(participant=one, author=author, text=text[:LONGEST], is_hint=is_hint) for one in recipients
        )
        for one in recipients:
            one.publish()
        return len(recipients)

    def read(self, at: datetime) -> int:
        return self.unread().update(read_at=at)


class Note(models.Model):
    """A note to one learner. A hint counts as one in the gradebook."""

    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="notes", verbose_name=_("to"))
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("from"))
    text = models.CharField(_("text"), max_length=LONGEST)
    is_hint = models.BooleanField(_("hint"), default=False)
    sent_at = models.DateTimeField(_("sent at"), auto_now_add=True)
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)

    objects = NoteQuerySet.as_manager()

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ["sent_at", "pk"]

    def __str__(self) -> str:
        return self.text[:40]
