"""Which sandboxes there are of a kind, and which are due for something."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, F, Q

from sandbox.models.home import Home
from sandbox.models.state import ACTIVE, LIVE, State

if TYPE_CHECKING:
    from sandbox.models.sandbox import Sandbox

CLAIM_SECONDS = 60  # a worker that has not finished a start by then is taken for dead
UNCLAIMED_SECONDS = 10  # an order that nobody has taken on by then is queued again
NEWEST = 500  # rows in which starts are looked for, so that it takes the same time however many there were
SAVE_EVERY = timedelta(minutes=3)  # how long a learner's work may be unsaved while they work
# Saving takes a quarter of a second of a processor. A class that came in at once is not saved at once: of so many looks
# that `reconcile` takes, one after another, each sandbox is served by one.
SAVE_TURNS = 8
SAVE_PAUSE = timedelta(minutes=1)  # between two saves, if one was ordered twice


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
