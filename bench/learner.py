"""A learner's browser without its screen: session cookie, CSRF token, sandbox API and the two websockets."""

import asyncio
import json
import time
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import aiohttp

ACK_EVERY = 32 * 1024  # bytes, as the page does
PROMPT = b"$ "
KEPT = 2  # seconds a connection is kept for the next request: less than the server keeps it, which then may hang up
PATIENCE = 60  # seconds for a sandbox to come or go


class Gone(Exception):
    """A socket was closed in the middle of a measurement."""


class FullHouse(Exception):
    """There was no sandbox to be had. `answer` is what the page is told: why, its place, when to ask again."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(answer["error"])
        self.answer = answer


class Learner:
    """A guest learner who has pressed Start learning."""

    def __init__(self, url: str, cookies: dict[str, str] | None = None) -> None:
        self.url = url
        self.code = ""
        self.http = aiohttp.ClientSession(
            url, cookie_jar=aiohttp.CookieJar(unsafe=True), cookies=cookies, headers={"Origin": url},
            connector=aiohttp.TCPConnector(keepalive_timeout=KEPT),
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.http.close()

    async def start_learning(self) -> None:
        async with self.http.get("/") as page:
            page.raise_for_status()
        await self.post("/start/")

    async def post(self, path: str, **form: str) -> Any:
        headers = {"X-CSRFToken": self.cookies["csrftoken"]}
        async with self.http.post(path, data=form or None, headers=headers, allow_redirects=False) as answer:
            if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
                raise FullHouse(await answer.json())
            answer.raise_for_status()
            return await answer.json() if answer.content_type == "application/json" else None

    @property
    def cookies(self) -> dict[str, str]:
        return {cookie.key: cookie.value for cookie in self.http.cookie_jar}

    async def open_sandbox(self) -> None:
        """Ask for a sandbox, and return when the page would know that it runs. Raise FullHouse."""
        sandbox = await self.post("/sandbox/")
        self.code = sandbox["code"]
        if sandbox["state"] == "running":
            return
        async with asyncio.timeout(PATIENCE), await self.events() as events:
            while True:
                event = await events.next()
                if event["type"] != "state":
                    continue
                if event["state"] == "running":
                    return
                if event["state"] == "failed":
                    raise Gone(f"The sandbox did not start: {event['error']}")

    async def open_sandbox_in_turn(self) -> int:
        """Open a sandbox as a page does that waits in the queue; return how often it was told to wait."""
        waits = 0
        while True:
            try:
                await self.open_sandbox()
                return waits
            except FullHouse as full:
                waits += 1
                await asyncio.sleep(full.answer["retry_after"])

    async def stop_sandbox(self) -> None:
        """Have the sandbox removed, and return when it is."""
        await self.post(f"/sandbox/{self.code}/stop/")
        try:
            async with asyncio.timeout(PATIENCE), await self.events() as events:
                while True:
                    await events.next()
        except Gone:
            pass  # the server closes the events of a sandbox that has ended

    async def events(self) -> "Events":
        return Events(await self.socket("events/", ""))

    async def terminal(self, name: str = "client") -> "Terminal":
        return Terminal(await self.socket(f"terminal/{name}/", "?cols=80&rows=24"))

    async def socket(self, path: str, query: str) -> aiohttp.ClientWebSocketResponse:
        return await self.http.ws_connect(f"/ws/sandbox/{self.code}/{path}{query}", max_msg_size=0)


class Socket:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        await self.socket.close()

    async def receive(self) -> str | bytes:
        message = await self.socket.receive()
        if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            raise Gone(f"The socket was closed with code {self.socket.close_code}.")
        data: str | bytes = message.data
        return data


class Events(Socket):
    async def next(self) -> dict[str, Any]:
        return dict(json.loads(await self.receive()))


class Terminal(Socket):
    """A terminal, which acknowledges what it has read as the page does what it has drawn."""

    unacknowledged = 0
    acknowledges = True

    async def type(self, data: bytes) -> None:
        await self.socket.send_bytes(data)

    async def read(self) -> bytes:
        """Return the next bytes that the shell printed."""
        while True:
            data = await self.receive()
            if isinstance(data, bytes):
                await self.acknowledge(len(data))
                return data

    async def acknowledge(self, length: int) -> None:
        self.unacknowledged += length
        if self.acknowledges and self.unacknowledged >= ACK_EVERY:
            await self.socket.send_str(json.dumps({"type": "ack", "bytes": self.unacknowledged}))
            self.unacknowledged = 0


async def prompt_of(learner: Learner) -> float:
    """Open the learner's terminal, wait for its prompt, and return the moment (monotonic) it came."""
    async with await learner.terminal() as terminal:
        printed = b""
        while PROMPT not in printed:
            printed += await terminal.read()
        return time.perf_counter()
