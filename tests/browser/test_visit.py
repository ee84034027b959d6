"""A stall opens in the browser. Its script is a stranger's: it reads and does nothing of the platform's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from platform_under_test import LESSON, Learner, Platform, until
from playwright.sync_api import Browser, Page

HERE = Path(__file__).parent
OPEN = "docker run -d --name jalebi -p 8080:80 warehouse:5000/sarafa/jalebi open"
# By which names a browser may know the platform. The first two have stalls under names of their own; of the others a
# stall differs in nothing but its port, so browsers send it the platform's cookies.
APART, SHARED = ["127.0.0.1", "localhost"], ["bazaar.test", "192.0.2.7"]


@pytest.fixture(scope="module")
def platform(tmp_path_factory) -> Iterator[Platform]:
    """A platform that answers to all of these names."""
    names = ",".join(APART + SHARED)
    running = Platform(tmp_path_factory.mktemp("bazaar"), SANDBOX_POOL="0", ALLOWED_HOSTS=names)
    try:
        running.start()
        yield running
    finally:
        running.stop()


class Visitor(Learner):
    """A learner who knows the platform by one of its names."""

    def __init__(self, page: Page, platform: Platform, host: str) -> None:
        super().__init__(page, platform)
        self.url = f"http://{host}:{platform.port}"

    def arrive(self) -> None:
        self.page.goto(self.url)
        self.page.get_by_test_id("start-learning").first.click()
        self.page.wait_for_url("**/courses/**")
        self.page.goto(self.url + LESSON)
        self.wait_for_prompt(60)

    def ask(self, path: str, method: str = "GET", text: str = "") -> Any:
        """Ask the platform, as a script of its own pages does; return the answer, or the status of a refusal."""
        script = """async ([path, method, text]) => {
            const headers = {'X-CSRFToken': document.querySelector('#workspace').dataset.csrf};
            const body = text ? JSON.stringify({text, version: '-'}) : undefined;
            const answer = await fetch(path, {method, headers, body});
            return answer.ok ? answer.json() : answer.status;
        }"""
        return self.page.evaluate(script, [path, method, text])

    def open_stall(self, page: str = "") -> None:
        """Open a stall, with a page of the learner's instead of its own."""
        self.run(OPEN, 60)
        if page:
            code = self.ask("/sandbox/", "POST")["code"]
            assert "version" in self.ask(f"/sandbox/{code}/file/?path=stall.html", "PUT", page)
            self.run("docker exec jalebi rm /counter/index.html; docker cp -q stall.html jalebi:/counter/index.html")

    def visit(self, path: str = "") -> Page:
        """Press the link of the stall, or go to an address of the platform in a new tab; return the new page."""
        with self.page.context.expect_page() as opened:
            if path:
                self.page.evaluate("path => { window.open(path, '_blank', 'noopener') }", path)
            else:
                strip(self.page).get_by_role("link", name="jalebi :8080").click()
        opened.value.wait_for_load_state()
        return opened.value

    def rows(self) -> list[tuple[Any, ...]]:
        """All sandboxes, and what stands in them that an order would change."""
        return self.platform.rows("SELECT code, state, expires_at FROM sandbox_sandbox ORDER BY id")


def attack(stall: Page, learner: Visitor, code: str) -> dict[str, str]:
    """Let the stall's script try everything, and return what it got hold of."""
    got = stall.evaluate("arguments => attack(...arguments)", [learner.url, code, LESSON])
    with learner.page.context.expect_page() as opened:
        got["form"] = stall.evaluate("url => submit(url, '_blank')", f"{learner.url}/sandbox/")
    opened.value.close()
    return {name: value for name, value in got.items() if value}


def strip(page: Page):
    return page.get_by_role("navigation", name="Open in the browser")


@pytest.fixture
def come(browser: Browser, platform: Platform):
    visitors: list[Visitor] = []

    def another(host: str = "127.0.0.1") -> Visitor:
        page = browser.new_context(bypass_csp=True, viewport={"width": 1280, "height": 900}).new_page()
        visitors.append(Visitor(page, platform, host))
        visitors[-1].arrive()
        return visitors[-1]

    yield another
    for visitor in visitors:
        if (answer := visitor.ask("/sandbox/", "POST")) and isinstance(answer, dict):
            visitor.ask(f"/sandbox/{answer['code']}/stop/", "POST")
        visitor.page.context.close()


def test_a_stall_opens_from_the_strip_while_it_is_there(come):
    alice = come()
    page = alice.page
    assert strip(page).is_hidden()
    alice.open_stall()
    until(strip(page).is_visible, 40, "the link")
    until(lambda: "jalebi :8080" in page.locator("[data-announcer]").inner_text(), 10, "the link to be said")
    violations = Axe().run(page).response["violations"]
    assert [one["id"] for one in violations if one["impact"] in ("serious", "critical")] == []
    stall = alice.visit()
    assert "JALEBI" in stall.content()
    assert stall.evaluate("location.origin") != page.evaluate("location.origin")
    assert "/.visit/" not in stall.url
    stall.close()
    page.reload()
    until(strip(page).is_visible, 30, "the link after a reload")
    alice.wait_for_prompt()
    alice.run("docker rm -f jalebi")
    until(strip(page).is_hidden, 15, "the link to go")


def test_a_websocket_goes_through_a_visit(come):
    alice = come()
    code = alice.ask("/sandbox/", "POST")["code"]
    alice.ask(f"/sandbox/{code}/file/?path=echo.pl", "PUT", (HERE / "echo.pl").read_text())
    alice.run("perl echo.pl &")
    stall = alice.visit(f"/sandbox/{code}/visit/9000/")
    assert "Echo" in stall.content()
    script = """() => new Promise(done => {
        const socket = new WebSocket(location.origin.replace('http', 'ws') + '/talk');
        socket.onopen = () => socket.send('poha');
        socket.onmessage = ({data}) => done(data);
        socket.onclose = () => done('closed');
    })"""
    assert stall.evaluate(script) == "echo poha"


def test_a_neighbour_does_not_come_in(come):
    alice, charlie = come(), come()
    alice.open_stall()
    until(strip(alice.page).is_visible, 40, "the link")
    link = strip(alice.page).get_by_role("link").get_attribute("href") or ""
    stall = alice.visit()
    assert charlie.ask(link) == 404
    neighbour = charlie.page.context.new_page()
    answer = neighbour.goto(stall.url)
    assert answer and answer.status == 403
    assert "JALEBI" not in neighbour.content()


@pytest.mark.parametrize("host", APART + SHARED)
def test_a_stalls_script_gets_nothing_and_does_nothing(come, host):
    alice = come(host)
    alice.open_stall((HERE / "stall.html").read_text())
    until(strip(alice.page).is_visible, 40, "the link")
    stall = alice.visit()
    assert "Fresh jalebi" in stall.content()
    assert (stall.evaluate("location.hostname") == host) == (host in SHARED)
    code = alice.ask("/sandbox/", "POST")["code"]

    before = alice.rows()
    assert attack(stall, alice, code) == {}
    with alice.page.context.expect_page():
        assert stall.evaluate("url => quietly(() => openWindow(url))", alice.url + LESSON) == ""
    assert alice.rows() == before
    assert alice.ask(f"/sandbox/{code}/file/?path=evil") == 404

    # Where the learner has no sandbox, an order would start one.
    alice.ask(f"/sandbox/{code}/stop/", "POST")
    until(lambda: alice.ask(f"/sandbox/{code}/")["state"] == "stopped", 30, "the sandbox to stop")
    before = alice.rows()
    assert attack(stall, alice, code) == {}
    assert alice.rows() == before
    assert alice.ask("/sandbox/", "POST")["code"] != code
    assert len(alice.rows()) == len(before) + 1


@pytest.mark.parametrize("host", APART + SHARED)
def test_a_stalls_script_makes_nobody_work_as_somebody_else(come, host):
    alice, charlie = come(host), come(host)
    alice.open_stall((HERE / "stall.html").read_text())
    until(strip(alice.page).is_visible, 40, "the link")
    stall = alice.visit()
    hers, his = (learner.ask("/sandbox/", "POST")["code"] for learner in (alice, charlie))
    jar = {cookie["name"]: cookie["value"] for cookie in charlie.page.context.cookies()}
    paths = ["/", "/sandbox/", "/courses/", LESSON]
    stall.evaluate("arguments => plant(...arguments)", ["sessionid", jar["sessionid"], host, paths])
    answer = alice.ask("/sandbox/", "POST")
    assert answer == 401 or answer["code"] == hers
    assert alice.ask(f"/sandbox/{his}/") in (401, 404)
    if host in APART:
        assert answer["code"] == hers
    else:
        alice.page.context.clear_cookies(name="sessionid")  # what is planted, the browser's user can pull out
