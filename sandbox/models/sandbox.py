"""Sandboxes: which learner has one, and how it fares."""

import ipaddress
import secrets
from datetime import datetime, timedelta
from typing import cast

from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config import logs
from sandbox import events
from sandbox.container import LOCAL, Container
from sandbox.models.home import Home
from sandbox.models.host import Host
from sandbox.models.selection import CLAIM_SECONDS, UNCLAIMED_SECONDS, SandboxQuerySet
from sandbox.models.state import ACTIVE, State

CODE_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_code() -> str:
    """Return a public id that nobody can guess: 16 letters of 31, 79 bits."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(16))


def new_address() -> str:
    """Return a random IPv6 address by which the warehouse tells this sandbox from others.

    It is sent by the proxy inside the sandbox; nobody else can know it, so nobody else can use it.
    """
    return str(ipaddress.IPv6Address(0xFD << 120 | secrets.randbits(120)))


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
