"""What all consoles of a workshop show, read once for all of them in a process, however many are open."""

import threading
import time
from collections.abc import Iterable
from typing import Any
from weakref import WeakValueDictionary

from django.utils import timezone

from sandbox.models import iso
from workshops import roster
from workshops.models import Workshop
from workshops.plan import Column, columns

Frame = dict[str, Any]
LONG_AGO = float("-inf")


class Room:
    """A workshop as it was when somebody last looked, which may be in any thread.

    Times are of time.monotonic(), and of before anything was asked: what has happened since may be missing.
    """

    def __init__(self, code: str, language: str) -> None:
        self.code, self.language = code, language
        self.guard = threading.Lock()
        self.looked_at = LONG_AGO  # at all
        self.looked_at_one: dict[int, float] = {}  # by learner, as are these
        self.rows: dict[int, roster.Row] = {}
        self.told: dict[int, Frame] = {}  # the same, as a page gets them
        self.workshop: Workshop | None = None
        self.columns: list[Column] = []
        self.whole: Frame = {}

    def look(self, learners: Iterable[int] | None, since: float) -> bool:
        """See to it that these learners, or with None all there is, are known as of `since` or later.

        Return False if there is no such workshop.
        """
        with self.guard:
            now = time.monotonic()
            if learners is None or not self.workshop:
                if self.looked_at < since:
                    self.look_at_all()
                    self.looked_at = now
            elif stale := {one for one in learners if self.known_as_of(one) < since}:
                self.take(self.workshop, stale)
                self.looked_at_one |= dict.fromkeys(stale, now)
            return self.workshop is not None

    def known_as_of(self, learner: int) -> float:
        return max(self.looked_at, self.looked_at_one.get(learner, LONG_AGO))

    def look_at_all(self) -> None:
        self.workshop = Workshop.objects.select_related("showing").filter(code=self.code).first()
        if self.workshop:
            self.columns = columns(self.workshop, self.language)
            self.take(self.workshop, None)

    def take(self, workshop: Workshop, learners: set[int] | None) -> None:
        """Put what is found in the place of these learners' rows. The others are not told anew: it takes longest."""
        now = timezone.now()
        found = roster.rows(workshop, self.columns, now, learners)
        gone = self.rows.keys() if learners is None else learners
        kept = {learner: row for learner, row in self.rows.items() if learner not in gone}
        rows = kept | {row.participant.learner_id: row for row in found}
        ordered = sorted(rows.values(), key=lambda row: row.participant.pk)
        self.told = {learner: self.told[learner] for learner in kept}
        self.told |= {row.participant.learner_id: row.as_json() for row in found}
        self.rows = rows
        self.whole = {
            "workshop": workshop_json(workshop),
            "columns": [column.as_json() for column in self.columns],
            "times": roster.times_of(ordered, self.columns),
            "radar": roster.radar_of(ordered, now),
        }

    def shown(self) -> tuple[Frame, dict[int, Frame]]:
        """Return all there is, and the rows by participant, in the order in which they came."""
        with self.guard:
            told = sorted(self.told.values(), key=lambda frame: int(frame["id"]))
            return self.whole, {frame["id"]: frame for frame in told}


_rooms: "WeakValueDictionary[tuple[str, str], Room]" = WeakValueDictionary()


def room_of(code: str, language: str) -> Room:
    """Return the room that all consoles of this workshop share, as long as one of them is open."""
    return _rooms.setdefault((code, language), Room(code, language))


def workshop_json(workshop: Workshop) -> Frame:
    return {
        "code": workshop.code,
        "spoken_code": workshop.spoken_code,
        "title": workshop.title,
        "state": workshop.state,
        "starts_at": iso(workshop.starts_at),
        "ends_at": iso(workshop.ends_at),
        "capacity": workshop.capacity,
        "names_on_wall": workshop.names_on_wall,
        "showing": workshop.showing.display_name if workshop.showing else None,
    }
