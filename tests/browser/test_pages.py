"""Every page: fit for all to use, wide and narrow, dark and light; and readable when nothing else works."""

import pytest
from accessibility import violations
from platform_under_test import LESSON, until

COURSE = "/courses/sarafa-bazaar/"
PAGES = ["/", COURSE, f"{COURSE}day-1/", LESSON, f"{COURSE}day-3/", "/sign-in/", "/no-such-page/"]
SIZES = {"wide": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_no_page_shuts_anybody_out(arrive, size, theme):
    visitor = arrive(viewport=SIZES[size], color_scheme=theme, bypass_csp=True)
    for path in PAGES:
        visitor.page.goto(visitor.platform.url + path)
        assert violations(visitor.page) == [], path
        widest = visitor.page.evaluate("() => document.documentElement.scrollWidth")
        assert widest <= SIZES[size]["width"], f"{path} scrolls sideways"


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_workspace_shuts_nobody_out(arrive, theme):
    alice = arrive(color_scheme=theme, bypass_csp=True)
    alice.start()
    alice.run("docker run --rm warehouse:5000/sarafa/poha")
    for tab in ("Daemon", "Warehouse", "Flow"):
        alice.page.get_by_role("tab", name=tab).click()
        assert violations(alice.page) == [], tab


def test_the_policy_of_the_page_is_kept(arrive):
    """Nothing on the way to a prompt is refused by the content security policy, or fails."""
    alice = arrive()
    said: list[str] = []
    alice.page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    alice.page.on("pageerror", lambda error: said.append(str(error)))
    alice.start()
    alice.run("docker version")
    assert said == []


def test_a_phone_reads_the_lesson_first(arrive):
    alice = arrive(viewport=SIZES["phone"], has_touch=True, is_mobile=True)
    alice.page.goto(alice.platform.url + LESSON)
    heading = alice.page.get_by_role("heading", level=1).bounding_box()
    assert heading
    assert heading["y"] < SIZES["phone"]["height"]


def test_the_keyboard_gets_into_the_terminal_and_out_again(arrive):
    alice = arrive()
    alice.start()
    alice.page.get_by_test_id("terminal-client").locator("textarea").focus()
    alice.page.keyboard.press("F6")
    inside = "() => document.querySelector('[data-testid=terminal-client]').contains(document.activeElement)"
    assert alice.page.evaluate(inside) is False


def test_the_story_can_be_switched_off(arrive):
    visitor = arrive()
    visitor.page.goto(visitor.platform.url + LESSON)
    story = visitor.page.locator("article.lesson .story").first
    plain = visitor.page.locator("article.lesson .plain").first
    assert story.is_visible()
    visitor.page.locator("button[data-choice=story]").click()
    until(lambda: plain.is_visible() and not story.is_visible(), 3, "the plain terms")
    visitor.page.reload()
    assert plain.is_visible()


def test_the_lesson_reads_without_scripts(arrive):
    visitor = arrive(java_script_enabled=False)
    visitor.page.goto(visitor.platform.url + LESSON)
    assert visitor.page.get_by_role("heading", level=1).is_visible()
    assert visitor.page.get_by_test_id("task-first-order").is_visible()


def test_the_instructors_link_works_once(arrive, platform):
    bob, charlie = arrive(), arrive()
    until(lambda: "/sign-in/once/" in platform.output.read_text(), 20, "the link that is printed at the start")
    link = platform.instructor_link()
    bob.page.goto(link)
    bob.page.get_by_role("button", name="Sign in as the instructor").click()
    bob.page.wait_for_url(lambda url: "/sign-in/" not in url)
    bob.page.goto(f"{platform.url}/admin/")
    assert bob.page.get_by_role("link", name="Sandboxes").first.is_visible()
    assert charlie.page.goto(link).status == 410
    charlie.page.goto(platform.url + "/admin/")
    assert "/sign-in/" in charlie.page.url
