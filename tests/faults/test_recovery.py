"""A learner at work, through the real sockets, when the engine goes away and when a page stalls."""

import asyncio
import contextlib
import json
import os
import re
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from sandbox import admission, consumers, containers, streaming, tasks
from sandbox.models import Sandbox, State
from tests.parts import Page, cookie_of, database_url, row_of, until

pytestmark = [pytest.mark.docker, pytest.mark.django_db(transaction=True)]

MIB = 2**20


@pytest.fixture(autouse=True)
def without_broker(settings) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@pytest.fixture
def sandbox(alice, fresh) -> Sandbox:
    return row_of(fresh, alice)


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


async def test_an_engine_that_stops_and_comes_back_gives_the_same_shell(line, tab):
    await tab.connect()
    await tab.type("for i in $(seq 60); do echo tick $i; sleep 0.1; done; echo do''ne\r")
    await tab.until(b"tick 5\r\n")

    line.cut()
    assert await tab.until_closed() in {1012, 4503}
    await tab.connect()
    assert await tab.until_closed() == 4503

    line.open()
    shell = tab.shell
    await tab.connect()
    await tab.until(b"done\r\n")
    assert tab.shell == shell
    assert [int(number) for number in re.findall(rb"tick (\d+)\r\n", tab.seen)] == list(range(1, 61))


async def test_the_events_resume_after_the_engine_was_away(line, tab, sandbox):
    await tab.connect("events")
    await tab.draw()
    assert tab.said[0]["type"] == "state"
    line.cut()
    assert await tab.until_closed() in {1012, 4503}
    await tab.connect("events")
    assert await tab.until_closed() == 4503
    line.open()
    await tab.connect("events")
    while not any(event["type"] == "log" for event in tab.said):
        await tab.draw()


def resident() -> int:
    return int(re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


async def test_a_page_that_stalls_costs_no_memory_and_no_shell(tab):
    await tab.connect()
    await tab.until(b"$ ")
    await tab.type("cat /dev/urandom\r")
    await tab.until(b"urandom\r\n")
    before = resident()
    began, drawn = time.monotonic(), len(tab.seen)
    while time.monotonic() - began < 6:  # longer than the shell waits for a viewer
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(tab.draw(acknowledge=False), 0.2)
    assert len(tab.seen) - drawn <= consumers.UNDRAWN_HIGH + 256 * 1024
    assert resident() - before < 20 * MIB

    await tab.type("\x03")
    await tab.socket.send_to(text_data=json.dumps({"type": "ack", "bytes": len(tab.seen)}))
    await tab.type("echo still al''ive\r")
    await tab.until(b"still alive")


async def test_pages_that_come_and_go_give_back_all_that_they_opened(tab, sandbox, cookie):
    await tab.connect()
    await tab.until(b"$ ")
    files = open_files()
    for path in ["events", "terminal/client"] * 5:
        other = Page(sandbox, cookie)
        await other.connect(path)
        while not any(event["type"] in {"log", "attached"} for event in other.said):
            await other.draw()
        await other.socket.disconnect(timeout=5)
    # The engine's client keeps a connection for its next question.
    await asyncio.to_thread(until, lambda: open_files() <= files + 1, 10, "what was opened to be closed")


async def test_a_paste_into_a_program_that_reads_nothing_loses_neither_server_nor_shell(tab, fresh, monkeypatch):
    """The kernel takes 4 KiB of lines for such a program; what waits behind them waits in the server, up to a limit."""
    monkeypatch.setattr(consumers, "PATIENCE", 0.5)
    await tab.connect()
    await tab.until(b"$ ")
    files = open_files()
    await tab.type("sleep 600\r")
    await tab.until(b"600\r\n")
    before = resident()
    for _ in range(250):  # 16 MB
        await tab.type(("#" + "x" * 1022 + "\n") * 64)
    while not any(frame["type"] == "notice" for frame in tab.said):
        await tab.draw()
    assert resident() - before < 40 * MIB

    await tab.socket.disconnect(timeout=5)
    # The stream to the engine is given back, though nobody took what was in it.
    await asyncio.to_thread(until, lambda: open_files() < files, 10, "the stream to be closed")
    await asyncio.to_thread(fresh.learner, "pkill sleep")
    shell = tab.shell
    await tab.connect()
    await tab.type("\recho still al''ive\r")
    await tab.until(b"still alive")
    assert tab.shell == shell


# The daemon logs each call, and Docker cuts a line after 16 KiB, in the middle of a letter if it must.
CALL = """name=$(printf "$letter%.0s" $(seq 30000))
curl -s --unix-socket /run/docker.sock "http://d/containers/$name/json" > /dev/null"""


def test_a_learner_can_log_a_line_of_any_length_and_is_still_checked(fresh):
    fresh.learner(f"for letter in a प %% '\"'; do {CALL}; done; docker ps")
    began = time.monotonic()
    facts = tasks.known_of(fresh.container, fresh.spec.owner_uid)
    assert time.monotonic() - began < 10
    assert any(call["path"] == "/containers/json" and call["versioned"] for call in facts["calls"])


async def test_the_pane_shows_lines_of_any_length(tab, fresh):
    await tab.connect("events")
    await asyncio.to_thread(fresh.learner, f"letter=प; {CALL}; docker volume ls")
    while not any(event.get("line") == "GET /volumes" for event in tab.said):
        await tab.draw()
        assert tab.code is None


# --- a real worker ---


@pytest.fixture
def environment(broker, tmp_path, installation) -> dict[str, str]:
    return {
        **os.environ,
        "REDIS_URL": broker.url,
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": database_url(),
        "TEST_INSTALLATION": installation,
    }


async def test_a_worker_goes_on_when_the_broker_is_back(alice, broker, environment, installation):
    argv = [
        sys.executable, "-c",
        "import os, sys; from django.conf import settings; settings.INSTALLATION = os.environ['TEST_INSTALLATION'];"
        "from celery.bin.celery import main; sys.argv = ['celery', '-A', 'config', 'worker', '--pool', 'threads',"
        "'--concurrency', '2', '--without-gossip', '--without-mingle']; main()",
    ]  # fmt: skip
    worker = await asyncio.create_subprocess_exec(
        *argv, env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        cwd=django_settings.BASE_DIR,
    )  # fmt: skip
    try:
        row = await asyncio.to_thread(admission.open_for, alice)
        await reaches(row, State.RUNNING, 40)
        assert row.code in await asyncio.to_thread(containers.living)

        broker.stop()
        await asyncio.sleep(1)
        broker.start()
        await asyncio.to_thread(row.order_stop)
        await reaches(row, State.STOPPED, 40)
        assert row.code not in await asyncio.to_thread(containers.living)
    finally:
        worker.terminate()
        await worker.wait()


async def reaches(row: Sandbox, state: State, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while row.state != state:
            await asyncio.sleep(0.1)
            await row.arefresh_from_db()
            assert not row.error, row.error
