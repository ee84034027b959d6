"""What ends without a word, and what comes twice or at once: sandboxes, their daemons, the queue, orders."""

from datetime import timedelta

import pytest
import redis
from django.core.cache import cache
from django.utils import timezone

from courses import limits
from courses.models import User
from sandbox import admission, containers, engine, homes, idle, tasks
from sandbox.models import Sandbox, State
from tests.faults.aftermath import POHA, all_is_well, keep_work, nothing_lies, settle, shell, working
from tests.parts import until

pytestmark = [pytest.mark.docker, pytest.mark.django_db(transaction=True)]

LOST = "container is gone"


def kill(sandbox: Sandbox) -> None:
    engine.client().kill(sandbox.container_id)


def remove(sandbox: Sandbox) -> None:
    engine.remove_container(sandbox.container)


def put_to_sleep(sandbox: Sandbox) -> None:
    Sandbox.objects.filter(pk=sandbox.pk).update(active_at=timezone.now() - timedelta(hours=1))
    sandbox.refresh_from_db()
    assert idle.put_to_sleep(sandbox, timezone.now())


@pytest.mark.parametrize(("end", "asleep"), [(kill, False), (remove, True)], ids=["killed", "removed"])
def test_a_sandbox_that_is_ended_by_hand(alice, workers, end, asleep):
    sandbox = working(alice)
    homes.save(sandbox)
    if asleep:
        put_to_sleep(sandbox)
    end(sandbox)
    workers.start()
    another = all_is_well(alice)
    sandbox.refresh_from_db()
    assert another != sandbox
    assert sandbox.state == State.FAILED
    assert LOST in sandbox.error


def test_a_sandbox_that_is_removed_by_hand_while_it_is_on_its_way_out(alice, workers):
    sandbox = working(alice)
    put_to_sleep(sandbox)
    sandbox.order_stop()
    remove(sandbox)
    workers.start()
    all_is_well(alice)
    assert Sandbox.objects.get(pk=sandbox.pk).state == State.STOPPED


def test_one_of_the_pool_that_is_removed_by_hand(alice, workers, settings):
    settings.SANDBOX_POOL = 1
    workers.start()
    admission.fill_pool()
    gone = until(lambda: Sandbox.objects.warm().first(), 30, "a warm one")
    remove(gone)
    settle()
    assert until(lambda: Sandbox.objects.warm().first(), 30, "another") != gone
    assert not Sandbox.objects.filter(pk=gone.pk).exists()
    all_is_well(alice, keeps_work=False)


def test_a_daemon_inside_that_is_killed(alice, workers):
    sandbox = working(alice)
    shell(sandbox, f"docker run -d --name stall {POHA} open")
    argv = ["/sbx/enter", "-u", "root", "pkill", "-KILL", "dockerd|containerd$"]
    assert containers.run(sandbox.container, sandbox.owner_uid, argv, 5)[0] == 0
    until(lambda: shell(sandbox, "docker info")[0] == 0, 20, "a daemon")
    until(lambda: shell(sandbox, f"docker run --rm {POHA}")[0] == 0, 20, "a daemon that can do something")
    workers.start()
    assert all_is_well(alice) == sandbox
    assert shell(sandbox, "docker start stall")[0] == 0


def test_a_broker_that_has_forgotten_every_order(alice, charlie, workers, depot):
    sandbox = working(alice)
    sandbox.order_stop()
    waiting = admission.open_for(charlie)
    depot.process.kill()
    depot.stop()
    depot.start()
    Sandbox.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    workers.start()
    all_is_well(alice)
    assert all_is_well(charlie, keeps_work=False) == waiting


def test_a_broker_that_is_emptied_in_mid_flight(alice, workers, depot):
    sandbox = working(alice)
    workers.start()
    assert tasks.order(tasks.heartbeat)
    until(lambda: cache.get(tasks.HEARTBEAT), 20, "a worker")
    limits.count("anything", 60)
    sandbox.order_stop()
    with redis.Redis(unix_socket_path=str(depot.socket)) as client:
        client.flushall()
    assert not cache.get(tasks.HEARTBEAT)
    assert limits.count("anything", 60) == 1
    assert tasks.order(tasks.heartbeat)  # as the clock does every three seconds
    until(lambda: cache.get(tasks.HEARTBEAT), 10, "a worker that goes on")
    all_is_well(alice)


def twice(workers, name: str, *arguments: object) -> None:
    workers.at_once(*[(f"sandbox.tasks.{name}", *arguments)] * 2)
    nothing_lies()


def test_every_task_twice_at_the_same_time(alice, workers, settings):
    alice.enroll("sarafa-bazaar")
    keep_work(alice)
    sandbox = admission.open_for(alice)
    twice(workers, "start_sandbox", sandbox.pk)
    sandbox.refresh_from_db()
    assert sandbox.state == State.RUNNING

    twice(workers, "check_tasks", sandbox.pk)
    Sandbox.objects.update(saved_at=timezone.now() - timedelta(hours=1))
    twice(workers, "save_home", sandbox.pk)
    assert Sandbox.objects.get().saved_at > sandbox.started_at

    Sandbox.objects.update(active_at=timezone.now() - timedelta(hours=1))
    twice(workers, "pause_sandbox", sandbox.pk)
    sandbox.refresh_from_db()
    assert sandbox.paused_at

    sandbox.order_stop()
    twice(workers, "stop_sandbox", sandbox.pk)
    sandbox.refresh_from_db()
    assert sandbox.state == State.STOPPED

    settings.SANDBOX_POOL = workers.settings["SANDBOX_POOL"] = 1
    workers.at_once(*[("sandbox.tasks.fill_pool",)] * 2)
    workers.settings["SANDBOX_POOL"] = 0
    assert Sandbox.objects.unclaimed().count() == 1
    workers.start()
    settle()
    twice(workers, "reconcile")
    all_is_well(alice)


def test_a_race_for_the_last_place(workers, settings):
    """Four web processes, and two workers that fill the pool, at the same moment."""
    settings.SANDBOX_LIMIT = workers.settings["SANDBOX_LIMIT"] = 1
    settings.SANDBOX_POOL = workers.settings["SANDBOX_POOL"] = 1
    learners = [User.objects.create_guest(name=f"learner {number}") for number in range(4)]
    asking = [("tests.faults.workers.open_for", learner.pk) for learner in learners]
    workers.at_once(*asking, *[("sandbox.tasks.fill_pool",)] * 2)
    workers.settings |= {"SANDBOX_LIMIT": 20, "SANDBOX_POOL": 0}

    sandbox = Sandbox.objects.live().get()
    workers.start()
    settle()
    nothing_lies()
    if not Sandbox.objects.get().learner:
        until(lambda: admission.open_for(learners[0]), 5, "the one of the pool")
    winner = Sandbox.objects.get().learner
    assert all_is_well(winner, keeps_work=False) == sandbox

    places = []
    for learner in learners:
        if learner != winner:
            with pytest.raises(admission.FullHouse) as full:
                admission.open_for(learner)
            places.append((full.value.place, learner))
    assert [place for place, _ in sorted(places, key=lambda item: item[0])] == [1, 2, 3]

    sandbox.refresh_from_db()
    sandbox.order_stop()
    settle()
    next_one = min(places, key=lambda item: item[0])[1]
    all_is_well(next_one, keeps_work=False)


def test_orders_that_are_long_out_of_date(alice, workers):
    sandbox = working(alice)
    sandbox.order_stop()
    tasks.stop_sandbox(sandbox.pk)
    workers.start()
    for task in (tasks.start_sandbox, tasks.stop_sandbox, tasks.save_home, tasks.pause_sandbox, tasks.check_tasks):
        assert tasks.order(task, sandbox.pk)
    all_is_well(alice)
    assert Sandbox.objects.get(pk=sandbox.pk).state == State.STOPPED
