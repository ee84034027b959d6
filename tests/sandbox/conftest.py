"""The sandbox's rules without its outside: no engine, no Redis. Queue, cache and channel layer are in memory."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from channels.layers import get_channel_layer
from django.test import Client
from django.utils import timezone
from kombu import pools
from kombu.transport import memory

from config.celery import app
from courses.models import User
from sandbox.models import Sandbox, State

Queued = Callable[[], list[tuple[str, tuple]]]


def use_broker(url: str) -> None:
    """Have the queue elsewhere; what was connected before is forgotten."""
    app.conf.broker_url = url
    pools.reset()
    app._pool = app.amqp._producer_pool = None


@pytest.fixture(autouse=True)
def inside(settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    settings.CACHES = settings.CACHES | {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.DOCKER_HOST = "unix:///nowhere/docker.sock"
    settings.SANDBOX_LIMIT = 10
    before = app.conf.broker_url
    use_broker("memory://")
    yield
    use_broker(before)


@pytest.fixture(autouse=True)
def queued(inside: None) -> Queued:
    """Return what has been queued since the last look: [(task, arguments)]."""
    memory.Channel.queues.clear()

    def take() -> list[tuple[str, tuple]]:
        found = []
        with app.connection_for_read() as connection:
            channel = connection.default_channel
            while message := channel.basic_get("celery", no_ack=True) if "celery" in memory.Channel.queues else None:
                name = message.headers["task"].removeprefix("sandbox.tasks.")
                found.append((name, tuple(channel.message_to_python(message).payload[0])))
        return found

    return take


@pytest.fixture
def broker_away(inside: None) -> None:
    use_broker("redis://127.0.0.1:1/0")


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def make() -> Callable[..., Sandbox]:
    """Make a sandbox's row; running ones have a container."""

    def make(learner: User, state: State = State.RUNNING, **fields: object) -> Sandbox:
        if state == State.RUNNING:
            fields = {"container_id": "c" * 64, "started_at": timezone.now(), "claimed_at": timezone.now()} | fields
        return Sandbox.objects.create(learner=learner, state=state, **fields)

    return make


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def heard(settings) -> Callable[[Sandbox], Callable[[], list[dict]]]:
    """Listen for the events of a sandbox, as a page does; the function returned gives those that came."""
    from asgiref.sync import async_to_sync

    from sandbox import events

    def listen(sandbox: Sandbox) -> Callable[[], list[dict]]:
        layer = get_channel_layer()
        channel = async_to_sync(layer.new_channel)()
        async_to_sync(layer.group_add)(events.group_of(sandbox.code), channel)

        def take() -> list[dict]:
            waiting = layer.channels.get(channel)
            return [waiting.get_nowait()[1] for _ in range(waiting.qsize())] if waiting else []

        return take

    return listen
