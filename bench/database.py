"""How many learners' commands one PostgreSQL takes, and what each costs it.

What the platform asks for a command (rounds.py) is asked again, by clients that do nothing else, each for a learner of
its own: the platform's part takes more of a processor than PostgreSQL's, and has processes of its own. A process beside
the platform; what tasks are judged by is read from stdin.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections

from bench.decisions import seconds_of
from bench.platform import descendants, processor_time_of
from bench.rounds import CHECKS, LEARNERS, Room, counted

CLIENTS = (1, 4, LEARNERS)
# As PostgreSQL is where the data are dear: scripts/postgres.sh sets it up for tests.
DEAR = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on"}
LINGER = 3  # seconds that clients stay connected when they are done

Queries = list[tuple[str, Any]]
connection: Any = connections["default"]  # a PostgreSQL's, which has a pool
fork = get_context("fork")


def main() -> None:
    seconds, facts = float(sys.argv[1]), json.load(sys.stdin)
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as database:
        server = Server(database)
        server.configure(DEAR)
        room = Room(facts)
        said: dict[str, Any] = {"parts": counted(room), "checks": CHECKS}
        asked = recorded(room)
        connection.close()
        connection.close_pool()  # the clients are forked
        said["clients"] = [server.rate(asked[:clients], seconds) for clients in CLIENTS]
        server.configure(dict.fromkeys(DEAR, "off"))
        said["without a disk"] = server.rate(asked, seconds)
    print(json.dumps(said))


class Server:
    """The PostgreSQL, and what it has had of the processors."""

    def __init__(self, database: "psycopg.Connection[Any]") -> None:
        self.database = database
        [folder] = database.execute("SHOW data_directory").fetchone() or [""]
        self.pid = int(Path(folder, "postmaster.pid").read_text().split()[0])

    def configure(self, options: dict[str, str]) -> None:
        for name, value in options.items():
            self.database.execute(f"ALTER SYSTEM SET {name} = {value}")
        self.database.execute("CHECKPOINT")
        self.database.execute("SELECT pg_reload_conf()")
        time.sleep(1)  # for all of its processes to have read that

    def cost(self) -> float:
        """Return the seconds of a processor of all its processes, those that have ended included."""
        return processor_time_of(self.pid, ended=True) + sum(map(processor_time_of, descendants(self.pid)))

    def rate(self, asked: list[list[Queries]], seconds: float) -> dict[str, float]:
        """Have as many clients as there are learners ask all that for so long."""
        clients, begin = len(asked), time.monotonic() + 1
        with ProcessPoolExecutor(clients, fork) as pool:
            working = [pool.submit(ask, rounds, begin, begin + seconds) for rounds in asked]
            sleep_until(begin)
            cost = self.cost()
            sleep_until(begin + seconds + LINGER / 2)  # all are done then, and all still connected
            cost = self.cost() - cost
            took = [each.result() for each in working]
        rate, rounds = sum(len(each) / sum(each) for each in took), [one for each in took for one in each]
        count, median = len(rounds), statistics.median(rounds)
        return {"clients": clients, "count": count, "rate": rate, "median": median, "cost": cost / count}


def sleep_until(at: float) -> None:
    time.sleep(max(0, at - time.monotonic()))


def recorded(room: Room) -> list[list[Queries]]:
    """Return of each learner the queries of a round with each of the two pictures."""
    found: list[list[Queries]] = [[] for _ in range(LEARNERS)]
    for _ in range(2 * LEARNERS):
        queries: Queries = []
        found[room.number % LEARNERS].append(queries)
        room.round(partial(record, queries))
    return found


def record(queries: Queries, kind: str, do: Callable[[], object]) -> None:
    def noted(execute: Callable[..., Any], sql: str, params: Any, *rest: Any) -> Any:
        queries.append((sql, params))
        return execute(sql, params, *rest)

    if kind != "order":
        queries.append(("", None))  # as the pool asks whether the connection works
    with connection.execute_wrapper(noted):
        do()


def ask(rounds: list[Queries], begin: float, end: float) -> list[float]:
    """Be one client from one moment to another: return the seconds of each round."""
    took: list[float] = []
    with psycopg.connect(settings.DATABASE_URL, autocommit=True, prepare_threshold=None) as client:
        sleep_until(begin)
        while time.monotonic() < end:
            took += [seconds_of(partial(ask_all, client, queries)) for queries in rounds]
        sleep_until(end + LINGER)
    return took


def ask_all(client: "psycopg.Connection[Any]", queries: Queries) -> None:
    for sql, params in queries:
        client.execute(sql, params)
