"""A page is made by one thread, from its first signal to its last; there are few of them, and who waits is served."""

import asyncio
import threading

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core import signals
from django.http import HttpResponse, StreamingHttpResponse

from config import pages
from config.pages import Pages


def scope(path: str = "/healthz") -> dict[str, object]:
    return {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": path,
        "raw_path": path.encode(), "query_string": b"", "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip


async def ask(application: Pages) -> tuple[int, bytes]:
    browser = ApplicationCommunicator(application, scope())
    await browser.send_input({"type": "http.request"})
    start = await browser.receive_output(10)
    body, more = b"", True
    while more:
        message = await browser.receive_output(10)
        body, more = body + message.get("body", b""), message.get("more_body", False)
    await browser.wait(10)
    return start["status"], body


@pytest.fixture
def seen():
    """The threads of what happens to a request, in order."""
    found: list[tuple[str, str]] = []

    def started(**_: object) -> None:
        found.append(("started", threading.current_thread().name))

    def finished(**_: object) -> None:
        found.append(("finished", threading.current_thread().name))

    signals.request_started.connect(started)
    signals.request_finished.connect(finished)
    yield found
    signals.request_started.disconnect(started)
    signals.request_finished.disconnect(finished)


def serving(monkeypatch, view) -> Pages:
    """Return pages of which one is made by this view."""
    application = Pages()
    monkeypatch.setattr(application, "_middleware_chain", view)
    return application


async def test_all_of_a_page_is_made_in_one_thread(monkeypatch, seen):
    def view(_request):
        seen.append(("view", threading.current_thread().name))
        return HttpResponse("made")

    assert await ask(serving(monkeypatch, view)) == (200, b"made")
    assert [what for what, _thread in seen] == ["started", "view", "finished"]
    assert len({thread for _what, thread in seen}) == 1
    assert seen[0][1] != threading.current_thread().name


async def test_what_is_streamed_ends_when_it_is_sent(monkeypatch, seen):
    application = serving(monkeypatch, lambda _request: StreamingHttpResponse([b"one ", b"two"]))
    assert await ask(application) == (200, b"one two")
    assert [what for what, _thread in seen] == ["started", "finished"]


async def test_more_than_there_are_threads_are_served_in_turn(monkeypatch):
    inside, most = set(), 0
    lock, all_busy = threading.Lock(), threading.Barrier(pages.THREADS)

    def view(_request):
        nonlocal most
        with lock:
            inside.add(threading.get_ident())
            most = max(most, len(inside))
        all_busy.wait(10)  # each thread makes a page, and so none is left for the next
        with lock:
            inside.discard(threading.get_ident())
        return HttpResponse("made")

    application = serving(monkeypatch, view)
    answers = await asyncio.gather(*[ask(application) for _ in range(3 * pages.THREADS)])
    assert answers == [(200, b"made")] * (3 * pages.THREADS)
    assert most == pages.THREADS


async def test_one_that_breaks_is_told_and_the_next_is_served(monkeypatch):
    def broken(_request):
        raise ValueError

    application = Pages()
    assert (await ask(application))[0] == 200
    monkeypatch.setattr("config.pages.Pages.create_request", lambda *_: (None, HttpResponse(status=413)))
    assert (await ask(application))[0] == 413
    monkeypatch.undo()
    browser = ApplicationCommunicator(serving(monkeypatch, broken), scope())
    await browser.send_input({"type": "http.request"})
    with pytest.raises(ValueError):
        await browser.wait(10)
    assert (await ask(Pages()))[0] == 200


async def test_who_goes_before_having_asked_gets_nothing(seen):
    browser = ApplicationCommunicator(Pages(), scope())
    await browser.send_input({"type": "http.disconnect"})
    await browser.wait(10)
    assert await browser.receive_nothing() and not seen
