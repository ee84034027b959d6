"""The sandbox's rules without its outside: no engine, no Redis. Queue, cache and channel layer are in memory."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from channels.layers import get_channel_layer
from django.db import connection
from django.test import Client
from django.utils import timezone
from kombu.transport import memory

from config.celery import app
from courses.models import User
from sandbox import capacity, consumers, containers, event_consumer, inspection, warehouse
from sandbox import engine as real_engine
from sandbox.container import Address, Container, local
from sandbox.engine import ContainerGone
from sandbox.models import Sandbox, State
from tests.parts import use_queue
from tests.recordings import heard_call
from tests.sandbox.pages import Logs, Shell

Queued = Callable[[], list[tuple[str, tuple]]]
Act = Callable[[int], object]
LOG = [(1_000_000_000, heard_call(1, "GET", "/v1.45/version"))]


@pytest.fixture(autouse=True)
def inside(settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    settings.CACHES = settings.CACHES | {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.DOCKER_HOST = "unix:///nowhere/docker.sock"
    settings.SANDBOX_LIMIT, settings.SANDBOX_POOL = 10, 0
    monkeypatch.setattr(capacity, "shortage", lambda starting: "")
    before = app.conf.broker_url
    use_queue("memory://")
    yield
    use_queue(before)


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
    use_queue("redis://127.0.0.1:1/0")


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


def run_at_once(count: int, act: Act) -> list[object]:
    """Do something in several threads at the same moment; return what each got, or its exception."""
    barrier = threading.Barrier(count)
    results: list[object] = [None] * count

    def run(number: int) -> None:
        try:
            barrier.wait(5)
            results[number] = act(number)
        except Exception as exc:
            results[number] = exc
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    return results


@pytest.fixture
def at_once() -> Callable[[int, Act], list[object]]:
    return run_at_once


# --- an engine that only exists here ---


@dataclass
class Engine:
    """Containers that only exist here. `made` are those that run, `ended` those that do not any more."""

    made: dict[str, str] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    fails: dict[str, Exception] = field(default_factory=dict)
    before: dict[str, Callable[[], object]] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)
    homes: dict[str, bytes] = field(default_factory=lambda: defaultdict(lambda: b"empty"))
    asleep: set[str] = field(default_factory=set)
    outdated: set[str] = field(default_factory=set)
    warehouse_is_open: bool = False

    def enter(self, name: str) -> None:
        if name in self.before:
            self.before.pop(name)()
        if name in self.fails:
            raise self.fails[name]

    def create(self, spec: containers.Spec, host: Address | None = None) -> Container:
        self.enter("create")
        self.made[spec.code] = containers.name_of(spec.code)
        return Container(host or local(), self.made[spec.code])

    def wait_ready(self, container: Container, timeout: float = 20) -> None:
        self.enter("wait_ready")

    def remove(self, container: Container) -> None:
        self.enter("remove")
        for found in (self.made, self.ended):
            for code in [code for code, known in found.items() if known == container.id]:
                del found[code]

    def listing(self, label: str = containers.LABEL, host: Address | None = None) -> containers.Made:
        self.enter("listing")
        awake = {code: self.item(found, "running") for code, found in self.made.items() if found not in self.asleep}
        asleep = {code: self.item(found, "paused") for code, found in self.made.items() if found in self.asleep}
        return awake | asleep | {code: self.item(found, "exited") for code, found in self.ended.items()}

    def item(self, container_id: str, state: str) -> dict[str, object]:
        return {"Id": container_id, "State": state, "Labels": {}}

    def save_home(self, container: Container, owner_uid: int) -> tuple[bytes, int]:
        self.enter("save_home")
        if container.id not in self.made.values():
            raise ContainerGone("The container does not run any more.")
        return self.homes[container.id], 0

    def restore_home(self, container: Container, owner_uid: int, archive: bytes) -> None:
        self.enter("restore_home")
        if container.id not in self.made.values():
            raise ContainerGone("The container does not run any more.")
        self.homes[container.id] = archive

    def open_warehouse(self) -> None:
        self.enter("open_warehouse")
        self.warehouse_is_open = True

    def pause(self, container: Container) -> None:
        self.enter("pause")
        self.asleep.add(container.id)

    def unpause(self, container: Container) -> None:
        self.enter("unpause")
        self.asleep.discard(container.id)

    def tell(self, container: Container, owner_uid: int, seconds: float = 5) -> dict[str, object]:
        self.enter("facts")
        return {"containers": [], "images": [], "networks": [], "volumes": []} | self.facts

    def log(self, container: Container, since: int = 0) -> list[tuple[int, str]]:
        self.enter("daemon_log")
        return list(LOG)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    engine = Engine()
    for name, double in {
        "create": engine.create, "wait_ready": engine.wait_ready, "remove": engine.remove, "made": engine.listing,
        "daemon_log": engine.log, "save_home": engine.save_home,
        "restore_home": engine.restore_home, "outdated": lambda found, host=None: engine.outdated,
    }.items():  # fmt: skip
        monkeypatch.setattr(containers, name, double)
    monkeypatch.setattr(inspection, "ask", engine.tell)
    monkeypatch.setattr(warehouse, "ensure_running", engine.open_warehouse)
    monkeypatch.setattr(real_engine, "pause", engine.pause)
    monkeypatch.setattr(real_engine, "unpause", engine.unpause)
    return engine


@pytest.fixture
async def shell(monkeypatch: pytest.MonkeyPatch) -> Shell:
    shell = Shell()
    monkeypatch.setattr(consumers, "Terminal", shell)
    return shell


@pytest.fixture
async def logs(monkeypatch: pytest.MonkeyPatch) -> Logs:
    logs = Logs()
    monkeypatch.setattr(event_consumer, "Watch", logs.watch)
    monkeypatch.setattr(event_consumer.objects, "asker", logs.asker)
    return logs
