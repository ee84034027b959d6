"""Slow and retried work. Every task may run twice, in any order, after a crash."""

import logging
from datetime import datetime, timedelta
from typing import Any

from celery import Task, shared_task
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import get_language, gettext_noop, override

from courses import catalogue
from courses.models import Enrollment
from sandbox import checks, containers, events
from sandbox.engine import EngineError, EngineUnreachable
from sandbox.flow import Flow
from sandbox.lines import TELLS_HISTORY, parse_daemon
from sandbox.models import Sandbox, State

logger = logging.getLogger(__name__)

READY_SECONDS = 30
LOST = gettext_noop(
    "The sandbox's container is gone: the engine was restarted, or somebody removed it. Start a new one."
)


def order(task: "Task[..., None]", *args: object) -> bool:
    """Queue `task`; return False if the queue does not answer. `reconcile` makes up for it later."""
    try:
        task.apply_async(args=args, retry=False)
    except task.OperationalError as exc:
        logger.warning("%s%r not queued: %s", task.name, args, exc)
        return False
    return True


@shared_task
def start_sandbox(sandbox_id: int) -> None:
    """Create the container, then mark the sandbox running or failed."""
    sandbox = Sandbox.objects.filter(pk=sandbox_id).first()
    if not sandbox or not sandbox.claim_start(timezone.now()):
        return  # deleted, started or stopped meanwhile, or another worker is at it
    try:
        spec = containers.Spec(code=sandbox.code, owner_uid=sandbox.owner_uid, address=sandbox.address)
        container_id = containers.create(spec)
        containers.wait_ready(container_id, READY_SECONDS)
    except EngineError as exc:
        logger.warning("sandbox %s did not start: %s", sandbox.code, exc)
        sandbox.move(State.STARTING, State.FAILED, error=str(exc), ended_at=timezone.now())
        remove_quietly(containers.name_of(sandbox.code))
        return
    now = timezone.now()
    until = now + timedelta(minutes=settings.SANDBOX_MINUTES)
    if not sandbox.move(
        State.STARTING, State.RUNNING, container_id=container_id, started_at=now, expires_at=until, error=""
    ):
        # The learner stopped it while its container was being made.
        remove_quietly(container_id)


def remove_quietly(container: str) -> None:
    """Remove a container that no row waits for. If it resists, `reconcile` finds it again."""
    try:
        containers.remove(container)
    except EngineError as exc:
        logger.warning("container %s not removed yet: %s", container, exc)


@shared_task
def stop_sandbox(sandbox_id: int) -> None:
    """Remove the container, then mark the sandbox stopped. An engine that is away leaves it to reconcile."""
    sandbox = Sandbox.objects.filter(pk=sandbox_id, state=State.STOPPING).first()
    if sandbox:
        containers.remove(containers.name_of(sandbox.code))
        sandbox.move(State.STOPPING, State.STOPPED, ended_at=timezone.now())


@shared_task
def check_tasks(sandbox_id: int, language: str = catalogue.ORIGINAL) -> None:
    """Judge every open task of the learner's courses by the sandbox's state, keep what is done, and say so."""
    sandbox = Sandbox.objects.select_related("learner").filter(pk=sandbox_id, state=State.RUNNING).first()
    if not sandbox:
        return
    try:
        facts = known_of(sandbox.container_id, sandbox.owner_uid)
    except EngineError as exc:
        logger.info("sandbox %s could not be checked: %s", sandbox.code, exc)
        return
    with override(language):
        for enrollment in Enrollment.objects.of(sandbox.learner):
            events.publish_tasks(sandbox.code, judge(enrollment, facts))


def known_of(container_id: str, owner_uid: int) -> dict[str, Any]:
    """Return all that checks may ask about: what the sandbox's daemon manages, and what it was asked to do."""
    flow = Flow()
    for at, line in containers.daemon_log(container_id):
        if TELLS_HISTORY.search(line):  # a log may be 8 MB long, and most of it is not about that
            flow.feed(parse_daemon(at // 1000, line))
    return containers.facts(container_id, owner_uid) | flow.history.as_facts()


def judge(enrollment: Enrollment, facts: dict[str, Any]) -> list[dict[str, object]]:
    """Record each task that is true now, and return an event for every task of the course."""
    course = catalogue.find_course(enrollment.course, get_language() or catalogue.ORIGINAL)
    done = enrollment.done_by_lesson()
    results = []
    for lesson in course.lessons if course else ():
        for task in lesson.tasks:
            before = task.id in done.get(lesson.slug, ())
            result = checks.Result(task.id, "done") if before else checks.evaluate(task, facts)
            if result.state == "done" and not before:
                enrollment.complete(lesson.slug, task.id)
            results.append(result.as_event() | {"lesson": lesson.slug})
    return results


@shared_task
def reconcile() -> None:
    """Compare rows with containers and repair either side."""
    now = timezone.now()
    for sandbox in Sandbox.objects.forgotten(now):
        order(start_sandbox, sandbox.pk)
    for sandbox in Sandbox.objects.expired(now):
        sandbox.order_stop()
    for sandbox in Sandbox.objects.filter(state=State.STOPPING):
        order(stop_sandbox, sandbox.pk)
    try:
        living = containers.living()
        mark_lost(living, now)
        remove_orphans(living | containers.ended())
    except EngineUnreachable as exc:
        logger.warning("rows and containers not compared: %s", exc)


def mark_lost(living: dict[str, str], at: datetime) -> None:
    """Say of each sandbox that ran before `at`, but is not among those living since, that it is lost."""
    for sandbox in Sandbox.objects.filter(state=State.RUNNING, started_at__lt=at).exclude(code__in=living):
        sandbox.move(State.RUNNING, State.FAILED, error=LOST, ended_at=timezone.now())


def remove_orphans(found: dict[str, str]) -> None:
    """Remove each container that no row speaks of any more."""
    known = set(Sandbox.objects.live().filter(code__in=found).values_list("code", flat=True))
    for code in found.keys() - known:
        remove_quietly(found[code])


@shared_task
def heartbeat() -> None:
    """Prove that beat, broker and worker are alive, for /readyz."""
    cache.set(HEARTBEAT, timezone.now().timestamp(), 60)


HEARTBEAT = "worker-heartbeat"
