"""The life of a sandbox with nothing doubled: homes kept, sleep, the pool, and the return of a learner."""

import asyncio
import contextlib
import gzip
import io
import re
import tarfile
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from kombu import pools

from config.celery import app
from courses.models import Enrollment
from sandbox import admission, consumers, containers, engine, idle, streaming, tasks
from sandbox.engine import EngineError
from sandbox.models import Sandbox, State
from tests.parts import Page, cookie_of, row_of, until

# Each: whoever pulls is looked up by the platform.
pytestmark = pytest.mark.django_db(transaction=True)

POHA = "warehouse:5000/sarafa/poha"


def works(place) -> bool:
    code, output = place.learner(f"docker run --rm {POHA}")
    return code == 0 and "POHA" in output


def save(place) -> tuple[bytes, int]:
    return containers.save_home(place.container_id, place.spec.owner_uid)


def restore(place, archive: bytes) -> None:
    containers.restore_home(place.container_id, place.spec.owner_uid, archive)


# --- the home ---

ODD = r"""
mkdir -p 'deep/er/and deeper' secret closed
echo one > 'deep/er/and deeper/file'
echo two > "$(printf 'new\nline')"
echo three > "a \"quoted\" 'name' \$(touch oops) \`id\` \\n *"
echo four > -rf; echo five > --checkpoint-action=exec=id
echo six > .hidden; : > empty
printf 'seven' > $'not \xff utf-8'
echo eight > मिठाई
echo run > tool; chmod 4751 tool
echo nine > secret/key; chmod 600 secret/key; chmod 700 secret
echo ten > closed/file; chmod 555 closed
ln -s /etc/passwd out; ln -s deep/er in; ln -s nowhere dangling
ln tool twin
mkfifo fifo
truncate -s 300G sparse
head -c 30M /dev/urandom > huge
touch -d 2020-02-02T02:02:02 .hidden
"""
ROOTS = """
cd /home/learner
mkdir roots; echo mine > roots/file; chmod 600 roots/file; chown -R 33:44 roots
python3 -c 1 2>/dev/null; perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un("socket"))'
mkdir proc block; mount -t proc proc proc; mount -t tmpfs none block; echo no > block/file
: > kmsg; mount --bind /proc/kmsg kmsg
"""
SAVED = r"cd /home/learner; find . -mindepth 1 -xdev ! -name kmsg \( -type d -o -type l -o -type f -size -1M \)"
LISTING = rf"{SAVED} -printf '%y %m %U %G %l %P\n'"
CONTENTS = f"{SAVED} -type f -print0 | sort -z | xargs -0 sha256sum"


@pytest.fixture(scope="module")
def odd(alices):
    """A home with everything a home may have, and its archive."""
    code, output = alices.learner(ODD)
    assert code == 0, output
    code, output = alices.root(ROOTS)
    assert code == 0, output
    return save(alices)


def test_a_home_comes_back_as_it_was(alices, odd, fresh):
    archive, left_out = odd
    assert left_out == 2  # what is huge, and what pretends to be
    assert len(archive) < 10_000
    restore(fresh, archive)
    for question in (LISTING, CONTENTS):
        before, after = (set(place.root(question)[1].splitlines()) for place in (alices, fresh))
        assert after == before
    assert fresh.learner("stat -c %y .hidden")[1].startswith("2020-02-02 02:02:02")
    assert fresh.learner("echo more >> tool; cat roots/file")[0] == 1  # which is still not the learner's
    assert fresh.learner("cat 'deep/er/and deeper/file' secret/key .hidden") == (0, "one\nnine\nsix\n")
    assert works(fresh)


def test_a_home_of_twenty_thousand_files(alices, fresh):
    alices.learner("rm -rf ~/*; mkdir many; cd many; for i in $(seq 20000); do echo $i > f$i; done")
    archive, left_out = save(alices)
    restore(fresh, archive)
    assert left_out < 1000  # each takes a header, too
    assert fresh.learner("ls many | wc -l") == (0, f"{20_000 - left_out}\n")
    assert fresh.learner("cat many/f17; echo new > many/new")[0] == 0  # it is still the learner's
    alices.learner("rm -rf many")


def test_a_home_is_saved_while_its_files_change(alices, fresh):
    alices.learner(
        "head -c 4M /dev/urandom > big; echo kept > still;"
        "for file in a b c; do (while :; do echo x >> big; date > $file; mv $file go; rm go; done) &> /dev/null & done"
    )
    for _ in range(2):
        archive, left_out = save(alices)
        assert left_out == 0
    alices.learner("pkill -9 bash")
    restore(fresh, archive)
    assert fresh.learner("cat still; stat -c %s big | cut -c 1-2")[1].startswith("kept\n4")


FULL = """for (;;) { my $id = fork; exec "sleep", 1000 if defined $id && !$id; sleep 1 unless defined $id }"""


def test_a_home_is_saved_while_the_terminals_are_full(fresh):
    fresh.learner(f"echo kept > work; setsid perl -e '{FULL}' &> /dev/null &")
    until(lambda: fresh.learner("true")[0], 10, "a terminal that does not come")
    archive, _ = save(fresh)
    assert b"work" in gzip.decompress(archive)


HOSTILE = r"""
mkdir bin; for name in tar find sort perl gzip; do printf '#!/bin/sh\nyes' > bin/$name; done; chmod 755 bin/*
echo 'export PATH=~/bin:$PATH TAR_OPTIONS=--help; alias tar=yes; tar() { yes; }; cd /' | tee .bashrc .profile > .env
"""


def test_a_learners_own_tar_is_asked_nothing(fresh):
    fresh.learner(HOSTILE)
    archive, left_out = save(fresh)
    assert left_out == 0
    assert b"alias tar=yes" in gzip.decompress(archive)


def test_a_root_who_puts_another_tar_in_place_has_no_home_and_holds_up_nobody(fresh, monkeypatch):
    """Its learner can become root of the sandbox, and there do as they like."""
    monkeypatch.setattr(containers, "HOME_SECONDS", 2)
    fresh.root("printf '#!/bin/sh\nyes' > /data/tar; chmod 755 /data/tar; mount --bind /data/tar /usr/bin/tar")
    with pytest.raises(EngineError, match="could not be saved"):
        save(fresh)


@pytest.mark.parametrize(
    "archive", [b"", b"junk" * 1000, gzip.compress(b"junk" * 999)], ids=["empty", "junk", "packed"]
)
def test_what_is_no_archive_leaves_a_sandbox_that_works(alices, archive):
    with pytest.raises(EngineError, match="could not be brought back"):
        restore(alices, archive)
    assert works(alices)


def test_an_archive_reaches_nothing_but_the_home(alices):
    """A learner may have made it up. It is unpacked in the learner's own sandbox, and there in the home alone."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in ("../climbed", "/home/absolute", "link/through", "/data/docker/engine-id"):
            entry = tarfile.TarInfo(name)
            entry.size = 4
            if name.startswith("link"):
                link = tarfile.TarInfo("link")
                link.type, link.linkname = tarfile.SYMTYPE, "/data"
                tar.addfile(link)
            tar.addfile(entry, io.BytesIO(b"evil"))
    with contextlib.suppress(EngineError):
        restore(alices, buffer.getvalue())
    found = alices.root("grep -rlx evil /data --exclude-dir=home; ls /home")[1]
    assert found == "learner\n"
    assert works(alices)


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


def use_queue(url: str) -> None:
    app.conf.broker_url = url
    pools.reset()
    app._pool = app.amqp._producer_pool = None


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
    assert time.monotonic() - began < 3
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
    engine.pause(sandbox.container_id)
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
    engine.remove_container(clean.container_id)


def in_home(sandbox: Sandbox, command: str) -> str:
    argv = ["bash", "-c", command]
    return containers.run_as_learner(sandbox.container_id, sandbox.owner_uid, argv)[1]


# --- the pool ---


def test_a_claimed_one_of_the_pool_is_whole(fresh, alice, own_broker):
    alice.enroll("sarafa-bazaar")
    warm = row_of(fresh, None)
    assert admission.open_for(alice) == warm
    assert works(fresh)
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
            engine.remove_container(made["Id"])
        engine.remove_container(container)
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
            await asyncio.to_thread(engine.remove_container, made["Id"])


def arrive(client: Client) -> Sandbox:
    """Ask for a sandbox as the page does, and do what the worker does then."""
    code = client.post("/sandbox/").json()["code"]
    sandbox = Sandbox.objects.get(code=code)
    tasks.start_sandbox(sandbox.pk)
    assert client.get(f"/sandbox/{code}/").json()["state"] == "running"
    sandbox.refresh_from_db()
    return sandbox
