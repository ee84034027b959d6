"""What is kept of a sandbox when it ends: the files in the learner's home, which come back in the next one."""

import logging

from django.db import transaction
from django.utils import timezone

from sandbox import containers, engine, events
from sandbox.container import Container
from sandbox.engine import ContainerGone, EngineError, EngineUnreachable
from sandbox.models import Home, Sandbox

logger = logging.getLogger(__name__)


def save(sandbox: Sandbox) -> None:
    """Keep the learner's home as it is now. Raise EngineError if it cannot be had; what was kept before stays then."""
    at = timezone.now()
    archive, left_out = containers.save_home(sandbox.container, sandbox.owner_uid)
    with transaction.atomic():
        # Asked at the end: meanwhile its learner may have wanted a clean one, or another sandbox have gone on with it,
        # or the same on another host.
        wanted = Sandbox.objects.filter(pk=sandbox.pk, host=sandbox.host, keeps_home=True).update(
            saved_at=at, left_out=left_out
        )
        if wanted:
            kept = {"archive": archive, "saved_at": at, "left_out": left_out}
            Home.objects.update_or_create(learner=sandbox.learner, defaults=kept)
    if wanted:
        events.publish_state(sandbox.code)


def save_last(sandbox: Sandbox) -> None:
    """Keep the home of a sandbox that is about to be removed, if it can be had. Raise EngineUnreachable."""
    if not (sandbox.learner and sandbox.keeps_home and sandbox.container_id):
        return
    try:
        if sandbox.paused_at:
            engine.unpause(sandbox.container)  # one that sleeps answers nothing
        save(sandbox)
    except EngineUnreachable:
        raise
    except EngineError as exc:
        logger.warning("home of sandbox %s not saved at its end: %s", sandbox.code, exc)


def restore(sandbox: Sandbox, container: Container) -> None:
    """Bring the learner's files into a sandbox that is not theirs to use yet. Raise EngineError if it is gone."""
    for ending in Sandbox.objects.of(sandbox.learner).ending():
        save_last(ending)
        # From here on, this sandbox has the newest: nothing older is saved over it.
        Sandbox.objects.filter(pk=ending.pk).update(keeps_home=False)
    home = Home.objects.filter(learner=sandbox.learner).first()
    if not home:
        return
    try:
        containers.restore_home(container, sandbox.owner_uid, bytes(home.archive))
    except (EngineUnreachable, ContainerGone):
        raise
    except EngineError as exc:  # an archive that is broken must not keep its learner out
        logger.warning("home of sandbox %s not restored: %s", sandbox.code, exc)
        return
    Sandbox.objects.filter(pk=sandbox.pk).update(saved_at=home.saved_at, left_out=home.left_out)
