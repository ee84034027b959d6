"""The web process is killed with twenty terminals open: each shell lives on, and is found again as it was."""

import asyncio
import json
import socket

import pytest
from websockets.asyncio.client import ClientConnection, connect

from sandbox import engine
from sandbox.models import Sandbox
from tests.faults.aftermath import all_is_well, shell, working
from tests.parts import cookie_of, until

pytestmark = [pytest.mark.docker, pytest.mark.django_db(transaction=True)]

TERMINALS = 20


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Tab:
    """A terminal in a page, over the network."""

    def __init__(self, port: int, sandbox: Sandbox, number: int, cookie: str) -> None:
        self.number, self.cookie = number, cookie
        self.origin = f"http://127.0.0.1:{port}"
        self.address = f"ws://127.0.0.1:{port}/ws/sandbox/{sandbox.code}/terminal/tab-{number}/?cols=80&rows=24"
        self.shell = ""
        self.line: ClientConnection | None = None

    async def open(self) -> None:
        self.line = await connect(self.address, origin=self.origin, additional_headers={"Cookie": self.cookie})

    async def until(self, text: str) -> str:
        """Read until the text has come; return all that came."""
        seen = b""
        async with asyncio.timeout(60):
            while text.encode() not in seen:
                data = await self.line.recv()
                if isinstance(data, bytes):
                    seen += data
                elif (frame := json.loads(data))["type"] == "attached":
                    self.shell = frame["shell"]
        return seen.decode(errors="replace")

    async def first_look(self) -> None:
        await self.open()
        await self.until("$ ")
        await self.line.send(f"HERE=shell-{self.number}; echo before''-the-fall\r".encode())
        await self.until("before-the-fall")

    async def second_look(self) -> None:
        known = self.shell
        await self.open()
        await self.until("before-the-fall")  # the scrollback
        await self.line.send(b"echo after $HERE\r")
        await self.until(f"after shell-{self.number}")
        assert self.shell == known


def calls(sandbox: Sandbox) -> int:
    """Return how many lines the engine holds to shells of the sandbox."""
    return len(engine.client().inspect_container(sandbox.container_id)["ExecIDs"] or [])


def keepers(sandbox: Sandbox) -> int:
    return int(shell(sandbox, "pgrep -cx keeper")[1])


async def test_twenty_terminals_outlive_the_web_process(alice, workers):
    sandbox = await asyncio.to_thread(working, alice)
    cookie, port = await asyncio.to_thread(cookie_of, alice), free_port()
    tabs = [Tab(port, sandbox, number, cookie) for number in range(TERMINALS)]

    web = workers.start(run="web", PORT=port)
    await asyncio.to_thread(until, lambda: listens(port), 20, "the web process")
    await asyncio.gather(*[tab.first_look() for tab in tabs])
    assert calls(sandbox) == TERMINALS
    assert await asyncio.to_thread(keepers, sandbox) == 2 * TERMINALS

    web.kill()
    await asyncio.to_thread(until, lambda: calls(sandbox) == 0, 20, "the end of the lines that were cut")
    assert await asyncio.to_thread(keepers, sandbox) == TERMINALS

    workers.start(run="web", PORT=port)
    await asyncio.to_thread(until, lambda: listens(port), 20, "another web process")
    await asyncio.gather(*[tab.second_look() for tab in tabs])
    assert calls(sandbox) == TERMINALS

    await asyncio.gather(*[tab.line.close() for tab in tabs])
    workers.start()
    assert await asyncio.to_thread(all_is_well, alice) == sandbox
