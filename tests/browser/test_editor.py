"""The editor beside the terminal: it saves as it goes, loses nothing, and overwrites nothing it has not asked about."""

import os
import re
import signal
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from platform_under_test import Learner, until
from playwright.sync_api import Locator, Page


@pytest.fixture
def alice(resident):
    resident.start_over(bypass_csp=True)
    return resident


def show_editor(page: Page) -> None:
    page.get_by_role("tab", name="Editor").click()


def files(page: Page) -> Locator:
    return page.get_by_role("navigation", name="Files in your home folder")


def text_of(page: Page) -> Locator:
    return page.get_by_test_id("editor").get_by_role("textbox")


def saving(page: Page) -> str:
    return page.get_by_test_id("saving").inner_text()


def is_saved(page: Page) -> bool:
    return saving(page) == "Saved"


def question(page: Page) -> Locator:
    return page.locator("[data-question]")


def open_file(page: Page, path: str) -> None:
    """Open a file of the home, folder by folder."""
    show_editor(page)
    *folders, name = path.split("/")
    for folder in folders:
        files(page).get_by_text(folder, exact=True).click()
    files(page).get_by_role("button", name=name, exact=True).click()
    page.get_by_test_id("editor").get_by_label(path).wait_for()


def make_file(page: Page, path: str) -> None:
    show_editor(page)
    page.get_by_role("button", name="New file").click()
    page.get_by_role("dialog").get_by_role("textbox").fill(path)
    page.get_by_role("dialog").get_by_role("button", name="Create").click()


def held(learner: Learner, path: str) -> str | None:
    """What a file of the sandbox holds, without a look at the page."""
    answer = learner.page.request.get(f"{learner.platform.url}/sandbox/{learner.code}/file/?path={path}")
    return str(answer.json()["text"]) if answer.ok else None


def change_underneath(learner: Learner, command: str, path: str, content: str | None) -> None:
    """Have the shell change the open file while the keyboard is in the editor."""
    learner.run(f"(sleep 3; {command}) &")
    text_of(learner.page).click()
    until(lambda: held(learner, path) == content, 15, f"the shell to {command}")


def type_at_end(page: Page, text: str) -> None:
    text_of(page).focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(text)


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found if one["impact"] in ("serious", "critical")
    ]


def test_a_dockerfile_is_written_and_built(alice):
    page, asked = alice.page, []
    page.on("request", lambda request: asked.append(request.url))
    assert not [url for url in asked if "editor" in url]
    show_editor(page)
    until(lambda: [url for url in asked if "/editor." in url], 10, "the editor's script")
    make_file(page, "~/dish/Dockerfile")
    text_of(page).wait_for()
    page.keyboard.type("FROM warehouse:5000/sarafa/poha\nRUN echo three plates > /dish.txt")
    until(lambda: is_saved(page), 10, "the file to be saved")
    assert serious(page) == []
    assert "naming to" in alice.run("docker build -t me/dish dish", 120)
    assert "three plates" in alice.run("docker run --rm me/dish cat /dish.txt")


def test_the_keyboard_gets_in_and_out(alice):
    page = alice.page
    make_file(page, "menu")
    text_of(page).wait_for()
    assert "Escape, then Tab" in (text_of(page).get_attribute("aria-description") or "")
    page.keyboard.type("dishes:\n")
    page.keyboard.press("Tab")
    page.keyboard.type("- poha")
    page.keyboard.press("Control+s")
    until(lambda: is_saved(page), 10, "the file to be saved")
    assert held(alice, "menu") == "dishes:\n  - poha"
    page.keyboard.press("Escape")
    time.sleep(2.5)  # there is no hurry
    page.keyboard.press("Tab")
    assert text_of(page).evaluate("element => !element.contains(document.activeElement)")
    assert held(alice, "menu") == "dishes:\n  - poha"


def test_a_change_in_the_terminal_shows_where_nothing_was_typed(alice):
    alice.run("echo one > note")
    open_file(alice.page, "note")
    alice.run("echo two >> note")
    text_of(alice.page).focus()
    until(lambda: "two" in text_of(alice.page).inner_text(), 10, "the change to be shown")
    assert question(alice.page).is_hidden()
    type_at_end(alice.page, "three")
    until(lambda: held(alice, "note") == "one\ntwo\nthree", 10, "it to be saved")


@pytest.mark.parametrize(("answer", "outcome"), [("Keep mine", "one\nmine"), ("Take theirs", "one\ntheirs\n")])
def test_who_typed_is_asked_about_a_change_underneath(alice, answer, outcome):
    page = alice.page
    alice.run("echo one > note")
    open_file(page, "note")
    change_underneath(alice, "echo theirs >> note", "note", "one\ntheirs\n")
    type_at_end(page, "mine")
    until(question(page).is_visible, 10, "the question")
    until(lambda: "changed by something else" in page.locator("[data-announcer]").inner_text(), 10, "it to be said")
    page.get_by_role("button", name="Show the difference").press("Enter")
    difference = page.get_by_role("region", name="Where the two differ").inner_text()
    assert re.search(r"theirs\s+theirs", difference)
    assert re.search(r"mine\s+mine", difference)
    assert serious(page) == []
    assert held(alice, "note") == "one\ntheirs\n"
    page.get_by_role("button", name=answer).press("Enter")
    until(question(page).is_hidden, 10, "the question to be gone")
    until(lambda: is_saved(page), 10, "the file to be saved")
    assert held(alice, "note") == outcome
    assert text_of(page).inner_text().split() == outcome.split()


def test_a_file_that_was_removed_is_put_back_if_one_says_so(alice):
    page = alice.page
    alice.run("echo one > note")
    open_file(page, "note")
    change_underneath(alice, "rm note", "note", None)
    type_at_end(page, "two")
    until(question(page).is_visible, 10, "the question")
    assert "not there any more" in question(page).inner_text()
    page.get_by_role("button", name="Put it back").click()
    until(lambda: held(alice, "note") == "one\ntwo", 10, "it to be back")


def test_a_reload_keeps_the_file_open(alice):
    page = alice.page
    alice.run("mkdir -p deep/er; echo one > deep/er/note")
    open_file(page, "deep/er/note")
    type_at_end(page, "two")
    page.reload()
    page.get_by_test_id("editor").get_by_label("deep/er/note").wait_for()
    until(lambda: "two" in text_of(page).inner_text(), 10, "the text")
    until(lambda: held(alice, "deep/er/note") == "one\ntwo", 10, "it to be saved")


def test_what_is_typed_while_the_server_is_stopped_is_saved_after(alice):
    page, platform = alice.page, alice.platform
    alice.run("echo one > note")
    open_file(page, "note")

    def is_kept_while_it_is_dead() -> bool:
        pid = platform.pid_of("config.asgi")
        if pid:
            os.kill(pid, signal.SIGKILL)
        return "kept in this page" in saving(page)

    is_kept_while_it_is_dead()
    type_at_end(page, "typed while nobody served")
    until(is_kept_while_it_is_dead, 20, "the page to say that it keeps the text")
    assert serious(page) == []
    until(lambda: is_saved(page), 60, "the file to be saved")
    assert held(alice, "note") == "one\ntyped while nobody served"


def test_what_a_page_without_network_keeps_is_saved_by_the_next(alice):
    page, context = alice.page, alice.page.context
    alice.run("echo one > note")
    open_file(page, "note")
    context.set_offline(True)
    type_at_end(page, "typed on the train")
    until(lambda: "kept in this page" in saving(page), 10, "the page to say that it keeps the text")
    page.get_by_role("tab", name="Daemon").click()
    url = page.url
    page.close()
    context.set_offline(False)
    alice.page = context.new_page()
    alice.page.goto(url)
    alice.wait_for_prompt()
    until(lambda: held(alice, "note") == "one\ntyped on the train", 20, "it to be saved")


def test_what_is_typed_while_the_sandbox_ends_is_saved_in_the_next(arrive):
    alice = arrive()
    alice.start()
    page = alice.page
    alice.run("echo one > note")
    open_file(page, "note")
    page.locator("[data-stop]").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    page.get_by_text("Your sandbox has stopped.").wait_for()
    type_at_end(page, "typed too late")
    until(lambda: "kept in this page" in saving(page), 10, "the page to say that it keeps the text")
    page.get_by_role("button", name="Start again").click()
    until(lambda: is_saved(page), 60, "the file to be saved")
    assert held(alice, "note") == "one\ntyped too late"


def test_what_cannot_be_edited_is_said(alice):
    page = alice.page
    alice.run("head -c 300000 /dev/zero | tr '\\0' a > big; printf '\\377' > noise; mkdir -m 555 locked")
    for name, sentence in [("big", "too large for the editor"), ("noise", "not a text file")]:
        show_editor(page)
        files(page).get_by_role("button", name=name).click()
        page.get_by_role("tabpanel", name="Editor").get_by_text(sentence).wait_for()
    for path, sentence in [("../x", "no name for a file"), ("locked/x", "could not be written")]:
        make_file(page, path)
        page.get_by_role("alert").filter(has_text=sentence).wait_for()
        page.get_by_role("button", name="Cancel").click()
    make_file(page, "small")
    text_of(page).wait_for()
    page.keyboard.insert_text("a" * 300_000)
    until(lambda: "up to 256 kB" in saving(page), 20, "the server's sentence")
    assert held(alice, "small") == ""


def test_two_tabs_overwrite_nothing_of_each_other(alice):
    page = alice.page
    alice.run("echo one > note")
    open_file(page, "note")
    other = page.context.new_page()
    other.goto(page.url)
    show_editor(other)
    files(other).get_by_role("button", name="note").click()
    text_of(other).wait_for()
    type_at_end(other, "other")
    until(lambda: held(alice, "note") == "one\nother", 10, "the other tab's to be saved")
    type_at_end(page, "mine")
    until(lambda: question(page).is_visible() or held(alice, "note") == "one\nothermine", 10, "one of the two")
    assert "other" in (held(alice, "note") or "")
    other.close()
