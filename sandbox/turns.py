"""Decisions that all processes of the platform make one after another, on however many machines they are."""

from django.db import connection


def take_turn(name: str) -> None:
    """Wait until no other transaction that has taken the turn of this name goes on. It ends with the caller's.

    Said first in a transaction: what is read after this is what the one before has left. SQLite lets one transaction
    that may write go on at a time, from its very beginning: there the turn has been taken already.
    """
    assert connection.in_atomic_block, "a turn ends with a transaction"  # noqa: S101 (a mistake of ours)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
