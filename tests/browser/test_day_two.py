"""A day as a newcomer does it: from the front page to the last task, with nothing but what the page says."""

import re
import time

from platform_under_test import until


def test_a_first_order_is_served_seen_and_ticked(arrive):
    alice = arrive()
    alice.start()
    assert not alice.is_done("first-order")

    printed = alice.run("docker run --rm warehouse:5000/sarafa/poha")
    served = time.monotonic()
    assert "Downloaded newer image" in printed
    assert "POHA" in printed

    until(lambda: alice.is_done("first-order"), 2.0 - (time.monotonic() - served), "the tick, within two seconds")
    daemon = alice.pane("daemon").text_content() or ""
    assert re.search(r"POST /containers/create.*POST /images/create.*POST /containers/create.*/start", daemon)
    warehouse = alice.pane("warehouse").text_content() or ""
    assert "GET /v2/sarafa/poha/manifests" in warehouse
    assert "GET /v2/sarafa/poha/blobs" in warehouse


def test_a_task_that_is_not_done_says_what_was_found_and_expected(arrive):
    alice = arrive()
    alice.start()
    alice.run("docker ps")
    task = alice.task("flavours-dont-mix")
    task.get_by_role("button", name="Check").click()
    until(lambda: "no container" in (task.inner_text() or ""), 4, "what was found")
    assert "two running containers" in task.inner_text()


def test_progress_survives_signing_out(arrive):
    alice = arrive()
    alice.start()
    alice.run("docker version")
    until(lambda: alice.is_done("both-halves"), 5, "the tick")
    alice.page.evaluate("() => document.querySelector('form[action*=\"sign-out\"]').requestSubmit()")
    alice.page.wait_for_url(lambda url: "day-2" not in url)
    alice.page.get_by_test_id("start-learning").first.click()
    alice.page.wait_for_url("**/courses/**")
    alice.page.goto(alice.platform.url + "/courses/sarafa-bazaar/day-2/")
    assert alice.is_done("both-halves")


def test_a_task_about_the_past_quotes_the_call_that_was_made_or_was_not(arrive):
    alice = arrive()
    alice.start()
    alice.run("docker run --rm warehouse:5000/sarafa/poha")
    again = alice.task("same-again")
    again.get_by_role("button", name="Check").click()
    until(lambda: "asks http://warehouse:5000 for warehouse:5000/sarafa/poha" in again.inner_text(), 5, "the call")
    assert "because of “docker run --rm warehouse:5000/sarafa/poha” the daemon" in again.inner_text()
    alice.run("docker run --rm warehouse:5000/sarafa/poha")
    until(lambda: alice.is_done("same-again"), 5, "the tick")

    charlie = arrive()
    charlie.start()
    charlie.run("docker pull -q warehouse:5000/sarafa/poha; docker run --rm warehouse:5000/sarafa/poha")
    first = charlie.task("first-order")
    first.get_by_role("button", name="Check").click()
    until(lambda: "made no call POST /images/create" in first.inner_text(), 5, "the call that was not made")
