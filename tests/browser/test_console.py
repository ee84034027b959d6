"""The console and the wall with a hundred learners: drawn, smooth, fit for all to use, and true again after a fault."""

import urllib.request
from collections.abc import Iterator
from urllib.error import URLError

import pytest
from accessibility import violations
from platform_under_test import Platform, until
from playwright.sync_api import Browser, Page

LEARNERS = 100
MARKUP = "<b>Nisha</b>"
CLASS = f"""
from datetime import timedelta
from django.test import Client
from django.utils import timezone
from courses.models import Completion, Enrollment, User
from sandbox.models import Sandbox, Trouble
from workshops.models import Participant, Workshop
from workshops.plan import columns
now = timezone.now()
bob = User.objects.create_user("bob", password="teaches docker", name="Bob", is_staff=True)
workshop = Workshop.objects.create(
    title="An evening in Indore", course="sarafa-bazaar", days=["day-1", "day-2"], language="en", state="open",
    starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=2), capacity=1)
workshop.instructors.add(bob)
tasks = columns(workshop, "en")
for number in range({LEARNERS}):
    learner = User.objects.create_guest({MARKUP!r} if number == 1 else f"Learner {{number:03}}")
    participant = Participant.objects.create(workshop=workshop, learner=learner)
    enrollment = learner.enroll("sarafa-bazaar")
    Completion.objects.bulk_create(
        Completion(enrollment=enrollment, lesson=task.lesson, task=task.task) for task in tasks[: number % 20])
    stalls = [{{"name": f"stall-{{one}}", "image": "poha", "state": "running"}} for one in range(number % 9)]
    Sandbox.objects.create(learner=learner, state="stopped", active_at=now, containers=stalls)
    if number % 10 == 3:
        Trouble.objects.create(learner=learner, at=timezone.now(), command=f"docker run -p 80{{number}}:80 poha",
            error=f"Bind for 0.0.0.0:80{{number}} failed: port is already allocated")
client = Client()
client.force_login(bob)
print(workshop.code, client.cookies["sessionid"].value)
"""
RAISE = """
from django.utils import timezone
from workshops.models import Participant
one = Participant.objects.get(learner__name="Learner {:03}")
one.learner.enrollments.get().complete("day-1", "{}")
one.raise_hand(timezone.now())
"""
# Tell which rows are written to from now on.
OBSERVE = """() => {
    window.touched = new Set();
    const all = {subtree: true, childList: true, characterData: true, attributes: true};
    new MutationObserver((changes) => changes.forEach(({target, addedNodes}) => {
        for (const node of [target, ...addedNodes]) {
            const row = (node.nodeType === 1 ? node : node.parentElement)?.closest("tr[data-id]");
            if (row) window.touched.add(row.querySelector("[data-name]").textContent);
        }
    })).observe(document.querySelector("[data-rows]"), all);
}"""


class Desk:
    """Bob in front of his class."""

    def __init__(self, browser: Browser, platform: Platform, code: str, session: str) -> None:
        self.browser, self.platform, self.session = browser, platform, session
        self.room = f"{platform.url}/instructor/workshops/{code}/"

    def open(self, path: str = "", width: int = 1280, height: int = 900, **options: object) -> Page:
        context = self.browser.new_context(viewport={"width": width, "height": height}, bypass_csp=True, **options)
        context.add_cookies([{"name": "sessionid", "value": self.session, "url": self.platform.url}])
        page = context.new_page()
        page.goto(self.room + path)
        drawn = ".wall-stall" if path else "tr[data-id]"
        until(lambda: page.locator(drawn).count() == LEARNERS, 15, "the class")
        return page


@pytest.fixture(scope="module")
def desk(browser: Browser, platform: Platform) -> Iterator[Desk]:
    code, session = platform.shell(CLASS).split()[-2:]
    yield Desk(browser, platform, code, session)
    for context in list(browser.contexts):
        context.close()


def waving(page: Page) -> list[str]:
    return page.locator("tr[data-need=hand] [data-name]").all_inner_texts()


def test_of_a_hundred_learners_one_change_touches_their_row_alone(desk):
    page = desk.open()
    assert page.locator("[data-count=here]").inner_text() == f"{LEARNERS} of {LEARNERS}"
    assert page.locator(".console-task").count() == 31
    assert page.locator("[data-group-name]").all_inner_texts() == ["port is already allocated"]
    assert page.get_by_role("link", name=MARKUP).count() == 1
    page.evaluate(OBSERVE)
    desk.platform.shell(RAISE.format(99, "clear-away"))
    until(lambda: waving(page) == ["Learner 099"], 5, "the hand")
    first = page.locator("tr[data-id]").first
    assert first.locator("[data-name]").inner_text() == "Learner 099"
    assert first.locator("td[data-state=done]").count() >= 1
    assert page.locator("[data-hand-name]").all_inner_texts() == ["Learner 099"]
    until(lambda: "Learner 099 raised a hand." in page.locator("[data-announcer]").inner_text(), 3, "it being said")
    assert page.evaluate("() => [...window.touched]") == ["Learner 099"]


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("path", ["", "wall/"])
def test_nobody_is_shut_out(desk, theme, path):
    page = desk.open(path, color_scheme=theme)
    assert violations(page) == []
    if not path:
        page.locator("[data-more]").first.click()
        assert violations(page) == []
        page.keyboard.press("Escape")
        page.locator("[data-send-hint]").first.click()
        assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_a_hint_goes_to_a_group_by_the_keyboard_alone(desk):
    page = desk.open()
    page.locator("[data-send-hint]").first.focus()
    page.keyboard.press("Enter")
    assert "port" in page.locator("#note-text").input_value()
    page.keyboard.type(" You can do it.")
    page.keyboard.press("Control+Enter")
    page.get_by_text("Sent to 10 learners.").wait_for()
    assert page.evaluate("() => document.activeElement.matches('[data-send-hint]')")
    until(lambda: page.locator("[data-unread]:visible").count() == 10, 5, "the unread hints")


def test_who_is_selected_stays_so_and_keeps_the_keyboard_when_the_rows_move(desk):
    page = desk.open()
    check = page.get_by_role("checkbox", name="Select Learner 050")
    check.focus()
    page.keyboard.press("Space")
    assert page.locator("[data-chosen]").inner_text() == "1 selected"
    desk.platform.shell(RAISE.format(50, "clear-away"))
    until(lambda: "Learner 050" in waving(page), 5, "the hand")
    assert check.is_checked()
    assert check.evaluate("(one) => one === document.activeElement")


def test_what_a_learner_is_to_lose_is_asked_for(desk):
    page = desk.open()
    page.get_by_role("button", name="Learner 042: details and actions").click()
    page.get_by_role("button", name="Remove from the workshop").click()
    sure = page.locator("[data-sure-dialog]")
    assert "Learner 042" in sure.inner_text()
    sure.get_by_role("button", name="No, go back").click()
    page.locator("[data-rename-form] input").fill("Lata")
    page.get_by_role("button", name="Rename").click()
    until(lambda: page.get_by_role("link", name="Lata", exact=True).count(), 5, "the new name")
    assert page.locator("tr[data-id]").count() == LEARNERS


def test_the_wall_fits_a_hundred_stalls_on_a_big_screen(desk):
    page = desk.open("wall/", width=1920, height=1080)
    bottom, right = page.locator(".wall-stall").evaluate_all(
        "(all) => ['bottom', 'right'].map(side => Math.max(...all.map(one => one.getBoundingClientRect()[side])))"
    )
    assert (bottom <= 1080, right <= 1920) == (True, True)
    assert page.locator(".wall-stall").first.evaluate("(one) => one.clientHeight") > 80


def test_the_console_is_true_again_after_the_server_was_killed(desk):
    page = desk.open()
    desk.platform.kill("config.asgi:application")
    desk.platform.shell(RAISE.format(77, "clear-away"))
    until(lambda: answers(desk.platform), 30, "the server")
    until(lambda: "Learner 077" in waving(page), 5, "the room as it is")
    assert page.locator("[data-link-state]").inner_text() == "live"


def answers(platform: Platform) -> bool:
    try:
        with urllib.request.urlopen(f"{platform.url}/healthz", timeout=2) as answer:
            return answer.status == 200
    except (URLError, OSError):
        return False
