"""HTTP and websockets between a browser, as ASGI tells of it, and a server at the far end of a line of bytes.

h11 and websockets' protocol, which do no reading and writing of their own, say what the bytes mean.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

import h11
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

ANSWER_SECONDS = 30
LARGEST_MESSAGE = 16 << 20  # bytes, of a websocket
# For the next on the way, and not for whoever is behind (RFC 9110, 7.6.1).
HOP_BY_HOP = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
# A server has no say over other pages of the host by whose name it is shown.
WITHHELD = {b"clear-site-data", b"strict-transport-security"}


class NobodyThere(Exception):
    """The far end does not answer, or not as HTTP has it."""


class Line(Protocol):
    async def read(self) -> bytes:
        """Return the next bytes; none when there will be no more."""
        ...

    async def write(self, data: bytes) -> None: ...


def target(scope: Scope) -> bytes:
    query = scope["query_string"]
    return bytes(scope["raw_path"].split(b"?")[0] + (b"?" + query if query else b""))


# --- HTTP ---


async def page(line: Line, scope: Scope, receive: Receive, send: Send) -> None:
    """Have a request answered by the far end. Raise NobodyThere if it has not begun to answer."""
    talk = h11.Connection(h11.CLIENT)
    up = asyncio.create_task(ask(talk, line, scope, receive))
    down = asyncio.create_task(answer(talk, line, send))
    try:
        # `ask` ends when the browser has gone, or cannot be told any more: nobody waits for an answer then.
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        if down.done():
            down.result()
        elif up.exception():
            raise NobodyThere from up.exception()
    finally:
        for job in (up, down):
            job.cancel()
        await asyncio.gather(up, down, return_exceptions=True)


async def ask(talk: h11.Connection, line: Line, scope: Scope, receive: Receive) -> None:
    """Send the request and its body; return when the browser has gone."""
    message = await receive()
    headers = [(name, value) for name, value in scope["headers"] if name not in HOP_BY_HOP]
    sized = any(name == b"content-length" for name, _ in headers)
    if not sized and (message.get("body") or message.get("more_body")):
        headers.append((b"transfer-encoding", b"chunked"))
    headers.append((b"connection", b"close"))
    await line.write(talk.send(h11.Request(method=scope["method"], target=target(scope), headers=headers)) or b"")
    while message["type"] == "http.request":
        if message.get("body"):
            await line.write(talk.send(h11.Data(data=message["body"])) or b"")
        if not message.get("more_body"):
            await line.write(talk.send(h11.EndOfMessage()) or b"")
            break
        message = await receive()
    while message["type"] != "http.disconnect":
        message = await receive()


async def answer(talk: h11.Connection, line: Line, send: Send) -> None:
    """Pass on what is answered. Raise NobodyThere if that is nothing; one that is cut off is passed on cut off."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            head = await next_event(talk, line)
            while isinstance(head, h11.InformationalResponse):
                head = await next_event(talk, line)
    except (TimeoutError, h11.RemoteProtocolError) as exc:
        raise NobodyThere from exc
    if not isinstance(head, h11.Response):
        raise NobodyThere
    headers = [(name, value) for name, value in head.headers if name not in HOP_BY_HOP | WITHHELD]
    await send({"type": "http.response.start", "status": head.status_code, "headers": headers})
    while isinstance(event := await next_event(talk, line), h11.Data):
        await send({"type": "http.response.body", "body": bytes(event.data), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def next_event(talk: h11.Connection, line: Line) -> object:
    while (event := talk.next_event()) is h11.NEED_DATA:
        talk.receive_data(await line.read())
    return event


# --- websockets ---


async def socket(line: Line, scope: Scope, receive: Receive, send: Send) -> None:
    """Join a browser's websocket, which is not accepted yet, to one of the far end. Raise NobodyThere."""
    talk = ClientProtocol(
        parse_uri("ws://stall" + target(scope).decode("latin-1")),
        subprotocols=scope.get("subprotocols") or None,
        max_size=LARGEST_MESSAGE,
    )
    await shake_hands(talk, line, scope)
    await send({"type": "websocket.accept", "subprotocol": talk.subprotocol})
    jobs = {asyncio.create_task(push(talk, line, receive)), asyncio.create_task(pull(talk, line, send))}
    try:
        await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)


async def shake_hands(talk: ClientProtocol, line: Line, scope: Scope) -> None:
    request = talk.connect()
    for name, value in scope["headers"]:
        if name in (b"cookie", b"origin", b"user-agent", b"accept-language"):
            request.headers[name.decode("latin-1")] = value.decode("latin-1")
    talk.send_request(request)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            async for event in events(talk, line):
                if isinstance(event, Response):
                    break
    except TimeoutError as exc:
        raise NobodyThere from exc
    if talk.handshake_exc or talk.state.name != "OPEN":
        raise NobodyThere


async def events(talk: ClientProtocol, line: Line) -> AsyncIterator[object]:
    """Yield what the far end says, writing what is due to it meanwhile, until it says no more."""
    while True:
        for data in talk.data_to_send():
            if data:
                await line.write(data)
        for event in talk.events_received():
            yield event
        if talk.close_expected() and talk.state.name == "CLOSED":
            return
        data = await line.read()
        if not data:
            talk.receive_eof()
            return
        talk.receive_data(data)


async def push(talk: ClientProtocol, line: Line, receive: Receive) -> None:
    """Pass on what the browser says, until it has gone."""
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("bytes") is not None:
            talk.send_binary(message["bytes"])
        else:
            talk.send_text(message["text"].encode())
        await flush(talk, line)
    talk.send_close(message.get("code", 1001) if message.get("code") not in (1005, 1006, None) else 1001)
    await flush(talk, line)


async def flush(talk: ClientProtocol, line: Line) -> None:
    for data in talk.data_to_send():
        if data:
            await line.write(data)


async def pull(talk: ClientProtocol, line: Line, send: Send) -> None:
    """Pass on what the far end says, and how it ends."""
    whole = bytearray()
    kind = Opcode.BINARY
    async for event in events(talk, line):
        if not isinstance(event, Frame) or event.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            continue
        kind = event.opcode if event.opcode != Opcode.CONT else kind
        whole += event.data
        if not event.fin:
            continue
        data, whole = bytes(whole), bytearray()
        content: Message = {"text": data.decode()} if kind == Opcode.TEXT else {"bytes": data}
        await send({"type": "websocket.send"} | content)
    code = talk.close_rcvd.code if talk.close_rcvd else 1011
    await send({"type": "websocket.close", "code": code if code not in (1005, 1006) else 1000})
