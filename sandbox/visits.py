"""Visit a stall: what listens on a port of a sandbox, shown in the browser, through the platform.

An ASGI application of its own, on a port of its own: a stall's pages have another origin than ours, so their scripts
read none of our pages and call nothing as the learner. Who may see the sandbox is sent here with a ticket, which
becomes a cookie of this origin; our own cookies, which browsers send to every port of a host, go no further.
"""

from asyncio import Semaphore
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import jmespath
from channels.db import database_sync_to_async
from django.conf import settings
from django.core import signing
from django.http import parse_cookie
from django.utils.translation import gettext as _
from jmespath.exceptions import JMESPathError

from config import cookies
from sandbox import idle, relay, streaming
from sandbox.engine import EngineError
from sandbox.models import Sandbox, State

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

SALT = "sandbox.visits"
COOKIE = "visit"
ENTRANCE = "/.visit/"
TICKET_SECONDS = 60
COOKIE_SECONDS = 12 * 3600
AT_ONCE = 24  # connections into one sandbox: each is a process in it, and a stream of the engine
NOT_RUNNING = 4409


@dataclass(frozen=True)
class Visit:
    """A port of a sandbox, and the right to see it."""

    code: str
    port: int

    def ticket(self) -> str:
        return signing.dumps([self.code, self.port], salt=SALT, compress=True)

    @classmethod
    def of(cls, ticket: str, seconds: int) -> "Visit | None":
        """Return what the ticket is for, if it is ours and not older than these seconds."""
        try:
            code, port = signing.loads(ticket, salt=SALT, max_age=seconds)
        except (signing.BadSignature, ValueError, TypeError):
            return None
        return cls(code, port)


PUBLISHED = jmespath.compile(
    "containers[?State.Running].{name: Name, ports: values(NetworkSettings.Ports || `{}`)[].HostPort}"
)
MOST_PUBLISHED = 20


def published(facts: dict[str, Any]) -> list[dict[str, object]]:
    """Return what running containers publish: [{"container": name, "port": the sandbox's}], at most MOST_PUBLISHED.

    A sandbox's daemon may be none, and tell anything: what is no port is left out.
    """
    try:
        found = PUBLISHED.search(facts) or []
    except JMESPathError:
        return []
    pairs = {(str(item["name"])[:80].lstrip("/"), str(port)) for item in found for port in item["ports"] or []}
    ports = sorted((name, int(port)) for name, port in pairs if port.isascii() and port.isdecimal() and len(port) < 6)
    return [{"container": name, "port": port} for name, port in ports if 0 < port < 65536][:MOST_PUBLISHED]


def entrance(host: str, visit: Visit) -> str:
    """Return the address at which a browser that knows us as `host` ("name:port") begins a visit."""
    name = host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
    if name in ("127.0.0.1", "[::1]", "localhost"):
        # Browsers take every name that ends so for this machine: one for each stall keeps stalls apart, too.
        name = f"{visit.code}-{visit.port}.localhost"
    origin = settings.VISITS_ORIGIN.format(host=name, code=visit.code, port=visit.port)
    return f"{origin}{ENTRANCE}{visit.ticket()}"


_doors: "WeakValueDictionary[str, Semaphore]" = WeakValueDictionary()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve stalls, to those who have a ticket."""
    answer = {"http": serve_page, "websocket": serve_socket}[scope["type"]]
    await answer(scope, receive, send)


async def serve_page(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"].startswith(ENTRANCE):
        await enter(scope, send)
        return
    visit = visit_of(scope)
    sandbox = await running(visit) if visit else None
    if not visit:
        await say(send, 403, _("Come in by the link beside the lesson: it shows you in."))
    elif is_for_a_worker(scope):
        await say(send, 403, _("A page shown here can have no service worker."))
    elif not sandbox:
        await say(send, 404, _("This sandbox does not run any more."))
    else:
        door = _doors.setdefault(visit.code, Semaphore(AT_ONCE))
        async with door:
            await show(sandbox, visit.port, scope, receive, send)


async def enter(scope: Scope, send: Send) -> None:
    """Turn a ticket into a cookie of this origin."""
    visit = Visit.of(scope["path"].removeprefix(ENTRANCE), TICKET_SECONDS)
    if not visit:
        await say(send, 403, _("This link has been used up. Take it again from the page beside the lesson."))
        return
    cookie = f"{COOKIE}={visit.ticket()}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax"
    if settings.SESSION_COOKIE_SECURE:
        cookie += "; Secure"
    headers = [(b"location", b"/"), (b"set-cookie", cookie.encode()), (b"referrer-policy", b"no-referrer")]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def show(sandbox: Sandbox, port: int, scope: Scope, receive: Receive, send: Send) -> None:
    try:
        await idle.keep_awake(sandbox)
        async with dialled(sandbox, port) as line:
            await relay.page(line, withhold_cookies(scope), receive, refuse_cookies(send))
    except relay.NobodyThere:
        await say(send, 502, _("Nothing answers on port %d of your sandbox. Is the stall open?") % port)
    except EngineError as exc:
        await say(send, 502, _(str(exc)))


async def serve_socket(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()  # its connect
    visit = visit_of(scope)
    sandbox = await running(visit) if visit else None
    if not visit or not sandbox:
        await send({"type": "websocket.close", "code": NOT_RUNNING})
        return
    try:
        async with _doors.setdefault(visit.code, Semaphore(AT_ONCE)), dialled(sandbox, visit.port) as line:
            await relay.socket(line, withhold_cookies(scope), receive, send)
    except (relay.NobodyThere, EngineError):
        await send({"type": "websocket.close", "code": NOT_RUNNING})


def dialled(sandbox: Sandbox, port: int) -> AbstractAsyncContextManager[streaming.Line]:
    owner = sandbox.owner_uid
    return streaming.opened(sandbox.container, ["/sbx/dial", str(port)], user=f"{owner}:{owner}")


async def running(visit: Visit) -> Sandbox | None:
    found: Sandbox | None = await database_sync_to_async(
        Sandbox.objects.filter(code=visit.code, state=State.RUNNING).first
    )()
    if found:
        found.note_in_logs()
    return found


def visit_of(scope: Scope) -> Visit | None:
    for name, value in scope["headers"]:
        if name == b"cookie":
            ticket = parse_cookie(value.decode("latin-1")).get(COOKIE)
            if ticket:
                return Visit.of(ticket, COOKIE_SECONDS)
    return None


def withhold_cookies(scope: Scope) -> Scope:
    """Return the request without the cookies that are ours: a stall is a stranger."""
    return scope | {"headers": cookies.without(scope["headers"], ours())}


def refuse_cookies(send: Send) -> Send:
    """Return a `send` that lets a stall set no cookie of ours, and none without a name, which may look like one."""

    async def guarded(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = [(name, value) for name, value in message["headers"] if name != b"set-cookie" or is_theirs(value)]
            message = message | {"headers": headers}
        await send(message)

    return guarded


def is_theirs(set_cookie: bytes) -> bool:
    name, equals, _value = set_cookie.partition(b";")[0].partition(b"=")
    return bool(name.strip() and equals) and name.strip().decode("latin-1") not in ours()


def ours() -> set[str]:
    return cookies.names() | {COOKIE}


def is_for_a_worker(scope: Scope) -> bool:
    """Does the browser ask for a service worker? One would outlive its stall, and answer for others of its origin."""
    return any(name == b"service-worker" for name, _value in scope["headers"])


async def say(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
