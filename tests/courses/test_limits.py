"""One address cannot start guests without end."""

import pytest
from django.core.cache import cache
from redis.exceptions import ConnectionError as RedisConnectionError

from courses.models import User


@pytest.fixture(autouse=True)
def counters(settings):
    settings.CACHES = settings.CACHES | {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    yield
    cache.clear()


@pytest.mark.slow
def test_the_hour_has_so_many_guests_and_no_more(client, db, settings):
    settings.GUESTS_PER_HOUR = 2
    for _ in range(2):
        assert client.post("/start/").status_code == 302
        client.cookies.clear()
    answer = client.post("/start/")
    assert answer.status_code == 429
    assert b"try again later" in answer.content
    assert User.objects.count() == 2


def test_a_learner_who_is_signed_in_does_not_count(client, db, settings):
    settings.GUESTS_PER_HOUR = 1
    for _ in range(3):
        assert client.post("/start/").status_code == 302


def test_another_address_has_its_own(client, db, settings):
    settings.GUESTS_PER_HOUR = 1
    client.post("/start/")
    client.cookies.clear()
    assert client.post("/start/", REMOTE_ADDR="10.0.0.9").status_code == 302


def test_nobody_is_refused_while_the_counter_is_away(client, db, settings, monkeypatch):
    class Away:
        def add(self, *args: object) -> None:
            raise RedisConnectionError("gone")

    settings.GUESTS_PER_HOUR = 0
    monkeypatch.setattr("courses.limits.cache", Away())
    assert client.post("/start/").status_code == 302
