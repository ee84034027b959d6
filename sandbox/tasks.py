"""Slow and retried work. Every task may run twice, in any order, after a crash."""

import logging
from datetime import datetime, timedelta
from typing import Any

from celery import Task, shared_task
from django.conf import settings
from django.core.cache import cache
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language, override

from courses import catalogue
from courses.models import Enrollment
from sandbox import (
    accounts,
    admission,
    checks,
    clock,
    containers,
    customer,
    events,
    homes,
    hosts,
    idle,
    inspection,
    overview,
    repairs,
    visits,
    warehouse,
)
from sandbox.container import LOCAL, Container
from sandbox.engine import ContainerGone, EngineError, EngineUnreachable
from sandbox.flow import Flow
from sandbox.lines import TELLS_HISTORY, parse_daemon
from sandbox.models import CustomerRun, Host, Sandbox, State, Trouble
from sandbox.tap import hear

logger = logging.getLogger(__name__)

READY_SECONDS = 30
CUSTOMER_PAUSE = 2  # seconds between two looks of the customer for an image that is being pushed
CUSTOMER_RUNS_TOLD = 10
CUSTOMER_RUNS_SHOWN = 3  # each may be of customer.OUTPUT bytes, and they are sent with every check


def order(task: "Task[..., None]", *args: object, after: float = 0) -> bool:
    """Queue `task`, to be done after so many seconds; return False if the queue does not answer.

    `reconcile` makes up for it later.
    """
    try:
        task.apply_async(args=args, countdown=after, retry=False)
    except task.OperationalError as exc:
        logger.warning("%s%r not queued: %s", task.name, args, exc)
        return False
    return True


@shared_task
def start_sandbox(sandbox_id: int) -> None:
    """Create the container, bring the learner's files into it, then mark the sandbox running or failed."""
    now = timezone.now()
    sandbox = Sandbox.objects.select_related("learner").filter(pk=sandbox_id).first()
    if not sandbox or not sandbox.claim_start(now):
        return  # deleted, started or stopped meanwhile, or another worker is at it
    sandbox.note_in_logs()
    mine = Q(state=State.STARTING, claimed_at=now)  # else it was stopped, or another worker has taken it over
    try:
        container = bring_up(sandbox)
    except EngineError as exc:
        logger.warning("sandbox %s did not start: %s", sandbox.code, exc)
        left = containers.at(sandbox.host.address, sandbox.code)
        if isinstance(exc, EngineUnreachable) and admission.relocate(sandbox, "", mine):
            repairs.remove_quietly(left)
            return
        if sandbox.change(mine, state=State.FAILED, error=str(exc), ended_at=timezone.now()):
            repairs.remove_quietly(left)
        return
    fields = {"container_id": container.id, "error": "", **times_of(sandbox)}
    if not sandbox.change(mine, state=State.RUNNING, **fields) and container != sandbox.container:
        repairs.remove_quietly(container)


def times_of(sandbox: Sandbox) -> dict[str, datetime]:
    """Return when a sandbox that starts now ends; one that waits in the pool has no end yet."""
    now = timezone.now()
    if not sandbox.learner:
        return {"started_at": now}
    return {"started_at": now, "active_at": now, "expires_at": now + timedelta(minutes=settings.SANDBOX_MINUTES)}


def bring_up(sandbox: Sandbox) -> Container:
    """Return the sandbox's container, ready for its learner. One from the pool has run before."""
    if sandbox.container_id:
        try:
            homes.restore(sandbox, sandbox.container)
            return sandbox.container
        except ContainerGone:
            logger.info("sandbox %s has lost its container while it was in the pool", sandbox.code)
    spec = containers.Spec(code=sandbox.code, owner_uid=sandbox.owner_uid, address=sandbox.address)
    container = containers.create(spec, sandbox.host.address)
    containers.wait_ready(container, READY_SECONDS)
    if sandbox.learner:
        homes.restore(sandbox, container)
    return container


@shared_task
def stop_sandbox(sandbox_id: int) -> None:
    """Save the home, remove the container, mark the sandbox stopped. Without an engine, it is left to `reconcile`."""
    sandbox = Sandbox.objects.select_related("learner").filter(pk=sandbox_id, state=State.STOPPING).first()
    if not sandbox:
        return
    sandbox.note_in_logs()
    homes.save_last(sandbox)
    containers.remove(containers.at(sandbox.host.address, sandbox.code))
    sandbox.move(State.STOPPING, State.STOPPED, ended_at=timezone.now(), paused_at=None)


@shared_task
def save_home(sandbox_id: int, at_once: bool = False) -> None:
    """Keep the home of a sandbox in use, so that an accident loses little. `at_once`: even if it is not due."""
    rows = Sandbox.objects.savable() if at_once else Sandbox.objects.unsaved(timezone.now())
    sandbox = rows.select_related("learner").filter(pk=sandbox_id).first()
    if sandbox:
        sandbox.note_in_logs()
        homes.save_last(sandbox)


@shared_task
def pause_sandbox(sandbox_id: int) -> None:
    """Put a sandbox to sleep, if nobody has used it meanwhile."""
    now = timezone.now()
    sandbox = Sandbox.objects.idle(now).select_related("learner").filter(pk=sandbox_id).first()
    if sandbox:
        sandbox.note_in_logs()
        idle.put_to_sleep(sandbox, now)


@shared_task
def fill_pool() -> None:
    """Start what the warm pool lacks."""
    admission.fill_pool()


@shared_task
def check_tasks(sandbox_id: int, language: str = catalogue.ORIGINAL) -> None:
    """Judge every open task of the learner's courses by the sandbox's state, keep what is done, and say so."""
    awake = Sandbox.objects.claimed().filter(state=State.RUNNING, paused_at=None)
    sandbox = awake.select_related("learner").filter(pk=sandbox_id).first()
    if not sandbox:
        return
    sandbox.note_in_logs()
    try:
        facts = known_of(sandbox.container, sandbox.owner_uid)
    except EngineError as exc:
        logger.info("sandbox %s could not be checked: %s", sandbox.code, exc)
        return
    facts |= served_to_customer(sandbox, facts["calls"])
    events.publish_ports(sandbox.code, visits.published(facts))
    events.publish_served(sandbox.code, facts["served"][:CUSTOMER_RUNS_SHOWN])
    news = sandbox.note_containers(overview.containers_of(facts))
    news |= Trouble.objects.note(sandbox.learner, facts["commands"])
    with override(language):
        for enrollment in Enrollment.objects.of(sandbox.learner):
            results, is_news = judge(enrollment, facts)
            events.publish_tasks(sandbox.code, results)
            news |= is_news
    if news and sandbox.learner_id:
        events.publish_learner(sandbox.learner_id)


def known_of(container: Container, owner_uid: int) -> dict[str, Any]:
    """Return all that checks may ask about: what the sandbox's daemon manages, and what it was asked to do."""
    flow = Flow()
    for at, line in containers.daemon_log(container):
        if TELLS_HISTORY.search(line):  # a log may be 8 MB long, and most of it is not about that
            at //= 1000
            flow.feed(hear(at, line) or parse_daemon(at, line))
    return inspection.ask(container, owner_uid) | flow.history.as_facts()


def served_to_customer(sandbox: Sandbox, calls: list[dict[str, Any]]) -> dict[str, Any]:
    """Send the customer for each image that was pushed since, and return what it got of earlier ones, as `served`."""
    space = accounts.of_learner(sandbox.learner_id).space
    runs = CustomerRun.objects.of(sandbox.learner)
    known = set(runs.values_list("pushed_at", flat=True))
    for at, image in customer.pushed(calls, space):
        if at not in known:
            run, is_new = runs.get_or_create(learner=sandbox.learner, pushed_at=at, defaults={"image": image})
            if is_new:
                runs.forget_old(sandbox.learner)
                order(send_customer, run.pk)
    return {"served": [run.as_fact() for run in runs.served()[:CUSTOMER_RUNS_TOLD]]}


@shared_task
def send_customer(run_id: int) -> None:
    """Have the customer order an image, once its push is done; then the tasks are checked, which tells the learner."""
    now = timezone.now()
    run = CustomerRun.objects.unserved(now).filter(pk=run_id).first()
    if not run:
        return
    CustomerRun.objects.filter(pk=run.pk).update(looked_at=now)
    try:
        served = customer.order(run.image)
    except customer.NotThere:
        order(send_customer, run.pk, after=CUSTOMER_PAUSE)
        return
    CustomerRun.objects.filter(pk=run.pk, code=None).update(output=served.output, code=served.code)
    for sandbox in Sandbox.objects.filter(learner=run.learner_id, state=State.RUNNING):
        order(check_tasks, sandbox.pk)


def judge(enrollment: Enrollment, facts: dict[str, Any]) -> tuple[list[dict[str, object]], bool]:
    """Record each task that is true now. Return an event for every task of the course, and whether anything is news.

    Of the lesson that the learner reads, what is missing of the first open task is kept, too.
    """
    course = catalogue.find_course(enrollment.course, get_language() or catalogue.ORIGINAL)
    done = enrollment.done_by_lesson()
    results, news = [], False
    for lesson in course.lessons if course else ():
        is_first_open = lesson.slug == enrollment.lesson
        for task in lesson.tasks:
            before = task.id in done.get(lesson.slug, ())
            result = checks.Result(task.id, "done") if before else checks.evaluate(task, facts)
            if result.state == "done" and not before:
                news |= enrollment.complete(lesson.slug, task.id)
            elif result.state == "open" and is_first_open:
                is_first_open = False
                news |= enrollment.try_task(lesson.slug, task.id, result.found, result.expected, result.hint)
            results.append(result.as_event() | {"lesson": lesson.slug})
    return results, news


@shared_task
def reconcile() -> None:
    """Order what is due, then compare rows with containers and repair either side, on each host by itself."""
    now = timezone.now()
    clock.make_up_for_jumps()
    order_what_is_due(now)
    keep_warehouse_open()
    for name in Host.objects.others().filter(lost_at=None).values_list("name", flat=True):  # `look` knows of the lost
        order(reconcile_host, name)
    reconcile_host(LOCAL)
    admission.empty_pool()
    admission.fill_pool()


@shared_task(expires=20)  # seconds, after which it is ordered again
def reconcile_host(name: str) -> None:
    """Compare the rows of a host's sandboxes with its containers. One that has come back is taken in again then."""
    now = timezone.now()
    host = Host.objects.filter(name=name).first()
    if not host:
        return
    if host.draining:
        hosts.empty(host)
    try:
        found = repairs.compare(host, now)
        if not host.is_local:
            hosts.prepare(host.address, logger.info, wait=False)
        repairs.renew_pool(host, containers.outdated(found, host.address))
    except BlockingIOError:  # the image is on its way
        return
    except EngineError as exc:
        logger.warning("rows and containers of host %s not compared: %s", name, exc)
        return
    if host.lost_at:
        host.change(lost_at=None)
    if host.is_local:
        cache.set(ENGINE_SEEN, now.timestamp(), None)


@shared_task
def look_at_hosts() -> None:
    """Find out which hosts answer."""
    hosts.look()


@shared_task
def move_sandbox(sandbox_id: int) -> None:
    """Have a learner's sandbox go on elsewhere, with the files in its home, as its host is to be emptied."""
    rows = Sandbox.objects.claimed().filter(state=State.RUNNING, host__draining=True, keeps_home=True)
    sandbox = rows.select_related("learner").filter(pk=sandbox_id).first()
    if not sandbox:
        return
    sandbox.note_in_logs()
    try:
        if not hosts.move(sandbox):
            logger.warning("sandbox %s not moved: no other host has room", sandbox.code)
    except EngineError as exc:
        logger.warning("sandbox %s not moved: %s", sandbox.code, exc)


def keep_warehouse_open() -> None:
    """Open the warehouse if it is closed: an engine that was killed does not start again what ran under it."""
    try:
        warehouse.ensure_running()
    except EngineError as exc:
        logger.warning("the warehouse does not open: %s", exc)


def order_what_is_due(at: datetime) -> None:
    rows = Sandbox.objects
    for sandbox in rows.expired(at):
        sandbox.order_stop()
    for task, due in (
        (start_sandbox, rows.forgotten(at)),
        (stop_sandbox, rows.filter(state=State.STOPPING)),
        (pause_sandbox, rows.idle(at)),
        (send_customer, CustomerRun.objects.forgotten(at)),
    ):
        for pk in due.values_list("pk", flat=True):
            order(task, pk)
    unsaved = rows.due_for_saving(at).values_list("pk", flat=True)
    for number, pk in enumerate(unsaved):  # one after another, until the next look
        order(save_home, pk, after=number * settings.RECONCILE_SECONDS / len(unsaved))


@shared_task
def tidy_warehouse(quiet_minutes: int) -> None:
    """Give up the spaces of learners who were deleted, and what no tag names, if nothing was pushed for a while."""
    try:
        warehouse.tidy(quiet_minutes, accounts.left_by_learners(warehouse.spaces()))
    except EngineError as exc:
        logger.warning("the warehouse was not tidied: %s", exc)


@shared_task
def heartbeat() -> None:
    """Prove that beat, broker and worker are alive, for /readyz."""
    cache.set(HEARTBEAT, timezone.now().timestamp(), 60)


HEARTBEAT, ENGINE_SEEN = "worker-heartbeat", "engine-seen"
