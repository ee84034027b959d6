"""How an account goes, and how what a guest has done becomes part of one."""

from contextlib import suppress

from django.db import IntegrityError, models, transaction

from accounts.models import Invitation
from courses.models import AuditEntry, User
from sandbox.models import Sandbox, State


def is_last_administrator(user: User) -> bool:
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    return user.is_superuser and not others.exists()


def delete(user: User) -> None:
    """Delete the account and all that is kept of it. Its sandboxes, without files to be saved, end on their own."""
    for sandbox in Sandbox.objects.of(user).live():
        sandbox.forget_home()
        sandbox.order_stop()
    # Else the row would go before the container does.
    Sandbox.objects.of(user).filter(state=State.STOPPING).update(learner=None)
    AuditEntry.objects.forget_names(user)
    Invitation.objects.filter(used_by=user).update(label="")
    user.delete()


def absorb(guest: User, account: User) -> None:
    """Let what a guest has done be the account's, and delete the guest.

    Where both have the same thing, say a task that is done, the account's stays. So does its sandbox, if it has one.
    """
    with transaction.atomic():
        for enrollment in guest.enrollments.all():
            hand_over(enrollment, account.enroll(enrollment.course))
        hand_over(guest, account)
    delete(guest)


def hand_over(old: models.Model, new: models.Model) -> None:
    """Make every row that refers to `old` refer to `new`, except where the database wants only one, and has it."""
    for relation in old._meta.get_fields(include_hidden=True):
        if not isinstance(relation, models.ManyToOneRel):
            continue
        name = relation.field.name
        rows = relation.field.model._base_manager.filter(**{name: old})
        for pk in list(rows.values_list("pk", flat=True)):
            with suppress(IntegrityError), transaction.atomic():
                rows.filter(pk=pk).update(**{name: new})
