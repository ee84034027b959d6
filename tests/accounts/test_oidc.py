"""Signing in by OpenID Connect: a real provider, and the platform in a process of its own, with Redis away."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from oidc_provider_mock import User as Person
from oidc_provider_mock import run_server_in_thread

ROOT = Path(__file__).resolve().parents[2]
LESSON = "/courses/sarafa-bazaar/day-2/"

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Browser:
    """Somebody's browser: cookies, forms with their tokens, redirects."""

    def __init__(self, platform: str) -> None:
        self.platform, self.session = platform, requests.Session()

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.platform + path)

    def post(self, path: str, page: str = "/sign-in/", **fields: str) -> requests.Response:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get(page).text)
        assert token
        data = {"csrfmiddlewaretoken": token[1], **fields}
        return self.session.post(self.platform + path, data=data, headers={"Referer": self.platform + page})

    def sign_in(self, who: str, **fields: str) -> requests.Response:
        """Press our button, and then the provider's, as `who`."""
        asked = self.post("/sign-in/oidc/", **fields)
        return self.session.post(asked.url, data={"sub": who})

    @property
    def menu(self) -> str:
        """What the header says of who is signed in."""
        return self.get("/").text.split("header-tools")[1].split("</header>")[0]


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    people = [
        Person(sub="alice", claims={"name": "Alice", "preferred_username": "alice", "email": "alice@example.org"}),
        Person(sub="bob", claims={"name": "Bob", "preferred_username": "instructor", "groups": ["teachers"]}),
        Person(sub="charlie", claims={"name": "<b>Charlie</b>", "preferred_username": "Alice", "groups": "none"}),
    ]
    with run_server_in_thread(user_claims=people) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(scope="module")
def platform(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("platform"), free_port()
    (folder / "secret").write_text("a secret\n")
    environment = os.environ | {
        "DATA_DIR": str(folder),
        "PORT": str(port),
        "REDIS_URL": f"unix://{folder}/nobody.sock",
        "OIDC_SERVER": provider,
        "OIDC_CLIENT_ID": "sarafa",
        "OIDC_CLIENT_SECRET_FILE": str(folder / "secret"),
        "OIDC_NAME": "The School",
        "OIDC_STAFF_CLAIM": "groups",
        "OIDC_STAFF_VALUE": "teachers",
        "OIDC_SCOPES": "openid,profile",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "config.asgi:application",
        "--port",
        str(port),
        "--log-level",
        "warning",
    ]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url, server)
        yield url
    finally:
        server.terminate()
        server.wait(20)
    assert "Traceback" not in (folder / "log").read_text()


def wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        assert server.poll() is None
        try:
            requests.get(f"{url}/healthz", timeout=2)
            return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError("the platform does not answer")


@pytest.fixture
def visitor(platform: str) -> Browser:
    return Browser(platform)


def answer_a_quiz(visitor: Browser) -> None:
    """Do something that counts: start, and try the answers of a quiz until one is right."""
    visitor.post("/start/")
    page = visitor.get(LESSON).text
    quiz = re.search(rf'action="({LESSON}quiz/[\w-]+/)"', page)
    assert quiz
    for option in "012345":
        visitor.post(quiz[1], page=LESSON, option=option)


def done(visitor: Browser) -> int:
    told = re.search(r"(\d+) of \d+ tasks and questions done", visitor.get("/courses/sarafa-bazaar/").text)
    return int(told[1]) if told else 0


def test_a_guest_who_is_new_becomes_the_account_and_another_brings_theirs(visitor, platform):
    answer_a_quiz(visitor)
    assert done(visitor) == 1
    back = visitor.sign_in("alice", next=LESSON)
    assert back.url == platform + LESSON
    assert "Alice" in visitor.menu and "Make an account" not in visitor.menu
    assert done(visitor) == 1

    other = Browser(platform)
    other.post("/start/")
    assert done(other) == 0
    other.sign_in("alice")
    assert done(other) == 1
    assert "organisation" in other.get("/account/").text
    assert other.get("/account/password/").url == platform + "/account/"


def test_who_is_new_is_a_learner_with_a_name_of_their_own(visitor):
    visitor.sign_in("charlie")
    assert "&lt;b&gt;Charlie" in visitor.menu
    assert "Administration" not in visitor.menu
    assert visitor.get("/instructor/invitations/").status_code == 404


def test_whose_claim_says_so_teaches(visitor, platform):
    back = visitor.sign_in("bob")
    assert back.url == platform + "/instructor/"
    assert "Administration" in visitor.menu and "Invitations" not in visitor.menu


def test_it_leads_nobody_off_the_site(visitor, platform):
    assert visitor.sign_in("alice", next="https://evil.example/").url == platform + "/"


def test_who_turns_back_or_forges_is_told_and_not_signed_in(visitor, platform):
    asked = visitor.post("/sign-in/oidc/")
    denied = visitor.session.post(asked.url, data={"action": "deny"})
    assert denied.url == platform + "/sign-in/" and "You were not signed in" in denied.text
    for query in ("", "?code=x&state=y", "?state=y", "?error=access_denied&state=", "?code=x"):
        forged = visitor.get(f"/sign-in/oidc/callback/{query}")
        assert forged.url == platform + "/sign-in/" and "You were not signed in" in forged.text
    assert "Sign out" not in visitor.menu


def test_a_state_is_of_one_browser_and_works_once(visitor, platform):
    asked = visitor.post("/sign-in/oidc/")
    back = visitor.session.post(asked.url, data={"sub": "alice"}, allow_redirects=False).headers["Location"]
    assert requests.get(back).url == platform + "/sign-in/"
    assert visitor.session.get(back).url == platform + "/"
    visitor.session.get(back)
    assert "Alice" in visitor.menu


def test_the_policy_lets_the_form_go_to_the_provider_alone(visitor, provider):
    assert f"form-action 'self' {provider}" in visitor.get("/sign-in/").headers["Content-Security-Policy"]
    assert "Sign in with The School" in visitor.get("/sign-in/").text
    assert visitor.get("/sign-in/oidc/").status_code == 405
    assert requests.post(visitor.platform + "/sign-in/oidc/").status_code == 403


@pytest.mark.parametrize(
    "path",
    ["login", "signup", "email", "confirm-email", "password/reset", "social/signup", "social/connections", "3rdparty"],
)
def test_none_of_the_librarys_own_pages_is_served(visitor, path):
    for place in (f"/accounts/{path}/", f"/{path}/", f"/sign-in/{path}/"):
        assert visitor.get(place).status_code == 404


def test_an_account_goes_without_a_password(visitor):
    visitor.sign_in("dora@example.org")
    assert visitor.post("/account/delete/", page="/account/delete/", sure="on").url.endswith("/")
    assert "Sign out" not in visitor.menu


def test_without_configuration_there_is_none_of_it(client, db):
    page = client.get("/sign-in/")
    assert "oidc" not in page.text
    assert "form-action 'self';" in page.headers["Content-Security-Policy"] + ";"
    assert client.post("/sign-in/oidc/").status_code == 404


def test_half_a_configuration_is_said():
    environment = os.environ | {"OIDC_SERVER": "https://login.example.org"}
    ran = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert ran.returncode != 0 and "OIDC_CLIENT_ID" in ran.stderr
