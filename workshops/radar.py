"""The radar: who is stuck, on what, grouped by what they have in common.

Two things make a learner stuck: the daemon refused their last command, and they have not got over it; or a task takes
them much longer than planned, and they do try. The first kind is grouped by the daemon's own words.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

RECENT = timedelta(minutes=15)  # an error that is older tells nothing about now
SETTLED = timedelta(seconds=10)  # what is done sooner after an error may have been done before it, by the same command
SLOW = 2  # times the planned time of a task, after which its learner may need help
TRIES = 2  # that a slow learner has made: one who has not begun is not stuck

# What errors of a kind have in common, in the daemon's words; the rest of them is about one learner's things.
PHRASES = [
    re.compile(phrase)
    for phrase in (
        r"port is already allocated",
        r"address already in use",
        r"is already in use by container",
        r"No such container",
        r"No such image",
        r"no such volume",
        r"network \S+ not found",
        r"volume is in use",
        r"manifest unknown",
        r"pull access denied",
        r"requested access to the resource is denied",
        r"no basic auth credentials",
        r"unauthorized: authentication required",
        r"unauthorized",
        r"image is being used by (?:running|stopped) container",
        r"is using its referenced image",
        r"This is not a place of yours",
        r"image is referenced in multiple repositories",
        r"container is running: stop the container before removing",
        r"stop the container before (?:attempting removal|removing)",
        r"executable file not found in \$PATH",
        r"no such file or directory",
        r"invalid reference format",
        r"no space left on device",
        r"is not running",
        r"is restarting, wait until the container is running",
        r"toomanyrequests",
    )
]
# Whatever else it is, these are one learner's: ids, quoted names, addresses, paths, numbers.
THEIRS = re.compile(r"""\b[0-9a-f]{12,64}\b|"[^"]*"|'[^']*'|\S*[/:]\S*|\b\d+\b""")
LONGEST = 120


@dataclass(frozen=True)
class Stuck:
    """One learner who is stuck: with an error, or, if that is empty, at a task that takes too long."""

    participant: int
    since: datetime
    error: str = ""
    command: str = ""
    lesson: str = ""
    task: str = ""
    found: str = ""


@dataclass
class Group:
    """Learners who are stuck on the same. `name` is the real error, or what was found at the task."""

    kind: str  # error or task
    name: str
    lesson: str = ""
    task: str = ""
    members: list[Stuck] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        first = self.members[0]
        return {
            "kind": self.kind,
            "name": self.name,
            "lesson": self.lesson,
            "task": self.task,
            "members": [one.participant for one in self.members],
            "example": first.error or first.found,
            "command": first.command,
            "since": min(one.since for one in self.members).isoformat(),
        }


def phrase_of(error: str) -> str:
    """Return what an error has in common with others of its kind, in its own words."""
    for phrase in PHRASES:
        found = phrase.search(error)
        if found:
            return found[0]
    return re.sub(r"\s+", " ", THEIRS.sub("…", error)).strip()[:LONGEST]


def grouped(stuck: Iterable[Stuck]) -> list[Group]:
    """Return the groups, the largest first; a learner with an error is in that group alone."""
    groups: dict[tuple[str, str, str], Group] = {}
    by_age = sorted(stuck, key=lambda one: one.since)
    for one in by_age:
        group = Group("error", phrase_of(one.error)) if one.error else Group("task", one.found, one.lesson, one.task)
        groups.setdefault((group.name, group.lesson, group.task), group).members.append(one)
    return sorted(groups.values(), key=lambda group: (-len(group.members), group.kind, group.name))


def is_recent(at: datetime, now: datetime) -> bool:
    return now - at < RECENT


def is_over(failed_at: datetime, done_at: datetime) -> bool:
    """Say whether a task done afterwards shows that its learner has got over an error."""
    return done_at - failed_at > SETTLED


def is_slow(spent: timedelta, planned: timedelta, tries: int) -> bool:
    return bool(planned) and tries >= TRIES and spent > SLOW * planned
