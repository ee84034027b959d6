"""PostgreSQL is stopped in mid-flight, as by a power cut, and started again: everything goes on by itself."""

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from sandbox import tasks
from sandbox.models import Sandbox, State
from tests.faults.conftest import LIMITS, environment_of, share
from tests.faults.test_web_killed import free_port, listens
from tests.faults.workers import Workers
from tests.parts import cookie_of, until, use_queue

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.restart,
    pytest.mark.docker,
    pytest.mark.django_db(transaction=True),
]

LESSON = "/courses/sarafa-bazaar/day-2/"


def postgres(what: str) -> None:
    """Have the cluster of `scripts/postgres.sh run` crash, or start again."""
    command = [str(django_settings.BASE_DIR / "scripts" / "postgres.sh"), what]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60)


@pytest.fixture
def workers(depot, settings, transactional_db: None, tmp_path) -> Iterator[Workers]:
    """Processes of a platform that has no sandbox and no warehouse: what they do here needs neither."""
    share(depot, settings)
    settings.INSTALLATION = f"restart{os.getpid()}"
    use_queue(depot.url.replace("unix://", "redis+socket://"))
    common = {"INSTALLATION": settings.INSTALLATION, "SECRET_KEY": settings.SECRET_KEY}
    workers = Workers(tmp_path / "log", environment_of(depot), **LIMITS, **common)
    yield workers
    workers.end()
    use_queue(django_settings.CELERY_BROKER_URL)


class Learner:
    """A browser that is signed in, and what it is answered."""

    def __init__(self, site: str, user: object) -> None:
        self.site, self.session = site, requests.Session()
        self.session.headers["Cookie"] = cookie_of(user)

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.site + path, timeout=30)

    def database(self) -> str:
        return self.get("/readyz").json()["database"]


@pytest.fixture
def learner(workers, alice) -> Learner:
    port = free_port()
    workers.start(run="web", PORT=port)
    until(lambda: listens(port), 20, "the web process")
    return Learner(f"http://127.0.0.1:{port}", alice)


def test_the_platform_mends_itself_when_postgres_is_back(alice, workers, learner):
    workers.start()
    assert (learner.get(LESSON).status_code, learner.database()) == (200, "ok")
    sandbox = Sandbox.objects.create(learner=alice, state=State.STOPPING)

    postgres("crash")
    assert tasks.order(tasks.stop_sandbox, sandbox.pk)
    with ThreadPoolExecutor(2) as both:
        parts, page = both.map(learner.get, ["/readyz", LESSON])
    assert (parts.status_code, parts.json()["database"]) == (503, "does not answer (OperationalError)")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5") and "kitchen" in page.text
    assert learner.get("/healthz").status_code == 200
    until(lambda: "OperationalError" in workers.log.read_text(), 20, "a worker that cannot do what was ordered")

    postgres("start")
    until(lambda: learner.database() == "ok", 10, "a web process that has found the database again")
    assert learner.get(LESSON).status_code == 200
    connection.close()  # this process's own
    sandbox.refresh_from_db()
    assert sandbox.state == State.STOPPING
    tasks.order_what_is_due(timezone.now())  # as `reconcile` does every 20 seconds
    until(lambda: Sandbox.objects.get().state == State.STOPPED, 20, "what was ordered while there was no database")
