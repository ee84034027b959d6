"""How pages are made: each in one thread of a few that are kept, from its first signal to its last."""

from concurrent.futures import ThreadPoolExecutor
from tempfile import SpooledTemporaryFile
from typing import Any

from asgiref.sync import sync_to_async
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http.response import FileResponse, HttpResponseBase
from django.urls import set_script_prefix

THREADS = 16  # pages at once, in one process; who comes then waits in turn


class Pages(ASGIHandler):
    """Django's handler, for views that are all sync.

    Django's own makes a thread for each request, and goes there and back for each signal and for the middleware, and
    once more for the view: four hops, which took three quarters of what an empty page takes.
    """

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="page")
        self.load_middleware(is_async=False)  # and not as the one above it does, async

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with body:
            response = await self.in_thread(self.answer, scope, body)
            await self.send_response(response, send)
            if response.streaming:
                await self.in_thread(response.close)

    async def in_thread(self, function: Any, *arguments: Any) -> Any:
        return await sync_to_async(function, thread_sensitive=False, executor=self.threads)(*arguments)

    def answer(self, scope: Any, body: "SpooledTemporaryFile[bytes]") -> HttpResponseBase:
        """Return the answer. What is whole needs its thread's connection no more, and is closed already."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        response: HttpResponseBase = self.get_response(request) if request else refusal  # type: ignore[assignment]
        response._handler_class = self.__class__  # type: ignore[attr-defined]  # as signals name the sender
        if isinstance(response, FileResponse):
            response.block_size = self.chunk_size
        if not response.streaming:
            response.close()
        return response
