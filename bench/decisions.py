"""What it costs to let a learner in, by the number of hosts in a database: rows only, there is no engine.

A process of its own, with a database and a broker of its own, on which no worker listens.
"""

import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.report import percentile
from courses.models import User
from sandbox import admission, capacity
from sandbox.container import LOCAL
from sandbox.models import Host, Sandbox, State

LIVE = 3_000  # sandboxes in the database
# How many hosts there are, and how many sandboxes that have ended: what a school year leaves, and several.
CASES = ((1, 10_000), (3, 10_000), (30, 10_000), (300, 10_000), (30, 50_000))
WARM_UP = 5


def main() -> None:
    times = int(sys.argv[1])
    call_command("migrate", verbosity=0)
    Host.objects.filter(name=LOCAL).update(draining=True)
    learners = User.objects.bulk_create(User(username=f"learner-{number}") for number in range(LIVE))
    print(json.dumps([taken_with(hosts, ended, times, learners) for hosts, ended in CASES]))


def taken_with(hosts: int, ended: int, times: int, learners: list[User]) -> dict[str, Any]:
    settle(hosts, ended, LIVE // hosts + times + WARM_UP + 1, learners)
    comers = [User.objects.create_guest(name="Guest") for _ in range(WARM_UP + times + 1)]
    for comer in comers[:WARM_UP]:
        admission.open_for(comer)
    decided = [seconds_of(partial(admission.open_for, comer)) for comer in comers[WARM_UP:-1]]
    chosen = [seconds_of(Host.objects.roomiest().first) for _ in range(times)]
    with CaptureQueriesContext(connection) as asked:
        admission.open_for(comers[-1])
    with CaptureQueriesContext(connection) as choosing:
        Host.objects.roomiest().first()
    return {
        "hosts": hosts,
        "live": LIVE,
        "ended": ended,
        "times": times,
        "median": statistics.median(decided),
        "p99": percentile(decided, 99),
        "choice": statistics.median(chosen),
        "queries": len(asked),
        "queries for the choice": len(choosing),
        "lateness": statistics.median(seconds_of(capacity.lateness) for _ in range(times)),
    }


def settle(hosts: int, ended: int, capacity: int, learners: list[User]) -> None:
    """Make so many hosts, with all the sandboxes on them, and room for those who come."""
    Sandbox.objects.all().delete()
    Host.objects.others().delete()
    named = [f"host-{number}" for number in range(hosts)]
    Host.objects.bulk_create(Host(name=name, url="tcp://", capacity=capacity) for name in named)
    states = [State.RUNNING] * LIVE + [State.STOPPED] * ended
    Sandbox.objects.bulk_create(
        Sandbox(learner=learner, state=state, host_id=name)
        for state, learner, name in zip(states, itertools.cycle(learners), itertools.cycle(named))
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def seconds_of(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
