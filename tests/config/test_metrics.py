"""What Prometheus is told, to whom, and at what cost; and that dashboard and alerts ask for nothing else."""

import json
import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from config import metrics
from config.version import VERSION
from courses.models import User
from sandbox import admission, capacity, open_terminals, tasks
from sandbox import engine as real_engine
from sandbox.engine import EngineUnreachable
from sandbox.models import Sandbox, State, Waiting
from tests.parts import use_queue
from tests.sandbox.conftest import engine, inside, make, queued, shell, signed_in
from tests.sandbox.pages import page, terminal, until
from tests.workshops.conftest import join, workshop

__all__ = ["engine", "inside", "join", "make", "queued", "shell", "signed_in", "workshop"]

DEPLOY = Path(__file__).parents[2] / "deploy"
TOKEN = "t0ken-of-prometheus"
Told = dict[tuple[str, str], float]


@pytest.fixture(autouse=True)
def by_token(settings, db: None, inside: None) -> None:
    settings.METRICS_TOKEN, settings.METRICS_ALLOW = TOKEN, []
    cache.clear()


def scrape(client: Client | None = None) -> Told:
    """Return {(name, value of its label): value}."""
    response = (client or Client()).get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 200
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


# --- who may read it ---


def allow(settings, *networks: str) -> None:
    settings.METRICS_ALLOW = [metrics.ipaddress.ip_network(network) for network in networks]


def status(**headers: str) -> int:
    return (
        Client().get("/metrics", headers={name.replace("_", "-"): value for name, value in headers.items()}).status_code
    )


def test_it_is_not_there_for_who_has_no_token(signed_in, admin):
    assert status() == 404
    assert status(Authorization="Bearer wrong") == 404
    assert status(Authorization=TOKEN) == 404
    assert signed_in(admin).get("/metrics").status_code == 404


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser(username="admin", password="may do everything", name="Administrator")


def test_it_is_off_unless_somebody_is_named(settings):
    settings.METRICS_TOKEN = ""
    assert status() == status(Authorization="Bearer ") == 404


def test_an_address_that_is_named_needs_no_token(settings):
    allow(settings, "10.0.0.0/8")
    assert status() == 404
    allow(settings, "10.0.0.0/8", "127.0.0.0/8")
    assert status() == 200


def test_who_comes_through_a_proxy_has_the_proxys_address_and_needs_the_token(settings):
    allow(settings, "127.0.0.0/8")
    assert status(X_Forwarded_For="203.0.113.9") == 404
    assert status(X_Forwarded_For="203.0.113.9", Authorization=f"Bearer {TOKEN}") == 200


def test_it_is_only_read():
    assert Client().post("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 405


# --- what it tells ---


def test_sandboxes_by_what_they_do(alice, bob, charlie, make):
    make(alice)
    make(bob, paused_at=timezone.now())
    make(charlie, State.STARTING)
    make(None)
    make(alice, State.STOPPING)
    make(bob, State.STOPPED)
    make(charlie, State.FAILED, ended_at=timezone.now())
    make(charlie, State.FAILED, ended_at=timezone.now() - timedelta(hours=1))
    told = scrape()
    kinds = {label: value for (name, label), value in told.items() if name == "sarafa_sandboxes"}
    assert kinds == {"running": 1, "paused": 1, "starting": 1, "warm": 1, "stopping": 1}
    assert told["sarafa_sandboxes_failed", ""] == 1


def test_how_long_starts_took(alice, bob, charlie, make):
    now = timezone.now()
    make(alice, created_at=now - timedelta(seconds=4), started_at=now)
    make(bob, created_at=now - timedelta(seconds=90), started_at=now)
    make(charlie, created_at=now - timedelta(hours=2, seconds=1), started_at=now - timedelta(hours=2))
    told = scrape()
    buckets = {label: value for (name, label), value in told.items() if name == "sarafa_start_seconds_bucket"}
    assert (buckets["2.0"], buckets["5.0"], buckets["60.0"], buckets["+Inf"]) == (0, 1, 1, 2)
    assert told["sarafa_start_seconds_gsum", ""] == pytest.approx(94)


def test_one_from_the_pool_was_no_wait(alice, make):
    hour = timedelta(hours=1)
    make(None, created_at=timezone.now() - hour, claimed_at=timezone.now() - hour, started_at=timezone.now() - hour)
    admission.open_for(alice)
    assert scrape()["sarafa_start_seconds_bucket", "0.5"] == 1


def test_the_queue_the_pool_the_room_and_the_refused(alice, bob, settings, monkeypatch):
    settings.SANDBOX_POOL, settings.SANDBOX_LIMIT = 3, 1
    monkeypatch.setattr(capacity, "room", lambda: 7)
    assert scrape()["sarafa_sandbox_room", ""] == 1
    admission.open_for(alice)
    for _ in range(3):
        with pytest.raises(admission.FullHouse):
            admission.open_for(bob)
    told = scrape()
    assert told["sarafa_learners_waiting", ""] == Waiting.objects.count() == 1
    assert told["sarafa_pool_wanted", ""] == 3
    assert told["sarafa_sandbox_room", ""] == 0
    assert told["sarafa_refusals_total", "full"] == 1
    assert told["sarafa_tasks_queued", ""] == 2  # the start, and the pool


def test_somebody_who_comes_too_often_is_counted_as_refused(client, settings):
    settings.GUESTS_PER_HOUR = 1
    for _ in range(3):
        client.post("/start/")
        client.logout()
        client.cookies.clear()
    assert scrape()["sarafa_refusals_total", "start"] == 2


def test_open_workshops_and_who_is_there(workshop, alice, charlie, join):
    join(workshop, alice, hand_at=timezone.now())
    join(workshop, charlie)
    told = scrape()
    names = ("workshops_open", "participants", "hands_raised")
    assert [told[f"sarafa_{name}", ""] for name in names] == [1, 2, 1]


@pytest.mark.django_db(transaction=True)
async def test_terminals_of_all_processes(alice, make, shell, monkeypatch):
    monkeypatch.setattr(open_terminals, "EVERY", 0.01)
    cache.set_many({"terminals": ["other-1", "dead-2"], "terminals:other-1": 5})
    sandbox = await sync_to_async(make)(alice)

    async def told() -> float:
        return (await sync_to_async(scrape)())["sarafa_terminals", ""]

    async with page(terminal(sandbox), alice), page(terminal(sandbox), alice):
        await until(lambda: open_terminals.in_all_processes() == 7)
        assert await told() == 7
    await until(lambda: open_terminals.in_all_processes() == 5)
    assert "dead-2" not in cache.get("terminals")


def test_the_release_and_when_the_engine_was_seen(monkeypatch):
    cache.set(tasks.ENGINE_SEEN, 1234.5)
    told = scrape()
    assert told["sarafa_info", VERSION] == 1
    assert told["sarafa_engine_seen_timestamp_seconds", ""] == 1234.5


def test_the_engine_is_seen_when_the_worker_has_looked_at_it_and_not_while_it_is_away(engine):
    engine.fails["listing"] = EngineUnreachable("No Docker Engine answers.")
    tasks.reconcile()
    assert scrape()["sarafa_engine_seen_timestamp_seconds", ""] == 0
    del engine.fails["listing"]
    tasks.reconcile()
    assert time.time() - scrape()["sarafa_engine_seen_timestamp_seconds", ""] < 60


# --- what it costs ---


def test_no_engine_is_asked(monkeypatch):
    monkeypatch.setattr(real_engine, "client", lambda: pytest.fail("an engine was asked"))
    assert scrape()["sarafa_ready", "database"] == 1


def test_without_a_broker_the_rest_is_told(settings):
    use_queue("redis://127.0.0.1:1/0")
    settings.CACHES = settings.CACHES | {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    told = scrape()
    assert told["sarafa_told", "broker"] == told["sarafa_ready", "broker"] == told["sarafa_ready", "worker"] == 0
    assert told["sarafa_sandboxes", "running"] == 0
    assert ("sarafa_terminals", "") not in told


def test_a_long_history_costs_no_more(alice, client):
    """A few milliseconds, and the same few questions: a second is the margin of a machine that does other things."""
    now = timezone.now()
    old = [Sandbox(learner=alice, state=State.STOPPED, created_at=now, started_at=now) for _ in range(3000)]
    Sandbox.objects.bulk_create(old)
    scrape(client)
    begun = time.perf_counter()
    told = scrape(client)
    assert time.perf_counter() - begun < 1
    assert told["sarafa_start_seconds_gcount", ""] == 500


def test_few_questions_are_asked_of_the_database(django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        scrape()


# --- what is made of it ---


def names_in(expressions: list[str]) -> set[str]:
    return set(re.findall(r"\bsarafa_\w+", " ".join(expressions)))


def rules() -> list[dict]:
    [group] = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"]
    return group["rules"]


def test_alerts_ask_for_what_is_told():
    asked = names_in([rule["expr"] for rule in rules()])
    assert asked
    assert asked <= {name for name, _label in scrape()}


def test_each_alert_says_what_is_wrong_and_what_to_do():
    for rule in rules():
        assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]
        assert rule["annotations"].keys() == {"summary", "description"}, rule["alert"]


def test_the_dashboard_asks_for_what_is_told_and_shows_all_of_it():
    board = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    asked = names_in([target["expr"] for panel in board["panels"] for target in panel["targets"]])
    told = {name for name, _label in scrape()}
    assert asked <= told
    assert {re.sub("_(bucket|gsum|gcount)$", "", name) for name in told - asked} <= {"sarafa_start_seconds"}
