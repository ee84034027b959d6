"""The clock is set while a worker runs, for it and for all that it asks: see faketime(1)."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.utils import timezone

from sandbox import admission, clock, tasks
from sandbox.models import Sandbox, State
from tests.faults.aftermath import WORK, nothing_lies, shell, working
from tests.faults.conftest import common, environment_of
from tests.faults.workers import Workers
from tests.parts import until

pytestmark = [pytest.mark.docker, pytest.mark.django_db(transaction=True)]

HOUR = timedelta(hours=1)


def library() -> str:
    """Return the library that sets a process's clock. `scripts/faketime.sh` sees to it that it is there."""
    assert shutil.which("faketime")
    return str(next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")))


@pytest.fixture(scope="module")
def dial(tmp_path_factory) -> Path:
    """Where the workers' clock is set."""
    dial = tmp_path_factory.mktemp("clock") / "dial"
    dial.write_text("+0")
    return dial


@pytest.fixture(scope="module")
def parent(dial, depot, installation, django_db_setup, tmp_path_factory) -> Iterator[Workers]:
    folder = tmp_path_factory.mktemp("workers")
    environment = environment_of(depot) | {
        "LD_PRELOAD": library(),
        "FAKETIME_TIMESTAMP_FILE": str(dial),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    workers = Workers(folder / "log", environment, **common())
    yield workers
    workers.end()


def look_at_the_clock() -> float:
    """Have the workers reconcile, and return what the time is for them."""
    before = cache.get(clock._KEY)
    assert tasks.order(tasks.reconcile)
    until(lambda: cache.get(clock._KEY) != before, 20, "a look at the clock")
    return float(cache.get(clock._KEY)[0])


def test_nobodys_time_is_over_when_the_clock_is_set_forward_an_hour(alice, workers, dial):
    sandbox = working(alice)
    before = timezone.now()
    Sandbox.objects.update(active_at=before, saved_at=before, expires_at=before + HOUR / 2)
    workers.start()
    look_at_the_clock()

    dial.write_text("+1h")
    for _ in range(3):
        assert look_at_the_clock() > (before + HOUR).timestamp()

    sandbox.refresh_from_db()
    assert abs(sandbox.expires_at - before - HOUR * 1.5) < timedelta(seconds=5)
    assert abs(sandbox.active_at - before - HOUR) < timedelta(seconds=5)
    sandbox.refresh_from_db()
    assert (sandbox.state, sandbox.paused_at) == (State.RUNNING, None)
    assert shell(sandbox, "cat work") == (0, WORK)
    # Not `is_served`: by this process's time, what it uses now was used an hour ago, and would be put to sleep.
    assert admission.open_for(alice) == sandbox
    nothing_lies()
