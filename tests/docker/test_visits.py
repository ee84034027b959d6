"""What listens on a port of a sandbox is seen in a browser, by those who may see the sandbox."""

import hashlib
from urllib.parse import urlsplit

import pytest
from asgiref.testing import ApplicationCommunicator
from django.utils import timezone

from sandbox import streaming, visits
from sandbox.models import Sandbox, State

pytestmark = pytest.mark.django_db(transaction=True)

OPEN = "docker run -d --name {name} -p {port}:80 warehouse:5000/sarafa/jalebi open"


@pytest.fixture
def stall(alices, alice):
    """Alice's sandbox, with a stall open on port 8080 and a large file in it."""
    alices.learner(f"docker rm -f stall; {OPEN.format(name='stall', port=8080)}")
    alices.learner("docker exec stall sh -c 'head -c 3000000 /dev/urandom > /counter/large'")
    alices.learner("for i in $(seq 50); do curl -fsS localhost:8080 && break; sleep 0.1; done")
    return Sandbox.objects.create(
        learner=alice, state=State.RUNNING, container_id=alices.container_id, started_at=timezone.now(),
        pk=alices.spec.owner_uid - 1_000_000,
    )  # fmt: skip


class Browser:
    """One that keeps a cookie, and asks one thing after the other."""

    def __init__(self) -> None:
        self.cookie = b"sessionid=secret; plate=blue"

    async def get(self, path: str, *more: tuple[bytes, bytes]) -> tuple[int, dict, bytes]:
        scope = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": [(b"host", b"stall.localhost"), (b"cookie", self.cookie), *more],
        }  # fmt: skip
        request = ApplicationCommunicator(visits.application, scope)
        await request.send_input({"type": "http.request"})
        start = await request.receive_output(10)
        headers = dict(start["headers"])
        if b"set-cookie" in headers:
            self.cookie += b"; " + headers[b"set-cookie"].partition(b";")[0]
        body = b""
        while True:
            part = await request.receive_output(10)
            body += part["body"]
            if not part.get("more_body"):
                return start["status"], headers, body


@pytest.fixture
async def browser():
    yield Browser()
    await streaming.close_client()


async def test_a_ticket_shows_the_browser_in(stall, browser):
    status, headers, _ = await browser.get(visits.ENTRANCE + visits.Visit(stall.code, 8080).ticket())
    assert (status, headers[b"location"]) == (303, b"/")
    assert b"HttpOnly" in headers[b"set-cookie"]
    status, _, body = await browser.get("/")
    assert status == 200
    assert b"JALEBI" in body


async def test_a_large_file_comes_whole(stall, browser, alices):
    await browser.get(visits.ENTRANCE + visits.Visit(stall.code, 8080).ticket())
    status, _, body = await browser.get("/large")
    _, known = alices.learner("docker exec stall sha256sum /counter/large")
    assert (status, hashlib.sha256(body).hexdigest()) == (200, known.split()[0])


async def test_no_service_worker_stays_behind(stall, browser):
    await browser.get(visits.ENTRANCE + visits.Visit(stall.code, 8080).ticket())
    assert (await browser.get("/", (b"service-worker", b"script")))[0] == 403
    assert (await browser.get("/"))[0] == 200


async def test_nobody_comes_in_without_a_ticket(stall, browser):
    assert (await browser.get("/"))[0] == 403
    assert (await browser.get(visits.ENTRANCE + "forged"))[0] == 403
    browser.cookie = b"visit=forged"
    assert (await browser.get("/"))[0] == 403


async def test_a_ticket_is_good_for_a_minute(stall, browser, monkeypatch):
    ticket = visits.Visit(stall.code, 8080).ticket()
    monkeypatch.setattr(visits, "TICKET_SECONDS", -1)
    assert (await browser.get(visits.ENTRANCE + ticket))[0] == 403


async def test_where_nobody_listens_it_is_said(stall, browser):
    await browser.get(visits.ENTRANCE + visits.Visit(stall.code, 9999).ticket())
    status, _, body = await browser.get("/")
    assert status == 502
    assert b"Nothing answers on port 9999" in body


async def test_one_that_has_ended_is_not_there(stall, browser):
    await browser.get(visits.ENTRANCE + visits.Visit(stall.code, 8080).ticket())
    await Sandbox.objects.filter(pk=stall.pk).aupdate(state=State.STOPPED)
    assert (await browser.get("/"))[0] == 404


def test_our_cookies_go_no_further():
    scope = {"headers": [(b"cookie", b"sessionid=a; csrftoken=b; visit=c; guest=d; plate=blue"), (b"x", b"y")]}
    assert visits.withhold_cookies(scope)["headers"] == [(b"cookie", b"plate=blue"), (b"x", b"y")]
    scope = {"headers": [(b"cookie", b"sessionid=a")]}
    assert visits.withhold_cookies(scope)["headers"] == []


def test_the_learner_is_shown_in_and_nobody_else(stall, client, alice, charlie):
    address = f"/sandbox/{stall.code}/visit/8080/"
    assert client.get(address).status_code == 401
    client.force_login(charlie)
    assert client.get(address).status_code == 404
    client.force_login(alice)
    assert client.get(f"/sandbox/{stall.code}/visit/70000/").status_code == 404
    answer = client.get(address, headers={"host": "127.0.0.1:8000"})
    assert answer.status_code == 302
    there = urlsplit(answer["Location"])
    assert there.hostname == f"{stall.code}-8080.localhost"
    assert visits.Visit.of(there.path.removeprefix(visits.ENTRANCE), 60) == visits.Visit(stall.code, 8080)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("192.168.1.5:8000", "http://192.168.1.5:8001/.visit/"),
        ("[fd00::5]:8000", "http://[fd00::5]:8001/.visit/"),
        ("bazaar.lan", "http://bazaar.lan:8001/.visit/"),
    ],
)
def test_other_machines_come_to_the_second_port(settings, host, origin):
    settings.VISITS_ORIGIN = "http://{host}:8001"
    assert visits.entrance(host, visits.Visit("code", 80)).startswith(origin)


def test_a_domain_of_their_own_is_used(settings):
    settings.VISITS_ORIGIN = "https://{code}-{port}.stalls.example.org"
    assert visits.entrance("bazaar.example.org", visits.Visit("abc", 80)).startswith(
        "https://abc-80.stalls.example.org/.v"
    )


@pytest.mark.parametrize(
    "cookie", [b"sessionid=evil; Path=/", b" sessionid =evil", b"=sessionid=evil", b"sessionid", b"guest=x"]
)
async def test_a_stall_sets_no_cookie_of_ours(cookie):
    sent = []

    async def send(message):
        sent.append(message)

    headers = [(b"set-cookie", cookie), (b"set-cookie", b"plate=blue; Path=/"), (b"x", b"y")]
    await visits.refuse_cookies(send)({"type": "http.response.start", "status": 200, "headers": headers})
    assert sent[0]["headers"] == headers[1:]
