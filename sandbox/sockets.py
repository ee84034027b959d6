"""What websockets share: who may connect, how it ends, and work that ends with it."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Coroutine
from typing import Any
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer

from sandbox.models import Sandbox

logger = logging.getLogger(__name__)

NOT_SIGNED_IN, NO_SANDBOX, NOT_RUNNING, NO_ENGINE = 4401, 4404, 4409, 4503
AGAIN = 1012  # "service restart": come back


class Consumer(AsyncWebsocketConsumer):
    """A websocket that says why it refuses, and whose background work ends with it."""

    channel_layer_alias = "none"  # events.subscribe() uses the layer; a terminal must work while the broker is down

    async def connect(self) -> None:
        self.jobs: set[asyncio.Task[None]] = set()
        self.closed = False
        await self.accept()
        code = await self.refusal() if self.scope["user"].is_authenticated else NOT_SIGNED_IN
        if code:
            await self.close(code)
        else:
            await self.opened()

    async def refusal(self) -> int | None:
        """Return the close code if this user may not have this socket."""
        raise NotImplementedError

    def argument(self, name: str) -> str:
        """Return a part of the path."""
        return str(self.scope["url_route"]["kwargs"][name])

    def query(self, name: str) -> str:
        values = parse_qs(self.scope["query_string"].decode("latin-1")).get(name)
        return values[0] if values else ""

    def number(self, name: str) -> int:
        return as_number(self.query(name))

    async def opened(self) -> None:
        raise NotImplementedError

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        job = asyncio.create_task(self.see_through(work))
        self.jobs.add(job)
        job.add_done_callback(self.jobs.discard)

    async def see_through(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work. If it breaks, the page is to come back: a socket that stays open and says nothing is worse."""
        try:
            await work
        except (OSError, RuntimeError) as exc:  # the page has gone; disconnect() follows
            logger.debug("socket %s: %r", self.scope["path"], exc)
        except Exception:
            logger.exception("socket %s", self.scope["path"])
            await self.close(AGAIN)

    async def disconnect(self, code: int) -> None:
        for job in list(self.jobs):
            job.cancel()
        await asyncio.gather(*self.jobs, return_exceptions=True)

    async def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close once: two jobs may each find a reason."""
        if not self.closed:
            self.closed = True
            await super().close(code, reason)

    async def say(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # the page has gone; disconnect() follows
            await self.send(text_data=json.dumps(message))


class SandboxConsumer(Consumer):
    """What both sockets of a sandbox share: who may connect."""

    sandbox: Sandbox

    async def refusal(self) -> int | None:
        found = await Sandbox.objects.of(self.scope["user"]).filter(code=self.argument("code")).afirst()
        if not found:
            return NO_SANDBOX
        found.note_in_logs()
        self.sandbox = found
        return None

    @property
    def code(self) -> str:
        return self.sandbox.code


def as_number(value: object) -> int:
    """Return a count that a page sent, or 0 if it is not one."""
    if not isinstance(value, int | str):
        return 0
    try:
        number = int(str(value))
    except ValueError:
        return 0
    return number if 0 <= number < 2**53 else 0
