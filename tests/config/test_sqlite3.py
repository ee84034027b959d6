"""SQLite as the platform uses it: writers of a process stand in a queue, and connections are used again."""

import sqlite3
import threading
from pathlib import Path

import pytest
from django.db import DatabaseError, close_old_connections, connection, transaction

from config.sqlite3 import base
from config.sqlite3.pool import IDLE, Pool, file_at
from config.sqlite3.turn import Turn
from courses.models import User
from tests.parts import until
from tests.sandbox.conftest import run_at_once

on_sqlite = pytest.mark.sqlite


def waits(turn: Turn, done: list[str], name: str) -> threading.Thread:
    before = len(turn.waiting)

    def take() -> None:
        assert turn.take(10)
        done.append(name)
        turn.give_back()

    thread = threading.Thread(target=take)
    thread.start()
    until(lambda: len(turn.waiting) > before, 5, "it to wait")
    return thread


def test_turns_are_had_in_the_order_in_which_they_were_asked_for():
    turn, done = Turn(), []
    assert turn.take(1)
    threads = [waits(turn, done, name) for name in "abcdef"]
    turn.give_back()
    for thread in threads:
        thread.join(5)
    assert "".join(done) == "abcdef"
    assert turn.take(0)


def test_who_cannot_wait_gives_up_the_place_and_nobody_waits_for_them():
    turn = Turn()
    assert turn.take(1)
    assert not turn.take(0.01)
    turn.give_back()
    assert turn.take(0)


def opened(path: Path) -> sqlite3.Connection:
    found = sqlite3.connect(path, check_same_thread=False)
    found.execute("create table if not exists stall (name)")
    return found


def test_a_connection_is_had_again_but_not_to_another_file_in_its_place(tmp_path):
    pool, path = Pool(), tmp_path / "one.sqlite3"
    first = opened(path)
    pool.put(str(path), file_at(str(path)), first)
    assert pool.take(str(path)) is first
    pool.put(str(path), file_at(str(path)), first)
    (tmp_path / "other.sqlite3").write_bytes(path.read_bytes())
    (tmp_path / "other.sqlite3").replace(path)
    assert pool.take(str(path)) is None
    with pytest.raises(sqlite3.ProgrammingError):
        first.execute("select 1")


def test_no_more_are_kept_than_are_of_use(tmp_path):
    pool, path = Pool(), tmp_path / "one.sqlite3"
    for _ in range(2 * IDLE):
        pool.put(str(path), (1, 1), opened(path))
    assert len(pool.idle) == IDLE


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_many_who_write_at_once_all_do_and_keep_few_connections():
    def write(number: int) -> int:
        with transaction.atomic():
            User.objects.count()
            return User.objects.create_guest(f"Learner {number}").pk

    results = run_at_once(3 * IDLE, write)
    assert len(set(results)) == User.objects.count() == 3 * IDLE
    assert len(base.pool.idle) <= IDLE
    assert base.turn.take(0)
    base.turn.give_back()


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_fails_gives_its_turn_back():
    @transaction.atomic
    def change_ones_mind() -> None:
        User.objects.create_guest("Alice")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        change_ones_mind()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("insert into nowhere values (1)")
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("insert into nowhere values (1)")
    assert base.turn.take(0)
    base.turn.give_back()
    assert not User.objects.exists()


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_what_is_given_back_is_had_by_the_next():
    User.objects.exists()
    used = connection.connection
    close_old_connections()
    assert connection.connection is None
    User.objects.exists()
    assert connection.connection is used


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_one_that_is_closed_within_a_transaction_is_not_used_again():
    @transaction.atomic
    def lose_it() -> None:
        User.objects.create_guest("Alice")
        connection.close()
        User.objects.exists()

    User.objects.exists()
    used = connection.connection
    with pytest.raises(DatabaseError):
        lose_it()
    connection.close()
    assert not User.objects.exists()
    assert connection.connection is not used
    assert base.turn.take(0)
    base.turn.give_back()
