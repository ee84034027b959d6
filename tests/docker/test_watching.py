"""Who watches a real shell: sees all, slows nothing, and types when the learner agrees."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.utils import timezone

from config.asgi import application
from courses.models import User
from sandbox import containers, streaming
from sandbox.models import Sandbox, State
from sandbox.terminal import Place, Terminal
from tests.docker.test_life import own_broker
from tests.parts import Page, cookie_of, row_of
from workshops.models import Participant, Watch, Workshop

__all__ = ["own_broker"]
pytestmark = pytest.mark.django_db(transaction=True)

MEGABYTES = 20
FLOOD = f"head -c {MEGABYTES}000000 /dev/zero | tr '\\0' x | fold -w 79; echo do''ne\r".encode()


class Tab(Page):
    """An instructor's page that watches."""

    def __init__(self, participant: Participant, cookie: str) -> None:
        self.headers = [(b"host", b"localhost"), (b"origin", b"http://localhost"), (b"cookie", cookie.encode())]
        self.path = f"/ws/workshop/{participant.workshop.code}/learners/{participant.pk}"
        self.seen, self.said, self.shell, self.offset, self.code = bytearray(), [], "", 0, None

    async def connect(self, path: str = "terminal/client") -> None:
        self.code = None
        address = f"{self.path}/{path}/?shell={self.shell}&offset={self.offset}"
        self.socket = WebsocketCommunicator(application, address, headers=self.headers)
        assert (await self.socket.connect())[0]

    async def until_said(self, **frame: object) -> None:
        async with asyncio.timeout(10):
            while not any(one.items() >= frame.items() for one in self.said):
                await self.draw()
                assert self.code is None, self.code


@asynccontextmanager
async def attached(place, name: str, size: tuple[int, int] | None) -> AsyncIterator[Terminal]:
    terminal = await Terminal.attach(place.container, place.spec.owner_uid, name, size, Place())
    try:
        yield terminal
    finally:
        await terminal.close()


async def read_until(terminal: Terminal, text: bytes) -> list[dict]:
    """Read on until the shell has printed this; return what the keeper said meanwhile."""
    last, said = b"", []
    async with asyncio.timeout(40):
        async for frame in terminal.frames():
            if isinstance(frame, dict):
                said.append(frame)
                continue
            last = (last + frame)[-200_000:]
            if text in last:
                return said
    raise AssertionError(f"the shell ended without {text!r}")


async def seconds_for_a_flood(terminal: Terminal) -> float:
    began = time.monotonic()
    await terminal.type(FLOOD)
    await read_until(terminal, b"done\r")
    return time.monotonic() - began


@pytest.fixture
async def engine_closed() -> AsyncIterator[None]:
    yield
    await streaming.close_client()


async def test_a_watcher_who_reads_nothing_slows_nobody(alices, engine_closed):
    async with attached(alices, "flood", (80, 24)) as learner:
        await read_until(learner, b"$ ")
        alone = await seconds_for_a_flood(learner)
        async with attached(alices, "flood", None) as watcher:
            watched = await seconds_for_a_flood(learner)
            said = await read_until(watcher, b"done\r")  # what it missed is left out, the end is not
    assert watched < 3 * alone + 5, f"{watched:.1f} s instead of {alone:.1f}"
    assert said[0]["type"] == "attached"
    assert {"type": "size", "cols": 80, "rows": 24} in said


async def test_a_watcher_is_told_the_size_and_changes_none(alices, engine_closed):
    async with attached(alices, "sizes", (91, 31)) as learner:
        await read_until(learner, b"$ ")  # a watcher starts no shell
        async with attached(alices, "sizes", None) as watcher:
            assert {"type": "size", "cols": 91, "rows": 31} in await read_until(watcher, b"$ ")
            await learner.resize(100, 20)
            await learner.type(b"stty size; echo do''ne\r")
            assert {"type": "size", "cols": 100, "rows": 20} in await read_until(watcher, b"20 100\r\ndone")


async def test_who_only_watches_starts_no_shell_and_leaves_room_for_the_learner(alices, engine_closed):
    async with attached(alices, "nobody", None) as watcher:
        assert [frame async for frame in watcher.frames()] == []
    async with contextlib.AsyncExitStack() as room:
        learner = await room.enter_async_context(attached(alices, "crowd", (80, 24)))
        await read_until(learner, b"$ ")
        for _ in range(20):
            await room.enter_async_context(attached(alices, "crowd", None))
        other = await room.enter_async_context(attached(alices, "crowd", (80, 24)))
        await other.type(b"echo there is ro''om\r")
        await read_until(other, b"there is room")


@pytest.fixture
def participant(alice, own_broker) -> Participant:
    bob = User.objects.create_user("bob", password="teaches docker", name="Bob", is_staff=True)
    now = timezone.now()
    workshop = Workshop.objects.create(
        title="An evening", course="sarafa-bazaar", days=["day-2"], language="en", capacity=4, state="open",
        starts_at=now, ends_at=now + timedelta(hours=1),
    )  # fmt: skip
    workshop.instructors.set([bob])
    alice.enroll("sarafa-bazaar")
    return Participant.objects.create(workshop=workshop, learner=alice)


async def test_the_keyboard_is_lent_and_the_page_follows_to_a_new_sandbox(
    fresh, alices, participant, alice, engine_closed
):
    sandbox = await sync_to_async(row_of)(fresh, alice)
    bob = await User.objects.aget(username="bob")
    mine = Page(sandbox, await sync_to_async(cookie_of)(alice))
    await mine.connect()
    await mine.until(b"$ ")
    his = Tab(participant, await sync_to_async(cookie_of)(bob))
    await his.connect()
    await his.until(b"$ ")

    await his.type("echo un''asked\r")
    await mine.type("echo mi''ne\r")
    await his.until(b"mine")
    watch = await Watch.objects.select_related("participant__learner", "participant__workshop", "instructor").aget()
    await sync_to_async(watch.ask)()
    await sync_to_async(watch.grant)()
    await his.until_said(type="keyboard", granted=True)
    await his.type("echo hel''lo\r")
    await mine.until(b"hello")
    await sync_to_async(watch.give_back)()
    await his.type("echo too la''te\r")
    await mine.type("echo at the e''nd\r")
    await mine.until(b"at the end")
    assert b"too late" not in mine.seen
    assert b"unasked" not in mine.seen

    await asyncio.to_thread(containers.remove, fresh.container)
    await Sandbox.objects.filter(pk=sandbox.pk).aupdate(state=State.STOPPED)
    assert await his.until_closed() in (1012, 4409)
    await his.connect()
    assert await his.until_closed() == 4409
    again = await sync_to_async(row_of)(alices, alice)
    theirs = Page(again, mine.headers[-1][1].decode())
    await theirs.connect()
    await theirs.until(b"$ ")
    his.seen.clear()
    await his.connect()
    await his.until(b"$ ")
    for tab in (mine, his, theirs):
        with contextlib.suppress(asyncio.CancelledError):
            await tab.socket.disconnect(timeout=5)
