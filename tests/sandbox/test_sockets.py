"""Who may open the two websockets of a sandbox."""

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator

from config.asgi import application
from sandbox.models import Sandbox
from tests.sandbox.pages import HOST, closed_with, headers_of, page, stream, terminal, until

pytestmark = pytest.mark.django_db(transaction=True)


# --- who may connect, to both ---

BOTH = pytest.mark.parametrize("path", [terminal, stream])


@BOTH
async def test_a_visitor_is_refused(alice, make, shell, logs, path):
    sandbox = await sync_to_async(make)(alice)
    async with page(path(sandbox), None) as socket:
        assert await closed_with(socket) == 4401


async def test_what_a_page_types_before_it_learns_that_it_is_refused_is_left_out(alice, make, shell):
    sandbox = await sync_to_async(make)(alice)
    async with page(terminal(sandbox), None) as socket:
        await socket.send_to(bytes_data=b"ls\r")
        assert await closed_with(socket) == 4401
        assert await socket.receive_nothing()
    assert shell.arguments == ()


@BOTH
async def test_someone_elses_sandbox_does_not_exist(alice, bob, charlie, make, shell, logs, path):
    sandbox = await sync_to_async(make)(alice)
    for other in (bob, charlie):
        async with page(path(sandbox), other) as socket:
            assert await closed_with(socket) == 4404
    assert shell.arguments == ()
    assert logs.watchers == 0


@BOTH
async def test_neither_does_one_that_never_was(alice, shell, logs, path):
    async with page(path(Sandbox(code="neverwas")), alice) as socket:
        assert await closed_with(socket) == 4404


@BOTH
@pytest.mark.parametrize("origin", [b"http://evil.example", b"http://localhost:8001", b"null"])
async def test_a_page_from_elsewhere_cannot_connect(alice, make, shell, logs, path, origin):
    sandbox = await sync_to_async(make)(alice)
    headers = await sync_to_async(headers_of)(alice, origin)
    communicator = WebsocketCommunicator(application, path(sandbox), headers=headers)
    connected, _ = await communicator.connect()
    assert not connected
    assert shell.arguments == ()
    assert logs.watchers == 0


async def test_what_is_no_browser_names_no_origin(alice, make, shell):
    sandbox = await sync_to_async(make)(alice)
    async with page(terminal(sandbox), alice, origin=None):
        await until(lambda: shell.arguments)


@pytest.mark.parametrize(
    "path", ["/ws/", "/ws/sandbox/x/", "/ws/sandbox/x/terminal/UPPER/", "/ws/sandbox/x/terminal//"]
)
async def test_there_is_no_other_socket(alice, path):
    headers = await sync_to_async(headers_of)(alice, b"http://" + HOST)
    connected, _ = await WebsocketCommunicator(application, path, headers=headers).connect()
    assert not connected
