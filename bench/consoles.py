"""Instructors' consoles, and how late what happened in the class is on them.

Cause and arrival are read off the same clock, time.time(), which is also that of the rows. What a cause is:

hand    the learner's request is about to be sent
read    the same, of the request that says a note was read
task    the completion's own time, which its row has
error   the last moment at which the worker's row of the trouble was not there yet: it is looked for all the time
command the refused command's first call, as the tap in the sandbox stamped it, of the same arrivals as `error`
"""

import asyncio
import sqlite3
import time
from collections import defaultdict
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.learner import Events, Gone, Learner

LOOK_SECONDS = 0.01  # between two looks for new troubles
NEW_TROUBLES = """
select trouble.id, participant.id, trouble.at from sandbox_trouble trouble
join workshops_participant participant on participant.learner_id = trouble.learner_id where trouble.id > ?
"""

Row = dict[str, Any]
Cause = tuple[Any, ...]  # what happened, to which participant, and what tells it from others of the same


class Console:
    """One open console, and when each thing was first to be seen on it."""

    def __init__(self, events: Events) -> None:
        self.events = events
        self.rows: dict[int, Row] = {}
        self.seen: dict[Cause, float] = {}
        self.times: dict[Cause, int] = defaultdict(int)
        self.in_trouble: dict[int, str] = {}
        self.on_radar: set[int] = set()
        self.frames = self.bytes = 0

    async def listen(self, errors: list[str]) -> None:
        try:
            while True:
                await self.hear()
        except Gone as gone:
            errors.append(f"Console: {gone}")

    async def hear(self) -> None:
        frame = await self.events.next()
        now = time.time()
        self.frames += 1
        is_first = frame["type"] == "room"
        for row in frame["rows"]:
            before = self.rows.get(row["id"])
            self.rows[row["id"]] = row
            if before and not is_first:
                self.compare(before, row, now)
        if "radar" in frame:
            errors = [group for group in frame["radar"] if group["kind"] == "error"]
            self.on_radar = {participant for group in errors for participant in group["members"]}
        for participant in self.on_radar:
            trouble = self.rows[participant]["trouble"]
            if trouble:
                self.seen.setdefault(("error", participant, moment(trouble["at"])), now)

    def compare(self, before: Row, row: Row, now: float) -> None:
        if row["hand_at"] and not before["hand_at"]:
            self.count("hand", row["id"], now)
        if before["unread"] and not row["unread"]:
            self.count("read", row["id"], now)
        for key in row["done"].keys() - before["done"].keys():
            self.seen["task", row["id"], key] = now

    def count(self, what: str, participant: int, now: float) -> None:
        """Note what may happen to one learner several times, by its number."""
        number = self.times[what, participant]
        self.times[what, participant] += 1
        self.seen[what, participant, number] = now


class Causes:
    """When what is to be seen on the consoles was caused."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.at: dict[Cause, float] = {}
        self.times: dict[Cause, int] = defaultdict(int)

    def count(self, what: str, participant: int) -> None:
        number = self.times[what, participant]
        self.times[what, participant] += 1
        self.at[what, participant, number] = time.time()

    async def look_for_troubles(self) -> None:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            [(last,)] = database.execute("select coalesce(max(id), 0) from sandbox_trouble")
            absent = time.time()
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                begun = time.time()
                for row, participant, at in database.execute(NEW_TROUBLES, [last]).fetchall():
                    self.at["error", participant, moment(f"{at}+00:00")] = absent
                    last = row
                absent = begun

    def add_tasks(self, console: Console) -> None:
        """Take when tasks were done from the rows, which say it."""
        for what, participant, key in list(console.seen):
            if what == "task":
                self.at[what, participant, key] = moment(console.rows[participant]["done"][key])

    def delays(self, consoles: list[Console], what: str) -> tuple[list[float], int]:
        """Return the seconds of each arrival on each console, and how many have not arrived."""
        due = [cause for cause in self.at if cause[0] == what]
        arrived = [
            console.seen[cause] - self.at[cause] for console in consoles for cause in due if cause in console.seen
        ]
        return arrived, len(due) * len(consoles) - len(arrived)

    def since_commands(self, consoles: list[Console]) -> list[float]:
        due = [cause for cause in self.at if cause[0] == "error"]
        return [console.seen[cause] - cause[2] for console in consoles for cause in due if cause in console.seen]


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def opened(instructors: list[Learner], code: str) -> list[Console]:
    """Open each instructor's console, and return when all show the room."""
    consoles = []
    for instructor in instructors:
        socket = await instructor.http.ws_connect(f"/ws/workshop/{code}/console/", max_msg_size=0)
        consoles.append(Console(Events(socket)))
        await consoles[-1].hear()
    return consoles
