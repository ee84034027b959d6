"""A clock that jumps takes no learner's time."""

import threading
from datetime import timedelta

import pytest
from django.core.cache import cache

from sandbox import clock, tasks
from sandbox.models import Sandbox, State


class Clock:
    def __init__(self) -> None:
        self.wall, self.steady = 1_800_000_000.0, 5000.0

    def pass_by(self, seconds: float, jump: float = 0) -> None:
        self.steady += seconds
        self.wall += seconds + jump

    def time(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.steady


@pytest.fixture
def ticking(monkeypatch):
    cache.clear()
    ticking = Clock()
    monkeypatch.setattr(clock, "time", ticking)
    clock.make_up_for_jumps()
    return ticking


@pytest.mark.parametrize("jump", [3600, -3600])
def test_the_ends_jump_with_it(ticking, alice, make, now, jump):
    make(alice, expires_at=now)
    ticking.pass_by(20, jump)
    clock.make_up_for_jumps()
    clock.make_up_for_jumps()
    assert Sandbox.objects.get().expires_at == now + timedelta(seconds=jump)


@pytest.mark.parametrize("jump", [3600, -3600])
def test_nobody_is_idle_or_unsaved_because_the_clock_was_set(ticking, alice, make, now, jump):
    sandbox = make(alice, active_at=now, saved_at=now)
    ticking.pass_by(20, jump)
    clock.make_up_for_jumps()
    sandbox.refresh_from_db()
    assert sandbox.active_at == sandbox.saved_at == now + timedelta(seconds=jump)
    assert (sandbox.paused_at, sandbox.expires_at) == (None, None)


@pytest.mark.parametrize("jump", [0, 59, -59])
def test_what_is_no_jump_changes_nothing(ticking, alice, make, now, jump):
    make(alice, expires_at=now)
    ticking.pass_by(20, jump)
    clock.make_up_for_jumps()
    assert Sandbox.objects.get().expires_at == now


def test_a_machine_that_was_started_again_has_not_jumped(ticking, alice, make, now):
    make(alice, expires_at=now)
    ticking.steady, ticking.wall = 10.0, ticking.wall + 500
    clock.make_up_for_jumps()
    assert Sandbox.objects.get().expires_at == now


def test_nobodys_time_is_over_because_the_clock_was_set(ticking, alice, make, engine, now):
    sandbox = make(alice, expires_at=now - timedelta(minutes=10))
    engine.made[sandbox.code] = sandbox.container_id
    ticking.pass_by(20, 3600)
    tasks.reconcile()
    assert Sandbox.objects.get().state == State.RUNNING


def test_another_worker_goes_on_when_the_times_have_been_moved(ticking, monkeypatch):
    under_way, go_on = threading.Event(), threading.Event()
    moved = []

    def move(jump: timedelta) -> None:
        under_way.set()
        assert go_on.wait(10)
        moved.append(jump)

    monkeypatch.setattr(clock, "move", move)
    ticking.pass_by(20, 3600)
    first = threading.Thread(target=clock.make_up_for_jumps)
    first.start()
    assert under_way.wait(10)
    second = threading.Thread(target=clock.make_up_for_jumps)
    second.start()
    second.join(0.2)
    assert second.is_alive()
    go_on.set()
    first.join(10)
    second.join(10)
    assert moved == [timedelta(hours=1)]
