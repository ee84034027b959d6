"""What a learner's pages know of their workshop, as frames. The fields are in static/js/classroom/protocol.ts.

`/ws/workshop/<code>/classroom/`
    Text frames to the page, each JSON with all there is: {"type": "classroom", ...}, at first and after each change.
    The page sends nothing. Close codes: 4401 not signed in, 4404 no such workshop, or not one that they have joined.
"""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.utils import timezone

from courses.models import Completion
from sandbox.models import iso
from sandbox.sockets import NO_SANDBOX
from workshops.events import ROSTER
from workshops.live import LiveConsumer, ask
from workshops.models import Participant, Watch

Frame = dict[str, Any]

WATCHED_SECONDS = 1  # between two looks at whether whoever watched is still there
CALM_SECONDS = 9  # between two looks without news: there are as many of these pages as learners
SPREAD_SECONDS = 7  # up to so many more, another time each time, so that pages that came at once do not stay together
# Pages wait for one another, and consoles not for them: more threads than this would only take turns at one processor.
THREADS = ThreadPoolExecutor(2, thread_name_prefix="classroom")


class ClassroomConsumer(LiveConsumer):
    async def refusal(self) -> int | None:
        joined = Participant.objects.of(self.scope["user"]).filter(workshop__code=self.argument("code"))
        return None if await joined.aexists() else NO_SANDBOX

    async def opened(self) -> None:
        self.shown: Frame = {}
        self.calm = self.next_calm()
        await super().opened()
        await self.follow({self.scope["user"].pk})

    def next_calm(self) -> float:
        return CALM_SECONDS + random.uniform(0, SPREAD_SECONDS)  # noqa: S311 (nobody gains by knowing it)

    def patience(self) -> float:
        """A watcher whose process died tells nobody that it has gone."""
        return WATCHED_SECONDS if self.shown.get("watchers") else self.calm

    def concerns(self, message: dict[str, Any]) -> bool:
        """Who has come or gone is shown here only beside what one's mates have done."""
        return message["type"] != ROSTER or bool(self.shown.get("mates"))

    async def show(self, stale: set[int] | None) -> bool:
        found = await ask(seen_by, self.scope["user"].pk, self.argument("code"), threads=THREADS)
        if stale is None:
            self.calm = self.next_calm()
        if found is not None and found != self.shown:
            self.shown = found
            await self.say({"type": "classroom", "now": iso(timezone.now()), **found})
        return found is not None


def seen_by(learner_id: int, code: str) -> Frame | None:
    """Return what a learner's pages show of the workshop; None if they take no part in it."""
    found = Participant.objects.filter(learner=learner_id, workshop__code=code)
    participant = found.select_related("workshop__showing", "learner").first()
    if not participant:
        return None
    workshop, now = participant.workshop, timezone.now()
    # Whoever watches, in this workshop or in another one: their pages are about one workshop, their terminal is one.
    watches = Watch.objects.over(learner_id).present(now).select_related("instructor").order_by("since")
    notes = participant.notes.unread().select_related("author")
    return {
        "workshop": {"code": workshop.code, "title": workshop.title, "state": workshop.state},
        "name": participant.learner.display_name,
        "hand": {"at": iso(participant.hand_at), "place": participant.place()} if participant.hand_at else None,
        "watchers": [{"id": one.pk, "name": one.instructor.display_name, "keyboard": one.keyboard} for one in watches],
        "notes": [
            {
                "id": note.pk,
                "from": note.author.display_name if note.author else "",
                "text": note.text,
                "hint": note.is_hint,
                "sent_at": iso(note.sent_at),
            }
            for note in notes
        ],
        "showing": {"name": workshop.showing.display_name} if workshop.showing else None,
        "mates": mates_of(participant) if workshop.progress_shared else None,
    }


def mates_of(participant: Participant) -> list[Frame]:
    """Return how much each of the workshop has done, the learner first, then whoever has done most."""
    workshop = participant.workshop
    done: dict[int, int] = {}
    completions = Completion.objects.filter(
        enrollment__course=workshop.course,
        lesson__in=workshop.days,
        enrollment__learner__participations__workshop=workshop,
    )
    for learner in completions.values_list("enrollment__learner", flat=True):
        done[learner] = done.get(learner, 0) + 1
    mates = [
        {"name": one.learner.display_name, "done": done.get(one.learner_id, 0), "me": one.pk == participant.pk}
        for one in workshop.participants.select_related("learner")
    ]
    return sorted(mates, key=lambda mate: (not mate["me"], -int(mate["done"]), mate["name"]))
