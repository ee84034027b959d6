"""What the console shows of a workshop, as rows: read from the database anew each time, so that it is always true."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import Max

from courses.models import Attempt, Completion, Enrollment
from sandbox.models import Sandbox, Trouble, iso
from workshops import radar
from workshops.models import Note, Participant, Watch, Workshop
from workshops.plan import Column


@dataclass
class Row:
    """A participant, with everything that the console says of them."""

    participant: Participant
    enrollment: Enrollment | None = None
    done: dict[str, datetime] = field(default_factory=dict)  # by Column.key
    attempt: Attempt | None = None  # at the task they are at
    current: Column | None = None  # the task they are at
    trouble: Trouble | None = None
    sandbox: Sandbox | None = None
    watches: list[Watch] = field(default_factory=list)
    unread: int = 0

    @property
    def began_current(self) -> datetime:
        """When they came to the task they are at: when they had done one before, or came to the lesson."""
        times = [self.participant.joined_at]
        if self.enrollment and self.enrollment.lesson_since:
            times.append(self.enrollment.lesson_since)
        return max([*times, *self.done.values()])

    def stuck(self, now: datetime) -> radar.Stuck | None:
        trouble, attempt, current = self.trouble, self.attempt, self.current
        key = self.participant.pk
        place = {"lesson": current.lesson, "task": current.task} if current else {}
        last_done = max(self.done.values(), default=None)
        if trouble and radar.is_recent(trouble.at, now) and not (last_done and radar.is_over(trouble.at, last_done)):
            return radar.Stuck(key, trouble.at, trouble.error, trouble.command, **place)
        spent = now - self.began_current
        if current and attempt and radar.is_slow(spent, current.planned, attempt.tries):
            return radar.Stuck(key, self.began_current, found=attempt.found, **place)
        return None

    def as_json(self) -> dict[str, Any]:
        sandbox, attempt = self.sandbox, self.attempt
        return {
            "id": self.participant.pk,
            "name": self.participant.learner.display_name,
            "code": self.participant.spoken_code,
            "guest": self.participant.learner.is_guest,
            "joined_at": iso(self.participant.joined_at),
            "hand_at": iso(self.participant.hand_at),
            "done": {key: iso(at) for key, at in self.done.items()},
            "at": self.current.key if self.current else None,
            "at_since": iso(self.began_current),
            "tries": attempt.tries if attempt else 0,
            "found": attempt.found if attempt else "",
            "expected": attempt.expected if attempt else "",
            "trouble": trouble_json(self.trouble),
            "sandbox": sandbox_json(sandbox),
            "active_at": iso(sandbox.active_at) if sandbox else None,
            "watchers": [{"name": one.instructor.display_name, "keyboard": one.keyboard} for one in self.watches],
            "unread": self.unread,
        }


def trouble_json(trouble: Trouble | None) -> dict[str, Any] | None:
    if not trouble:
        return None
    phrase = radar.phrase_of(trouble.error)
    return {"phrase": phrase, "error": trouble.error, "command": trouble.command, "at": iso(trouble.at)}


def sandbox_json(sandbox: Sandbox | None) -> dict[str, Any] | None:
    if not sandbox:
        return None
    return {
        "state": sandbox.state,
        "error": sandbox.reason(),
        "paused": sandbox.paused_at is not None,
        "expires_at": iso(sandbox.expires_at),
        "containers": sandbox.containers,
    }


def rows(workshop: Workshop, columns: list[Column], now: datetime, learners: Iterable[int] | None = None) -> list[Row]:
    """Return a row for each participant, in the order in which they came; `learners`: of these users alone.

    A fixed number of queries, however many participants there are.
    """
    participants = workshop.participants.select_related("learner").order_by("joined_at", "pk")
    if learners is not None:
        participants = participants.filter(learner__in=list(learners))
    found = {one.learner_id: Row(one) for one in participants}
    add_progress(found, workshop, columns)
    add_sandboxes(found)
    add_troubles(found, now)
    add_helpers({row.participant.pk: row for row in found.values()}, now)
    return list(found.values())


def add_progress(found: dict[int, Row], workshop: Workshop, columns: list[Column]) -> None:
    """Say how far each has come.

    Nothing is prefetched: an enrolment and its completions would hold each other, and so be left, look after look, to
    a collection of all garbage, for which the whole process waits.
    """
    known = {column.key for column in columns}
    enrolled: dict[int, Row] = {}  # by enrolment
    for enrollment in Enrollment.objects.filter(learner__in=found, course=workshop.course):
        row = enrolled[enrollment.pk] = found[enrollment.learner_id]
        row.enrollment = enrollment
    in_class = {"enrollment__in": enrolled, "lesson__in": workshop.days}
    completions = Completion.objects.filter(**in_class)
    for enrollment_id, lesson, task, at in completions.values_list("enrollment", "lesson", "task", "completed_at"):
        if (key := f"{lesson}/{task}") in known:
            enrolled[enrollment_id].done[key] = at
    for row in found.values():
        row.current = current_of(row, columns)
    for attempt in Attempt.objects.filter(**in_class):
        row = enrolled[attempt.enrollment_id]
        if row.current and row.current.key == f"{attempt.lesson}/{attempt.task}":
            row.attempt = attempt


def current_of(row: Row, columns: list[Column]) -> Column | None:
    """Return the first task that is open in the lesson they read, or else in the days before and after it."""
    open_tasks = [column for column in columns if not column.is_quiz and column.key not in row.done]
    reads = row.enrollment.lesson if row.enrollment else ""
    return next((one for one in open_tasks if one.lesson == reads), open_tasks[0] if open_tasks else None)


def add_sandboxes(found: dict[int, Row]) -> None:
    """Give each row the learner's newest sandbox, which may have ended."""
    newest = Sandbox.objects.filter(learner__in=found).values("learner").annotate(newest=Max("pk")).values("newest")
    for sandbox in Sandbox.objects.claimed().filter(pk__in=newest):
        found[sandbox.learner_id].sandbox = sandbox  # type: ignore[index]  # claimed: it has a learner


def add_troubles(found: dict[int, Row], now: datetime) -> None:
    troubles = Trouble.objects.open().filter(learner__in=found, at__gt=now - radar.RECENT).order_by("at")
    for trouble in troubles:
        found[trouble.learner_id].trouble = trouble


def add_helpers(found: dict[int, Row], now: datetime) -> None:
    for watch in Watch.objects.present(now).filter(participant__in=found).select_related("instructor"):
        found[watch.participant_id].watches.append(watch)
    for participant in Note.objects.unread().filter(participant__in=found).values_list("participant", flat=True):
        found[participant].unread += 1


def radar_of(found: list[Row], now: datetime) -> list[dict[str, Any]]:
    stuck = [one for row in found if (one := row.stuck(now))]
    return [group.as_json() for group in radar.grouped(stuck)]


def times_of(found: list[Row], columns: list[Column]) -> dict[str, dict[str, Any]]:
    """Return, by column, how many have done it and the median of the seconds they took; None if nobody has yet."""
    taken: dict[str, list[float]] = defaultdict(list)
    for row in found:
        for key, seconds in seconds_of(row.done, row.participant.joined_at).items():
            taken[key].append(seconds)
    return {
        column.key: {
            "done": len(taken[column.key]),
            "median": round(median(taken[column.key])) if taken[column.key] else None,
        }
        for column in columns
    }


def seconds_of(done: dict[str, datetime], joined_at: datetime) -> dict[str, float]:
    """Return how long each took: since the one done before it, or since they joined; 0 for what was done sooner."""
    taken, begin = {}, joined_at
    for key, at in sorted(done.items(), key=lambda item: item[1]):
        taken[key] = max(timedelta(), at - begin).total_seconds()
        begin = max(begin, at)
    return taken
