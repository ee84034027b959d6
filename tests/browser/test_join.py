"""Bob makes a workshop; a learner comes in by its code, and back on another device."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from accessibility import violations
from platform_under_test import LESSON, Learner, Platform

SIZES = {"wide": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}


@dataclass
class Class:
    bob: Learner  # at the page of his workshop
    code: str

    @property
    def room(self) -> str:
        return f"{self.bob.platform.url}/instructor/workshops/{self.code}/"


@pytest.fixture(scope="module")
def room(platform: Platform, arrive_to_stay: Callable[..., Learner]) -> Class:
    """Bob signs in by his link, and makes a workshop with what the form offers. He is in Indore."""
    bob = arrive_to_stay(timezone_id="Asia/Kolkata", bypass_csp=True)
    bob.page.goto(platform.instructor_link())
    bob.page.get_by_role("button", name="Sign in as the instructor").click()
    bob.page.wait_for_url(lambda url: "/sign-in/" not in url)
    bob.page.goto(f"{platform.url}/instructor/")
    bob.page.get_by_role("link", name="New workshop").click()
    bob.page.get_by_label("Title").fill("An evening in Indore")
    assert bob.page.get_by_text(re.compile("Asia/(Kolkata|Calcutta)")).is_visible()
    assert bob.page.get_by_label("Begins").input_value().endswith(":00")  # a full hour there, none in UTC
    bob.page.get_by_label("Places").fill("3")
    bob.page.get_by_role("button", name="Make the workshop").click()
    code = bob.page.get_by_test_id("join-code").inner_text().replace("-", "")
    return Class(bob, code)


def test_what_was_made_is_there_at_the_hour_that_was_meant(room):
    [(starts_at,)] = room.bob.platform.rows("SELECT starts_at FROM workshops_workshop WHERE code = ?", room.code)
    assert starts_at[14:16] == "30"
    assert room.bob.page.get_by_label("Begins").input_value().endswith(":00")


def test_a_class_comes_in_by_code_and_name_and_back_by_a_personal_code(room, arrive):
    alice, elsewhere = arrive(), arrive(viewport=SIZES["phone"])
    room.bob.page.goto(f"{room.room}open/")
    room.bob.page.get_by_role("button", name="Open it").click()
    alice.page.goto(alice.platform.url)
    alice.page.get_by_role("link", name="Join a workshop").last.click()
    alice.page.get_by_label("The code of the workshop").fill(f" {room.code[:4].upper()}-{room.code[4:]} ")
    alice.page.get_by_role("button", name="Go on").click()
    alice.page.get_by_label("Your name").fill("Alice")
    alice.page.get_by_role("button", name="Join").click()
    personal_code = alice.page.get_by_test_id("personal-code").inner_text()
    alice.page.get_by_test_id("to-lesson").click()
    alice.page.wait_for_url(f"**{LESSON}")
    alice.wait_for_prompt()

    elsewhere.page.goto(f"{elsewhere.platform.url}/join/")
    elsewhere.page.get_by_label("Your personal code").fill(personal_code)
    elsewhere.page.get_by_role("button", name="Come back").click()
    assert "You are in, Alice." in elsewhere.page.locator("main").inner_text()
    elsewhere.page.goto(f"{elsewhere.platform.url}/join/{room.code}/")
    assert elsewhere.page.url.endswith(LESSON)
    taking_part = "SELECT count(*) FROM workshops_participant p JOIN workshops_workshop w ON p.workshop_id = w.id"
    assert room.bob.platform.rows(f"{taking_part} WHERE w.code = ?", room.code) == [(1,)]


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_no_page_of_it_shuts_anybody_out(room, arrive, size, theme):
    visitor, bob = arrive(viewport=SIZES[size], color_scheme=theme, bypass_csp=True), room.bob
    bob.page.set_viewport_size(SIZES[size])
    bob.page.emulate_media(color_scheme=theme)
    base, desk = bob.platform.url, f"{bob.platform.url}/instructor/"
    ours = [desk, f"{desk}workshops/new/", *(f"{room.room}{page}/" for page in ("edit", "join", "close", "delete"))]
    for page, paths in ((visitor.page, [f"{base}/join/", f"{base}/join/{room.code}/"]), (bob.page, ours)):
        for path in paths:
            page.goto(path)
            assert violations(page) == [], path
            assert page.evaluate("() => document.documentElement.scrollWidth") <= SIZES[size]["width"], path
