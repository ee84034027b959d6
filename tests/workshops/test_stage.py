"""What an instructor shows the class: read once, seen by everybody in the workshop and by nobody else."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from asgiref.sync import sync_to_async

from sandbox import objects
from sandbox.models import Sandbox, State
from tests.sandbox.pages import closed_with, page, until
from tests.workshops.conftest import make_workshop
from tests.workshops.rooms import ATTACHED, frame, printed, stage
from workshops import stage as stages

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
async def shown(workshop, participant, bob, make, shell, logs, monkeypatch) -> Sandbox:
    """Bob's sandbox, which he shows."""
    attaches = []

    async def attach(*arguments: object):
        attaches.append(arguments)
        return await shell.attach(*arguments)

    monkeypatch.setattr(stages.Terminal, "attach", attach)
    monkeypatch.setattr(stages, "Watch", logs.watch)
    monkeypatch.setattr(objects, "asker", logs.asker)
    shell.attaches = attaches
    sandbox = await sync_to_async(make)(bob)
    await sync_to_async(workshop.show)(bob)
    return sandbox


async def test_forty_who_look_cost_one_reader(workshop, shown, alice, shell):
    async with AsyncExitStack() as class_room:
        pages = [await class_room.enter_async_context(page(stage(workshop), alice)) for _ in range(40)]
        await until(lambda: shell.attaches)
        for one in (ATTACHED, {"type": "size", "cols": 90, "rows": 28}, b"$ docker ps"):
            shell.prints.put_nowait(one)
        for socket in pages:
            assert await printed(socket) == b"$ docker ps"
        assert len(shell.attaches) == 1
        assert shell.attaches[0][3] is None  # it only watches
    await asyncio.wait_for(shell.closed.wait(), 2)
    assert stages.Show.running == {}


async def test_who_comes_late_gets_the_screen_so_far(workshop, shown, alice, bob, shell):
    async with page(stage(workshop), bob) as first:
        for one in (ATTACHED | {"offset": 7}, {"type": "size", "cols": 90, "rows": 28}, b"$ ls\r\n", b"a b\r\n"):
            shell.prints.put_nowait(one)
        while await printed(first) != b"a b\r\n":
            pass
        async with page(stage(workshop), alice) as late:
            found = await frame(late, lambda told: told["type"] == "attached")
            assert (found["offset"], found["replay"], found["reset"]) == (7, 11, True)
            assert (await frame(late, bool))["cols"] == 90
            assert await printed(late) == b"$ ls\r\na b\r\n"


async def test_of_a_long_evening_the_end_is_kept(workshop, shown, alice, bob, shell, monkeypatch):
    monkeypatch.setattr(stages, "KEPT_BYTES", 100)
    async with page(stage(workshop), bob) as first:
        shell.prints.put_nowait(ATTACHED)
        for number in range(50):
            shell.prints.put_nowait(f"line {number:03}\r\n".encode())
        while await printed(first) != b"line 049\r\n":
            pass
        async with page(stage(workshop), alice) as late:
            found = await frame(late, lambda told: told["type"] == "attached")
            text = await printed(late)
    assert text.startswith(b"line ")
    assert text.endswith(b"line 049\r\n")
    assert found["offset"] == 500 - len(text)
    assert len(text) <= 200


async def test_who_is_too_slow_is_sent_away_and_comes_back(workshop, shown, alice, bob, shell, monkeypatch):
    monkeypatch.setattr(stages, "BEHIND", 5)
    begun = asyncio.Event()
    real = stages.StageTerminal.send

    async def slow(self, text_data=None, bytes_data=None, close=False):
        if self.scope["user"].pk == alice.pk and bytes_data:
            await begun.wait()
        await real(self, text_data=text_data, bytes_data=bytes_data, close=close)

    monkeypatch.setattr(stages.StageTerminal, "send", slow)
    async with page(stage(workshop), bob) as prompt, page(stage(workshop), alice) as tardy:
        await until(lambda: sum(len(show.viewers) for show in stages.Show.running.values()) == 2)
        shell.prints.put_nowait(ATTACHED)
        for _ in range(20):
            shell.prints.put_nowait(b"x")
        assert b"".join([await printed(prompt) for _ in range(20)]) == b"x" * 20
        begun.set()
        assert await closed_with(tardy) == 1012
        async with page(stage(workshop), alice) as again:
            assert await printed(again) == b"x" * 20
    assert len(shell.attaches) == 1


async def test_nobody_types_there(workshop, shown, alice, bob, shell):
    for user in (alice, bob):
        async with page(stage(workshop), user) as socket:
            await until(lambda: shell.attaches)
            await socket.send_to(bytes_data=b"ls\r")
            await socket.send_to(text_data='{"type": "resize", "cols": 10, "rows": 10}')
            await asyncio.sleep(0.05)
    assert shell.typed == b""
    assert shell.sizes == []


@pytest.mark.parametrize("what", ["terminal", "events"])
async def test_who_is_not_in_the_workshop_sees_nothing(workshop, shown, charlie, dora, join, what, shell):
    await sync_to_async(lambda: join(make_workshop(dora), charlie))()
    for stranger in (charlie, dora):
        async with page(stage(workshop, what), stranger) as socket:
            assert await closed_with(socket) == 4404
    async with page(stage(workshop, what), None) as socket:
        assert await closed_with(socket) == 4401
    assert shell.attaches == []


async def test_it_ends_when_it_is_switched_off(workshop, shown, alice, shell):
    async with page(stage(workshop), alice) as socket:
        await until(lambda: shell.attaches)
        await sync_to_async(workshop.show)(None)
        assert await closed_with(socket) == 1012
    async with page(stage(workshop), alice) as socket:
        assert await closed_with(socket) == 4409


async def test_it_ends_when_the_workshop_is_closed(workshop, shown, alice, shell, now):
    async with page(stage(workshop), alice) as socket:
        await until(lambda: shell.attaches)
        await sync_to_async(workshop.close)(now)
        assert await closed_with(socket) == 1012


async def test_it_ends_with_the_sandbox(workshop, shown, alice, shell):
    async with page(stage(workshop), alice) as socket:
        await until(lambda: shell.attaches)
        await Sandbox.objects.aupdate(state=State.STOPPED)
        shell.prints.put_nowait(None)
        assert await closed_with(socket) == 1012
    async with page(stage(workshop), alice) as socket:
        assert await closed_with(socket) == 4409


async def test_a_participant_who_was_removed_is_sent_away(workshop, shown, participant, alice, shell, monkeypatch):
    async with page(stage(workshop), alice) as socket:
        await until(lambda: shell.attaches)
        await participant.adelete()
        async with asyncio.timeout(6):
            while (await socket.receive_output(timeout=6))["type"] != "websocket.close":
                pass
    async with page(stage(workshop), alice) as socket:
        assert await closed_with(socket) == 4404


async def test_the_events_are_told_once_and_to_the_late_as_well(workshop, shown, alice, bob, logs):
    logs.objects.put_nowait({"containers": [], "images": [], "networks": [], "volumes": []})
    async with page(stage(workshop, "events"), bob) as first:
        await frame(first, lambda told: told["type"] == "objects")
        logs.told.put_nowait({"type": "flow", "at": "then", "step": 1, "id": 10**18})
        await frame(first, lambda told: told["type"] == "flow")
        async with page(stage(workshop, "events"), alice) as late:
            kinds = [(await frame(late, bool)) for _ in range(2)]
    assert {one["type"] for one in kinds} == {"flow", "objects"}
    assert all("at" in one and "id" in one for one in kinds)
    assert logs.watchers == 1
