"""The web server, uvicorn, with an end to its patience; `python -m config.serving` takes the words of uvicorn's own.

By itself it waits for ever for the rest of a request's head, and takes in a head of any size. A proxy in front bounds
both; where there is none, this does. What follows a head is bounded in uploads.py.
"""

import asyncio
import sys
from typing import Any

import uvicorn
from uvicorn.config import HTTP_PROTOCOLS
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 20  # from the moment at which a request may come until its head is there
HEAD_BYTES = 64 * 1024  # of a head that has no end yet; browsers send a few kilobytes
# Seconds after which a thread that makes a page lets another go on: the event loop, or one that has its answer from the
# database, and that often in a transaction for which others wait. Python's own is 5 ms. Not measured alone.
SWITCH_SECONDS = 0.0005


class Impatient(HttpToolsProtocol):
    """A connection that is closed if the head of its next request is late, or does not end."""

    head_due: asyncio.TimerHandle | None = None  # while a head is awaited
    in_head = True  # the next request's may begin while the last one is answered still
    head_bytes = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.await_head()

    def await_head(self) -> None:
        self.head_is_there()
        self.head_due = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def head_is_there(self) -> None:
        if self.head_due:
            self.head_due.cancel()
            self.head_due = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.in_head:
            self.head_bytes += len(data)
            if self.head_bytes > HEAD_BYTES:
                self.transport.close()

    def on_message_begin(self) -> None:
        self.in_head, self.head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.in_head = False
        self.head_is_there()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():  # else the next one has come already
            self.await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self.head_is_there()
        super().connection_lost(exc)


if __name__ == "__main__":
    sys.setswitchinterval(SWITCH_SECONDS)
    # Its command line knows protocols by name only, and looks them up in this table.
    HTTP_PROTOCOLS["auto"] = "config.serving:Impatient"
    uvicorn.main()
