"""How people come into a workshop, come back to it, and leave."""

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from courses.models import User
from sandbox.models import Reservation
from workshops import codes, events
from workshops.models import Participant, State, Workshop


class JoinError(Exception):
    """Somebody cannot join. The text says why, and what they can do."""


def join(workshop: Workshop, learner: User) -> Participant:
    """Let the learner take part, and return them as a participant: who is in already stays as they are.

    Raise JoinError if the workshop is not open, is full, or does not admit guests.
    """
    with transaction.atomic():
        participant = admit(workshop, learner)
    events.publish_roster(workshop.code, learner.pk)
    return participant


def join_as_guest(workshop: Workshop, name: str) -> Participant:
    """Make a guest of this name, and let them take part. Raise JoinError, and make nobody, if they cannot."""
    with transaction.atomic():
        participant = admit(workshop, User.objects.create_guest(name))
    events.publish_roster(workshop.code, participant.learner_id)
    return participant


def admit(workshop: Workshop, learner: User) -> Participant:
    """Give the learner a place. One at a time, within a transaction: two never get the same last one."""
    locked = Workshop.objects.select_for_update().filter(pk=workshop.pk).first()
    if not locked:
        raise JoinError(_("This workshop is no longer here."))
    present = locked.participants.select_related("learner", "workshop").filter(learner=learner).first()
    if present:
        return present
    reason = closed_to(locked, is_guest=learner.is_guest)
    if reason:
        raise JoinError(reason)
    participant = Participant.objects.create(workshop=locked, learner=learner)
    learner.enroll(locked.course)
    Reservation.objects.expect(locked.purpose, learner)
    return participant


def closed_to(workshop: Workshop, is_guest: bool) -> str:
    """Say why somebody who is not in yet cannot join now, or ""."""
    if workshop.state == State.PLANNED:
        at = date_format(timezone.localtime(workshop.starts_at), "DATETIME_FORMAT")
        return _("This workshop is not open yet. It begins on %(at)s, UTC.") % {"at": at}
    if workshop.state == State.CLOSED:
        return _("This workshop is closed. Ask your instructor to open it again.")
    if is_guest and not workshop.guests_allowed:
        return _("This workshop is for people with an account. Sign in, then open this link again.")
    if workshop.participants.count() >= workshop.capacity:
        return _("This workshop is full. Ask your instructor for another place.")
    return ""


def leave(participant: Participant) -> None:
    """Take the participant out of the workshop at their own wish. Sandbox and progress stay theirs."""
    workshop = participant.workshop
    participant.delete()
    participant.publish()
    workshop.keep_reserved(timezone.now())
    events.publish_roster(workshop.code, participant.learner_id)


def returning(personal_code: str) -> Participant | None:
    """Return the guest with this personal code. Never anybody who has a password, or works here."""
    typed = codes.typed(personal_code)
    found = Participant.objects.select_related("learner", "workshop").filter(personal_code=typed).first()
    return found if found and found.is_guest and found.learner.is_active else None
