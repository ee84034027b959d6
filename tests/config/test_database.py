"""Connections to PostgreSQL: few are shared by many threads, and given back whatever happens."""

import asyncio

import pytest
from asgiref.testing import ApplicationCommunicator
from django.db import InterfaceError, OperationalError, connection

from config.pages import Pages
from courses.models import User
from tests.sandbox.conftest import run_at_once

SCOPE = {
    "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": "/readyz", "raw_path": b"/readyz",
    "query_string": b"", "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
}  # fmt: skip
on_postgres = pytest.mark.postgresql  # SQLite's connections are not shared


def kept() -> int:
    return int(connection.pool.max_size)


@on_postgres
@pytest.mark.django_db(transaction=True)
def test_more_threads_than_connections_wait_for_one():
    results = run_at_once(3 * kept(), lambda number: User.objects.create_guest(f"Learner {number}").pk)
    assert len(set(results)) == User.objects.count() == 3 * kept()


async def ask_and_leave() -> None:
    """Ask for a page that asks the database, and go away before it is answered."""
    browser = ApplicationCommunicator(Pages(), SCOPE)
    await browser.send_input({"type": "http.request"})
    await asyncio.sleep(0.01)
    await browser.send_input({"type": "http.disconnect"})
    await browser.wait(10)


@on_postgres
@pytest.mark.django_db(transaction=True)
async def test_who_goes_away_while_a_page_is_made_takes_no_connection_along():
    await asyncio.gather(*[ask_and_leave() for _ in range(3 * kept())])
    results = await asyncio.to_thread(run_at_once, kept(), lambda _: User.objects.count())
    assert results == [0] * kept()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "status"), [(OperationalError, 503), (InterfaceError, 503), (ValueError, 500)], ids=lambda it: str(it)
)
def test_a_page_that_breaks_says_whether_it_is_worth_coming_back(client, monkeypatch, error, status):
    def broken(*_args: object) -> None:
        raise error

    client.raise_request_exception = False
    monkeypatch.setattr("config.health.verdict", broken)
    response = client.get("/readyz")
    assert response.status_code == status
    assert "kitchen" in response.text
    assert response.headers.get("Retry-After") == ("5" if status == 503 else None)
