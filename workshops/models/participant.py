"""Who takes part in a workshop."""

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from courses.models import User
from sandbox.events import publish_learner
from sandbox.models import Sandbox
from workshops import codes
from workshops.models.workshop import State, Workshop

OPEN_FIRST: list[str] = [State.OPEN, State.PLANNED, State.CLOSED]


def new_personal_code() -> str:
    return codes.new_code(codes.PERSONAL)


class ParticipantQuerySet(models.QuerySet["Participant"]):
    def of(self, learner: Any) -> Self:
        return self.filter(learner=learner) if learner.is_authenticated else self.none()

    def in_open(self) -> Self:
        return self.filter(workshop__state=State.OPEN)

    def in_class(self, at: datetime) -> "Participant | None":
        """Return the one whose classroom a learner's pages show: as `present`, or else in one that will be open.

        Whoever may watch them must find their pages listening. A workshop that was just closed may be opened again.
        """
        # Not joined in the query: most learners are in no workshop, and one that reads two tables is dear to compose.
        all_joined = self.prefetch_related("workshop").order_by("-joined_at")
        return min(
            (one for one in all_joined if one.workshop.is_shown(at)),
            key=lambda one: OPEN_FIRST.index(one.workshop.state),
            default=None,
        )

    def present(self) -> "Participant | None":
        """Return the one that a learner's pages are about: of the open workshop they joined last."""
        return self.in_open().select_related("workshop").order_by("-joined_at").first()


class Participant(models.Model):
    """A learner in a workshop."""

    workshop = models.ForeignKey(
        Workshop, on_delete=models.CASCADE, related_name="participants", verbose_name=_("workshop")
    )
    learner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="participations", verbose_name=_("learner")
    )
    personal_code = models.CharField(_("personal code"), max_length=16, unique=True, default=new_personal_code)
    joined_at = models.DateTimeField(_("joined at"), auto_now_add=True)
    hand_at = models.DateTimeField(_("hand raised at"), null=True, blank=True)

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        ordering = ["joined_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["workshop", "learner"], name="one_participation_per_learner")]

    def __str__(self) -> str:
        return self.learner.display_name

    @property
    def spoken_code(self) -> str:
        return codes.spoken(self.personal_code)

    @property
    def is_guest(self) -> bool:
        """Say whether the learner is a guest and nothing else: nobody who has a password, or works here."""
        one = self.learner
        return one.is_guest and not (one.is_staff or one.is_superuser or one.has_usable_password())

    def raise_hand(self, at: datetime) -> None:
        """Put the learner into the queue for help; who is in it keeps their place."""
        if Participant.objects.filter(pk=self.pk, hand_at=None).update(hand_at=at):
            self.publish()

    def lower_hand(self) -> None:
        if Participant.objects.filter(pk=self.pk).exclude(hand_at=None).update(hand_at=None):
            self.publish()

    def place(self) -> int | None:
        """Return the learner's place in the queue for help, from 1; None if their hand is not up."""
        if not self.hand_at:
            return None
        sooner = Q(hand_at__lt=self.hand_at) | Q(hand_at=self.hand_at, pk__lt=self.pk)
        return self.workshop.participants.filter(sooner).count() + 1

    def sandbox(self) -> Sandbox | None:
        """Return the learner's sandbox, if they have one that starts or runs."""
        return Sandbox.objects.of(self.learner).active().first()

    def stop_sandbox(self) -> None:
        """Save the learner's home and stop their sandbox, if they have one."""
        sandbox = self.sandbox()
        if sandbox:
            sandbox.order_stop()

    def publish(self) -> None:
        """Tell the learner's pages, and every console that shows them, to look again."""
        publish_learner(self.learner_id)
