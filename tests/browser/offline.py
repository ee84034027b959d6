"""What tests without the internet share: a browser in another network, and a day done as the page says."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from platform_under_test import Learner, until
from playwright.sync_api import Browser, BrowserType, Locator

AT_PROMPT = re.compile(r"learner@sarafa:\S+\$$")


def browser_within(
    inside: Callable[..., list[str]], browser_type: BrowserType, arguments: dict[str, object], folder: Path
) -> Iterator[Browser]:
    """Yield a browser that is run by what `inside` makes of its command."""
    program = folder / "chromium"
    chromium = inside(arguments["executable_path"])
    program.write_text(f'#!/bin/sh\nexec {" ".join(chromium)} "$@"\n')
    program.chmod(0o755)
    browser = browser_type.launch(**arguments | {"executable_path": str(program)})
    yield browser
    browser.close()


def follow(alice: Learner, day: str) -> list[str]:
    """Press Run on every block in the page's order, and on solutions of tasks still open then. Return the tasks."""
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
            for button in step.locator(".task-solution .code-run").all():
                press(alice, button)
            until(lambda name=name: alice.is_done(name), 60, f"task {name}")  # a build may take that long
        elif not name:
            press(alice, step)
    return tasks


def happens(true: Callable[[], object], seconds: float) -> bool:
    try:
        return bool(until(true, seconds, "it"))
    except AssertionError:
        return False


def press(learner: Learner, button: Locator) -> None:
    """Press a Run button, and wait until the shell asks for the next command."""
    before = learner.screen()
    button.click()
    until(lambda: len(learner.screen()) > len(before) + 5 and AT_PROMPT.search(learner.screen()), 60, "the prompt")
