"""What staff did to learners and their things, kept for those who ask later."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from courses.models.people import User


class AuditEntryManager(models.Manager["AuditEntry"]):
    def note(self, actor: User, action: str, learner: User | None = None, **about: str) -> "AuditEntry":
        """Keep that `actor` did `action`, an AuditEntry.Action. `about`: `workshop`, its code, and `detail`."""
        return self.create(actor=actor, actor_name=actor.display_name[:150], action=action, learner=learner, **about)

    def forget_names(self, learner: User) -> None:
        """Leave out what entries say about a learner besides that it was somebody: the learner leaves."""
        self.filter(learner=learner).update(detail="")


class AuditEntry(models.Model):
    """One thing that somebody of the staff did. Nobody changes it, and it does not name a learner who was deleted."""

    class Action(models.TextChoices):
        WATCH = "watch", _("began to watch a terminal")
        LEAVE = "leave", _("stopped watching")
        ASK = "ask", _("asked for the keyboard")
        TYPE = "type", _("was given the keyboard")
        RETURN = "return", _("gave the keyboard back, or lost it")
        NOTE = "note", _("sent a note")
        RENAME = "rename", _("changed a name")
        REMOVE = "remove", _("removed a participant")
        MARK = "mark", _("marked a task as done")
        SANDBOX = "sandbox", _("did something to a sandbox")
        SHOW = "show", _("showed a terminal to the class")
        CREATE = "create", _("made a workshop")
        CHANGE = "change", _("changed a workshop")
        OPEN = "open", _("opened a workshop")
        CLOSE = "close", _("closed a workshop")
        DELETE = "delete", _("deleted a workshop's data")
        EXPORT = "export", _("took the gradebook away")
        INVITE = "invite", _("invited somebody")
        EDIT = "edit", _("changed something in the admin panel")

    at = models.DateTimeField(_("at"), auto_now_add=True)
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("who"))
    actor_name = models.CharField(_("name"), max_length=150)  # outlives the account
    action = models.CharField(_("what"), max_length=10, choices=Action.choices)
    learner = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("whose"))
    workshop = models.CharField(_("workshop"), max_length=32, blank=True)
    detail = models.CharField(_("detail"), max_length=300, blank=True)

    objects: ClassVar[AuditEntryManager] = AuditEntryManager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["workshop", "at"])]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.action}"
