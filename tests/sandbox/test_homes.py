"""What is kept of a sandbox when it ends, and comes back in the next."""

from datetime import timedelta

import pytest
from django.conf import settings

from courses.models import User
from sandbox import containers, homes, tasks
from sandbox.engine import ContainerGone, EngineError, EngineUnreachable
from sandbox.models import SAVE_TURNS, Home, Sandbox, State


@pytest.fixture
def used(alice, make, engine):
    """A sandbox in use, with something in its home."""
    sandbox = make(alice)
    sandbox.container_id = engine.made[sandbox.code] = containers.name_of(sandbox.code)
    sandbox.save()
    engine.homes[sandbox.container_id] = b"work"
    return sandbox


def kept(learner) -> bytes | None:
    home = Home.objects.filter(learner=learner).first()
    return bytes(home.archive) if home else None


def test_a_stop_saves_the_home_before_the_container_goes(used, alice, engine):
    used.order_stop()
    tasks.stop_sandbox(used.pk)
    assert kept(alice) == b"work"
    assert engine.made == {}
    assert Sandbox.objects.get().state == State.STOPPED


def test_the_next_sandbox_has_it(used, alice, make, engine):
    homes.save(used)
    used.delete()
    fresh = make(alice, State.STARTING)
    tasks.start_sandbox(fresh.pk)
    fresh.refresh_from_db()
    assert fresh.state == State.RUNNING
    assert engine.homes[fresh.container_id] == b"work"
    assert fresh.saved_at == Home.objects.get().saved_at


def test_it_is_brought_into_one_of_the_pool(used, alice, make, engine):
    homes.save(used)
    used.delete()
    fresh = make(alice, State.STARTING, container_id="d" * 64)
    engine.made[fresh.code] = "d" * 64
    tasks.start_sandbox(fresh.pk)
    fresh.refresh_from_db()
    assert (fresh.state, fresh.container_id) == (State.RUNNING, "d" * 64)
    assert engine.homes["d" * 64] == b"work"


def test_one_of_the_pool_that_is_gone_is_made_again(used, alice, make, engine):
    homes.save(used)
    used.delete()
    fresh = make(alice, State.STARTING, container_id="d" * 64)
    tasks.start_sandbox(fresh.pk)
    fresh.refresh_from_db()
    assert fresh.state == State.RUNNING
    assert engine.homes[engine.made[fresh.code]] == b"work"


def test_the_next_one_does_not_start_without_what_the_last_is_still_to_save(used, alice, make, engine):
    used.order_stop()
    fresh = make(alice, State.STARTING)
    tasks.start_sandbox(fresh.pk)
    assert engine.homes[Sandbox.objects.get(pk=fresh.pk).container_id] == b"work"


def test_an_old_sandbox_is_not_saved_over_a_newer_one(used, alice, make, engine):
    used.order_stop()
    fresh = make(alice, State.STARTING)
    tasks.start_sandbox(fresh.pk)
    fresh.refresh_from_db()
    engine.homes[fresh.container_id] = b"more work"
    homes.save(fresh)
    tasks.stop_sandbox(used.pk)
    assert kept(alice) == b"more work"


def test_a_home_that_cannot_be_had_keeps_neither_the_stop_nor_what_was_saved_before(used, alice, engine):
    homes.save(used)
    engine.fails["save_home"] = EngineError("too large")
    used.order_stop()
    tasks.stop_sandbox(used.pk)
    assert kept(alice) == b"work"
    assert Sandbox.objects.get().state == State.STOPPED


def test_without_an_engine_a_sandbox_is_not_taken_for_stopped(used, engine):
    engine.fails["save_home"] = EngineUnreachable("No Docker Engine answers.")
    used.order_stop()
    with pytest.raises(EngineUnreachable):
        tasks.stop_sandbox(used.pk)
    assert Sandbox.objects.get().state == State.STOPPING


def test_an_archive_that_is_broken_keeps_nobody_out(used, alice, make, engine):
    homes.save(used)
    used.delete()
    engine.fails["restore_home"] = EngineError("not an archive")
    fresh = make(alice, State.STARTING)
    tasks.start_sandbox(fresh.pk)
    fresh = Sandbox.objects.get()
    assert (fresh.state, fresh.saved_at) == (State.RUNNING, None)


def test_who_wants_a_clean_one_while_the_home_is_saved_gets_it(used, alice, engine):
    engine.before["save_home"] = Sandbox.objects.get().forget_home
    homes.save(used)
    assert kept(alice) is None


def test_a_save_is_told_to_the_page(used, heard):
    events = heard(used)
    homes.save(used)
    assert events() == [{"type": "sandbox.state"}]
    used.refresh_from_db()
    assert used.as_json()["saved_at"]


def test_one_that_sleeps_is_woken_to_be_saved(used, alice, engine, now):
    engine.asleep.add(used.container_id)
    Sandbox.objects.update(paused_at=now, state=State.STOPPING)
    engine.before["save_home"] = lambda: engine.asleep and pytest.fail("asked while it slept")
    tasks.stop_sandbox(used.pk)
    assert kept(alice) == b"work"


def test_one_that_sleeps_on_its_way_out_is_woken_for_its_successor(used, alice, make, engine, now):
    engine.asleep.add(used.container_id)
    Sandbox.objects.update(paused_at=now, state=State.STOPPING)
    engine.before["save_home"] = lambda: engine.asleep and pytest.fail("asked while it slept")
    fresh = make(alice, State.STARTING)
    tasks.start_sandbox(fresh.pk)
    assert engine.homes[Sandbox.objects.get(pk=fresh.pk).container_id] == b"work"


def test_one_that_slept_and_is_gone_can_be_stopped(used, engine, now):
    engine.fails["unpause"] = ContainerGone("The container does not run any more.")
    Sandbox.objects.update(paused_at=now, state=State.STOPPING)
    tasks.stop_sandbox(used.pk)
    used.refresh_from_db()
    assert (used.state, used.paused_at) == (State.STOPPED, None)


@pytest.mark.parametrize(
    ("fields", "due"),
    [
        ({"saved_at": 2, "active_at": 1}, True),
        ({"saved_at": 0.9, "active_at": 0.5}, False),  # just now
        ({"saved_at": 4, "active_at": 5}, False),  # unused since
        ({"started_at": 0.5, "active_at": 0.4}, True),
        ({"started_at": 4, "active_at": 4}, False),  # never used
        ({"saved_at": 4, "active_at": 3, "paused_at": 3}, False),
    ],
)
def test_what_was_done_since_it_was_saved_is_unsaved(alice, make, now, fields, due):
    ago = {name: now - timedelta(minutes=minutes) for name, minutes in fields.items()}
    make(alice, **({"started_at": now - timedelta(hours=1)} | ago))
    assert Sandbox.objects.unsaved(now).exists() == due


def looks(now):
    """The times at which `reconcile` looks, from now on for a whole round."""
    return [now + timedelta(seconds=number * settings.RECONCILE_SECONDS) for number in range(SAVE_TURNS)]


def test_a_class_that_came_in_at_once_is_saved_in_turn(db, make, now):
    soon = now + timedelta(seconds=1)
    learners = [User.objects.create_guest(str(number)) for number in range(2 * SAVE_TURNS)]
    used = [make(learner, started_at=now, active_at=soon) for learner in learners]
    saved = [list(Sandbox.objects.due_for_saving(at)) for at in looks(soon)]
    assert [len(some) for some in saved] == [2] * SAVE_TURNS
    assert {one.pk for some in saved for one in some} == {one.pk for one in used}


@pytest.mark.parametrize("fields", [{"saved_at": 4}, {"started_at": 4, "saved_at": None}])
def test_whose_turn_was_missed_is_saved_at_the_next_look(alice, make, now, fields):
    ago = {name: minutes and now - timedelta(minutes=minutes) for name, minutes in fields.items()}
    make(alice, **({"started_at": now - timedelta(hours=1), "active_at": now} | ago))
    assert all(Sandbox.objects.due_for_saving(at).exists() for at in looks(now))


def test_saves_that_are_due_are_ordered_one_after_another(db, make, now, monkeypatch):
    ago = now - timedelta(minutes=4)
    used = [make(User.objects.create_guest(str(number)), started_at=ago, active_at=now) for number in range(4)]
    ordered = []
    monkeypatch.setattr(tasks, "order", lambda task, pk, after=0: ordered.append((task.__name__, pk, after)))
    tasks.order_what_is_due(now)
    assert {name for name, _pk, _after in ordered} == {"save_home"}
    assert {pk for _name, pk, _after in ordered} == {one.pk for one in used}
    assert sorted(after for _name, _pk, after in ordered) == [0, 5, 10, 15]


def test_reconciling_saves_what_is_due(used, alice, engine, now, queued):
    Sandbox.objects.update(saved_at=now - timedelta(minutes=4), active_at=now - timedelta(minutes=1))
    tasks.reconcile()
    assert queued() == [("save_home", (used.pk,))]
    tasks.save_home(used.pk)
    tasks.save_home(used.pk)
    assert kept(alice) == b"work"


def test_a_home_goes_with_its_learner(used, alice):
    homes.save(used)
    alice.delete()
    assert not Home.objects.exists()
