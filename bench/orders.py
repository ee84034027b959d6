"""How much one broker passes on: orders to a worker, and events to those who listen; and what each costs it.

A process of its own, with a broker of its own. The worker and the listeners are other processes, as they are at work.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

import redis
from channels.layers import get_channel_layer
from django.conf import settings

from bench.platform import ROOT
from config.celery import app
from sandbox import events, tasks
from tests.parts import until

QUEUE, TAKEN = "sarafa:celery", "sarafa:unacked"
GROUPS = 100  # learners, whose pages listen
SECONDS = 120  # for all to be done
QUIET = 3  # seconds without an event, after which what has not come is lost
# As large as those that a check sends are on average: see bench/rounds.py.
EVENT = {"type": "sandbox.tasks", "results": "x" * 2048}
WORKER = [
    sys.executable, "-m", "celery", "-q", "-A", "config", "worker", "--pool", "threads", "--concurrency", "8",
    "--without-gossip", "--without-mingle", "--loglevel", "WARNING", "--include", "bench.orders",
]  # fmt: skip
fork = get_context("fork")


@app.task
def nothing() -> None:
    """What is ordered: the order is all there is to do."""


def main() -> None:
    orders, count = int(sys.argv[1]), int(sys.argv[2])
    broker = redis.Redis.from_url(settings.REDIS_URL)
    said = {
        "orders": ordered(broker, orders),
        "of the worker": passed_on(broker, publish_as_worker, count // 4, 1),
        "of the web": passed_on(broker, publish_as_web, count, 1),
        "to three": passed_on(broker, publish_as_web, count, 3),
    }
    print(json.dumps(said))


def cost(broker: redis.Redis) -> float:
    """Return the seconds of a processor that the broker has had."""
    said = broker.info("cpu")
    return float(said["used_cpu_user"]) + float(said["used_cpu_sys"])


def ordered(broker: redis.Redis, count: int) -> dict[str, float]:
    before, began = cost(broker), time.monotonic()
    for _ in range(count):
        assert tasks.order(nothing)
    queued, published = time.monotonic() - began, cost(broker) - before
    with worker():
        until(lambda: broker.llen(QUEUE) < count, SECONDS, "the worker")
        left, before, began = broker.llen(QUEUE), cost(broker), time.monotonic()
        until(lambda: not broker.llen(QUEUE) and not broker.hlen(TAKEN), SECONDS, "all orders to be done")
        done, consumed = time.monotonic() - began, cost(broker) - before
    return {
        "count": count,
        "queued": count / queued,
        "done": left / done,
        "cost": published / count + consumed / left,
    }


@contextmanager
def worker() -> Iterator[None]:
    process = subprocess.Popen(WORKER, cwd=ROOT, stdout=sys.stderr)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def passed_on(broker: redis.Redis, publish: Callable[[int], None], count: int, listeners: int) -> dict[str, float]:
    """Publish so many events to the groups of learners in turn, while so many processes listen to all of them."""
    heard = [fork.Array("d", 2) for _ in range(listeners)]
    processes = [fork.Process(target=listen, args=(one,), daemon=True) for one in heard]
    for process in processes:
        process.start()
    until(lambda: listening(broker) == listeners * GROUPS, SECONDS, "all to listen")
    lines, before, began = broker.info("stats")["total_connections_received"], cost(broker), time.monotonic()
    publish(count)
    while min(one[0] for one in heard) < count and time.monotonic() - max(one[1] for one in heard) < QUIET:
        time.sleep(0.05)
    took = max(one[1] for one in heard) - began
    spent, lines = cost(broker) - before, broker.info("stats")["total_connections_received"] - lines
    for process in processes:
        process.kill()
        process.join()
    lost = sum(count - one[0] for one in heard)
    return {"count": count, "rate": count / took, "cost": spent / count, "connections": lines / count, "lost": lost}


def listening(broker: redis.Redis) -> int:
    names = [f"asgi__group__{events.group_of_learner(number)}" for number in range(GROUPS)]
    return sum(number for _name, number in broker.pubsub_numsub(*names))


def publish_as_worker(count: int) -> None:
    events.keep_sender()
    for number in range(count):
        events.publish(events.group_of_learner(number % GROUPS), EVENT)


def publish_as_web(count: int) -> None:
    async def publish() -> None:
        for number in range(count):
            await get_channel_layer().group_send(events.group_of_learner(number % GROUPS), EVENT)

    asyncio.run(publish())


def listen(heard: Any) -> None:
    """Be a web process with a page of each learner, until it is killed: note how many events have come, and when."""

    async def follow(group: str) -> None:
        async for _event in events.subscribe(group):
            heard[:] = heard[0] + 1, time.monotonic()

    async def follow_all() -> None:
        await asyncio.gather(*(follow(events.group_of_learner(number)) for number in range(GROUPS)))

    asyncio.run(follow_all())
