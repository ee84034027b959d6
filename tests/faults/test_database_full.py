"""A database that has no room, has no connection left, or only reads: pages say so, nothing is lost, and it passes."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from django.db import OperationalError, connection

from courses.models import User

pytestmark = pytest.mark.django_db(transaction=True)
ENOUGH = 2000  # rows that fill what is left, in any case


def ask(*statements: str) -> list[tuple]:
    """Do each, and return the rows of the last."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def start_learning(client) -> int:
    """Become a guest, which is a new row; return the status."""
    client.raise_request_exception = False
    client.cookies.clear()
    answer = client.post("/start/")
    if answer.status_code == 503:
        assert "database takes nothing in" in answer.text
        assert answer.headers["Retry-After"] == "5"
    return answer.status_code


@pytest.fixture
def little_room(transactional_db: None) -> Iterator[Callable[[], None]]:
    """Have the table of people on a disk that is nearly full; yield what makes room on it."""
    with ExitStack() as stack:
        yield on_a_tiny_disk(stack) if connection.vendor == "postgresql" else in_few_pages(stack)


def in_few_pages(stack: ExitStack) -> Callable[[], None]:
    """SQLite says the same of a database that may not grow as of a disk that is full."""
    [(most,)] = ask("pragma max_page_count")

    def make_room() -> None:
        ask(f"pragma max_page_count = {most}")

    stack.callback(make_room)
    [(pages,)] = ask("pragma page_count")
    ask(f"pragma max_page_count = {pages}")
    return make_room


def on_a_tiny_disk(stack: ExitStack) -> Callable[[], None]:
    folder = Path(tempfile.mkdtemp(prefix="tiny"))
    stack.callback(shutil.rmtree, folder)
    folder.chmod(0o755)
    disk = folder / "disk"
    disk.mkdir()
    [(cluster,)] = ask("show data_directory")
    options = f"size=1m,mode=700,uid={Path(cluster).stat().st_uid}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], check=True)
    stack.callback(subprocess.run, ["umount", disk], check=True)
    name = folder.name.lower()
    ask(f"create tablespace {name} location '{disk}'", f"alter table courses_user set tablespace {name}")
    stack.callback(ask, "alter table courses_user set tablespace pg_default", f"drop tablespace {name}")
    ask(f"create table filler (text text) tablespace {name}")
    stack.callback(ask, "drop table if exists filler", "checkpoint")
    with pytest.raises(OperationalError, match="No space left"):
        ask("insert into filler select md5(random()::text) from generate_series(1, 40000)")
    return lambda: ask("drop table filler", "checkpoint") and None


def test_a_full_disk_is_told_and_nothing_that_was_acknowledged_is_lost(client, little_room):
    told = 0
    while (status := start_learning(client)) == 302:
        told += 1
        assert told < ENOUGH
    assert status == 503
    assert client.get("/").status_code == 200
    assert User.objects.count() >= told
    little_room()
    assert start_learning(client) == 302
    assert User.objects.count() > told


@pytest.mark.postgresql
def test_a_server_that_only_reads_is_one_that_passes(client):
    """As a standby does, until it takes over."""
    ask("set default_transaction_read_only = on")
    try:
        assert start_learning(client) == 503
        assert client.get("/courses/sarafa-bazaar/day-2/").status_code == 200
    finally:
        ask("set default_transaction_read_only = off")
    assert start_learning(client) == 302


def take_all(stack: ExitStack, address: dict) -> None:
    while True:
        stack.enter_context(psycopg.connect(**address))


@pytest.mark.postgresql
@pytest.mark.restart
def test_a_server_without_a_connection_left_is_one_that_passes(client):
    known = connection.get_connection_params()
    address = {key: value for key, value in known.items() if key in ("host", "user", "dbname", "password", "port")}
    connection.close()
    connection.close_pool()
    with ExitStack() as stack:
        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            take_all(stack, address)
        assert start_learning(client) == 503
        assert client.get("/healthz").status_code == 200
    assert start_learning(client) == 302
