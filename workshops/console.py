"""The instructor's live console, as frames. The fields are in static/js/classroom/protocol.ts.

`/ws/workshop/<code>/console/`
    Text frames to the page, each JSON: first {"type": "room", ...}, all there is; then {"type": "change", ...}, which
    has the rows that have changed, the ids of participants who are `gone`, and what else is another than before. If
    nothing has, a change without any comes every few seconds: a page that hears nothing has lost its connection. The
    page sends nothing. Close codes: 4401 not signed in, 4404 no such workshop, or none of yours.
"""

from typing import Any

from django.utils import timezone
from django.utils.translation import get_language

from courses.models import User
from sandbox.models import iso
from sandbox.sockets import NO_SANDBOX
from workshops import roster
from workshops.live import LiveConsumer, ask
from workshops.models import Workshop
from workshops.plan import columns

Frame = dict[str, Any]


class Board:
    """What one console shows, and has shown."""

    def __init__(self, user_id: int, code: str, language: str) -> None:
        self.user_id, self.code, self.language = user_id, code, language
        self.rows: dict[int, roster.Row] = {}  # by the learner
        self.told: dict[int, Frame] = {}  # the same, as the page gets them
        self.shown: Frame = {}
        self.shown_rows: dict[int, Frame] = {}

    def look(self, learners: set[int] | None) -> Frame | None:
        """Look at these learners, or, with None, at all, and return the frame that tells what has changed.

        It is empty if nothing has. Return None if the user may not see this workshop, or there is none.
        """
        now = timezone.now()
        workshop = self.workshop()
        if not workshop:
            return None
        tasks = columns(workshop, self.language)
        found = roster.rows(workshop, tasks, now, learners)
        self.take(found, set(self.rows) if learners is None else learners)
        ordered = sorted(self.rows.values(), key=lambda row: row.participant.pk)
        return self.changes(
            {
                "workshop": workshop_json(workshop),
                "columns": [column.as_json() for column in tasks],
                "times": roster.times_of(ordered, tasks),
                "radar": roster.radar_of(ordered, now),
            },
            {row.participant.pk: self.told[row.participant.learner_id] for row in ordered},
        )

    def take(self, found: list[roster.Row], looked_for: set[int]) -> None:
        """Put what was found in the place of these learners' rows. The others are not told anew: it takes longest."""
        for learner in looked_for:
            self.rows.pop(learner, None)
            self.told.pop(learner, None)
        for row in found:
            self.rows[row.participant.learner_id] = row
            self.told[row.participant.learner_id] = row.as_json()

    def workshop(self) -> Workshop | None:
        user = User.objects.filter(pk=self.user_id).first()
        known = Workshop.objects.taught_by(user) if user else Workshop.objects.none()
        return known.select_related("showing").filter(code=self.code).first()

    def changes(self, whole: Frame, rows: dict[int, Frame]) -> Frame:
        is_first = not self.shown
        told = {key: value for key, value in whole.items() if self.shown.get(key) != value}
        changed = [row for key, row in rows.items() if self.shown_rows.get(key) != row]
        gone = [key for key in self.shown_rows if key not in rows]
        self.shown, self.shown_rows = whole, rows
        if not (is_first or told or changed or gone):
            return {}
        about = {"type": "room" if is_first else "change", "now": iso(timezone.now())}
        return about | told | {"rows": changed, "gone": gone}


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


def nothing_new() -> Frame:
    return {"type": "change", "now": iso(timezone.now()), "rows": [], "gone": []}


class ConsoleConsumer(LiveConsumer):
    async def refusal(self) -> int | None:
        user, code = self.scope["user"], self.argument("code")
        known = await Workshop.objects.taught_by(user).filter(code=code).aexists()
        return None if known else NO_SANDBOX

    async def opened(self) -> None:
        self.board = Board(self.scope["user"].pk, self.argument("code"), get_language() or "en")
        await super().opened()

    async def show(self, stale: set[int] | None) -> bool:
        frame = await ask(self.board.look, stale)
        if frame is None:
            return False
        await self.follow(set(self.board.rows))
        if frame or stale is None:
            await self.say(frame or nothing_new())
        return True
