"""A learner at a real sandbox: the row, the page with its sockets, and a wait for what comes in its own time."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client
from django.utils import timezone
from kombu import pools

from config.asgi import application
from config.celery import app
from sandbox.models import Sandbox, State


def until(true: Callable[[], Any], seconds: float, what: str) -> Any:
    """Return the first true value of `true()`; fail after so many seconds, saying what was waited for."""
    end = time.monotonic() + seconds
    while True:
        value = true()
        if value:
            return value
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(0.05)


def database_url() -> str:
    """Return the address of the test's database, for processes beside it."""
    name = settings.DATABASES["default"]["NAME"]
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{name}"
    return urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}").geturl()


def use_queue(url: str) -> None:
    """Have the queue of tasks elsewhere; what was connected before is forgotten."""
    app.conf.broker_url = url
    pools.reset()
    app._pool = app.amqp._producer_pool = None


def row_of(place: Any, learner: Any, **fields: object) -> Sandbox:
    """Make a learner's row for a container that runs, whose owner is that of the container."""
    row = Sandbox.objects.create(
        pk=place.spec.owner_uid % 1_000_000, learner=learner, code=place.spec.code, container_id=place.container_id,
        address=place.spec.address, **{"state": State.RUNNING, "started_at": timezone.now()} | fields,
    )  # fmt: skip
    assert row.owner_uid == place.spec.owner_uid
    return row


def cookie_of(learner: Any) -> str:
    client = Client()
    client.force_login(learner)
    return f"sessionid={client.cookies[settings.SESSION_COOKIE_NAME].value}"


class Page:
    """A page with a terminal: it draws what comes and says so, unless it stalls."""

    def __init__(self, sandbox: Sandbox, cookie: str) -> None:
        self.headers = [(b"host", b"localhost"), (b"origin", b"http://localhost"), (b"cookie", cookie.encode())]
        self.path = f"/ws/sandbox/{sandbox.code}"
        self.seen = bytearray()
        self.said: list[dict] = []
        self.shell, self.offset = "", 0
        self.code: int | None = None

    async def connect(self, path: str = "terminal/client") -> None:
        address = f"{self.path}/{path}/?cols=80&rows=24&shell={self.shell}&offset={self.offset}"
        self.code = None
        self.socket = WebsocketCommunicator(application, address, headers=self.headers)
        connected, _ = await self.socket.connect()
        assert connected

    async def draw(self, acknowledge: bool = True) -> None:
        output = await self.socket.receive_output(timeout=15)
        if output["type"] == "websocket.close":
            self.code = output["code"]
        elif output.get("bytes"):
            self.seen += output["bytes"]
            self.offset += len(output["bytes"])
            if acknowledge:
                await self.socket.send_to(text_data=json.dumps({"type": "ack", "bytes": len(output["bytes"])}))
        else:
            self.hear(json.loads(output["text"]))

    def hear(self, frame: dict) -> None:
        self.said.append(frame)
        if frame["type"] == "attached":
            self.shell, self.offset = frame["shell"], frame["offset"]

    async def until(self, text: bytes) -> None:
        async with asyncio.timeout(30):
            while text not in self.seen:
                await self.draw()
                assert self.code is None, self.code

    async def until_closed(self) -> int:
        while self.code is None:
            await self.draw()
        return self.code

    async def type(self, text: str) -> None:
        await self.socket.send_to(bytes_data=text.encode())
