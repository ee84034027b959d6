"""A fleet of three hosts with learners at work: one is unplugged, comes back, and another is emptied."""

import asyncio
import shutil
import ssl
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import close_old_connections, connection

from courses.models import User
from sandbox import accounts, admission, containers, homes, streaming
from sandbox.container import LOCAL
from sandbox.models import Host, Sandbox, State
from tests.fleet.conftest import LISTEN
from tests.parts import Page, cookie_of, until

pytestmark = [pytest.mark.docker, pytest.mark.deployment, pytest.mark.django_db(transaction=True)]

LEARNERS = 60
CAPACITY = 32
NOTICED, WORKING = 30, 60  # seconds, at most
AT_ONCE = 6

Said = dict[str, float]  # how many seconds what took


class Work(threading.Thread):
    """A learner at a terminal, as a page keeps one: when it breaks off, it comes back to what there is then."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(daemon=True)
        self.page = Page(sandbox, cookie_of(sandbox.learner))
        self.began, self.broke, self.again = threading.Event(), 0.0, 0.0
        self.trouble: BaseException | None = None
        self.leaves = False

    def run(self) -> None:
        try:
            asyncio.run(self.work())
        except BaseException as exc:
            self.trouble = exc
        finally:
            connection.close()

    async def work(self) -> None:
        try:
            await self.type_on()
            await self.page.socket.disconnect()
        finally:
            await streaming.close_client()

    async def type_on(self) -> None:
        await self.page.connect()
        await self.page.until(b"$ ")
        await self.page.type("while sleep 0.5; do date; done\n")
        self.began.set()
        while (output := await self.page.socket.receive_output(timeout=120))["type"] == "websocket.send":
            if self.leaves:
                return
            if output.get("bytes"):
                await self.page.socket.send_to(text_data=f'{{"type": "ack", "bytes": {len(output["bytes"])}}}')
        self.broke = time.monotonic()
        while not self.again:
            await asyncio.sleep(0.5)
            await self.try_again()

    async def try_again(self) -> None:
        self.page.seen.clear()
        self.page.code = None
        try:
            await self.page.connect()
            await self.page.until(b"$ ")
            await self.page.type("cat work\n")
            await self.page.until(f"work of {self.page.path[-8:]}".encode())
        except (AssertionError, TimeoutError):  # it was closed, as it does not run yet, or is slow
            return
        self.again = time.monotonic()

    def leave(self) -> None:
        self.leaves = True
        self.join(30)


def in_threads(act, rows) -> list[Any]:
    def one(row: Sandbox) -> Any:
        try:
            return act(row)
        finally:
            close_old_connections()
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, rows))


def shell(sandbox: Sandbox, command: str) -> tuple[int, str]:
    account = accounts.of_learner(sandbox.learner_id)
    argv = ["bash", "-lc", command]
    return containers.run_as_learner(sandbox.container, sandbox.owner_uid, argv, 60, account.environment())


def do_work(sandbox: Sandbox) -> None:
    assert shell(sandbox, f"echo work of {sandbox.code[-8:]} > work")[0] == 0
    homes.save(sandbox)


def has_its_work(sandbox: Sandbox) -> bool:
    return shell(sandbox, "cat work") == (0, f"work of {sandbox.code[-8:]}\n")


def rows(host: str = "") -> list[Sandbox]:
    found = Sandbox.objects.select_related("learner").order_by("pk")
    return list(found.filter(host__name=host) if host else found)


def all_run(count: int) -> bool:
    failed = Sandbox.objects.filter(state=State.FAILED).values_list("host", "error")
    assert not failed, list(failed)
    return Sandbox.objects.filter(state=State.RUNNING).count() == count


def spread() -> dict[str, int]:
    return {host.name: host.live for host in Host.objects.with_room()}


def no_orphan_anywhere() -> bool:
    for host in Host.objects.all():
        live = set(Sandbox.objects.live().filter(host=host).values_list("code", flat=True))
        if set(containers.made(host=host.address)) != live:
            return False
    return True


def test_sixty_learners_on_three_hosts(worker, remotes):
    said: Said = {}
    fill_three_hosts(remotes, worker, said)
    pushes_and_pulls(*rows("host-1")[:1], *rows("host-2")[:1])
    assert "No required SSL certificate" in asked_without_a_certificate()
    unplugged = lose_a_host(remotes[2], said)
    take_it_back(remotes[2])
    said["back, and cleared"] = time.monotonic() - unplugged
    drain("host-2", said)
    assert spread() == {LOCAL: 0, "host-1": 30, "host-2": 0, "host-3": 30}
    call_command("host", "remove", "host-2")
    print({what: round(seconds, 1) for what, seconds in said.items()})


def fill_three_hosts(remotes, worker, said: Said) -> None:
    began = time.monotonic()
    in_threads(lambda one: call_command("host", "add", one.name, one.url, "--capacity", str(CAPACITY)), remotes)
    call_command("host", "drain", LOCAL)
    said["hosts ready"] = time.monotonic() - began

    began = time.monotonic()
    for number in range(LEARNERS):
        admission.open_for(User.objects.create_guest(name=f"Guest {number}"))
    assert spread() == {LOCAL: 0, "host-1": 20, "host-2": 20, "host-3": 20}
    until(lambda: all_run(LEARNERS), 180, f"all to run: {worker.log}")
    said["60 started"] = time.monotonic() - began
    in_threads(do_work, rows())


def lose_a_host(remote, said: Said) -> float:
    """Unplug it while its learners work, and see them at work again, and one on another host undisturbed.

    Return when (time.monotonic()) it was unplugged.
    """
    works = [Work(sandbox) for sandbox in rows(remote.name)[:3]]
    untouched = Work(rows("host-1")[0])
    for work in (*works, untouched):
        work.start()
        assert work.began.wait(60), work.trouble
    moved = {sandbox.pk for sandbox in rows(remote.name)}
    remote.unplug()
    unplugged = time.monotonic()
    until(lambda: Host.objects.get(name=remote.name).state == "lost", NOTICED, "the loss to be noticed")
    said["noticed"] = time.monotonic() - unplugged
    until(lambda: not spread()[remote.name] and all_run(LEARNERS), WORKING, "all to run again")
    said["all run again"] = time.monotonic() - unplugged
    assert spread() == {LOCAL: 0, "host-1": 30, "host-2": 30, "host-3": 0}
    for work in works:
        work.join(WORKING)
        assert work.again, work.trouble
    said["at work again"] = max(work.again for work in works) - unplugged
    assert said["at work again"] < WORKING
    assert not untouched.broke
    untouched.leave()
    assert all(in_threads(has_its_work, [row for row in rows() if row.pk in moved]))
    return unplugged


def take_it_back(remote) -> None:
    remote.plug_in()
    ran_on = containers.made(host=Host.objects.get(name=remote.name).address)  # for nobody; cleared away already
    assert 0 < len(ran_on) <= 20
    until(lambda: Host.objects.get(name=remote.name).state == "ready", 60, "the host to be taken in again")
    until(no_orphan_anywhere, 30, "no orphan anywhere")


def drain(name: str, said: Said) -> None:
    began = time.monotonic()
    call_command("host", "drain", name, "--move")
    until(lambda: not spread()[name] and all_run(LEARNERS), 120, f"an empty host: {spread()}")
    said["drained"] = time.monotonic() - began
    until(no_orphan_anywhere, 30, "no orphan anywhere")
    assert all(in_threads(has_its_work, rows()))


def asked_without_a_certificate() -> str:
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"https://{LISTEN}/v2/", timeout=10, context=trusting)
    return refused.value.read().decode()


def test_one_engine_is_one_host(remotes, authority, db, data_dir):
    first = remotes[0]
    Host.objects.create(name=first.name, url=first.url, capacity=1)
    again = authority.issue(data_dir / "hosts" / "again")
    try:
        with pytest.raises(CommandError, match="That is the engine of the host host-1"):
            call_command("host", "add", "again", first.url)
    finally:
        shutil.rmtree(again)


def pushes_and_pulls(one: Sandbox, other: Sandbox) -> None:
    """What is pushed on one host is pulled on another, but only into a space of one's own."""
    space = accounts.of_learner(one.learner_id).space
    image = f"warehouse:5000/{space}/mine"
    fetch = "docker pull -q warehouse:5000/sarafa/poha && docker tag warehouse:5000/sarafa/poha"
    code, output = shell(one, f"{fetch} {image} && docker push -q {image}")
    assert code == 0, output
    code, output = shell(other, f"docker run --rm {image}")
    assert (code, "POHA" in output) == (0, True), output
    code, output = shell(other, f"docker push -q {image}")
    assert code != 0
