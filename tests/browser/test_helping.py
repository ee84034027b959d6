"""An instructor helps a learner, and shows the class something: both sides of the same terminals."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from accessibility import violations
from platform_under_test import LESSON, Learner, Platform, until
from playwright.sync_api import Page, expect

MAKE = """
from datetime import timedelta
from django.test import Client
from django.utils import timezone
from courses.models import User
from workshops.models import Participant, Workshop
alice = User.objects.order_by("-pk").filter(is_guest=True).first()
alice.rename("Alice <b>A.</b>")
bob = User.objects.create_user("bob-helps", password="teaches docker", name="Bob", is_staff=True)
bob.enroll("sarafa-bazaar")
now = timezone.now()
workshop = Workshop.objects.create(title="An evening in Indore", course="sarafa-bazaar", days=["day-2"], language="en",
    starts_at=now, ends_at=now + timedelta(hours=3), capacity=8, state="open", opened_at=now)
workshop.instructors.set([bob])
participant = Participant.objects.create(workshop=workshop, learner=alice)
client = Client()
client.force_login(bob)
print(workshop.code, participant.pk, client.cookies["sessionid"].value)
"""


@dataclass
class Class:
    alice: Learner
    bob: Learner  # at the page that watches Alice
    desk: Learner  # Bob, too, at his own lesson
    screen: Learner  # and at the projector
    code: str
    participant: str

    @property
    def room(self) -> str:
        return f"{self.alice.platform.url}/instructor/workshops/{self.code}/"

    @property
    def watched(self) -> str:
        return f"{self.room}participants/{self.participant}/"

    def in_database(self, expression: str) -> str:
        lines = self.alice.platform.shell(f"from workshops.models import *\nprint({expression})").splitlines()
        return lines[-1]


@pytest.fixture(scope="module")
def room(platform: Platform, arrive_to_stay: Callable[..., Learner]) -> Class:
    alice = arrive_to_stay(bypass_csp=True)
    alice.start()
    code, participant, cookie = platform.shell(MAKE).split()[-3:]
    bob = arrive_to_stay(bypass_csp=True)
    bob.page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": platform.url}])
    desk, screen = (Learner(bob.page.context.new_page(), platform) for _ in range(2))
    alice.page.reload()
    alice.wait_for_prompt()
    return Class(alice, bob, desk, screen, code, participant)


def seen(page: Page) -> str:
    """All that a watched terminal shows."""
    script = """() => {
        const terminal = document.querySelector('[data-testid=terminal-watched]')?.terminal;
        if (!terminal) return '';
        const buffer = terminal.buffer.active;
        const lines = Array.from({length: buffer.length}, (_, at) => buffer.getLine(at).translateToString(true));
        return lines.join('\\n').trimEnd();
    }"""
    return str(page.evaluate(script))


def in_both_themes(page: Page) -> list[str]:
    found = []
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_timeout(300)  # colours of buttons turn slowly
        found += [f"{theme}: {one}" for one in violations(page)]
    return found


def test_a_raised_hand_and_whoever_watches_are_seen_by_the_other(room):
    alice, bob = room.alice.page, room.bob.page
    expect(alice.get_by_test_id("watched")).not_to_have_class("classroom-watched is-on")
    alice.get_by_role("button", name="Raise your hand").click()
    expect(alice.get_by_text("You are next.")).to_be_visible()
    bob.goto(room.watched)
    expect(bob.get_by_text("Hand raised")).to_be_visible()
    expect(bob.get_by_role("heading", level=1)).to_have_text("Alice <b>A.</b>")
    expect(alice.get_by_test_id("watched")).to_have_text("Bob watches your terminal.")
    expect(alice.get_by_test_id("watched")).to_be_in_viewport()
    bob.get_by_role("button", name="Lower the hand").click()
    expect(alice.get_by_role("button", name="Raise your hand")).to_be_visible()


def test_what_the_learner_does_is_seen_as_they_see_it(room):
    room.alice.run("docker run --rm warehouse:5000/sarafa/poha")
    until(lambda: "POHA" in seen(room.bob.page), 5, "what was printed")
    expect(room.bob.page.locator("[data-kind=image]").first).to_be_visible()
    expect(room.bob.page.locator(".flow-command").first).to_contain_text("docker run")
    size = "() => { const {cols, rows} = document.querySelector('.terminal-screen').terminal; return [cols, rows]; }"
    assert room.alice.page.evaluate(size) == room.bob.page.evaluate(size)


def test_the_keyboard_is_lent_and_taken_back(room):
    alice, bob = room.alice.page, room.bob.page
    terminal = bob.get_by_test_id("terminal-watched").locator("textarea")
    terminal.focus()
    bob.keyboard.type("echo un''asked\n")
    bob.get_by_role("button", name="Ask for the keyboard").click()
    alice.get_by_role("button", name="No").click()
    expect(bob.get_by_test_id("said")).to_contain_text("said no")
    bob.get_by_role("button", name="Ask for the keyboard").click()
    alice.get_by_role("button", name="Let them").click()
    expect(bob.get_by_text("You have the keyboard.", exact=True)).to_be_visible()
    expect(alice.get_by_test_id("watched")).to_have_text("Bob can type in your terminal.")
    bob.keyboard.type("echo hel''lo\n")
    until(lambda: "\nhello" in room.alice.screen(), 5, "what the instructor typed")
    until(lambda: "\nhello" in seen(bob), 5, "its echo")
    alice.get_by_role("button", name="Take it back").click()
    expect(bob.get_by_text("You have the keyboard.", exact=True)).to_be_hidden()
    terminal.focus()
    bob.keyboard.type("echo too la''te\n")
    room.alice.run("echo mi''ne")
    assert "too late" not in room.alice.screen()
    assert "unasked" not in room.alice.screen()


def test_a_note_waits_until_it_was_read(room):
    alice, bob = room.alice.page, room.bob.page
    bob.get_by_label("Note to this learner").fill("Look at <b>docker ps</b>")
    bob.get_by_label("as a hint").check()
    bob.get_by_role("button", name="Send").click()
    notes = alice.get_by_test_id("notes")
    expect(notes).to_contain_text("Look at <b>docker ps</b>")
    alice.reload()
    expect(notes).to_contain_text("Hint from Bob")
    notes.get_by_role("button", name="Got it").click()
    expect(notes.get_by_role("article")).to_have_count(0)
    assert room.in_database(f"Note.objects.unread().filter(participant={room.participant}).count()") == "0"
    room.alice.wait_for_prompt()


def test_what_an_instructor_shows_is_on_every_page(room):
    alice, desk, screen = room.alice.page, room.desk, room.screen.page
    screen.set_viewport_size({"width": 1920, "height": 1080})
    screen.goto(f"{room.room}projector/")
    expect(screen.get_by_test_id("join-code")).to_be_visible()
    desk.page.goto(room.alice.platform.url + LESSON)
    desk.wait_for_prompt()
    desk.page.get_by_role("button", name="Show my terminal to the class").click()
    expect(desk.page.get_by_text("The class sees your terminal.")).to_be_visible()
    expect(alice.locator("[data-showing-text]")).to_have_text("Bob shows their terminal.")
    alice.get_by_role("button", name="Look").click()
    desk.run("echo for every''body")
    for page in (alice, screen):
        until(lambda page=page: "for everybody" in seen(page), 15, "what is shown")
    expect(screen.get_by_test_id("join-code")).to_be_hidden()
    # Each terminal has its own letters: xterm.js ties their size to a number.
    numbers = "all => all.map(one => one.className.match(/owner-\\d+/)[0])"
    owners = alice.locator("[class*='xterm-dom-renderer-owner-']").evaluate_all(numbers)
    assert len(set(owners)) == len(owners) == 2
    expect(alice.get_by_test_id("watched")).to_be_in_viewport()  # whatever is opened over the lesson
    assert violations(alice) == []
    assert in_both_themes(screen) == []
    desk.page.get_by_role("button", name="Show my terminal to the class").click()
    expect(alice.locator("[data-stage-dialog]")).to_be_hidden()
    expect(screen.get_by_test_id("join-code")).to_be_visible()


def test_nobody_is_shut_out(room):
    assert in_both_themes(room.bob.page) == []
    for width in (1280, 390):
        room.alice.page.set_viewport_size({"width": width, "height": 844})
        assert in_both_themes(room.alice.page) == []
        widest = room.alice.page.evaluate("() => document.querySelector('.classroom').scrollWidth")
        assert widest <= width


def test_a_watcher_who_goes_is_not_named_any_more(room):
    room.bob.page.goto("about:blank")
    expect(room.alice.page.get_by_test_id("watched")).not_to_contain_text("Bob")


def test_a_workshop_that_is_over_says_so(room):
    room.in_database(f"Workshop.objects.get(code='{room.code}').close(Note.objects.last().sent_at)")
    expect(room.alice.page.get_by_text("is over. Your work is saved.")).to_be_visible()
