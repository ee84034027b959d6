"""Processes that serve lessons have no way to an engine: what needs one is served by others, and known by its path."""

import re
from collections.abc import Iterator

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.testing import WebsocketCommunicator
from django.conf import settings as django_settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from config.asgi import websocket_urlpatterns
from config.parts import LESSONS, SANDBOXES, Part, part_of
from sandbox import engine as real_engine
from sandbox import streaming
from sandbox.models import Trouble

ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")


async def served(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"served"})


async def status(part: str, path: str) -> int:
    asked = ApplicationCommunicator(Part(served, part), {"type": "http", "path": path, "headers": []})
    return (await asked.receive_output())["status"]


NEED_ENGINE = ["/readyz", "/admin/host/", "/sandbox/abcdefgh/files/", "/sandbox/abcdefgh/file/"]
NEED_NONE = ["/", "/metrics", "/admin/", "/sandbox/", "/sandbox/abcdefgh/", "/sandbox/abcdefgh/stop/", "/admin/hosts/",
             "/courses/x/files/", "/static/ws/x.js", "//readyz", "/sandbox/a/b/files/"]  # fmt: skip


@pytest.mark.parametrize("path", [*NEED_ENGINE, *NEED_NONE])
async def test_each_part_answers_for_its_own_alone(path):
    own, other = (SANDBOXES, LESSONS) if path in NEED_ENGINE else (LESSONS, SANDBOXES)
    assert [await status(part, path) for part in (own, other, "")] == [200, 421, 200]


@pytest.mark.parametrize("part", [LESSONS, SANDBOXES])
async def test_every_part_says_that_it_is_alive(part):
    assert await status(part, "/healthz") == 200


async def test_sockets_are_not_where_lessons_are():
    socket = WebsocketCommunicator(Part(served, LESSONS), "/ws/sandbox/abcdefgh/events/")
    connected, _ = await socket.connect()
    assert not connected


def test_every_socket_is_known_by_its_path():
    routes = [str(route.pattern).removeprefix("^") for route in websocket_urlpatterns]
    assert len(routes) > 6
    assert {part_of(f"/{route}") for route in routes if route} == {SANDBOXES}


def test_the_proxy_sends_each_where_it_belongs():
    """Its list is the same as that of the processes, written as Caddy writes them."""
    [pattern] = re.findall(r"path_regexp (\S+)", (django_settings.BASE_DIR / "deploy/Caddyfile").read_text())
    for path in [*NEED_ENGINE, *NEED_NONE, "/ws/sandbox/a/events/", "/readyz/", "/wsx/"]:
        assert bool(re.search(pattern, path)) is (part_of(path) == SANDBOXES), path


def routes(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    for pattern in patterns:
        path = before + str(pattern.pattern).removeprefix("^").replace("\\Z", "")
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        else:
            yield path


@pytest.mark.slow
def test_no_other_page_asks_an_engine(workshop, admin, alice, join, make, engine, monkeypatch):
    """Whoever adds a page that does is told here: list it in config/parts.py, and in the proxy's configuration."""
    asked: list[str] = []

    def note(*_args: object, **_options: object) -> None:
        asked.append(path)
        raise real_engine.EngineUnreachable("There is none here.")

    for module, name in ((real_engine, "connect"), (real_engine, "client"), (streaming, "client")):
        monkeypatch.setattr(module, name, note)
    participant, sandbox = join(workshop, alice), make(admin)
    workshop.instructors.add(admin)
    Trouble.objects.note(alice, [])
    values = {"course": "sarafa-bazaar", "course_slug": "sarafa-bazaar", "lesson": "day-2", "lesson_slug": "day-2",
              "participant": participant.pk, "port": 8080, "object_id": 1}  # fmt: skip
    paths = {
        ARGUMENT.sub(lambda found, code=code: str(values.get(found[1], code)), route)
        for route in routes(get_resolver().url_patterns)
        for code in (workshop.code, sandbox.code)
    }
    browser = Client(raise_request_exception=False)
    answers = set()
    for path in sorted(path for path in paths if part_of(path) == LESSONS):
        browser.force_login(admin)
        answers |= {browser.get(path).status_code, browser.post(path, {"name": "x", "to": "all"}).status_code}
    assert asked == []
    assert 200 in answers
    path = f"/sandbox/{make(alice).code}/files/"
    browser.force_login(alice)
    assert browser.get(path).status_code == 503
    assert asked  # so it would have been noticed
