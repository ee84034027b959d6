"""Who guesses passwords is slowed down; a class behind one address is not, nor anybody while the counters are away."""

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from accounts import limits
from courses.models import User
from tests.accounts.conftest import PASSWORD

ELSEWHERE = "10.0.0.9"


pytestmark = pytest.mark.usefixtures("counters")


def attempt(client, username="dora", password="guessed", **meta):
    return client.post("/sign-in/", {"username": username, "password": password}, **meta)


def test_the_eleventh_wrong_password_is_not_looked_at(client, dora):
    assert [attempt(client).status_code for _ in range(10)] == [200] * 10
    refused = attempt(client, password=PASSWORD)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 15 * 60
    assert b"Too many wrong passwords" in refused.content
    assert "_auth_user_id" not in client.session


def test_another_name_and_another_address_have_their_own(client, dora, bob):
    for _ in range(11):
        attempt(client)
    assert attempt(client, "bob").status_code == 200
    assert attempt(client, REMOTE_ADDR=ELSEWHERE).status_code == 200


def test_a_name_is_one_in_any_case(client, dora):
    for name in ["dora", "Dora", "DORA"] * 4:
        last = attempt(client, name)
    assert last.status_code == 429


def test_one_address_has_a_hundred(client, db, monkeypatch):
    monkeypatch.setattr(limits, "PER_ADDRESS", 5)
    assert [attempt(client, f"name-{number}").status_code for number in range(6)] == [200] * 5 + [429]
    assert attempt(client, REMOTE_ADDR=ELSEWHERE).status_code == 200


def test_one_ipv6_network_is_one_address(client, dora):
    for number in range(11):
        last = attempt(client, REMOTE_ADDR=f"2001:db8::{number:x}")
    assert last.status_code == 429
    assert attempt(client, REMOTE_ADDR="2001:db8:0:1::1").status_code == 200


def test_right_passwords_are_not_counted(client, dora, monkeypatch):
    monkeypatch.setattr(limits, "PER_ADDRESS", 3)
    for _ in range(12):
        assert attempt(client, password=PASSWORD).status_code == 302
        client.logout()


def test_the_next_quarter_of_an_hour_begins_anew(client, dora, monkeypatch):
    for _ in range(11):
        attempt(client)
    from django.utils import timezone

    later = timezone.now() + timezone.timedelta(seconds=limits.SPAN)
    monkeypatch.setattr("accounts.views.sign_in.timezone.now", lambda: later)
    assert attempt(client, password=PASSWORD).status_code == 302


def test_signing_in_works_while_the_counters_are_away(client, dora, monkeypatch):
    class Away:
        def add(self, *args: object) -> None:
            raise RedisConnectionError("gone")

        incr = decr = add

    monkeypatch.setattr("courses.limits.cache", Away())
    for _ in range(12):
        assert attempt(client).status_code == 200
    assert attempt(client, password=PASSWORD).status_code == 302


def test_who_is_unknown_closed_or_without_a_password_hears_the_same(client, dora, alice):
    User.objects.create_user(username="gone", password=PASSWORD, is_active=False)
    answers = {
        str(attempt(client, name, password).context["form"].errors)
        for name, password in [("dora", "x"), ("nobody", "x"), ("gone", PASSWORD), (alice.username, "x")]
    }
    assert len(answers) == 1


@pytest.mark.parametrize("username", ["", "x" * 5000, "a\x00b", "नाम"])
def test_strange_names_are_only_wrong(client, db, username):
    assert attempt(client, username).status_code == 200


def test_the_page_shows_learners_their_way(client, db):
    page = client.get("/sign-in/").text
    assert 'href="/join/"' in page and "personal code" in page
