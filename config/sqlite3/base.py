"""Django's SQLite, with the writers of one process in turn, and connections that are used again.

SQLite has one writer at a time and no queue: who finds it busy tries again later, up to 100 ms later
(sqliteDefaultBusyCallback in SQLite's main.c), while who has just come is served. Of a class that came in within ten
seconds some waited for seven. Here the writers of a process stand in a queue, so that only those of a few processes try
their luck.

Connections belong to threads, and many come and go: those of sockets, consoles and tasks. One that is opened has the
schema and the statements to learn, and its files are open until Python collects it: so they are used again.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.sqlite3 import base

from config.sqlite3.pool import Pool, file_at
from config.sqlite3.turn import Turn

WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)
SECONDS = 20  # as the database itself is waited for; then it is tried all the same, and SQLite says what is wrong

turn = Turn()
pool = Pool()


class Cursor(base.SQLiteCursorWrapper):
    """Takes its turn for what is written outside of a transaction."""

    def execute(self, query: str, params: Any = None) -> Any:
        if self.connection.in_transaction or not WRITES.match(query):
            return super().execute(query, params)
        with a_turn():
            return super().execute(query, params)

    def executemany(self, query: str, param_list: Any) -> Any:
        if self.connection.in_transaction:
            return super().executemany(query, param_list)
        with a_turn():
            return super().executemany(query, param_list)


@contextmanager
def a_turn() -> Iterator[None]:
    mine = turn.take(SECONDS)
    try:
        yield
    finally:
        if mine:
            turn.give_back()


class DatabaseWrapper(base.DatabaseWrapper):
    """A transaction has its turn from its beginning to its end: with IMMEDIATE, it may write from the beginning."""

    has_turn = False

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        path = str(conn_params["database"])
        found = pool.take(path) or super().get_new_connection(conn_params)
        self.path, self.file = path, file_at(path)
        return found

    def create_cursor(self, name: str | None = None) -> Cursor:
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        return cursor

    def _start_transaction_under_autocommit(self) -> None:
        self.has_turn = turn.take(SECONDS)
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self.give_turn_back()
            raise

    def give_turn_back(self) -> None:
        if self.has_turn:
            self.has_turn = False
            turn.give_back()

    def _commit(self) -> None:
        try:
            super()._commit()  # type: ignore[misc]
        finally:
            if not self.in_transaction():
                self.give_turn_back()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self.give_turn_back()

    def _close(self) -> None:
        """Keep it for who comes next, if it is known to be as good as new."""
        try:
            if self.connection is None or self.in_atomic_block or self.in_transaction() or self.errors_occurred:
                super()._close()  # type: ignore[misc]
            else:
                pool.put(self.path, self.file, self.connection)
        finally:
            self.give_turn_back()

    def in_transaction(self) -> bool:
        """A commit that fails leaves the transaction open, to be rolled back."""
        return self.connection is not None and self.connection.in_transaction
