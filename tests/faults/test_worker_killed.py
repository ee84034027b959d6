"""A worker that is killed in the middle of its work: another ends it, whatever it was."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courses.models import Enrollment
from sandbox import admission, tasks
from sandbox.models import Sandbox, State
from tests.faults.aftermath import POHA, all_is_well, keep_work, let_time_pass, settle, shell, working
from tests.parts import until

pytestmark = [pytest.mark.docker, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(
    "place",
    [
        "sandbox.containers.create_stopped after",  # a container that does not run
        "sandbox.containers.wait_ready before",  # one that does
        "sandbox.containers.restore_home after",
    ],
)
def test_while_it_starts_one(alice, workers, place):
    keep_work(alice)
    sandbox = admission.open_for(alice)
    workers.start(dies_at=place).await_death()
    let_time_pass()
    workers.start()
    assert all_is_well(alice) == sandbox


def test_while_it_brings_the_home_into_one_of_the_pool(alice, workers):
    warm = Sandbox.objects.create(learner=None)
    tasks.start_sandbox(warm.pk)
    keep_work(alice)
    assert admission.open_for(alice) == warm
    workers.start(dies_at="sandbox.containers.restore_home after").await_death()
    let_time_pass()
    workers.start()
    assert all_is_well(alice) == warm


def test_while_it_fills_the_pool(alice, workers, settings):
    settings.SANDBOX_POOL = 1
    admission.fill_pool()
    workers.start(dies_at="sandbox.containers.create_stopped after").await_death()
    let_time_pass()
    workers.start()
    settle()
    warm = Sandbox.objects.warm().get()
    assert all_is_well(alice, keeps_work=False) == warm


@pytest.mark.parametrize("place", ["save_home after", "remove before", "remove after"])
def test_while_it_stops_one(alice, workers, place):
    working(alice).order_stop()
    workers.start(dies_at=f"sandbox.containers.{place}").await_death()
    workers.start()
    all_is_well(alice)


def test_while_it_saves_a_home(alice, workers):
    sandbox = working(alice)
    Sandbox.objects.update(started_at=timezone.now() - timedelta(hours=1))
    assert tasks.order(tasks.save_home, sandbox.pk)
    workers.start(dies_at="sandbox.containers.save_home after").await_death()
    workers.start()
    assert all_is_well(alice) == sandbox
    until(lambda: Sandbox.objects.get(pk=sandbox.pk).saved_at, 20, "what is saved")
    assert alice.home.archive


@pytest.mark.parametrize("place", ["pause before", "pause after"])
def test_while_it_puts_one_to_sleep(alice, workers, place):
    sandbox = working(alice)
    long_ago = timezone.now() - timedelta(hours=1)
    Sandbox.objects.update(started_at=long_ago, active_at=long_ago + timedelta(minutes=1))
    assert tasks.order(tasks.pause_sandbox, sandbox.pk)
    workers.start(dies_at=f"sandbox.engine.{place}").await_death()
    let_time_pass()
    workers.start()
    assert all_is_well(alice) == sandbox


def test_while_it_checks(alice, workers):
    alice.enroll("sarafa-bazaar")
    sandbox = working(alice)
    shell(sandbox, f"docker run --rm {POHA}")
    assert tasks.order(tasks.check_tasks, sandbox.pk)
    workers.start(dies_at="sandbox.inspection.ask after").await_death()
    workers.start()
    assert all_is_well(alice) == sandbox
    assert tasks.order(tasks.check_tasks, sandbox.pk)  # as the next call to the daemon does
    until(lambda: Enrollment.objects.get().done_by_lesson(), 20, "a task that is done")


def test_an_end_that_comes_while_no_worker_is_there(alice, workers):
    sandbox = working(alice)
    Sandbox.objects.update(expires_at=timezone.now() - timedelta(minutes=30))
    tasks.reconcile()
    sandbox.refresh_from_db()
    assert sandbox.state == State.STOPPING
    workers.start()
    all_is_well(alice)
