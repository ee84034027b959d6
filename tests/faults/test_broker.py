"""A broker that goes, hangs, and comes back."""

import asyncio
import contextlib
import contextvars
import signal
import time
from collections.abc import Iterator

import pytest
import redis
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.core.cache import cache

from config import health
from sandbox import events, tasks

CODE = "abcdefgh"


@pytest.fixture
async def layer(broker, monkeypatch):
    monkeypatch.setattr(events, "RETRY_SECONDS", 0.1)
    yield broker
    broker.start() if not broker.process else None
    await get_channel_layer().flush()


@pytest.fixture
def sender(monkeypatch) -> Iterator[events.Sender]:
    """What a worker has."""
    made = events.Sender()
    monkeypatch.setattr(events, "_sender", made)
    yield made
    made.loop.call_soon_threadsafe(made.loop.stop)
    made.thread.join()
    made.loop.close()


@pytest.fixture(params=["page", "worker"])
def process(request):
    """What sends events."""
    if request.param == "worker":
        request.getfixturevalue("sender")


def connections(broker) -> int:
    """Return how many the broker has had so far, with the one that asks."""
    with redis.Redis.from_url(broker.url) as asking:
        return int(asking.info("stats")["total_connections_received"])


async def heard(inbox: asyncio.Queue, publish, seconds: float = 10) -> dict:
    """Publish until something is heard: what is said while nobody listens may be lost."""
    async with asyncio.timeout(seconds):
        while True:
            await sync_to_async(publish)(CODE)
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(inbox.get(), 0.1)


async def listen(inbox: asyncio.Queue) -> None:
    async for message in events.subscribe(events.group_of(CODE)):
        inbox.put_nowait(message)


@contextlib.asynccontextmanager
async def listening():
    inbox: asyncio.Queue = asyncio.Queue()
    job = asyncio.create_task(listen(inbox))
    try:
        yield inbox
    finally:
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)


async def test_events_flow_again_when_the_broker_is_back(layer, process):
    async with listening() as inbox:
        assert await heard(inbox, events.publish_state) == {"type": "sandbox.state"}
        layer.stop()
        await sync_to_async(events.publish_state)(CODE)  # into the void, and no error
        await asyncio.sleep(0.3)
        layer.start()
        while not inbox.empty():
            inbox.get_nowait()
        assert await heard(inbox, events.publish_state) == {"type": "sandbox.state"}


async def test_who_subscribes_while_the_broker_is_away_hears_once_it_is_back(layer):
    layer.stop()
    async with listening() as inbox:
        await asyncio.sleep(0.3)
        layer.start()
        assert await heard(inbox, events.publish_state) == {"type": "sandbox.state"}


async def test_each_hears_only_of_their_own(layer):
    async with listening() as inbox:
        await heard(inbox, events.publish_state)
        await sync_to_async(events.publish_state)("another")
        await asyncio.sleep(0.2)
        assert inbox.empty()


def test_a_worker_sends_all_its_events_over_one_connection(broker, sender):
    before = connections(broker)
    for _ in range(20):
        events.publish_state(CODE)
    assert connections(broker) - before <= 2


def test_what_a_worker_says_to_a_broker_that_hangs_is_given_up(broker, sender, monkeypatch, caplog):
    monkeypatch.setattr(events, "SEND_SECONDS", 0.3)
    broker.hang()
    began = time.monotonic()
    events.publish_state(CODE)
    assert time.monotonic() - began < 5
    assert "not sent" in caplog.text
    broker.process.send_signal(signal.SIGCONT)


def test_requests_share_their_connections_to_the_cache(broker):
    before = connections(broker)
    for _ in range(20):
        contextvars.Context().run(cache.get, "anything")  # each request is a context of its own
    assert connections(broker) - before <= 2


def test_an_order_is_refused_at_once_while_the_broker_is_away(broker):
    assert tasks.order(tasks.check_tasks, 1)
    broker.stop()
    began = time.monotonic()
    assert not tasks.order(tasks.check_tasks, 1)
    events.publish_state(CODE)
    assert time.monotonic() - began < 3
    broker.start()
    assert tasks.order(tasks.check_tasks, 1)


def ready() -> dict[str, str]:
    return {name: health.verdict(health.PROBES[name]) for name in ("broker", "worker")}


def test_readiness_follows_the_broker(broker):
    tasks.heartbeat()
    assert ready() == {"broker": "ok", "worker": "ok"}
    broker.stop()
    assert ready() == {
        "broker": "does not answer (ConnectionError)",
        "worker": "unknown while the broker does not answer",
    }
    broker.start()
    tasks.heartbeat()
    assert ready() == {"broker": "ok", "worker": "ok"}


@pytest.mark.slow
def test_a_broker_that_hangs_is_not_waited_for_long(broker):
    assert tasks.order(tasks.check_tasks, 1)
    broker.hang()
    for _again in range(2):
        began = time.monotonic()
        assert not tasks.order(tasks.check_tasks, 1)
        assert time.monotonic() - began < 10


def test_a_broker_that_is_slow_is_waited_for(broker):
    assert tasks.order(tasks.check_tasks, 1)
    with redis.Redis(unix_socket_path=str(broker.socket)) as client:
        for said in (lambda: tasks.order(tasks.check_tasks, 1), lambda: cache.set("anything", 1) is None):
            began = time.monotonic()
            client.client_pause(500)
            assert said()
            assert 0.4 < time.monotonic() - began < 10
        assert client.llen("sarafa:celery") == 2


@pytest.mark.slow
def test_a_broker_that_hangs_does_not_hang_the_question(broker):
    cache.get("anything")
    broker.hang()
    began = time.monotonic()
    assert ready()["broker"].startswith("does not answer")
    assert time.monotonic() - began < 10
