"""Instructors who look over a learner's shoulder, and who may type there."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from courses.models import AuditEntry, User
from workshops.models.participant import Participant

# A watcher's socket says so often that it is there; who was not heard of for LAPSES has gone, say with its process.
SEEN_EVERY = timedelta(seconds=3)
LAPSES = timedelta(seconds=9)


class Keyboard(models.TextChoices):
    NONE = "none", _("only watches")
    ASKED = "asked", _("asks for the keyboard")
    GRANTED = "granted", _("has the keyboard")


class WatchQuerySet(models.QuerySet["Watch"]):
    def present(self, at: datetime) -> Self:
        return self.filter(seen_at__gte=at - LAPSES)

    def over(self, learner: Any) -> Self:
        """Those over a learner's shoulder, in whichever workshop."""
        return self.filter(participant__learner=learner)

    def begin(self, participant: Participant, instructor: User, at: datetime) -> "Watch":
        """Note that the instructor watches, which the learner sees before anything of theirs is shown.

        One who comes back within LAPSES, say after a lost connection, keeps the keyboard.
        """
        watch, is_new = self.get_or_create(
            participant=participant, instructor=instructor, defaults={"since": at, "seen_at": at}
        )
        was_away = not is_new and watch.seen_at < at - LAPSES
        if was_away:
            self.filter(pk=watch.pk).update(since=at, keyboard=Keyboard.NONE)
        self.filter(pk=watch.pk).update(seen_at=at)
        watch.refresh_from_db()
        if is_new or was_away:
            watch.tell(AuditEntry.Action.WATCH)
        return watch


class Watch(models.Model):
    """An instructor who watches a learner's terminal, or did."""

    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="watches")
    instructor = models.ForeignKey(User, on_delete=models.CASCADE, related_name="watches")
    since = models.DateTimeField()
    seen_at = models.DateTimeField()
    keyboard = models.CharField(max_length=8, choices=Keyboard.choices, default=Keyboard.NONE)

    objects = WatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("watcher")
        verbose_name_plural = _("watchers")
        constraints = [
            models.UniqueConstraint(fields=["participant", "instructor"], name="one_watch_per_instructor_and_learner")
        ]

    def __str__(self) -> str:
        return f"{self.instructor} > {self.participant}"

    def stay(self, at: datetime) -> bool:
        """Note that the instructor still watches; return whether they may type.

        It may have been said that they do not: by another page of theirs that closed, or by a pause of this process.
        """
        lapsed = Watch.objects.filter(pk=self.pk, seen_at__lt=at - LAPSES)
        if lapsed.update(seen_at=at, keyboard=Keyboard.NONE):
            self.tell(AuditEntry.Action.WATCH)
        Watch.objects.filter(pk=self.pk).update(seen_at=at)
        return self.may_type()

    def may_type(self) -> bool:
        return Watch.objects.filter(pk=self.pk, keyboard=Keyboard.GRANTED).exists()

    def leave(self) -> None:
        """Note that the instructor watches no longer, and has no keyboard any more."""
        self.give_back()
        if Watch.objects.filter(pk=self.pk, since__lte=self.since).update(seen_at=self.since - 2 * LAPSES):
            self.tell(AuditEntry.Action.LEAVE)

    def ask(self) -> bool:
        """Ask the learner for the keyboard. Return False if it was asked for, or given, before."""
        return self._turn(Keyboard.NONE, Keyboard.ASKED, AuditEntry.Action.ASK)

    def grant(self) -> bool:
        """Give the instructor, who has asked for it, the keyboard; of two instructors only one has it."""
        if not self._turn(Keyboard.ASKED, Keyboard.GRANTED, AuditEntry.Action.TYPE):
            return False
        others = Watch.objects.over(self.participant.learner_id).filter(keyboard=Keyboard.GRANTED)
        for other in others.exclude(pk=self.pk):
            other.give_back()
        return True

    def give_back(self) -> bool:
        """Take the keyboard from the instructor, or the question for it. Return False if there was neither."""
        held = self._turn(Keyboard.GRANTED, Keyboard.NONE, AuditEntry.Action.RETURN)
        return held or self._turn(Keyboard.ASKED, Keyboard.NONE, None)

    def _turn(self, old: Keyboard, new: Keyboard, action: AuditEntry.Action | None) -> bool:
        """Change who has the keyboard, if it is still as it was, and tell; return whether it was."""
        won = Watch.objects.filter(pk=self.pk, keyboard=old).update(keyboard=new) == 1
        if won:
            self.tell(action)
        return won

    def tell(self, action: AuditEntry.Action | None) -> None:
        if action:
            workshop = self.participant.workshop.code
            AuditEntry.objects.note(self.instructor, action, self.participant.learner, workshop=workshop)
        self.participant.publish()
