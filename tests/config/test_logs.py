"""Lines for people or for programs, under the id of what they are about, and without what is nobody's business."""

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest
from asgiref.sync import sync_to_async
from celery.worker.request import Request
from channels.testing import HttpCommunicator
from django.conf import settings as real_settings
from django.test import Client
from django.utils import timezone
from kombu.transport import memory

from accounts import instructors
from accounts.models import Invitation
from config import asgi, logs, visits
from config.celery import app
from sandbox import consumers, containers, door, tasks
from sandbox.engine import EngineError
from sandbox.visits import ENTRANCE, Visit
from tests.parts import cookie_of
from tests.sandbox.conftest import engine, inside, make, queued, shell, signed_in
from tests.sandbox.pages import HOST, closed_with, page, terminal

__all__ = ["engine", "inside", "make", "queued", "shell", "signed_in"]

Logged = Callable[[], list[dict]]
GIVEN = "edge-4.f00d_17"


def handler_of(formatter: logging.Formatter) -> logging.StreamHandler:
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(formatter)
    return handler


@pytest.fixture
def written() -> Iterator[dict[str, Callable[[], str]]]:
    """Return what is logged meanwhile, of every level, in both formats."""
    root, before = logging.getLogger(), logging.getLogger().level
    handlers = {"json": handler_of(logs.JsonLine()), "text": handler_of(logs.Line("{name}: {message}", style="{"))}
    root.setLevel(logging.DEBUG)
    for handler in handlers.values():
        root.addHandler(handler)
    yield {name: handler.stream.getvalue for name, handler in handlers.items()}
    root.setLevel(before)
    for handler in handlers.values():
        root.removeHandler(handler)


@pytest.fixture
def logged(written) -> Logged:
    return lambda: [json.loads(line) for line in written["json"]().splitlines()]


def lines_of(logged: Logged, logger: str) -> list[dict]:
    return [line for line in logged() if line["logger"] == logger]


async def ask(path: str, *headers: tuple[bytes, bytes], application: object = asgi.application) -> dict:
    communicator = HttpCommunicator(application, "GET", path, headers=[(b"host", HOST), *headers])
    return await communicator.get_response(timeout=10)


def id_in(answer: dict) -> str:
    [given] = [value.decode() for name, value in answer["headers"] if name.lower() == b"x-request-id"]
    return given


# --- the lines ---


def test_a_line_is_an_object_whatever_is_in_the_message(logged):
    with logs.about(request="abc", sandbox=None):
        try:
            raise ValueError("first\nsecond")
        except ValueError:
            logging.getLogger("stall").exception("poha\nat %s", "Rajwada")
    [line] = lines_of(logged, "stall")
    assert line.pop("exception").endswith("ValueError: first\nsecond")
    assert line.pop("time").endswith("+00:00")
    expected = {"level": "ERROR", "logger": "stall", "message": "poha\nat Rajwada", "request": "abc"}
    assert line.pop("process")
    assert line == expected


def test_a_start_names_the_process_and_the_version(logged, monkeypatch):
    monkeypatch.setattr(logs, "_process", "manage")
    logs.begin("tokens")
    [line] = lines_of(logged, "config.logs")
    assert line["message"] == f"Sarafa Bazaar {logs.VERSION}: tokens starts"
    assert line["process"] == "tokens"


# --- the id of a request ---


async def test_an_answer_names_the_id_that_was_given():
    assert id_in(await ask("/healthz", (b"x-request-id", GIVEN.encode()))) == GIVEN


@pytest.mark.parametrize(
    "given", [b"short", b"x" * 65, b"evil\nlines", b"a b c d e f", b"<script>alert", b"\xffffffff"]
)
async def test_what_is_no_id_is_not_taken(given):
    made = id_in(await ask("/healthz", (b"x-request-id", given)))
    assert made != given.decode("latin-1")
    assert len(made) == 16


async def test_each_request_has_its_own():
    assert id_in(await ask("/healthz")) != id_in(await ask("/healthz"))


async def test_two_ids_are_none():
    twice = [(b"x-request-id", GIVEN.encode()), (b"x-request-id", b"another-one")]
    assert id_in(await ask("/healthz", *twice)) not in {GIVEN, "another-one"}


async def test_the_second_port_answers_with_one_too():
    assert id_in(await ask("/", (b"x-request-id", GIVEN.encode()), application=visits.application)) == GIVEN


@pytest.mark.django_db(transaction=True)
async def test_what_a_request_logs_names_it_and_who_asked(alice, logged):
    cookie = await sync_to_async(cookie_of)(alice)
    await ask("/sandbox/nowhere/", (b"x-request-id", GIVEN.encode()), (b"cookie", cookie.encode()))
    [line] = lines_of(logged, "django.request")
    assert line["message"] == "Not Found: /sandbox/nowhere/"
    assert (line["request"], line["user"]) == (GIVEN, alice.pk)


@pytest.mark.django_db(transaction=True)
async def test_what_a_socket_logs_names_the_sandbox_and_its_learner(alice, make, shell, logged):
    sandbox = await sync_to_async(make)(alice)
    shell.refuses = ZeroDivisionError()
    async with page(terminal(sandbox), alice) as socket:
        await closed_with(socket)
    [line] = lines_of(logged, consumers.SandboxConsumer.__module__)
    assert "ZeroDivisionError" in line["exception"]
    assert (line["user"], line["sandbox"], line["learner"]) == (alice.pk, sandbox.code, alice.pk)
    assert len(line["request"]) == 16


# --- tasks, and the warehouse's door ---


@pytest.mark.django_db(transaction=True)
async def test_a_task_is_logged_under_the_request_that_ordered_it(alice, logged, engine):
    engine.fails["create"] = EngineError("No room at the inn.")
    cookie, token = await sync_to_async(cookie_of)(alice), "t" * 32
    headers = [(b"host", HOST), (b"cookie", f"{cookie}; csrftoken={token}".encode()), (b"x-csrftoken", token.encode())]
    headers += [(b"x-request-id", GIVEN.encode()), (b"content-length", b"0")]
    answer = await HttpCommunicator(asgi.application, "POST", "/sandbox/", headers=headers).get_response(timeout=10)
    code = json.loads(answer["body"])["code"]
    await sync_to_async(work)()
    [line] = lines_of(logged, "sandbox.tasks")
    assert line["message"] == f"sandbox {code} did not start: No room at the inn."
    assert (line["request"], line["task"]) == (GIVEN, "sandbox.tasks.start_sandbox")
    assert (line["sandbox"], line["learner"]) == (code, alice.pk)


def work() -> None:
    """Do what is queued first, as a worker does."""
    with app.connection_for_read() as connection:
        message = connection.default_channel.basic_get("celery", no_ack=True)
        Request(message, app=app, task=app.tasks[message.headers["task"]]).execute()


@pytest.mark.django_db(transaction=True)
def test_a_task_that_nobody_asked_for_has_an_id_and_gives_it_on(alice, make, queued):
    sandbox = make(alice, expires_at=timezone.now())
    with logs.about():
        tasks.heartbeat.apply_async()
    with logs.about(request=GIVEN):
        sandbox.order_stop()
    with app.connection_for_read() as connection:
        channel = connection.default_channel
        ids = [channel.basic_get("celery", no_ack=True).headers["request_id"] for _ in range(2)]
    assert ids[1] == GIVEN
    assert len(ids[0]) == 16
    assert memory.Channel.queues["celery"].empty()


@pytest.mark.django_db(transaction=True)
def test_a_question_at_the_door_names_the_sandbox(alice, make, logged, monkeypatch):
    sandbox = make(alice)
    monkeypatch.setattr(door.tokens, "token", lambda *_: 1 / 0)
    door.reply("\t".join(["ask", "1", "token", "/token", str(sandbox.address), "", "0", "0", "0", "0"]))
    [line] = lines_of(logged, "sandbox.door")
    assert (line["sandbox"], line["learner"]) == (sandbox.code, alice.pk)


# --- secrets ---


@pytest.mark.django_db(transaction=True)
async def test_no_secret_is_in_any_line(alice, bob, make, shell, signed_in, written, monkeypatch):
    """Whoever holds one of these is somebody else. Each is used here as it is, and in a way that is logged."""
    sandbox = await sync_to_async(make)(alice)
    who, token = await sync_to_async(instructors.link_parts)(bob)
    _, invitation = await sync_to_async(Invitation.objects.invite)(bob, "instructor", "", timezone.now())
    ticket = Visit(sandbox.code, 80).ticket()
    client = await sync_to_async(signed_in)(alice)
    session = client.cookies[real_settings.SESSION_COOKIE_NAME].value
    secrets = {token, invitation, ticket, session, "hunter22hunter22", "WXYZ-2345-WXYZ", str(sandbox.address)}

    cookie = (b"cookie", f"sessionid={session}".encode())
    for path in (
        f"/sign-in/once/{who}/{token}x/",
        f"/sign-in/once/{who}/{token}/more/",
        f"/invitations/{invitation}x/",
    ):
        await ask(path, cookie)
    await ask(f"{ENTRANCE}{ticket}", cookie, application=visits.application)
    await ask(f"{ENTRANCE}{ticket}", cookie)  # at the wrong door
    await sync_to_async(guess)(who, token, invitation)
    monkeypatch.setattr(containers, "run", lambda *_: 1 / 0)
    shell.refuses = ZeroDivisionError()
    async with page(terminal(sandbox), alice) as socket:
        await closed_with(socket)
    for read in written.values():
        assert "ZeroDivisionError" in read()
        assert "/sign-in/once/" in read()
        assert [secret for secret in secrets if secret in read()] == []


def guess(who: str, token: str, invitation: str) -> None:
    client = Client(raise_request_exception=False)
    client.post("/sign-in/", {"username": "bob", "password": "hunter22hunter22"})
    client.post("/join/back/", {"personal_code": "WXYZ-2345-WXYZ"})
    client.get(f"/sign-in/once/{who}/{token}/?next=x")
    client.get(f"/sign-in/once/{who}/{token}/")
    client.get(f"/invitations/{invitation}/")
    Client(enforce_csrf_checks=True).post(f"/invitations/{invitation}/", {"password": "hunter22hunter22"})
