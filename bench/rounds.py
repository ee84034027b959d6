"""What a learner at the pace of a class asks of the database, and how many events come of it.

A round is what comes of one command, after which its learner reads on: the use of the sandbox is noted, and the tasks
are checked, at once with news, and then a few times more without. It is done by the platform's own functions, with what
a sandbox's daemon has answered before.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from django.db import connection
from django.utils import timezone

from bench.decisions import seconds_of
from courses.models import User
from sandbox import events, tasks
from sandbox.event_consumer import CHECKS_LATER
from sandbox.models import Sandbox, State

COURSE, LESSON = "sarafa-bazaar", "day-2"
LEARNERS = 16
COUNTED = 2 * LEARNERS  # rounds of which each part is looked at
CHECKS = 1 + len(CHECKS_LATER)  # of one command

Facts = dict[str, Any]
Act = Callable[[str, Callable[[], object]], object]


class Room:
    """Learners who sit at the course, and have typed what brought these facts."""

    def __init__(self, facts: Facts) -> None:
        self.facts, self.number = facts, 0
        self.sandboxes = [self.one() for _ in range(LEARNERS)]

    def one(self) -> Sandbox:
        learner = User.objects.create_guest(name="Guest")
        learner.enroll(COURSE).read(LESSON, timezone.now())
        return Sandbox.objects.create(learner=learner, state=State.RUNNING, container_id="none")

    def round(self, act: Act) -> None:
        """Do what comes of a command; `act` is told what it is, and does it."""
        sandbox = self.sandboxes[self.number % LEARNERS]
        shown = self.number // LEARNERS % 2  # each time another picture than the last: that is news
        facts = self.facts if shown else self.facts | {"containers": []}
        self.number += 1
        act("touch", lambda: sandbox.touch(timezone.now()))
        with mock.patch.object(tasks, "known_of", return_value=facts):
            for kind in ("news", *["check"] * (CHECKS - 1)):
                act("order", lambda: tasks.order(tasks.check_tasks, sandbox.pk))
                act(kind, lambda: tasks.check_tasks(sandbox.pk))


def counted(room: Room) -> dict[str, Any]:
    """Return of each part of a round how many queries and events it is, the event's bytes, and the seconds."""
    for _ in range(2 * LEARNERS):  # what is noted once has been
        room.round(plainly)
    before = commits()
    for _ in range(COUNTED):
        room.round(plainly)
    told: dict[str, Any] = {"commits": (commits() - before) / COUNTED}
    parts = Parts()
    for _ in range(COUNTED):
        room.round(parts.note)
    return told | {kind: parts.median(kind) for kind in ("touch", "order", "news", "check")}


def plainly(_kind: str, do: Callable[[], object]) -> None:
    do()
    connection.close()  # given back to the pool, as at the end of each request and task


def commits() -> int:
    """Return how many transactions there were, this client being the only one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


class Parts:
    def __init__(self) -> None:
        self.noted: dict[str, list[dict[str, float]]] = {}

    def note(self, kind: str, do: Callable[[], object]) -> None:
        before = time.process_time()
        with timed() as queries, published() as messages:
            took = seconds_of(do)
        spent = time.process_time() - before
        connection.close()
        row = {"queries": len(queries), "database": sum(queries), "took": took, "processor": spent}
        row |= {"events": len(messages), "bytes": sum(messages)}
        self.noted.setdefault(kind, []).append(row)

    def median(self, kind: str) -> dict[str, float]:
        rows = self.noted[kind]
        return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


@contextmanager
def timed() -> Iterator[list[float]]:
    """Yield what becomes the seconds of each query."""
    took: list[float] = []

    def noted(execute: Callable[..., Any], *arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            took.append(time.perf_counter() - began)

    with connection.execute_wrapper(noted):
        yield took


@contextmanager
def published() -> Iterator[list[int]]:
    """Yield what becomes the bytes of each event."""
    sizes: list[int] = []
    publish = events.publish

    def noted(group: str, message: dict[str, Any]) -> None:
        sizes.append(len(json.dumps(message)))
        publish(group, message)

    with mock.patch.object(events, "publish", noted):
        yield sizes
