"""Rows and containers, compared on each host by itself, and either side mended. Each may run twice, after a crash."""

import logging
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from sandbox import containers, idle
from sandbox.container import Container
from sandbox.engine import EngineError
from sandbox.models import CLAIM_SECONDS, LIVE, Host, Sandbox, State

logger = logging.getLogger(__name__)

LOST = gettext_noop(
    "The sandbox's container is gone: the engine was restarted, or somebody removed it. Start a new one."
)


def compare(host: Host, at: datetime) -> containers.Made:
    """Mend what is wrong on a host at this moment, and return what its engine tells. Raise EngineError."""
    found = containers.made(host=host.address)
    living = containers.living(found)
    mark_lost(host, living, at)
    remove_orphans(host, living | containers.ended(found))
    wake_forgotten(host, containers.paused(found))
    return found


def mark_lost(host: Host, living: dict[str, str], at: datetime) -> None:
    """Say of each sandbox that ran on a host before `at`, but is not among those living since, that it is lost.

    Of one that nobody has claimed there is nobody to tell.
    """
    ran = Sandbox.objects.filter(host=host, state=State.RUNNING, started_at__lt=at)
    for sandbox in ran.exclude(code__in=living):
        lost = Q(state=State.RUNNING, host=host)
        sandbox.change(lost, state=State.FAILED, error=LOST, ended_at=timezone.now(), paused_at=None)
    Sandbox.objects.filter(learner=None).exclude(state__in=LIVE).delete()


def remove_orphans(host: Host, found: dict[str, str]) -> None:
    """Remove each container that no row speaks of any more, or whose sandbox goes on elsewhere."""
    here = Sandbox.objects.live().filter(host=host, code__in=found)
    for code in found.keys() - set(here.values_list("code", flat=True)):
        remove_quietly(Container(host.address, found[code]))


def wake_forgotten(host: Host, paused: set[str]) -> None:
    """Wake those whose row says that they are awake: who was to wake them, or to put them to sleep, died over it."""
    long_ago = timezone.now() - timedelta(seconds=CLAIM_SECONDS)
    asleep = Q(paused_at__lt=long_ago) & ~Q(code__in=paused)
    here = Sandbox.objects.filter(host=host, state=State.RUNNING)
    here.filter(asleep).update(paused_at=None)
    for sandbox in here.filter(code__in=paused, paused_at=None):
        idle.wake(sandbox)


def renew_pool(host: Host, outdated: set[str]) -> None:
    """Stop those of the pool that are made of an older image, or with other options, than today's."""
    for sandbox in Sandbox.objects.warm().filter(host=host, code__in=outdated):
        sandbox.give_back()


def remove_quietly(container: Container) -> None:
    """Remove a container that no row waits for. If it resists, `reconcile` finds it again."""
    try:
        containers.remove(container)
    except EngineError as exc:
        logger.warning("container %s not removed yet: %s", container.id, exc)
