"""The instructor's live console, as frames. The fields are in static/js/classroom/protocol.ts.

`/ws/workshop/<code>/console/`
    Text frames to the page, each JSON: first {"type": "room", ...}, all there is; then {"type": "change", ...}, which
    has the rows that have changed, the ids of participants who are `gone`, and what else is another than before. If
    nothing has, a change without any comes every few seconds: a page that hears nothing has lost its connection. The
    page sends nothing. Close codes: 4401 not signed in, 4404 no such workshop, or none of yours.
"""

from concurrent.futures import ThreadPoolExecutor

from django.utils import timezone
from django.utils.translation import get_language

from courses.models import User
from sandbox.models import iso
from sandbox.sockets import NO_SANDBOX
from workshops.live import LiveConsumer, ask
from workshops.models import Workshop
from workshops.room import Frame, room_of

THREADS = ThreadPoolExecutor(4, thread_name_prefix="console")  # of their own: there may be a hundred other pages


class Board:
    """What one console shows, and has shown."""

    def __init__(self, user_id: int, code: str, language: str) -> None:
        self.user_id, self.room = user_id, room_of(code, language)
        self.shown: Frame = {}
        self.shown_rows: dict[int, Frame] = {}

    def look(self, learners: set[int] | None, since: float) -> Frame | None:
        """Look at these learners, or, with None, at all, and return the frame that tells what has changed.

        It is empty if nothing has. Return None if the user may not see this workshop, which is asked with all the
        rest, or there is none. `since` is of time.monotonic(): what was read later need not be read again.
        """
        if learners is None and not self.may_see():
            return None
        if not self.room.look(learners, since):
            return None
        return self.changes(*self.room.shown())

    def may_see(self) -> bool:
        user = User.objects.filter(pk=self.user_id).first()
        return user is not None and Workshop.objects.taught_by(user).filter(code=self.room.code).exists()

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
        frame = await ask(self.board.look, stale, self.heard_at, threads=THREADS)
        if frame is None:
            return False
        self.looked_at = self.board.room.looked_at  # together with the other consoles
        await self.follow(set(self.board.room.rows))
        if frame or stale is None:
            await self.say(frame or nothing_new())
        return True
