"""The fleet: which hosts answer, and what becomes of the sandboxes of one that does not, or that is to be emptied."""

import logging
import re
import secrets
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from sandbox import accounts, admission, containers, doctor, engine, gateway, homes, images, warehouse
from sandbox.alone import alone
from sandbox.capacity import bounds_of
from sandbox.container import LOCAL, Address
from sandbox.engine import EngineError
from sandbox.images import Say
from sandbox.models import LIVE, Host, Sandbox, State, new_code
from sandbox.turns import take_turn

logger = logging.getLogger(__name__)

LOST = gettext_noop(
    "The host of this sandbox does not answer any more. Another sandbox starts elsewhere, with the files in your home "
    "as they were saved last. Containers and images stay behind."
)
MOVED = gettext_noop("This host is being emptied: your sandbox starts elsewhere, with the files in your home.")
NOWHERE = gettext_noop("The host of this sandbox does not answer any more, and no other has room now. Start a new one.")

TAKEN = LOCAL, "warehouse"  # by our own machine, and by the gateway, as which a host's certificate must not speak


def look() -> None:
    """Note of each host whether its engine answers, and have what ran on those that are lost go on elsewhere.

    All are asked at once, so that one that is silent does not keep the others waiting.
    """
    from sandbox import tasks

    at, hosts = timezone.now(), list(Host.objects.all())
    with ThreadPoolExecutor(max(1, len(hosts))) as pool:
        troubles = list(pool.map(trouble_of, [host.address for host in hosts]))
    for host, trouble in zip(hosts, troubles, strict=True):
        if trouble:
            logger.warning("host %s: %s", host.name, trouble)
            host.note_silence(at, trouble)
        else:
            host.note_answer(at)
            if host.lost_at:
                tasks.order(tasks.reconcile_host, host.name)
    for host in Host.objects.lost().exclude(silent_since=None):  # one that answers again is cleared, and then ready
        give_up(host)


def trouble_of(host: Address) -> str:
    """Return why an engine cannot be reached, or "" if it can."""
    try:
        engine.knock(host)
    except EngineError as exc:
        return str(exc)
    return ""


def give_up(host: Host) -> None:
    """Have the sandboxes of a host that is lost go on elsewhere, those in use first. May be called again.

    While there is no other host, they wait for theirs to come back.
    """
    if not Host.objects.ready().exists():
        return
    rows, now = Sandbox.objects.filter(host=host), timezone.now()
    for sandbox in rows.filter(state=State.STOPPING):
        sandbox.move(State.STOPPING, State.STOPPED, ended_at=now, paused_at=None)
    for sandbox in in_order(rows.active()):
        if not sandbox.learner_id:
            sandbox.end_unclaimed(now)
        elif not admission.relocate(sandbox, LOST):
            still = Q(state=sandbox.state, host=host)  # else another look was faster, and it goes on elsewhere
            if sandbox.change(still, state=State.FAILED, error=NOWHERE, ended_at=now, paused_at=None):
                logger.warning("sandbox %s is lost with its host, and no other has room", sandbox.code)
    Sandbox.objects.filter(learner=None).exclude(state__in=LIVE).delete()


def in_order(rows: "Iterable[Sandbox]") -> "Iterable[Sandbox]":
    """Those awake before those that sleep, and of both those first that were used last."""
    asleep, used = F("paused_at").asc(nulls_first=True), F("active_at").desc(nulls_last=True)
    return rows.select_related("learner").order_by(asleep, used)  # type: ignore[attr-defined,no-any-return]


def drain(host: Host, move: bool) -> None:
    """Give a host no more sandboxes. Its learners' stay until they end, or, with `move`, go on elsewhere now."""
    from sandbox import tasks

    host.change(draining=True)
    empty(host)
    if move:
        running = Sandbox.objects.claimed().filter(host=host, state=State.RUNNING)
        for pk in running.values_list("pk", flat=True):
            tasks.order(tasks.move_sandbox, pk)


def empty(host: Host) -> None:
    """Give back what a host that takes no more keeps warm."""
    for sandbox in Sandbox.objects.warm().filter(host=host):
        sandbox.give_back()


def move(sandbox: Sandbox) -> bool:
    """Save a learner's files, and have them go on elsewhere; return whether they do. Raise EngineError."""
    old = sandbox.container
    if sandbox.paused_at:
        engine.unpause(old)
    homes.save(sandbox)
    if not admission.relocate(sandbox, MOVED):
        return False
    containers.remove(old)
    return True


# --- who belongs to the fleet ---


def add(name: str, url: str, capacity: int | None, say: Say) -> Host:
    """Take a host into the fleet, with all that sandboxes need there. Raise EngineError, and leave no row, if not."""
    address = Address(name, url)
    check_words(address)
    engine.knock(address)
    about = engine.about(address)
    for other in Host.objects.exclude(name=name):
        if not trouble_of(other.address) and engine.about(other.address).get("ID") == about.get("ID"):
            raise EngineError(f"That is the engine of the host {other.name}.")
    for finding in doctor.of_engine(about):
        if finding.level == "error":
            raise EngineError(f"{name}: {finding.text} {finding.mend}")
    bounds = bounds_of(int(about.get("MemTotal", 0)), int(about.get("NCPU", 1)))
    try:
        prepare(address, say)
        try_out(address)
    except EngineError:
        if not Host.objects.filter(name=name).exists():
            forget(address)
        raise
    fields = {"url": url, "capacity": capacity or min(bounds.values()), "seen_at": timezone.now()}
    host, _ = Host.objects.update_or_create(name=name, defaults=fields)
    return host


def check_words(address: Address) -> None:
    """Raise EngineError if no host can have that name, or no engine that address."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", address.name) or address.name in TAKEN:
        raise EngineError(
            f"{address.name} is no name for a host: small letters, digits and hyphens, and none of {', '.join(TAKEN)}."
        )
    if address.url.startswith("ssh://"):
        raise EngineError(
            "An engine is not reached by ssh directly. Have ssh forward its socket, and give that: "
            "ssh -N -L /run/sarafa/NAME.sock:/var/run/docker.sock HOST, and unix:///run/sarafa/NAME.sock."
        )
    if not re.fullmatch(r"unix:///.+|tcp://[^/]+:\d{1,5}", address.url):
        raise EngineError(f"{address.url} is no address of an engine: unix:///path or tcp://address:port.")


def prepare(host: Address, say: Say, wait: bool = True) -> None:
    """Have on a host what its sandboxes need: their image, and a way to the warehouse. May be called again.

    Without `wait`, raise BlockingIOError if somebody is at it: to send an image may take minutes.
    """
    with alone("gateway"):
        gateway.ensure_open()
    with alone(f"host-{host.name}", wait):
        images.send(host, say)
        gateway.ensure_relay(host)


def try_out(host: Address) -> None:
    """Start a sandbox on a host, and end it. Raise EngineError if it does not run, or the warehouse is not reached."""
    owner = containers.FIRST_OWNER_UID + 3_000_000 + secrets.randbelow(1_000_000)
    spec = containers.Spec(new_code(), owner, accounts.trial_address(), "sarafa.trial")
    container = containers.create(spec, host)
    try:
        containers.wait_ready(container)
        found = warehouse.status() if host.name == LOCAL else gateway.status(host)
        if found != "ok":
            raise EngineError(f"The warehouse is not reached from {host.name}: {found}.")
    finally:
        containers.remove(container)


def remove(host: Host) -> None:
    """Let a host go that has no sandboxes any more. One that does not answer keeps what is on it."""
    if host.is_local:
        raise EngineError("The local host stays: the warehouse is there. It can be drained.")
    with transaction.atomic():
        take_turn(admission.TURN)  # else one might be given there in between
        if Sandbox.objects.live().filter(host=host).exists():
            raise EngineError(
                f"{host.name} still has sandboxes. Drain it first: python manage.py host drain {host.name}"
            )
        host.delete()
    forget(host.address)


def forget(address: Address) -> None:
    """Remove what leads from a host to the warehouse, and the gateway with the last one."""
    try:
        gateway.remove_relay(address)
    except EngineError as exc:
        logger.warning("the relay of %s is not removed: %s", address.name, exc)
    if not Host.objects.others().exists():
        gateway.close()
