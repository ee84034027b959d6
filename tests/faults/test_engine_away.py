"""No Docker Engine: everybody says so, nobody hangs, nothing shows a stack trace."""

import json

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.test import Client

from config.asgi import application
from sandbox import containers, doctor, engine, images, inspection, streaming, tasks, warehouse
from sandbox.container import here
from sandbox.engine import EngineUnreachable
from sandbox.models import Sandbox, State
from sandbox.terminal import Place, Terminal

SPEC = containers.Spec(code="abc", owner_uid=1_000_001, address="fd00::1")

CALLS = {
    "ping": engine.ping,
    "create": lambda: containers.create(SPEC),
    "wait_ready": lambda: containers.wait_ready(here("abc")),
    "remove": lambda: containers.remove(here("abc")),
    "living": containers.living,
    "ended": containers.ended,
    "run": lambda: containers.run(here("abc"), 1_000_001, ["true"], 5),
    "facts": lambda: inspection.ask(here("abc"), 1_000_001),
    "daemon_log": lambda: containers.daemon_log(here("abc")),
    "warehouse up": warehouse.ensure_running,
    "warehouse down": warehouse.stop,
    "warehouse status": warehouse.status,
    "warehouse log": warehouse.log,
    "warehouse seed": lambda: warehouse.seed({"poha": "image"}),
    "images": lambda: images.ensure_all(print),
}

pytestmark = pytest.mark.usefixtures("engine_away")


@pytest.mark.parametrize("name", CALLS)
def test_every_way_to_the_engine_says_that_it_is_away(name):
    with pytest.raises(EngineUnreachable, match="No Docker Engine answers"):
        CALLS[name]()


async def test_so_do_the_streams():
    try:
        with pytest.raises(EngineUnreachable):
            await Terminal.attach(here("abc"), 1_000_001, "client", (80, 24), Place())
        with pytest.raises(EngineUnreachable):
            async for _ in streaming.follow_log(here("abc"), 0):
                pass
    finally:
        await streaming.close_client()


@pytest.fixture
def running(alice) -> Sandbox:
    return Sandbox.objects.create(learner=alice, state=State.RUNNING, container_id="c" * 64)


@pytest.fixture
def cookie(alice) -> str:
    client = Client()
    client.force_login(alice)
    return f"sessionid={client.cookies[django_settings.SESSION_COOKIE_NAME].value}"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["terminal/client", "events"])
async def test_the_sockets_close_with_4503(running, cookie, settings, path):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost"), (b"cookie", cookie.encode())]
    socket = WebsocketCommunicator(application, f"/ws/sandbox/{running.code}/{path}/", headers=headers)
    await socket.connect()
    said = []
    while (output := await socket.receive_output(timeout=5))["type"] == "websocket.send":
        said.append(json.loads(output["text"]))
    assert output["code"] == 4503
    assert [frame["type"] for frame in said] == (["state"] if path == "events" else [])
    await socket.disconnect()
    await streaming.close_client()


def test_an_order_is_taken_and_fails_with_a_word_that_helps(alice, broker):
    client = Client()
    client.force_login(alice)
    answer = client.post("/sandbox/")
    assert (answer.status_code, answer.json()["state"]) == (200, "starting")
    tasks.start_sandbox(Sandbox.objects.get().pk)
    found = client.get(f"/sandbox/{answer.json()['code']}/").json()
    assert found["state"] == "failed"
    assert "No Docker Engine answers" in found["error"]
    assert "scripts/engine.sh" in found["error"]
    assert client.post(f"/sandbox/{found['code']}/reset/").json()["state"] == "starting"


def test_reconciling_without_an_engine_loses_nobody(running, broker):
    tasks.reconcile()
    running.refresh_from_db()
    assert running.state == State.RUNNING


@pytest.mark.django_db
def test_readiness_says_so(client, broker):
    tasks.heartbeat()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "database": "ok",
        "broker": "ok",
        "worker": "ok",
        "engine": "does not answer (EngineUnreachable)",
        "warehouse": "does not answer (EngineUnreachable)",
    }


def test_the_doctor_says_so(db):
    found = {finding.name: finding for finding in doctor.examine()}
    assert found["engine"].level == found["warehouse"].level == found["sandbox image"].level == "error"
    assert "No Docker Engine answers" in found["engine"].text


@pytest.mark.parametrize("command", [["images"], ["warehouse", "up"], ["warehouse", "status"]])
def test_commands_say_so_in_a_sentence(command):
    with pytest.raises(CommandError, match="No Docker Engine answers"):
        call_command(*command)


def test_a_lesson_is_read_without_an_engine_and_without_a_broker(db, settings):
    settings.CACHES = settings.CACHES | {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    answer = Client().get("/courses/sarafa-bazaar/day-2/")
    assert answer.status_code == 200
