"""The deployment that these tests share, and learners in front of it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as PlaywrightError

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))
from platform_under_test import WINDOW, Learner

from tests.browser.conftest import browser_type_launch_args, give_back
from tests.deploy.deployment import Deployment

__all__ = ["browser_type_launch_args"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.docker)
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.deployment)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """Tell with each failure what the services have logged last."""
    report = yield
    found = getattr(item, "funcargs", {}).get("deployment")
    if report.failed and found:
        report.sections.append(("logs of the services", found.compose("logs", "--tail", "25", "--no-color")))
    return report


@pytest.fixture(scope="session")
def deployment() -> Iterator[Deployment]:
    made = Deployment()
    try:
        made.start()
        yield made
    finally:
        if made.containers():
            made.remove()
        made.forget()


def patient(page: Page) -> Page:
    """Let a page be asked for again if Chromium drops it because a container has got, or lost, its network."""
    once = page.goto

    def go_to(url: str, **options: object) -> object:
        for _try in range(20):
            try:
                return once(url, **options)
            except PlaywrightError as exc:
                if "ERR_NETWORK_CHANGED" not in str(exc):
                    raise
        raise AssertionError("the network changes all the time")

    page.goto = go_to
    return page


@pytest.fixture
def arrive(browser: Browser, deployment: Deployment) -> Iterator[Callable[[], Learner]]:
    """Bring a learner, in a browser of their own that takes the certificate as it is."""
    arrived: list[Learner] = []

    def another() -> Learner:
        context = browser.new_context(viewport=WINDOW, ignore_https_errors=True)
        arrived.append(Learner(patient(context.new_page()), deployment))
        return arrived[-1]

    yield another
    for learner in arrived:
        give_back(learner.page, deployment)
        learner.page.context.close()
