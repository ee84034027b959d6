"""When the customer is sent, and what is made of what he got."""

from datetime import timedelta

import pytest

from courses.models import User
from sandbox import accounts, customer, tasks
from sandbox.engine import EngineError
from sandbox.models import CustomerRun
from sandbox.models import customer as runs
from tests.recordings import heard_call


@pytest.fixture
def alices(alice, make, engine, monkeypatch):
    """Alice's sandbox, whose daemon was asked to push something of hers, of another's, and what has no such name."""
    sandbox = make(alice)
    space = accounts.of_learner(alice.pk).space
    calls = [
        ("POST", f"/v1.45/images/warehouse:5000/{space}/poha/push?tag=latest"),
        ("POST", "/v1.45/images/warehouse:5000/bcdf77/poha/push?tag=1"),
        ("POST", f"/v1.45/images/warehouse:5000/{space}/poha/push?tag=a%00b"),
        ("GET", f"/v1.45/images/warehouse:5000/{space}/poha/push?tag=latest"),
    ]
    log = [(number * 1_000_000_000, heard_call(number, *call)) for number, call in enumerate(calls, 1)]
    monkeypatch.setattr("sandbox.containers.daemon_log", lambda container, since=0: log)
    return sandbox


@pytest.fixture
def served(monkeypatch):
    """Have the customer get something; return the images he ordered."""
    ordered: list[str] = []
    answers: list[object] = [customer.Served("poha", 0)]

    def order(image: str) -> customer.Served:
        ordered.append(image)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(customer, "order", order)
    order.ordered, order.answers = ordered, answers
    return order


def test_a_push_into_ones_own_space_sends_him_once(alices, alice, engine, queued):
    tasks.check_tasks(alices.pk)
    tasks.check_tasks(alices.pk)
    run = CustomerRun.objects.get()
    assert queued() == [("send_customer", (run.pk,))]
    assert run.image == f"warehouse:5000/{accounts.of_learner(alice.pk).space}/poha"


def test_what_he_gets_is_told_kept_and_checked(alices, engine, served, queued, heard):
    tasks.check_tasks(alices.pk)
    queued()
    tasks.send_customer(CustomerRun.objects.get().pk)
    run = CustomerRun.objects.get()
    assert (run.output, run.code) == ("poha", 0)
    assert queued() == [("check_tasks", (alices.pk,))]
    got = {"image": run.image, "output": "poha", "code": 0, "pushed_at": run.pushed_at}
    assert tasks.served_to_customer(alices, []) == {"served": [got]}
    events = heard(alices)
    tasks.check_tasks(alices.pk)
    assert {"type": "sandbox.served", "runs": [got]} in events()


def test_he_looks_again_while_the_push_is_under_way(alices, engine, served, queued):
    tasks.check_tasks(alices.pk)
    queued()
    served.answers[:0] = [customer.NotThere("not yet")]
    run = CustomerRun.objects.get()
    tasks.send_customer(run.pk)
    assert queued() == [("send_customer", (run.pk,))]
    tasks.send_customer(run.pk)
    tasks.send_customer(run.pk)
    assert len(served.ordered) == 2


def test_he_does_not_wait_for_ever(alices, engine, served, now):
    tasks.check_tasks(alices.pk)
    CustomerRun.objects.update(ordered_at=now - timedelta(minutes=3))
    tasks.send_customer(CustomerRun.objects.get().pk)
    assert served.ordered == []


def test_one_who_was_forgotten_is_sent_again(alices, engine, now, queued):
    tasks.check_tasks(alices.pk)
    queued()
    engine.made[alices.code] = alices.container_id
    tasks.reconcile()
    assert queued() == []
    CustomerRun.objects.update(looked_at=now - timedelta(seconds=61))
    tasks.reconcile()
    assert queued() == [("send_customer", (CustomerRun.objects.get().pk,))]


def test_a_customer_who_is_broken_is_sent_again_later(alices, engine, served):
    tasks.check_tasks(alices.pk)
    served.answers[:] = [EngineError("A new one is on the way.")]
    with pytest.raises(EngineError):
        tasks.send_customer(CustomerRun.objects.get().pk)
    assert CustomerRun.objects.get().code is None


def test_no_more_runs_are_kept_than_a_log_is_read_for(alices, engine, monkeypatch):
    monkeypatch.setattr(runs, "KEPT", 3)
    told = alices.learner
    for number in range(5):
        CustomerRun.objects.create(learner=told, image="poha", pushed_at=str(number))
    CustomerRun.objects.create(learner=User.objects.create_guest("Bob"), image="poha", pushed_at="0")
    tasks.check_tasks(alices.pk)
    assert [run.pushed_at for run in CustomerRun.objects.of(told).order_by("pk")][:2] == ["3", "4"]
    assert CustomerRun.objects.count() == 4
