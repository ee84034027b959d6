"""Three hosts, and a platform with a worker of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import override_settings

from config.celery import app
from sandbox import gateway
from tests.faults.conftest import common, depot, environment_of, share
from tests.faults.workers import Workers
from tests.fleet import remote
from tests.fleet.authority import Authority
from tests.fleet.remote import Remote
from tests.parts import use_queue

__all__ = ["depot"]

LISTEN = f"{remote.HERE}:5443"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def remotes(installation: str, authority: Authority, tmp_path_factory) -> Iterator[list[Remote]]:
    folder = tmp_path_factory.mktemp("hosts")
    with override_settings(WAREHOUSE_LISTEN=LISTEN), remote.three(folder, authority) as made:
        yield made
    gateway.close()


@pytest.fixture
def worker(remotes, depot, settings, transactional_db: None, tmp_path: Path) -> Iterator[Workers]:
    """Run a worker with a clock, on a database and a broker that the test shares."""
    share(depot, settings)
    settings.WAREHOUSE_LISTEN = LISTEN
    before = app.conf.broker_url
    use_queue(depot.url.replace("unix://", "redis+socket://"))
    with app.connection_for_write() as connection:
        connection.default_channel.client.flushall()
    options = {"WORKER_OPTIONS": "--concurrency 8", "WAREHOUSE_LISTEN": LISTEN}
    workers = Workers(tmp_path / "log", environment_of(depot) | options, **common())
    workers.start()
    workers.start(run="clock", SCHEDULE=str(tmp_path / "schedule"))
    yield workers
    workers.end()
    use_queue(before)
    assert "Traceback" not in (said := (tmp_path / "log").read_text()), said[-3000:]


@pytest.fixture
def data_dir() -> Path:
    return django_settings.DATA_DIR
