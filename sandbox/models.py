"""Sandboxes: which learner has one, and how it fares."""

import ipaddress
import secrets
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sandbox import capacity, events

CODE_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
CLAIM_SECONDS = 60  # a worker that has not finished a start by then is taken for dead


def new_code() -> str:
    """Return a public id that nobody can guess: 16 letters of 31, 79 bits."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(16))


def new_address() -> str:
    """Return a random IPv6 address by which the warehouse tells this sandbox from others.

    It is sent by the proxy inside the sandbox; nobody else can know it, so nobody else can use it.
    """
    return str(ipaddress.IPv6Address(0xFD << 120 | secrets.randbits(120)))


class FullHouse(Exception):
    """No room for another sandbox now; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(_("All sandboxes are taken. One will be free soon."))
        self.retry_after = retry_after


class State(models.TextChoices):
    STARTING = "starting", gettext_lazy("starting")
    RUNNING = "running", gettext_lazy("running")
    STOPPING = "stopping", gettext_lazy("stopping")
    STOPPED = "stopped", gettext_lazy("stopped")
    FAILED = "failed", gettext_lazy("failed")


ACTIVE = [State.STARTING, State.RUNNING]  # of these a learner has at most one
LIVE = [*ACTIVE, State.STOPPING]  # these have, may have or will have a container


class SandboxQuerySet(models.QuerySet["Sandbox"]):
    def of(self, learner: Any) -> Self:
        return self.filter(learner=learner)

    def active(self) -> Self:
        return self.filter(state__in=ACTIVE)

    def live(self) -> Self:
        return self.filter(state__in=LIVE)

    def expired(self, at: datetime) -> Self:
        return self.filter(state=State.RUNNING, expires_at__lt=at)

    def forgotten(self, at: datetime) -> Self:
        """Those whose start no worker has taken on, or whose worker died."""
        age = at - timedelta(seconds=CLAIM_SECONDS)
        return self.filter(state=State.STARTING).filter(
            Q(claimed_at=None, created_at__lt=at - timedelta(seconds=10)) | Q(claimed_at__lt=age)
        )

    def open_for(self, learner: Any) -> "Sandbox":
        """Return the learner's active sandbox, or a new one in STARTING, its start queued.

        Raise FullHouse if the machine has no room. Two requests at once make one sandbox: the database allows a
        learner only one that is active.
        """
        found = self.of(learner).active().first()
        if found:
            return found
        try:
            with transaction.atomic():
                if self.active().count() >= capacity.limit():
                    raise FullHouse(retry_after=15)
                made = self.create(learner=learner)
        except IntegrityError:
            return self.of(learner).active().get()
        made.order_start()
        return made


class Sandbox(models.Model):
    code = models.CharField(gettext_lazy("code"), max_length=32, unique=True, default=new_code, editable=False)
    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="sandboxes",
        verbose_name=gettext_lazy("learner"),
    )
    state = models.CharField(gettext_lazy("state"), max_length=10, choices=State.choices, default=State.STARTING)
    error = models.TextField(gettext_lazy("error"), blank=True)
    container_id = models.CharField(gettext_lazy("container"), max_length=64, blank=True)
    address = models.GenericIPAddressField(protocol="IPv6", default=new_address, editable=False)
    created_at = models.DateTimeField(gettext_lazy("created at"), default=timezone.now)
    claimed_at = models.DateTimeField(gettext_lazy("start begun at"), null=True, blank=True)
    started_at = models.DateTimeField(gettext_lazy("started at"), null=True, blank=True)
    expires_at = models.DateTimeField(gettext_lazy("expires at"), null=True, blank=True)
    ended_at = models.DateTimeField(gettext_lazy("ended at"), null=True, blank=True)

    objects = SandboxQuerySet.as_manager()

    class Meta:
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

    def move(self, old: State, new: State, **fields: object) -> bool:
        """Change state from `old` to `new`, tell whoever watches, and return True.

        Return False, and change nothing, if another process moved the sandbox first. Every state change goes
        through here, so two workers can never both start, or both stop, the same container.
        """
        won = Sandbox.objects.filter(pk=self.pk, state=old).update(state=new, **fields) == 1
        if won:
            self.refresh_from_db()
            events.publish_state(self.code)
        return won

    def claim_start(self, at: datetime) -> bool:
        """Return True if the caller, and no other worker, is to start this sandbox now."""
        stale = at - timedelta(seconds=CLAIM_SECONDS)
        free = Q(claimed_at=None) | Q(claimed_at__lt=stale)
        rows = Sandbox.objects.filter(free, pk=self.pk, state=State.STARTING)
        return rows.update(claimed_at=at) == 1

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

    def extend(self, at: datetime) -> bool:
        """Give a running sandbox the full time again, from now."""
        until = at + timedelta(minutes=settings.SANDBOX_MINUTES)
        return self.move(State.RUNNING, State.RUNNING, expires_at=until)

    def as_json(self) -> dict[str, object]:
        """What the sandbox API says of it (the contract's four keys)."""
        return {
            "code": self.code,
            "state": self.state,
            "expires_at": self.expires_at.isoformat() if self.expires_at else None,
            "error": self.reason() or self.waiting(timezone.now()),
        }

    def reason(self) -> str:
        """Return `error` in the reader's language; one that names a detail of this machine has no translation."""
        return _(self.error) if self.error else ""  # gettext's answer to "" is the catalogue's header

    def waiting(self, at: datetime) -> str:
        """Say why a start takes so long, if it does."""
        if self.state == State.STARTING and not self.claimed_at and at - self.created_at > timedelta(seconds=10):
            return _("No worker has taken your order yet. It is kept, and starts as soon as one does.")
        return ""
