"""A day ends with a stamp, the last with a certificate that can be verified by its address."""

import pytest

from courses.models import Certificate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shelf")]

COURSE = "/courses/sarafa-bazaar/"
LESSON = COURSE + "day-2/"


@pytest.fixture
def graduate(alice):
    """Alice has done all there is."""
    enrollment = alice.enroll("sarafa-bazaar")
    for goal in ("first-order", "quiz-who"):
        enrollment.complete("day-2", goal)
    return alice


def test_a_day_that_is_done_has_a_stamp_with_its_date(graduate, signed_in):
    browser = signed_in(graduate)
    at = max(graduate.enrollments.get().done("day-2").values()).date().isoformat()
    for path in (COURSE, LESSON):
        assert f">{at}</text>" in browser.get(path).content.decode()


def test_a_day_with_something_open_has_none_yet(alice, signed_in):
    alice.enroll("sarafa-bazaar").complete("day-2", "first-order")
    page = signed_in(alice).get(LESSON).content.decode()
    assert 'data-stamp="2" hidden' in page
    assert "See the five steps." in page.split('id="learnt"')[1]


def test_a_certificate_is_given_for_everything_alone(alice, signed_in):
    alice.enroll("sarafa-bazaar").complete("day-2", "first-order")
    browser = signed_in(alice)
    assert "My certificate" not in browser.get(COURSE).content.decode()
    assert browser.post(COURSE + "certificate/").headers["Location"] == COURSE
    assert not Certificate.objects.exists()


def test_anyone_can_verify_it_by_its_address(graduate, signed_in, client):
    graduate.enrollments.get().show_solution("day-2", "first-order")
    browser = signed_in(graduate)
    assert "My certificate" in browser.get(COURSE).content.decode()
    address = browser.post(COURSE + "certificate/").headers["Location"]
    assert browser.post(COURSE + "certificate/").headers["Location"] == address
    page = client.get(address).content.decode()
    for text in ("Alice", "Architecture: client, daemon, registry", "all 2 tasks", "one task was shown", address):
        assert text in page


def test_it_says_so_if_no_solution_was_shown(graduate, signed_in):
    address = signed_in(graduate).post(COURSE + "certificate/").headers["Location"]
    assert "No solution was shown." in signed_in(graduate).get(address).content.decode()


def test_an_address_that_is_none_is_said_to_be(client):
    answer = client.get("/certificates/made-up/")
    assert answer.status_code == 404
    assert "no certificate" in answer.content.decode()


def test_it_goes_with_the_learner(graduate, signed_in, client):
    address = signed_in(graduate).post(COURSE + "certificate/").headers["Location"]
    graduate.delete()
    assert client.get(address).status_code == 404


def test_who_takes_no_course_gets_none(charlie, signed_in):
    assert signed_in(charlie).post(COURSE + "certificate/").status_code == 404
