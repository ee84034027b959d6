"""Is the process alive, and can learners work?"""

import time

import pytest
from django.core.cache import cache

from config import health
from sandbox import engine, warehouse
from sandbox.engine import EngineUnreachable
from sandbox.tasks import HEARTBEAT

SECRET = "redis://:s3cret@broker.internal:6379/0"
AWAY = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://:s3cret@127.0.0.1:1/0"}
}


@pytest.fixture(autouse=True)
def all_well(settings, monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    settings.CACHES = settings.CACHES | {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.set(HEARTBEAT, time.time())
    monkeypatch.setattr(engine, "ping", lambda host: None)
    monkeypatch.setattr(warehouse, "status", lambda: "ok")


def fail(message: str) -> None:
    raise EngineUnreachable(message)


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_process_that_serves_is_alive(client, method):
    response = getattr(client, method)("/healthz")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/plain"
    assert response.content in {b"ok", b""}


def test_being_alive_needs_nothing_else(client, settings, django_assert_num_queries):
    settings.CACHES = AWAY
    with django_assert_num_queries(0):
        assert client.get("/healthz").text == "ok"


def test_all_well_is_200(client):
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == dict.fromkeys(["database", "broker", "worker", "engine", "warehouse"], "ok")
    assert "no-store" in response["Cache-Control"]


def failed(client) -> dict[str, str]:
    """Return the parts that are not well, of an answer that must be 503 and hold no secret."""
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "s3cret" not in response.text
    assert "internal" not in response.text
    return {name: text for name, text in response.json().items() if text != "ok"}


def test_an_engine_that_is_away(client, monkeypatch):
    monkeypatch.setattr(engine, "ping", lambda host: fail(f"No Docker Engine answers at {SECRET}."))
    assert failed(client) == {"engine": "does not answer (EngineUnreachable)"}


@pytest.mark.parametrize("status", ["not started", "stopped"])
def test_a_warehouse_that_is_closed(client, monkeypatch, status):
    monkeypatch.setattr(warehouse, "status", lambda: status)
    assert failed(client) == {"warehouse": status}


def test_a_database_that_is_away(client, monkeypatch):
    class Away:
        def cursor(self) -> None:
            raise OSError(f"cannot connect to {SECRET}")

    monkeypatch.setattr(health, "connection", Away())
    assert failed(client) == {"database": "does not answer (OSError)"}


def test_a_worker_that_never_was(client):
    cache.delete(HEARTBEAT)
    assert failed(client) == {"worker": "no sign of life: is the worker running?"}


@pytest.mark.parametrize(("age", "well"), [(health.SILENCE - 2, True), (health.SILENCE + 1, False)])
def test_a_worker_is_alive_as_long_as_its_heart_beats(client, age, well):
    cache.set(HEARTBEAT, time.time() - age)
    assert (client.get("/readyz").status_code == 200) is well


def test_a_broker_that_is_away(client, settings):
    settings.CACHES = AWAY
    assert failed(client) == {
        "broker": "does not answer (ConnectionError)",
        "worker": "unknown while the broker does not answer",
    }


def test_everything_away_is_an_answer_all_the_same(client, settings, monkeypatch):
    settings.CACHES = AWAY
    monkeypatch.setattr(engine, "ping", lambda host: fail(SECRET))
    monkeypatch.setattr(warehouse, "status", lambda: fail(SECRET))
    assert set(failed(client)) == {"broker", "worker", "engine", "warehouse"}
