"""The life of a sandbox with nothing doubled: sleep, the pool, and the return of a learner."""

import asyncio
import contextlib
import gzip
import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from config.celery import app
from courses.models import Enrollment
from sandbox import admission, consumers, containers, engine, idle, streaming, tasks
from sandbox.container import here
from sandbox.engine import EngineError
from sandbox.models import Sandbox, State
from tests.parts import Page, cookie_of, row_of, use_queue

# Each: whoever pulls is looked up by the platform.
pytestmark = pytest.mark.django_db(transaction=True)

POHA = "warehouse:5000/sarafa/poha"


# --- sleep ---


@pytest.fixture
def own_broker(settings) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    settings.CACHES = settings.CACHES | {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.SANDBOX_POOL, settings.SANDBOX_LIMIT = 0, 20
    before = app.conf.broker_url
    use_queue("memory://")
    yield
    use_queue(before)


@pytest.fixture
def sandbox(alice, fresh, own_broker) -> Sandbox:
    return row_of(fresh, alice, active_at=timezone.now() - timedelta(hours=1))


def cpu_used(container_id: str) -> int:
    """Return the nanoseconds of CPU that a container's processes, all of them, have taken."""
    for path, pattern, unit in (
        (f"/sys/fs/cgroup/cpuacct/docker/{container_id}/cpuacct.usage", r"(\d+)", 1),
        (f"/sys/fs/cgroup/docker/{container_id}/cpu.stat", r"usage_usec (\d+)", 1000),
        (f"/sys/fs/cgroup/system.slice/docker-{container_id}.scope/cpu.stat", r"usage_usec (\d+)", 1000),
    ):
        if Path(path).exists():
            return int(re.search(pattern, Path(path).read_text())[1]) * unit
    raise AssertionError("no cgroup of the container is found")


async def state_of(sandbox: Sandbox) -> str:
    found = await asyncio.to_thread(engine.client().inspect_container, sandbox.container_id)
    return str(found["State"]["Status"])


async def asleep(sandbox: Sandbox) -> None:
    """Put it to sleep as if it was not used for an hour. A busy machine may need a second try to freeze it."""
    long_ago = timezone.now() - timedelta(hours=1)
    async with asyncio.timeout(30):
        while not sandbox.paused_at:
            await Sandbox.objects.filter(pk=sandbox.pk).aupdate(active_at=long_ago)
            with contextlib.suppress(EngineError):
                await asyncio.to_thread(tasks.pause_sandbox, sandbox.pk)
            await sandbox.arefresh_from_db()


@pytest.fixture
def cookie(alice) -> str:
    return cookie_of(alice)


@pytest.fixture
async def tab(sandbox, cookie):
    tab = Page(sandbox, cookie)
    yield tab
    with contextlib.suppress(asyncio.CancelledError):
        await tab.socket.disconnect(timeout=5)
    await streaming.close_client()


async def test_one_that_sleeps_takes_no_cpu_and_a_key_wakes_it_within_a_second(tab, sandbox, alice, monkeypatch):
    monkeypatch.setattr(consumers, "NOTE_SECONDS", 0)  # nothing was typed for longer than this
    await tab.connect()
    await tab.type("kept=in-memory; (while sleep 0.02; do :; done) &\r")
    await tab.until(b"[1]")
    before = await asyncio.to_thread(cpu_used, sandbox.container_id)
    await asyncio.sleep(0.5)
    assert cpu_used(sandbox.container_id) > before  # it is seen when it works

    waits = []
    for turn in range(3):  # the machine may be busy with other things
        await asleep(sandbox)
        assert await state_of(sandbox) == "paused"
        before = cpu_used(sandbox.container_id)
        await asyncio.sleep(1)
        assert cpu_used(sandbox.container_id) == before

        began = time.monotonic()
        await tab.type(f"echo $kept af''ter {turn}\r")
        await tab.until(f"in-memory after {turn}".encode())
        waits.append(time.monotonic() - began)
        assert await state_of(sandbox) == "running"
        await sandbox.arefresh_from_db()
        assert sandbox.paused_at is None
    assert min(waits) < 1


async def test_what_was_typed_while_it_slept_arrives_when_it_wakes(tab, sandbox, monkeypatch):
    monkeypatch.setattr(consumers, "NOTE_SECONDS", 3600)  # this page's keys do not wake it
    await tab.connect()
    await tab.until(b"$ ")
    await asleep(sandbox)
    await tab.type("echo typed while it sle''pt\r")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(tab.until(b"typed while it slept"), 1)
    await asyncio.to_thread(idle.wake, sandbox)
    await tab.until(b"typed while it slept")


async def test_a_page_that_is_opened_wakes_it(tab, sandbox):
    await asleep(sandbox)
    await tab.connect()
    await tab.type("echo a''wake\r")
    await tab.until(b"awake")
    assert await state_of(sandbox) == "running"


async def test_one_that_sleeps_is_not_asked_by_checks(sandbox, alice):
    await asyncio.to_thread(alice.enroll, "sarafa-bazaar")
    await asleep(sandbox)
    began = time.monotonic()
    await asyncio.to_thread(tasks.check_tasks, sandbox.pk)
    assert time.monotonic() - began < 10
    assert await state_of(sandbox) == "paused"


def put_to_sleep(sandbox: Sandbox) -> None:
    tasks.pause_sandbox(sandbox.pk)
    sandbox.refresh_from_db()
    assert sandbox.paused_at


def stopped(sandbox: Sandbox) -> None:
    sandbox.order_stop()


def expired(sandbox: Sandbox) -> None:
    Sandbox.objects.filter(pk=sandbox.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    tasks.reconcile()


def reset(sandbox: Sandbox) -> None:
    assert admission.replace(sandbox, keep_home=True) != sandbox


@pytest.mark.parametrize("end", [stopped, expired, reset])
def test_one_that_sleeps_can_be_ended_with_its_work_kept(fresh, sandbox, alice, end):
    put_to_sleep(sandbox)
    idle.wake(sandbox)
    fresh.learner("echo last > words")  # after it was saved, and before it sleeps again
    Sandbox.objects.update(active_at=timezone.now() - timedelta(hours=1))
    engine.pause(sandbox.container)
    Sandbox.objects.update(paused_at=timezone.now())
    end(Sandbox.objects.get(pk=sandbox.pk))
    tasks.stop_sandbox(sandbox.pk)
    sandbox.refresh_from_db()
    assert (sandbox.state, sandbox.paused_at) == (State.STOPPED, None)
    assert sandbox.code not in containers.made()
    assert b"words" in gzip.decompress(bytes(alice.home.archive))


def test_one_that_sleeps_is_removed_without_its_files_if_so_wished(fresh, sandbox, alice):
    fresh.learner("echo last > words")
    put_to_sleep(sandbox)
    clean = admission.replace(sandbox, keep_home=False)
    tasks.stop_sandbox(sandbox.pk)
    tasks.start_sandbox(clean.pk)
    clean.refresh_from_db()
    assert in_home(clean, "ls -A") == ""
    assert sandbox.code not in containers.made()
    engine.remove_container(clean.container)


def in_home(sandbox: Sandbox, command: str) -> str:
    argv = ["bash", "-c", command]
    return containers.run_as_learner(sandbox.container, sandbox.owner_uid, argv)[1]


# --- the pool ---


def test_a_claimed_one_of_the_pool_is_whole(fresh, alice, own_broker):
    alice.enroll("sarafa-bazaar")
    warm = row_of(fresh, None)
    assert admission.open_for(alice) == warm
    assert fresh.works()
    tasks.check_tasks(warm.pk)
    assert Enrollment.objects.get().done_by_lesson()


def test_one_of_the_pool_that_is_out_of_date_is_replaced(new_spec, own_broker, settings):
    current = settings.SANDBOX_IMAGE
    old = "sarafa-bazaar/sandbox-of-yesterday"
    repository, tag = old, f"test-{settings.INSTALLATION}"
    container = engine.client().create_container(current)["Id"]
    try:
        engine.client().commit(container, repository, tag)
        settings.SANDBOX_IMAGE = f"{old}:{tag}"
        settings.SANDBOX_POOL = 1
        admission.fill_pool()
        yesterdays = Sandbox.objects.get()
        tasks.start_sandbox(yesterdays.pk)
        tasks.reconcile()
        assert Sandbox.objects.warm().get() == yesterdays  # it is today's, so far

        settings.SANDBOX_IMAGE = current
        tasks.reconcile()
        tasks.stop_sandbox(yesterdays.pk)
        admission.fill_pool()
        todays = Sandbox.objects.unclaimed().get()
        assert todays != yesterdays
        tasks.start_sandbox(todays.pk)
        assert set(containers.made()) == {todays.code}
        tasks.reconcile()
        assert Sandbox.objects.warm().get() == todays
    finally:
        for made in containers.made().values():
            engine.remove_container(here(made["Id"]))
        engine.remove_container(here(container))
        engine.client().remove_image(f"{old}:{tag}", force=True)


# --- the return ---


async def test_a_learner_who_returns_after_the_timer_ended_finds_their_files(alice, own_broker):
    client = Client()
    await asyncio.to_thread(client.force_login, alice)
    try:
        first = await asyncio.to_thread(arrive, client)
        page = Page(first, await asyncio.to_thread(cookie_of, alice))
        await page.connect()
        await page.type("mkdir -p recipes; echo saffron > recipes/jalebi; echo writ''ten\r")
        await page.until(b"written")
        await page.socket.disconnect(timeout=5)

        await Sandbox.objects.aupdate(expires_at=timezone.now() - timedelta(seconds=1))
        await asyncio.to_thread(tasks.reconcile)
        await asyncio.to_thread(tasks.stop_sandbox, first.pk)
        answer = await asyncio.to_thread(client.get, f"/sandbox/{first.code}/")
        assert answer.json()["state"] == "stopped"

        second = await asyncio.to_thread(arrive, client)
        assert second != first
        page = Page(second, await asyncio.to_thread(cookie_of, alice))
        await page.connect()
        await page.type("cat recipes/jalebi\r")
        await page.until(b"saffron")
        await page.socket.disconnect(timeout=5)
        assert second.as_json()["saved_at"]
    finally:
        await streaming.close_client()
        for made in (await asyncio.to_thread(containers.made)).values():
            await asyncio.to_thread(engine.remove_container, here(made["Id"]))


def arrive(client: Client) -> Sandbox:
    """Ask for a sandbox as the page does, and do what the worker does then."""
    code = client.post("/sandbox/").json()["code"]
    sandbox = Sandbox.objects.get(code=code)
    tasks.start_sandbox(sandbox.pk)
    assert client.get(f"/sandbox/{code}/").json()["state"] == "running"
    sandbox.refresh_from_db()
    return sandbox
