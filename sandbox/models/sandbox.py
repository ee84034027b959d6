"""Sandboxes: which learner has one, and how it fares."""

import ipaddress
import secrets
from datetime import datetime, timedelta
from typing import Any, Self, cast

from django.conf import settings
from django.db import models
from django.db.models import Count, F, Q, Value
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config import logs
from sandbox import events
from sandbox.container import LOCAL, Container
from sandbox.models.home import Home
from sandbox.models.host import Host
from sandbox.models.state import ACTIVE, LIVE, State

CODE_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
CLAIM_SECONDS = 60  # a worker that has not finished a start by then is taken for dead
UNCLAIMED_SECONDS = 10  # an order that nobody has taken on by then is queued again
NEWEST = 500  # rows in which starts are looked for, so that it takes the same time however many there were
SAVE_EVERY = timedelta(minutes=3)  # how long a learner's work may be unsaved while they work
# Saving takes a quarter of a second of a processor. A class that came in at once is not saved at once: of so many looks
# that `reconcile` takes, one after another, each sandbox is served by one.
SAVE_TURNS = 8
SAVE_PAUSE = timedelta(minutes=1)  # between two saves, if one was ordered twice


def new_code() -> str:
    """Return a public id that nobody can guess: 16 letters of 31, 79 bits."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(16))


def new_address() -> str:
    """Return a random IPv6 address by which the warehouse tells this sandbox from others.

    It is sent by the proxy inside the sandbox; nobody else can know it, so nobody else can use it.
    """
    return str(ipaddress.IPv6Address(0xFD << 120 | secrets.randbits(120)))


class SandboxQuerySet(models.QuerySet["Sandbox"]):
    def of(self, learner: Any) -> Self:
        return self.filter(learner=learner)

    def active(self) -> Self:
        return self.filter(state__in=ACTIVE)

    def live(self) -> Self:
        return self.filter(state__in=LIVE)

    def unclaimed(self) -> Self:
        """Those of the warm pool, started before anybody asked for them; some are not ready yet."""
        return self.active().filter(learner=None)

    def warm(self) -> Self:
        """Those that are ready for whoever comes."""
        return self.filter(learner=None, state=State.RUNNING)

    def claimable(self) -> Self:
        """The warm ones that a learner can have at once, those last whose host has just not answered."""
        silence = F("host__silent_since").asc(nulls_first=True)
        return self.warm().filter(host__draining=False, host__lost_at=None).order_by(silence, "pk")

    def claimed(self) -> Self:
        return self.exclude(learner=None)

    def expired(self, at: datetime) -> Self:
        return self.filter(state=State.RUNNING, expires_at__lt=at)

    def forgotten(self, at: datetime) -> Self:
        """Those whose start no worker has taken on, or whose worker died."""
        taken_before = at - timedelta(seconds=CLAIM_SECONDS)
        made_before = at - timedelta(seconds=UNCLAIMED_SECONDS)
        return self.filter(state=State.STARTING).filter(
            Q(claimed_at=None, created_at__lt=made_before) | Q(claimed_at__lt=taken_before)
        )

    def idle(self, at: datetime) -> Self:
        """Those awake in which nothing was typed or printed for SANDBOX_IDLE_MINUTES."""
        if not settings.SANDBOX_IDLE_MINUTES:
            return self.none()
        before = at - timedelta(minutes=settings.SANDBOX_IDLE_MINUTES)
        return self.claimed().filter(state=State.RUNNING, paused_at=None, active_at__lt=before)

    def unsaved(self, at: datetime) -> Self:
        """Those that were used since their home was saved, but for those where that was just now."""
        never = Q(saved_at=None, active_at__gt=F("started_at"))
        return self.savable().filter(never | Q(saved_at__lt=at - SAVE_PAUSE, active_at__gt=F("saved_at")))

    def due_for_saving(self, at: datetime) -> Self:
        """Those unsaved whose turn it is, and those whose turn was missed, SAVE_EVERY after they were saved."""
        turn = int(at.timestamp()) // settings.RECONCILE_SECONDS % SAVE_TURNS
        late = Q(saved_at=None, started_at__lt=at - SAVE_EVERY) | Q(saved_at__lt=at - SAVE_EVERY)
        return self.unsaved(at).alias(turn=F("pk") % SAVE_TURNS).filter(late | Q(turn=turn))

    def savable(self) -> Self:
        """Those whose home can be saved now. That of one that sleeps was saved before it did."""
        return self.claimed().filter(state=State.RUNNING, paused_at=None, keeps_home=True)

    def ending(self) -> Self:
        """Those on their way out whose home may not be saved yet."""
        return self.filter(state=State.STOPPING, keeps_home=True).exclude(container_id="")

    def census(self) -> dict[str, float]:
        """Return how many there are that have or will have a container, by what they do."""
        claimed, running = Q(learner__isnull=False), Q(state=State.RUNNING)
        kinds = {
            "starting": Q(state=State.STARTING),
            "warm": running & ~claimed,
            "running": running & claimed & Q(paused_at=None),
            "paused": running & claimed & Q(paused_at__isnull=False),
            "stopping": Q(state=State.STOPPING),
        }
        return self.live().aggregate(**{kind: Count("pk", filter=those) for kind, those in kinds.items()})

    def failed_since(self, at: datetime) -> Self:
        return self.filter(state=State.FAILED, ended_at__gte=at)

    def start_seconds(self, since: datetime) -> list[float]:
        """Return how long the starts took that learners waited for since then; only the newest rows are looked at."""
        newest = self.claimed().exclude(started_at=None).order_by("-pk").values_list("created_at", "started_at")
        times = [(begun, done) for begun, done in newest[:NEWEST] if done and done >= since]
        return [max(0.0, (done - begun).total_seconds()) for begun, done in times]

    def claim_warm(self, learner: Any, at: datetime) -> "Sandbox | None":
        """Give the learner a sandbox of the pool, or return None if there is none.

        Raise IntegrityError if the learner has an active one already. To the learner it is made now, and runs at once,
        unless their files are to be brought into it first: then it is in STARTING, and its start is the caller's to
        order.
        """
        fields: dict[str, Any] = {"learner": learner, "created_at": at, "started_at": at, "active_at": at}
        if Home.objects.filter(learner=learner).exists() or self.of(learner).ending().exists():
            fields |= {"state": State.STARTING, "claimed_at": None}
        else:
            fields |= {"expires_at": at + timedelta(minutes=settings.SANDBOX_MINUTES)}
        for pk in self.claimable().values_list("pk", flat=True):
            if self.warm().filter(pk=pk).update(**fields):  # else another learner was faster
                return self.get(pk=pk)
        return None


Manager = models.Manager.from_queryset(SandboxQuerySet)


class SandboxManager(Manager["Sandbox"]):
    """Each comes with its host: there is no way to its container without, and sockets cannot ask for it later."""

    def get_queryset(self) -> SandboxQuerySet:
        return cast(SandboxQuerySet, super().get_queryset().select_related("host"))


class Sandbox(models.Model):
    code = models.CharField(gettext_lazy("code"), max_length=32, unique=True, default=new_code, editable=False)
    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,  # nobody has claimed it yet: it is one of the warm pool
        blank=True,
        on_delete=models.CASCADE,
        related_name="sandboxes",
        verbose_name=gettext_lazy("learner"),
    )
    state = models.CharField(gettext_lazy("state"), max_length=10, choices=State.choices, default=State.STARTING)
    error = models.TextField(gettext_lazy("error"), blank=True)
    host: "models.ForeignKey[Host, Host]" = models.ForeignKey(
        Host,
        to_field="name",
        default=LOCAL,
        db_default=Value(LOCAL),
        on_delete=models.SET_DEFAULT,  # of those that ended: a host with others is not removed
        related_name="sandboxes",
        verbose_name=gettext_lazy("host"),
    )
    container_id = models.CharField(gettext_lazy("container"), max_length=64, blank=True)
    address = models.GenericIPAddressField(protocol="IPv6", default=new_address, editable=False)
    created_at = models.DateTimeField(gettext_lazy("created at"), default=timezone.now)
    claimed_at = models.DateTimeField(gettext_lazy("start begun at"), null=True, blank=True)
    started_at = models.DateTimeField(gettext_lazy("started at"), null=True, blank=True)
    active_at = models.DateTimeField(gettext_lazy("used at"), null=True, blank=True)
    paused_at = models.DateTimeField(gettext_lazy("paused at"), null=True, blank=True)
    expires_at = models.DateTimeField(gettext_lazy("expires at"), null=True, blank=True)
    ended_at = models.DateTimeField(gettext_lazy("ended at"), null=True, blank=True)
    keeps_home = models.BooleanField(gettext_lazy("home is kept"), default=True)
    saved_at = models.DateTimeField(gettext_lazy("home saved at"), null=True, blank=True)
    left_out = models.PositiveIntegerField(gettext_lazy("files not saved"), default=0)
    containers = models.JSONField(default=list, editable=False)  # as the last check saw them: [{name, image, state}]

    objects = SandboxManager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = gettext_lazy("sandbox")
        verbose_name_plural = gettext_lazy("sandboxes")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "expires_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["learner"], condition=Q(state__in=ACTIVE), name="one_active_sandbox_per_learner"
            )
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def owner_uid(self) -> int:
        """The host uid that owns this sandbox's namespaces, outside every id range that containers map."""
        return 1_000_000 + self.pk % 1_000_000

    @property
    def container(self) -> Container:
        return Container(self.host.address, self.container_id)

    def note_in_logs(self) -> None:
        """Name it in what is logged of the request or task at hand from now on."""
        logs.note(sandbox=self.code, learner=self.learner_id)

    def move(self, old: State, new: State, **fields: object) -> bool:
        """Change state from `old` to `new`, tell whoever watches, and return True.

        Return False, and change nothing, if another process moved the sandbox first. Every state change goes
        through here, so two workers can never both start, or both stop, the same container.
        """
        return self.change(Q(state=old), state=new, **fields)

    def change(self, condition: Q, **fields: object) -> bool:
        """Change the row if the condition still holds, tell whoever watches, and return whether it did."""
        won = self.change_row(condition, **fields)
        if won:
            self.publish()
        return won

    def change_row(self, condition: Q, **fields: object) -> bool:
        """Change the row if the condition still holds, and return whether it did. To tell of it is the caller's."""
        won = Sandbox.objects.filter(condition, pk=self.pk).update(**fields) == 1
        if won:
            self.refresh_from_db()
        return won

    def publish(self) -> None:
        """Tell whoever watches the sandbox, or its learner, to look again."""
        events.publish_state(self.code)
        if self.learner_id:
            events.publish_learner(self.learner_id)

    def claim_start(self, at: datetime) -> bool:
        """Return True if the caller, and no other worker, is to start this sandbox now, where its row then says.

        It may have gone to another host since it was read.
        """
        stale = at - timedelta(seconds=CLAIM_SECONDS)
        free = Q(claimed_at=None) | Q(claimed_at__lt=stale)
        won = Sandbox.objects.filter(free, pk=self.pk, state=State.STARTING).update(claimed_at=at) == 1
        if won:
            self.refresh_from_db()
        return won

    def order_start(self) -> None:
        """Queue the start. If the queue is away, `reconcile` queues it again when it is back."""
        from sandbox import tasks

        if not tasks.order(tasks.start_sandbox, self.pk):
            self.error = _("The work queue does not answer. Your order is kept and starts as soon as it does.")

    def order_stop(self) -> None:
        """Queue the removal of the container; the learner sees `stopping` at once."""
        from sandbox import tasks

        # In this order: a worker may make it run in between, but nothing makes it start again.
        if not any(self.move(state, State.STOPPING) for state in (State.STARTING, State.RUNNING)):
            self.refresh_from_db()
        if self.state == State.STOPPING:
            tasks.order(tasks.stop_sandbox, self.pk)

    def give_back(self) -> None:
        """Have a warm sandbox removed, unless a learner claims it at this moment: then it is theirs."""
        from sandbox import tasks

        if self.change(Q(state=State.RUNNING, learner=None), state=State.STOPPING):
            tasks.order(tasks.stop_sandbox, self.pk)

    def end_unclaimed(self, at: datetime) -> None:
        """Note that a sandbox that nobody has claimed has ended, unless a learner claims it at this moment."""
        self.change(Q(state__in=ACTIVE, learner=None), state=State.FAILED, ended_at=at)

    def go_to(self, host: Host, why: str, condition: Q) -> bool:
        """Note that it starts anew on another host, and return True; False if it has ended, or another process did so,
        or the condition does not hold. To tell of it, and to order the start, is the caller's, after the transaction.

        It stays the same to its learner, whose page waits for it to run again. What it had on the host before is
        nobody's from now on, even if that host comes back.
        """
        fields = {"state": State.STARTING, "host": host, "container_id": "", "claimed_at": None, "paused_at": None}
        here = Q(state__in=ACTIVE, host=self.host)
        return self.change_row(here & condition, **fields, created_at=timezone.now(), error=why)

    def longest(self, at: datetime) -> datetime:
        """Return the end after which no extension goes."""
        return (self.started_at or at) + timedelta(hours=settings.SANDBOX_MAX_HOURS)

    def can_extend(self, at: datetime) -> bool:
        """Could the end ever be a minute later than it is, or more?"""
        if self.state != State.RUNNING or not self.expires_at or self.host.draining:
            return False
        return self.longest(at) - self.expires_at >= timedelta(minutes=1)

    def extend(self, at: datetime) -> bool:
        """Give a running sandbox the full time again, from now, but never less than it has."""
        if self.state != State.RUNNING or self.host.draining:
            return False
        until = min(at + timedelta(minutes=settings.SANDBOX_MINUTES), self.longest(at))
        return self.move(State.RUNNING, State.RUNNING, expires_at=max(until, self.expires_at or at))

    def note_containers(self, containers: list[dict[str, str]]) -> bool:
        """Keep what containers there are, and return True if that is another picture than before."""
        if self.containers == containers:
            return False
        self.containers = containers
        self.save(update_fields=["containers"])
        return True

    def forget_home(self) -> None:
        """Let the files in the learner's home end with this sandbox, and those saved before with them."""
        self.change(Q(), keeps_home=False)
        Home.objects.filter(learner=self.learner).delete()

    def touch(self, at: datetime) -> bool:
        """Note that it is used; return True if it sleeps, and is to be woken.

        Whoever puts it to sleep does so in the same row, and only if it was not used meanwhile.
        """
        rows = Sandbox.objects.filter(pk=self.pk, state=State.RUNNING)
        rows.update(active_at=at)
        return rows.exclude(paused_at=None).exists()

    def as_json(self) -> dict[str, object]:
        """What the sandbox API and its events say of it (the contract's keys, and what the page shows besides)."""
        now = timezone.now()
        return {
            "code": self.code,
            "state": self.state,
            "expires_at": iso(self.expires_at),
            "error": self.reason() or self.waiting(now),
            "paused": self.paused_at is not None,
            "can_extend": self.can_extend(now),
            "saved_at": iso(self.saved_at),
            "left_out": self.left_out,
            "now": iso(now),  # a page's own clock may be wrong
        }

    def reason(self) -> str:
        """Return `error` in the reader's language; one that names a detail of this machine has no translation."""
        return _(self.error) if self.error else ""  # gettext's answer to "" is the catalogue's header

    def waiting(self, at: datetime) -> str:
        """Say why a start takes so long, if it does."""
        late = at - self.created_at > timedelta(seconds=UNCLAIMED_SECONDS)
        if self.state == State.STARTING and not self.claimed_at and late:
            return _("No worker has taken your order yet. It is kept, and starts as soon as one does.")
        return ""


def iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
