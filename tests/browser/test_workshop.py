"""An evening, from the workshop's making to its gradebook: an instructor, and three learners who make one mistake."""

import csv
import io
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from platform_under_test import LESSON, Learner, Platform, until
from playwright.sync_api import Locator, Page, expect

BOB = """
from django.test import Client
from courses.models import User
bob = User.objects.create_user("bob-teaches", password="teaches docker", name="Bob", is_staff=True)
client = Client()
client.force_login(bob)
print(client.cookies["sessionid"].value)
"""
MISTAKE = "docker run -d --name {0}-1 -p 8080:80 nginx; docker run -d --name {0}-2 -p 8080:80 nginx"
NAMES = ["Asha", "Ravi", "=Meena()"]


@dataclass
class Evening:
    console: Page
    code: str
    learners: list[Learner]

    @property
    def room(self) -> str:
        return f"{self.learners[0].platform.url}/instructor/workshops/{self.code}/"

    def row(self, name: str) -> Locator:
        return self.console.locator("tr[data-id]", has=self.console.get_by_role("link", name=name, exact=True))

    def done(self, name: str) -> int:
        return self.row(name).locator("td[data-state=done]").count()

    def seconds_behind(self, learner: Learner, name: str, command: str) -> float:
        """Have a learner do a task, and return how much later than on their own page it is on the console."""
        ticks = learner.page.locator("[data-task][data-state=done]")
        mine, here = ticks.count(), self.done(name)
        learner.run(command)
        until(lambda: ticks.count() > mine, 5, "the task's tick")
        ticked = time.monotonic()
        until(lambda: self.done(name) > here, 2, "the task on the console")
        return time.monotonic() - ticked


@pytest.fixture(scope="module")
def evening(platform: Platform, arrive_to_stay: Callable[..., Learner]) -> Evening:
    """Bob makes and opens a workshop; three join by its code and a name, and are at the lesson's prompt."""
    bob = arrive_to_stay()
    session = platform.shell(BOB).split()[-1]
    bob.page.context.add_cookies([{"name": "sessionid", "value": session, "url": platform.url}])
    bob.page.goto(f"{platform.url}/instructor/workshops/new/")
    bob.page.get_by_label("Title").fill("An evening in Indore")
    bob.page.get_by_label("Places").fill("5")
    bob.page.get_by_role("button", name="Make the workshop").click()
    code = bob.page.get_by_test_id("join-code").inner_text().replace("-", "")
    bob.page.goto(f"{platform.url}/instructor/workshops/{code}/open/")
    bob.page.get_by_role("button", name="Open it").click()
    bob.page.wait_for_url(f"**/instructor/workshops/{code}/")
    learners = [come_in(arrive_to_stay(), code, name) for name in NAMES]
    return Evening(bob.page, code, learners)


def come_in(learner: Learner, code: str, name: str) -> Learner:
    learner.page.goto(f"{learner.platform.url}/join/{code}/")
    learner.page.get_by_label("Your name").fill(name)
    learner.page.get_by_role("button", name="Join").click()
    learner.page.get_by_test_id("to-lesson").click()
    learner.page.wait_for_url(f"**{LESSON}")
    learner.wait_for_prompt()
    return learner


def test_who_joins_is_on_the_console_with_what_they_do_within_a_second(evening):
    until(lambda: evening.console.locator("tr[data-id]").count() == 3, 5, "the three")
    commands = ("docker version", "docker run --rm warehouse:5000/sarafa/poha")
    # The sooner of two: for a moment the machine may have other things to do.
    assert min(evening.seconds_behind(evening.learners[0], "Asha", command) for command in commands) < 1


def test_a_raised_hand_comes_first(evening):
    evening.learners[1].page.get_by_role("button", name="Raise your hand").click()
    until(lambda: "Ravi" in evening.console.locator("tr[data-id]").first.inner_text(), 3, "the hand")
    evening.console.locator("[data-hand-lower]").click()
    expect(evening.learners[1].page.get_by_role("button", name="Raise your hand")).to_be_visible()


def test_the_same_mistake_is_one_group_by_its_real_error_and_gets_one_hint(evening):
    for learner, name in zip(evening.learners, ("asha", "ravi", "meena"), strict=True):
        learner.run(MISTAKE.format(name), 60)
    group = evening.console.locator(".radar-groups > *")
    until(lambda: "3 of 3" in group.all_inner_texts()[0] if group.count() else False, 10, "the group")
    assert evening.console.locator("[data-group-name]").all_inner_texts() == ["port is already allocated"]
    group.locator("summary").click()
    assert "failed: port is already allocated" in group.locator("[data-example]").inner_text()
    group.get_by_role("button", name="Send them a hint").click()
    evening.console.locator("#note-text").fill("Look at docker ps: who has port 8080?")
    evening.console.locator("[data-note-send]").click()
    for learner in evening.learners:
        note = learner.page.get_by_test_id("notes")
        expect(note).to_contain_text("who has port 8080?")
        note.get_by_role("button", name="Got it").click()


def test_whoever_gets_over_it_is_off_the_radar(evening):
    asha = evening.learners[0]
    asha.run("docker rm -f asha-2 && docker run -d --name asha-2 -p 8081:80 nginx")
    until(lambda: "Asha" not in evening.console.locator("[data-radar]").inner_text(), 10, "the radar without her")


def test_a_server_that_is_killed_brings_everybody_back(evening):
    asha, before = evening.learners[0], evening.done("Asha")
    asha.run("echo be''fore")
    evening.learners[2].page.get_by_role("button", name="Raise your hand").click()
    until(lambda: evening.console.locator("[data-hand-name]").count() == 1, 5, "the hand")
    asha.platform.kill("config.asgi")
    asha.platform.kill("celery")
    until(lambda: "live" in evening.console.locator("[data-link-state]").inner_text().lower(), 15, "the console")
    assert evening.done("Asha") >= before
    assert evening.console.locator("[data-hand-name]").all_inner_texts() == [NAMES[2]]
    until(lambda: asha.page.locator("#panel-terminal [data-connection=on]").count(), 15, "the shell")
    assert "before" in asha.screen()
    asha.run("echo af''ter")
    evening.learners[2].page.get_by_role("button", name="Lower your hand").click()
    until(lambda: evening.console.locator("[data-hand-name]").count() == 0, 5, "news after the restart")


def test_the_sheet_holds_the_truth_and_no_formula(evening):
    answer = evening.console.request.get(f"{evening.room}gradebook.csv")
    rows = list(csv.reader(io.StringIO(answer.body().decode("utf-8-sig"))))
    names = [cell for row in rows for cell in row if cell.lstrip("'") in NAMES]
    assert sorted(names) == ["'=Meena()", "Asha", "Ravi"]
    told = evening.console.request.get(f"{evening.room}gradebook.json").json()
    by_name = {one["name"]: one for one in told["participants"]}
    done = [task for task in by_name["Asha"]["tasks"].values() if task["done_at"]]
    rows_in_database = evening.learners[0].platform.rows(
        "SELECT count(*) FROM courses_completion c JOIN courses_enrollment e ON c.enrollment_id = e.id"
        " JOIN courses_user u ON e.learner_id = u.id WHERE u.name = 'Asha'"
    )
    assert [(len(done),)] == rows_in_database
    assert len(done) >= 1


def test_closing_saves_and_ends_it_for_everybody(evening):
    asha = evening.learners[0]
    asha.run("echo kept > kept.txt")
    evening.console.goto(f"{evening.room}close/")
    evening.console.get_by_role("button", name=re.compile("Close")).click()
    expect(asha.page.locator("[data-state-text]")).to_be_visible(timeout=10_000)
    going = "SELECT count(*) FROM sandbox_sandbox WHERE state IN ('running', 'stopping') AND learner_id IS NOT NULL"
    until(lambda: asha.platform.rows(going) == [(0,)], 30, "all sandboxes to stop")
    homes = "SELECT count(*) FROM sandbox_home h JOIN courses_user u ON h.learner_id = u.id WHERE u.name = 'Asha'"
    assert asha.platform.rows(homes) == [(1,)]
