"""Who gets a sandbox, and when: the learner's own, one of the warm pool, a new one, or a place in the queue.

Each decision is a transaction of its own, made in turn, so that two never see the same last place.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from courses import limits
from sandbox import capacity
from sandbox.container import LOCAL
from sandbox.models import ACTIVE, Host, Reservation, Sandbox, State, Waiting
from sandbox.turns import take_turn

ASK_AGAIN_SECONDS = 5
TURN = "admission"
ALWAYS = Q()


class FullHouse(Exception):
    """No room for another sandbox now. `place` is the learner's in the queue, from 1, of `waiting`.

    The place is kept while the learner asks again every `retry_after` seconds.
    """

    def __init__(self, shortage: str, place: int, waiting: int) -> None:
        text = _("You are number %(place)d of %(waiting)d waiting.") % {"place": place, "waiting": waiting}
        super().__init__(f"{shortage} {text}")
        self.place, self.waiting, self.retry_after = place, waiting, ASK_AGAIN_SECONDS

    def as_json(self) -> dict[str, object]:
        return {
            "error": str(self),
            "retry_after": self.retry_after,
            "place": self.place,
            "waiting": self.waiting,
        }


def open_for(learner: Any) -> Sandbox:
    """Return the learner's active sandbox, or another: one that runs already, or one in STARTING, its start ordered.

    Raise FullHouse if the machine has no room, or only for those who came before. Two requests at once make one
    sandbox: the database allows a learner only one that is active.
    """
    found = Sandbox.objects.of(learner).active().first()
    if found:
        return found
    now = timezone.now()
    try:
        with transaction.atomic():
            take_turn(TURN)
            made = take_warm(learner, now)
            is_new = not made and Waiting.objects.note(learner, now)
            made = made or take_place(learner, now)
    except IntegrityError:
        return Sandbox.objects.of(learner).active().get()
    if not made:
        if is_new:  # who waits asks again and again
            limits.note_refusal("full")
        raise full_house(learner, now)
    get_going(made)
    return made


def replace(sandbox: Sandbox, keep_home: bool) -> Sandbox:
    """Stop a learner's sandbox and return another, which takes its place: there is no queue for it.

    Without `keep_home`, the files in the learner's home end with the sandbox. Return the old one, as it is, while one
    before it is still being removed: nobody has more than two at once.
    """
    learner, now = sandbox.learner, timezone.now()
    if Sandbox.objects.of(learner).filter(state=State.STOPPING).exists():
        sandbox.refresh_from_db()
        return sandbox
    if not keep_home:
        sandbox.forget_home()
    if sandbox.state not in ACTIVE:
        return open_for(learner)
    hosts = [*with_room()[:1], *Host.objects.ready().filter(name=sandbox.host_id)]
    if not hosts and not Sandbox.objects.claimable().exists():
        raise full_house(learner, now)
    sandbox.order_stop()
    try:
        with transaction.atomic():
            made = give(learner, now, hosts)
    except IntegrityError:
        return Sandbox.objects.of(learner).active().get()
    if not made:  # the room has gone meanwhile
        raise full_house(learner, now)
    get_going(made)
    return made


def relocate(sandbox: Sandbox, why: str, condition: Q = ALWAYS) -> bool:
    """Have a sandbox start anew on another host with room. There is no queue for it.

    Return False if no host has room, or if another process was faster, or the condition does not hold any more.
    """
    with transaction.atomic():
        take_turn(TURN)
        host = with_room().exclude(pk=sandbox.host.pk).first()
        goes = host is not None and sandbox.go_to(host, why, condition)
    if goes:
        sandbox.publish()
        sandbox.order_start()
    return goes


def leave_queue(learner: Any) -> None:
    Waiting.objects.filter(learner=learner).delete()


def take_warm(learner: Any, now: datetime) -> Sandbox | None:
    """Give the learner a sandbox of the pool if nobody waits: so a class comes in, and each holds up the next."""
    return None if Waiting.objects.present(now).exists() else Sandbox.objects.claim_warm(learner, now)


def take_place(learner: Any, now: datetime) -> Sandbox | None:
    """Give the learner a sandbox if there is one for them, counting those who came before."""
    ahead, warm = Waiting.objects.ahead_of(learner, now), Sandbox.objects.claimable().count()
    hosts: list[Host] = []
    if ahead >= warm:  # the room is measured only if it decides: that takes a while
        hosts = list(with_room())
        if ahead >= warm + sum(host.room for host in hosts):
            return None
    made = give(learner, now, hosts)
    if made:
        leave_queue(learner)
    return made


def give(learner: Any, now: datetime, hosts: Iterable[Host]) -> Sandbox | None:
    """Give the learner a warm sandbox, or a new one on the first of the hosts, if there is any."""
    warm = Sandbox.objects.claim_warm(learner, now)
    if warm:
        return warm
    host = next(iter(hosts), None)
    return Sandbox.objects.create(learner=learner, host=host) if host else None


def get_going(made: Sandbox) -> None:
    """Order what is left to be done for a sandbox that was given to a learner, and fill its place in the pool."""
    from sandbox import tasks

    made.note_in_logs()
    if made.state == State.STARTING:
        made.order_start()
    if pool_lacks_one(timezone.now()):
        tasks.order(tasks.fill_pool)


def room() -> int:
    """Return how many more sandboxes may be started now."""
    return sum(host.room for host in with_room())


def with_room() -> QuerySet[Host]:
    """Return the hosts that a sandbox may be started on now, the one with the most room first.

    The local one is not among them while this machine is short of something. Others are known by their limit alone.
    """
    hosts = Host.objects.roomiest()
    return hosts.exclude(name=LOCAL) if shortage() else hosts


def shortage() -> str:
    return capacity.shortage(Sandbox.objects.filter(state=State.STARTING, host_id=LOCAL).count())


def full_house(learner: Any, now: datetime) -> FullHouse:
    if not Host.objects.ready().exists():
        why = _("No host answers now.")
    else:
        why = shortage() or _("All sandboxes are taken. One will be free soon.")
    return FullHouse(why, Waiting.objects.ahead_of(learner, now) + 1, Waiting.objects.present(now).count())


def pool_size(at: datetime) -> int:
    """Return how many sandboxes are to be warm now: SANDBOX_POOL, or as many as are reserved if that is more."""
    return max(settings.SANDBOX_POOL, Reservation.objects.wanted(at))


def pool_lacks_one(at: datetime) -> bool:
    """Say whether one more is to be warm. A class that comes in takes those that are, and wants no others for them."""
    size = pool_size(at)
    return size > 0 and Sandbox.objects.unclaimed().count() < size


def fill_pool() -> None:
    """Start sandboxes that nobody has asked for yet, until the pool is full or there is no room."""
    while make_warm():
        pass


def make_warm() -> bool:
    """Start one more for the pool, if it lacks one. Learners go first, those who wait and those whose start is slow."""
    with transaction.atomic():
        take_turn(TURN)
        wanted = (
            pool_lacks_one(timezone.now())
            and not Sandbox.objects.claimed().filter(state=State.STARTING).exists()
            and not Waiting.objects.present(timezone.now()).exists()
        )
        host = with_room().filter(silent_since=None).first() if wanted else None
        made = Sandbox.objects.create(learner=None, host=host) if host else None
    if made:
        made.order_start()
    return made is not None


def empty_pool() -> None:
    """Give back what the pool has beyond its size, say after the end of a class."""
    too_many = Sandbox.objects.unclaimed().count() - pool_size(timezone.now())
    for sandbox in Sandbox.objects.warm().order_by("-pk")[: max(0, too_many)]:
        sandbox.give_back()
