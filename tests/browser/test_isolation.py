"""Two learners at once: each has a daemon, containers and progress of their own."""

from platform_under_test import until
from playwright.sync_api import Page


def close_code(page: Page, path: str) -> int:
    """Open a websocket from the page, as its scripts would, and return the code it was closed with."""
    script = """path => new Promise(done => {
        const socket = new WebSocket(location.origin.replace('http', 'ws') + path);
        socket.onclose = event => done(event.code);
        setTimeout(() => done(0), 5000);
    })"""
    return int(page.evaluate(script, path))


def test_daemons_containers_and_progress_are_apart(two):
    alice, charlie = two
    alice.run("docker run -d --name hers warehouse:5000/sarafa/poha open")
    assert "hers" in alice.run("docker ps --format '{{.Names}}'")
    assert "hers" not in charlie.run("docker ps -a --format '{{.Names}}'")
    ids = [learner.run("docker info -f 'ID {{.ID}}'").split("ID ")[-1].split()[0] for learner in two]
    assert ids[0] != ids[1]
    until(lambda: alice.is_done("first-order"), 5, "Alice's tick")
    assert not charlie.is_done("first-order")
    assert "poha" not in (charlie.pane("warehouse").text_content() or "")


def test_neither_opens_the_others_sockets_or_pages(two):
    alice, charlie = two
    code = alice.code
    assert close_code(charlie.page, f"/ws/sandbox/{code}/terminal/client/") == 4404
    assert close_code(charlie.page, f"/ws/sandbox/{code}/events/") == 4404
    token = {"X-CSRFToken": charlie.page.locator("#workspace").get_attribute("data-csrf")}
    url = f"{charlie.platform.url}/sandbox/{code}/"
    assert charlie.page.request.get(url).status == 404
    for action in ("stop", "reset", "extend"):
        assert charlie.page.request.post(f"{url}{action}/", headers=token).status == 404
    assert "here" in alice.run("echo still here")


def test_a_visitor_opens_nothing(two, arrive):
    visitor = arrive()
    visitor.page.goto(visitor.platform.url)
    assert close_code(visitor.page, f"/ws/sandbox/{two[0].code}/terminal/client/") == 4401
    assert visitor.page.request.get(f"{visitor.platform.url}/sandbox/{two[0].code}/").status == 401
