"""How a workshop goes, with everything that is known of those who took part as guests."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from courses.models import AuditEntry, User
from sandbox import tasks
from sandbox.models import Sandbox
from sandbox.models import State as SandboxState
from workshops import events
from workshops.models import Participant, Workshop

Action = AuditEntry.Action


def delete(workshop: Workshop, at: datetime) -> int:
    """Delete the workshop, and the guests who take part in no other; return how many took part.

    It is closed first, so that nobody comes in meanwhile. What is deleted is gone; when this is broken off, it can be
    done again. Accounts stay, with what they have done.
    """
    was_open = workshop.shut(at)
    participants = list(workshop.participants.select_related("learner"))
    learners = [participant.learner for participant in participants]
    forget_details(workshop, learners)
    for participant in participants:
        if is_only_here(participant):
            delete_guest(participant.learner)
        elif was_open:
            participant.stop_sandbox()
    workshop.release()
    Workshop.objects.filter(pk=workshop.pk).delete()
    events.publish_workshop(workshop.code)
    for participant in participants:
        participant.publish()
    return len(participants)


def is_only_here(participant: Participant) -> bool:
    """Say whether this is a guest who takes part in nothing else."""
    others = Participant.objects.of(participant.learner).exclude(workshop=participant.workshop_id)
    return participant.is_guest and not others.exists()


def delete_guest(guest: User) -> None:
    """Delete a guest with their files and progress. Their sandboxes are nobody's from now on, and stopped."""
    for sandbox in Sandbox.objects.of(guest).live():
        sandbox.change(Q(), state=SandboxState.STOPPING, learner=None, keeps_home=False)
        tasks.order(tasks.stop_sandbox, sandbox.pk)
    with transaction.atomic():
        User.objects.filter(pk=guest.pk).delete()


def forget_details(workshop: Workshop, learners: list[User]) -> None:
    """Keep of the audit log that something was done, and not what was written to learners or what they were called."""
    personal = Q(action__in=[Action.NOTE, Action.RENAME]) | Q(learner__in=learners)
    AuditEntry.objects.filter(personal, workshop=workshop.code).update(detail="")
