"""The life of a sandbox as its learner sees it: time that runs out, a queue, sleep, and work that comes back."""

import re
import sqlite3
import time
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from platform_under_test import LESSON, Learner, Platform, until

RECONCILE = 30  # seconds within which the platform does what is due


def turn(learner: Learner, **times: timedelta) -> None:
    """Set times of the learner's sandbox, to so long from now: time passes for this sandbox alone."""
    values = {name: (datetime.now(UTC) + ahead).strftime("%Y-%m-%d %H:%M:%S.%f") for name, ahead in times.items()}
    columns = ", ".join(f"{name} = ?" for name in values)
    with sqlite3.connect(learner.platform.folder / "sarafa.sqlite3", timeout=20) as database:
        database.execute(f"UPDATE sandbox_sandbox SET {columns} WHERE code = ?", [*values.values(), learner.code])


def shown_time(learner: Learner) -> str:
    return (learner.page.get_by_test_id("timer").inner_text() or "").replace("Time left:", "").strip()


def seconds_shown(learner: Learner) -> int:
    """Return the time left, as the page shows it: 1:23 h, or 9:59 min."""
    large, small, unit = re.fullmatch(r"(\d+):(\d\d) (h|min)", shown_time(learner)).groups()
    return (int(large) * 60 + int(small)) * (60 if unit == "h" else 1)


def warning(learner: Learner):
    return learner.page.locator("[data-warning]")


def status(learner: Learner):
    return learner.page.locator("[data-status]")


def serious(page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found if one["impact"] in ("serious", "critical")
    ]


@pytest.fixture
def alice(arrive):
    learner = arrive(bypass_csp=True)
    learner.start()
    return learner


# --- time ---


def test_the_timer_goes_by_the_servers_clock(arrive):
    alice = arrive()
    alice.page.clock.install(time=datetime(2031, 5, 5, tzinfo=UTC))
    alice.start()
    assert 118 * 60 <= seconds_shown(alice) <= 120 * 60
    turn(alice, expires_at=timedelta(minutes=5))
    until(lambda: 280 <= seconds_shown(alice) <= 300, 15, "the time that was left to it")


def test_the_end_is_announced_and_put_off(alice):
    assert warning(alice).is_hidden()
    turn(alice, expires_at=timedelta(minutes=9, seconds=50))
    until(warning(alice).is_visible, 15, "the notice")
    assert "ends in 10 minutes" in warning(alice).inner_text()
    assert "home folder are kept; images and containers are not" in warning(alice).inner_text()
    until(lambda: "10 minutes" in alice.page.locator("[data-announcer]").inner_text(), 5, "the notice to be spoken")
    assert serious(alice.page) == []

    warning(alice).get_by_role("button", name="Close").click()
    assert warning(alice).is_hidden()
    turn(alice, expires_at=timedelta(seconds=110))
    until(warning(alice).is_visible, 15, "the last call")
    assert "2 minutes" in alice.page.locator("[data-alarm]").inner_text()
    assert serious(alice.page) == []

    warning(alice).get_by_role("button", name="Extend").focus()
    alice.page.keyboard.press("Enter")
    until(warning(alice).is_hidden, 5, "the notice to go")
    assert seconds_shown(alice) > 110 * 60
    assert alice.page.locator("[data-timer] summary:focus").count() == 1


def test_who_has_had_the_longest_time_is_told_so(alice):
    turn(alice, expires_at=timedelta(minutes=8), started_at=timedelta(hours=-8, minutes=8))
    until(warning(alice).is_visible, 15, "the notice")
    assert "has had its longest time" in warning(alice).inner_text()
    assert alice.page.locator("[data-extend]:enabled:visible").count() == 0
    alice.page.locator("[data-timer] summary").press("Enter")
    assert alice.page.locator("[data-longest]").inner_text().startswith("This sandbox has had its longest time.")
    assert serious(alice.page) == []


def test_after_the_end_the_files_come_back(alice):
    alice.run("echo 2 kg of poha > order; mkdir -p deep/er; echo x > deep/er/file")
    turn(alice, expires_at=timedelta(seconds=1))
    until(lambda: "The time is over. Your files are kept." in status(alice).inner_text(), RECONCILE + 15, "the end")
    assert re.search(r"Your files, as last saved at \d", status(alice).inner_text())
    assert serious(alice.page) == []

    alice.page.keyboard.press("Tab")  # from the terminal, which is covered now
    assert alice.page.locator("button:focus").inner_text() == "Start again"
    alice.page.keyboard.press("Enter")
    until(lambda: alice.at_prompt() and "order" not in alice.screen(), 30, "a new sandbox")
    until(alice.page.get_by_text("Your files from last time are here.").is_visible, 5, "the word about the files")
    alice.page.keyboard.type("echo $((6 * 7)) typed at once\n")
    until(lambda: "42 typed at once" in alice.screen(), 10, "the keyboard to be back in the terminal")
    assert alice.run("cat order deep/er/file").split("\n")[:2] == ["2 kg of poha", "x"]
    alice.page.locator("[data-timer] summary").click()
    assert re.search(r"Files saved at \d", alice.page.locator("[data-timer]").inner_text())


def test_a_reset_can_take_the_files_along(alice):
    alice.run("echo mine > kept; docker pull -q warehouse:5000/sarafa/poha")
    old = alice.code
    alice.page.get_by_test_id("reset").press("Enter")
    dialog = alice.page.get_by_role("dialog")
    assert dialog.get_by_role("checkbox", name="Keep the files").is_checked()
    assert serious(alice.page) == []
    dialog.get_by_role("button", name="Reset").press("Enter")
    until(lambda: alice.code != old, 15, "another sandbox")
    until(lambda: alice.at_prompt() and "kept" not in alice.screen(), 30, "its prompt")
    assert alice.run("cat kept; docker images -q").strip() == "mine"


# --- sleep ---


def test_a_sandbox_that_sleeps_says_so_and_wakes_at_a_key(alice):
    alice.run("MARK=$$")
    sign = alice.page.get_by_text("Asleep: press any key")
    assert sign.is_hidden()
    time.sleep(21)  # a terminal notes its use every 20 seconds
    turn(alice, active_at=timedelta(hours=-1))
    until(sign.is_visible, RECONCILE + 15, "the sign")
    assert serious(alice.page) == []
    alice.type("[ $MARK = $$ ] && echo the same shell\n")
    until(lambda: "the same shell" in alice.screen().splitlines(), 10, "what was typed to be done")
    until(sign.is_hidden, 10, "the sign to go")


# --- a full house ---


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Platform:
    """A platform with room for one."""
    running = Platform(tmp_path_factory.mktemp("small"), SANDBOX_LIMIT="1", SANDBOX_POOL="0")
    try:
        running.start()
        yield running
    finally:
        running.stop()


def open_lesson(learner: Learner) -> None:
    learner.page.goto(learner.platform.url)
    learner.page.get_by_test_id("start-learning").first.click()
    learner.page.wait_for_url("**/courses/**")
    learner.page.goto(learner.platform.url + LESSON)


def place(learner: Learner, words: str) -> bool:
    return words in status(learner).inner_text()


def test_who_waits_sees_the_place_keeps_it_and_gets_in(browser, small):
    def newcomer() -> Learner:
        return Learner(browser.new_context(bypass_csp=True).new_page(), small)

    alice, bob, charlie = newcomer(), newcomer(), newcomer()
    alice.start()
    open_lesson(bob)
    until(lambda: place(bob, "You are number 1 of 1"), 10, "Bob's place")
    open_lesson(charlie)
    until(lambda: place(charlie, "You are number 2 of 2"), 10, "Charlie's place")
    bob.page.reload()
    until(lambda: place(bob, "You are number 1 of 2"), 10, "Bob's place after a reload")
    assert serious(bob.page) == []

    charlie.page.get_by_role("button", name="Leave the queue").press("Enter")
    until(lambda: place(charlie, "You have left the queue"), 5, "a word")
    until(lambda: place(bob, "You are number 1 of 1"), 15, "the queue to be shorter")

    alice.page.locator("[data-stop]").press("Enter")
    alice.page.get_by_role("dialog").get_by_role("button", name="Stop").press("Enter")
    until(lambda: "Your sandbox has stopped" in status(alice).inner_text(), 20, "the sandbox to stop")
    bob.wait_for_prompt(40)
    assert place(charlie, "You have left the queue")
    for learner in (alice, bob, charlie):
        learner.page.context.close()
