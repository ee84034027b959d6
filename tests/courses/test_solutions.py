"""Solutions are shown on request, and said to have been."""

import pytest

from courses.models import SolutionView

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shelf")]

LESSON = "/courses/sarafa-bazaar/day-2/"
SOLUTION = LESSON + "solution/first-order/"


def solution_on(page: str) -> str:
    return page.split('class="task-solution"')[1].split("</section>")[0]


@pytest.fixture
def browser(alice, signed_in):
    alice.enroll("sarafa-bazaar")
    return signed_in(alice)


def test_a_learner_does_not_have_it_before_they_ask(browser):
    page = browser.get(LESSON).content.decode()
    assert "data-solution" in solution_on(page)
    assert "docker run" not in solution_on(page)


def test_a_form_shows_it_on_the_page_and_notes_it(browser, alice):
    answer = browser.post(SOLUTION)
    assert answer.headers["Location"] == f"{LESSON}#task-first-order"
    assert "docker run" in solution_on(browser.get(LESSON).content.decode())
    assert alice.enrollments.get().solutions_shown("day-2") == {"first-order"}


def test_a_script_gets_the_commands_and_once_is_noted(browser):
    for _time in range(2):
        answer = browser.post(SOLUTION, headers={"accept": "application/json"}).json()
        assert "code-run" in answer["html"]
    assert SolutionView.objects.count() == 1


def test_it_is_shown_to_who_asked_alone(browser, charlie, signed_in):
    browser.post(SOLUTION)
    charlie.enroll("sarafa-bazaar")
    assert "docker run" not in solution_on(signed_in(charlie).get(LESSON).content.decode())


def test_a_visitor_may_look_and_nobody_notes_it(client):
    assert "docker run" in solution_on(client.get(LESSON).content.decode())
    assert client.post(SOLUTION).status_code == 302
    assert not SolutionView.objects.exists()


@pytest.mark.parametrize("task", ["none", "push"])
def test_a_task_that_cannot_be_done_has_none(browser, task):
    assert browser.post(f"{LESSON}solution/{task}/").status_code == 404
    assert browser.get(SOLUTION).status_code == 405
