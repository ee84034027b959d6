"""A day as a newcomer does it: from the front page to the last task, with nothing but what the page says."""

import re
import time

import pytest
from platform_under_test import until

AT_PROMPT = re.compile(r"learner@sarafa:\S+\$$")


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


@pytest.mark.parametrize("day", ["day-1", "day-2", "day-3"])
def test_every_task_is_done_by_following_the_page(arrive, day):
    """Press Run on every block in the page's order; where a task is still open then, on its solution."""
    alice = arrive()
    alice.start()
    alice.page.goto(f"{alice.platform.url}/courses/sarafa-bazaar/{day}/")
    until(lambda: AT_PROMPT.search(alice.screen()), 30, "the prompt")
    steps = alice.page.locator(
        "article.lesson .code-run:not(.task-solution .code-run), article.lesson section[data-task]"
    )
    tasks = [name for step in steps.all() if (name := step.get_attribute("data-task"))]
    for step in steps.all():
        name = step.get_attribute("data-task")
        if name and not happens(lambda name=name: alice.is_done(name), 2):
            step.locator(".task-solution-button").click()
            step.locator(".task-solution .code-run").first.wait_for()
            press_all(alice, step.locator(".task-solution .code-run"))
            until(lambda name=name: alice.is_done(name), 60, f"task {name}")  # a build may take that long
        elif not name:
            press(alice, step)

    assert len(tasks) >= 7
    assert all(alice.is_done(task) for task in tasks)
    alice.page.reload()
    assert all(alice.is_done(task) for task in tasks)


def happens(true, seconds: float) -> bool:
    try:
        return bool(until(true, seconds, "it"))
    except AssertionError:
        return False


def press(learner, button) -> None:
    """Press a Run button, and wait until the shell asks for the next command."""
    before = learner.screen()
    button.click()
    until(lambda: len(learner.screen()) > len(before) + 5 and AT_PROMPT.search(learner.screen()), 60, "the prompt")


def press_all(learner, buttons) -> None:
    for button in buttons.all():
        press(learner, button)


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
