"""What every room's tests share: the cast, a database that several threads can use at once, and real sandboxes.

Alice learns, Bob teaches, Charlie must not. Sandboxes are in an installation of their own, beside whatever else runs
on this engine; only tests that ask for one need an engine.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
from django.db import connection
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from courses.models import User
from sandbox import accounts, containers, customer, door, engine, images, inspection, warehouse
from sandbox.container import Container, here

# How long an example takes is the machine's affair.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Test on a file, as the platform runs: SQLite in memory answers two writers with an error instead of a wait."""
    from django.db import connections

    database = connections["default"].settings_dict
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"]["NAME"] = str(Path(tmp_path_factory.mktemp("database"), "test.sqlite3"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark as `database` what is to be tried on each kind of database; leave out what is of the other kind alone.

    And as `transaction` what empties the database when it has done: that takes a while.
    """
    from django.db import connection

    [other] = {"postgresql", "sqlite"} - {connection.vendor}
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker(other)])
    items[:] = [item for item in items if not item.get_closest_marker(other)]
    for item in items:
        if {"db", "transactional_db"} & set(getattr(item, "fixturenames", ())) or item.get_closest_marker("django_db"):
            item.add_marker("database")
        wanted = item.get_closest_marker("django_db")
        if "transactional_db" in getattr(item, "fixturenames", ()) or (wanted and wanted.kwargs.get("transaction")):
            item.add_marker("transaction")


@pytest.fixture(autouse=True)
def fresh_pool() -> Iterator[None]:
    """Have no connection of PostgreSQL's go with a thread of a test's, as asyncio's end when they like."""
    yield
    if connection.vendor == "postgresql" and connection.alias in connection._connection_pools:
        stats = connection.pool.get_stats()
        if stats["pool_size"] - stats["pool_available"] > 1:  # more than this thread's own
            connection.close()
            connection.close_pool()


@pytest.fixture(autouse=True)
def quick_clients(settings) -> None:
    """Each test's client has middleware of its own, which would look through all static files before the first page."""
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(autouse=True)
def quick_passwords(settings) -> None:
    """Passwords are made to be slow to try; here they are made and tried all the time."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_guest(name="Alice")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user(username="bob", password="teaches docker", name="Bob", is_staff=True)


@pytest.fixture
def charlie(db: None) -> User:
    return User.objects.create_guest(name="Charlie")


# --- real sandboxes ---


@dataclass(frozen=True)
class Place:
    """A running sandbox, and how to do something in it."""

    spec: containers.Spec
    container: Container

    @property
    def container_id(self) -> str:
        return self.container.id

    def learner(self, command: str, timeout: float = 30) -> tuple[int, str]:
        return containers.run_as_learner(
            self.container, self.spec.owner_uid, ["bash", "-c", command], timeout, self.account.environment()
        )

    @property
    def account(self) -> accounts.Account:
        return accounts.of_trial(self.spec.address)

    def root(self, command: str, timeout: float = 30) -> tuple[int, str]:
        """Be root of the sandbox, which a learner can become through the daemon."""
        argv = ["/sbx/enter", "-u", "root", "bash", "-c", command]
        code, out, err = containers.run(self.container, self.spec.owner_uid, argv, timeout)
        return code, (out + err).decode(errors="replace")

    def owner(self, command: str) -> tuple[int, str]:
        """Be the owner, outside of the sandbox's namespaces."""
        code, out, err = containers.run(self.container, self.spec.owner_uid, ["sh", "-c", command], 10)
        return code, (out + err).decode(errors="replace")

    def works(self) -> bool:
        """Whether its daemon fetches an image and runs it."""
        code, output = self.learner("docker run --rm warehouse:5000/sarafa/poha")
        return code == 0 and "POHA" in output

    def facts(self) -> dict:
        return inspection.ask(self.container, self.spec.owner_uid)


_owners = iter(range(1_100_000 + os.getpid() % 8000 * 100, 2_000_000))


def make_spec() -> containers.Spec:
    return containers.Spec(secrets.token_hex(6), next(_owners), accounts.trial_address())


@pytest.fixture
def new_spec() -> Callable[[], containers.Spec]:
    return make_spec


@pytest.fixture(scope="session")
def installation(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """Give tests containers and volumes that no running platform takes for its own, and remove them."""
    name = f"test{os.getpid()}"
    # The platform answers at the warehouse's door all the time, from a thread that may ask the database.
    with override_settings(INSTALLATION=name), django_db_blocker.unblock():
        images.ensure_all(print)
        try:
            warehouse.ensure_running()
            warehouse.seed(images.stock())
            with door.kept():
                yield name
        finally:
            for container_id in (containers.living() | containers.ended()).values():
                containers.remove(here(container_id))
            customer.remove()
            warehouse.remove()


def open_place() -> Iterator[Place]:
    spec = make_spec()
    container = containers.create(spec)
    try:
        containers.wait_ready(container)
        yield Place(spec, container)
    finally:
        containers.remove(container)


@pytest.fixture(scope="module")
def alices(installation: str) -> Iterator[Place]:
    yield from open_place()


@pytest.fixture(scope="module")
def charlies(installation: str) -> Iterator[Place]:
    yield from open_place()


@pytest.fixture
def fresh(installation: str) -> Iterator[Place]:
    """A sandbox for one test, which may wreck it."""
    yield from open_place()


@pytest.fixture
def new_place(installation: str) -> Iterator[Callable[[], Place]]:
    """Open a sandbox for each call."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(contextmanager(open_place)())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """Show what the sandboxes of a failed test printed last."""
    report = yield
    if report.failed and report.when == "call":
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, Place):
                with suppress(engine.EngineError):  # it is gone
                    lines = [line for _, line in engine.log_since(value.container)[-40:]]
                    report.sections.append((f"log of {name}", "\n".join(lines)))
    return report
