"""An engine that is restarted, killed, or out of disk: a second one, in a network and with mounts of its own."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.test import override_settings

from sandbox import admission, containers, door, engine, homes, repairs, tasks, warehouse
from sandbox.models import Sandbox, State
from tests.engines import Engine, forget_client
from tests.faults.aftermath import all_is_well, settle, working
from tests.faults.conftest import common, environment_of
from tests.faults.workers import Workers
from tests.parts import until

pytestmark = [pytest.mark.docker, pytest.mark.django_db(transaction=True)]

IMAGES = ["sarafa-bazaar/sandbox", warehouse.IMAGE]


@pytest.fixture(scope="module")
def second(installation: str, tmp_path_factory) -> Iterator[Engine]:
    second = Engine(tmp_path_factory.mktemp("second"))
    with override_settings(DOCKER_HOST=f"unix://{second.socket}"):
        forget_client()
        try:
            second.start()
            second.take_in(IMAGES)
            second.take_stock()
            with door.kept():
                yield second
        finally:
            second.remove()
            forget_client()


@pytest.fixture(scope="module")
def parent(second: Engine, depot, django_db_setup, tmp_path_factory) -> Iterator[Workers]:
    folder = tmp_path_factory.mktemp("workers")
    environment = environment_of(depot) | {"DOCKER_HOST": f"unix://{second.socket}"}
    workers = Workers(folder / "log", environment, **common())
    yield workers
    workers.end()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_without_live_restore_learners_find_their_work_in_a_new_one(alice, workers, second, how):
    sandbox = working(alice)
    homes.save(sandbox)
    workers.start()
    second.restart(how=how)
    another = all_is_well(alice)
    sandbox.refresh_from_db()
    assert another != sandbox
    assert (sandbox.state, sandbox.error) == (State.FAILED, repairs.LOST)


async def test_with_live_restore_learners_go_on_where_they_were(alice, workers, second, view):
    """Stopped in order or killed: the same sandbox, and in it the same shell."""
    await asyncio.to_thread(second.restart, "--live-restore")
    sandbox = await asyncio.to_thread(working, alice)
    workers.start()
    place = SimpleNamespace(container=sandbox.container, spec=SimpleNamespace(owner_uid=sandbox.owner_uid))
    viewer = await view(place).attach()
    assert await viewer.ask("HERE=still; echo $HERE") == "still"
    for how in (signal.SIGTERM, signal.SIGKILL):
        await asyncio.to_thread(second.restart, "--live-restore", how=how)
        await viewer.attach()
        assert await viewer.ask("echo $HERE") == "still"
    assert await asyncio.to_thread(all_is_well, alice) == sandbox
    await asyncio.to_thread(second.restart)


def test_while_a_sandbox_starts(alice, workers, second):
    sandbox = admission.open_for(alice)
    second.end()
    workers.start()
    until(lambda: Sandbox.objects.get().state == State.FAILED, 20, "an honest word")
    sandbox.refresh_from_db()
    assert "No Docker Engine answers" in sandbox.error
    second.start()
    assert all_is_well(alice, keeps_work=False) != sandbox


def test_while_a_sandbox_stops(alice, workers, second):
    sandbox = working(alice)
    homes.save(sandbox)
    sandbox.order_stop()
    second.end()
    workers.start()
    tasks.reconcile()
    time.sleep(1)
    sandbox.refresh_from_db()
    assert sandbox.state == State.STOPPING
    second.start()
    all_is_well(alice)
    assert Sandbox.objects.get(pk=sandbox.pk).state == State.STOPPED


def test_a_disk_that_is_full_and_has_room_again(alice, workers, second):
    workers.start()
    filler = second.seen_disk / "filler"
    subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=1M"], capture_output=True, check=False)
    sandbox = admission.open_for(alice)
    until(lambda: Sandbox.objects.get().state == State.FAILED, 30, "a refusal")
    sandbox.refresh_from_db()
    assert sandbox.error == engine.DISK_FULL
    settle()
    assert containers.made() == {}
    filler.unlink()
    assert all_is_well(alice, keeps_work=False) != sandbox
