"""Chromium in front of the real platform. Playwright's fixtures are sync: these tests run in a process of their own."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import Error as PlaywrightError

sys.path.insert(0, str(Path(__file__).parent))
from platform_under_test import PATIENCE, WINDOW, Learner, Platform

QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    # A name and an address by which other machines would know this one.
    "--host-resolver-rules=MAP bazaar.test 127.0.0.1, MAP 192.0.2.7 127.0.0.1",
]  # fmt: skip

expect.set_options(timeout=5_000 * PATIENCE)

TOLD = 3_000  # characters of each page and log, when a test fails
# These begin first, so that of two processes neither is left with a long file when the other has done.
LONGEST = ["test_box", "test_visit", "test_offline", "test_life", "test_hostile_output", "test_flow", "test_map"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Tell with each failure what the pages said then, and what the platform has logged last."""
    report = yield
    if report.failed and item.path.is_relative_to(Path(__file__).parent):
        told = getattr(item, "funcargs", {})
        if "browser" in told:
            report.sections += [(f"page {page.url}", said(page)) for page in pages_of(told["browser"])]
        if "platform" in told:
            report.sections += [(f"end of {log.name}", end_of(log)) for log in told["platform"].logs()]
    return report


def pages_of(browser: Browser) -> list[Page]:
    return [page for context in browser.contexts for page in context.pages]


def said(page: Page) -> str:
    try:
        return page.inner_text("body", timeout=2_000)[-TOLD:]
    except PlaywrightError as exc:
        return str(exc)


def end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-TOLD:]


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")
    return {"executable_path": path, "args": QUIET}


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    running = Platform(tmp_path_factory.mktemp("platform"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


def arrivals(browser: Browser, platform: Platform) -> Iterator[Callable[..., Learner]]:
    arrived: list[Learner] = []

    def another(**options: object) -> Learner:
        context = browser.new_context(**{"viewport": WINDOW, **options})
        arrived.append(Learner(context.new_page(), platform))
        return arrived[-1]

    yield another
    for learner in arrived:
        context = learner.page.context
        for page in context.pages:
            give_back(page, platform)
        context.close()


@pytest.fixture
def arrive(browser: Browser, platform: Platform) -> Iterator[Callable[..., Learner]]:
    """Return a function that brings another learner, in a browser of his own."""
    yield from arrivals(browser, platform)


@pytest.fixture(scope="module")
def arrive_to_stay(browser: Browser, platform: Platform) -> Iterator[Callable[..., Learner]]:
    """The same, for learners whom the tests of a module share."""
    yield from arrivals(browser, platform)


@pytest.fixture(scope="module")
def resident(arrive_to_stay: Callable[..., Learner]) -> Learner:
    """Somebody whose sandbox the tests of a module share. Each begins with `resident.start_over()`."""
    learner = arrive_to_stay()
    learner.start()
    return learner


def give_back(page: Page, platform: Platform) -> None:
    """Stop the page's sandbox, if it has one: the next test wants the room."""
    if page.url.startswith(platform.url) and page.locator("#workspace").count():
        token = page.locator("#workspace").get_attribute("data-csrf") or ""
        headers = {"X-CSRFToken": token, "Referer": page.url}
        answer = page.request.post(f"{platform.url}/sandbox/", headers=headers)
        if answer.ok:
            page.request.post(f"{platform.url}/sandbox/{answer.json()['code']}/stop/", headers=headers)


@pytest.fixture(autouse=True)
def no_errors_in_log(platform: Platform) -> Iterator[None]:
    """A page must never make the server print a stack trace."""
    log = platform.folder / "log" / "web.log"
    before = log.stat().st_size if log.exists() else 0
    yield
    with log.open("rb") as stream:
        stream.seek(before)
        assert b"Traceback" not in stream.read()


@pytest.fixture
def two(arrive: Callable[..., Learner]) -> tuple[Learner, Learner]:
    """Alice and Charlie, each at a prompt."""
    alice, charlie = arrive(), arrive()
    alice.start()
    charlie.start()
    return alice, charlie
