"""What instructors see and take away of a workshop, and the certificates of those who have done all of it."""

import csv
import io
import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courses.models import AuditEntry, Certificate, User
from sandbox.models import Trouble
from workshops.gradebook import gradebook_of
from workshops.models import Note, Participant, WorkshopCertificate

ROOM = "/instructor/workshops/{0.code}/"
PAGES = ["gradebook/", "gradebook.csv", "gradebook.json", "report/", "certificates/"]


@pytest.fixture
def desk(bob, signed_in):
    return signed_in(bob)


def do_all(participant: Participant) -> None:
    enrollment = participant.learner.enrollments.get()
    for column in gradebook_of(participant.workshop, "en").columns:
        enrollment.complete(column.lesson, column.task)


@pytest.fixture
def graduate(participant) -> Participant:
    """Alice has done all of the workshop."""
    do_all(participant)
    return participant


@pytest.mark.parametrize("page", PAGES)
def test_who_teaches_it_and_an_administrator_see_it(workshop, participant, desk, admin, signed_in, page):
    for browser in (desk, signed_in(admin)):
        assert browser.get(ROOM.format(workshop) + page).status_code == 200


@pytest.mark.parametrize("page", [*PAGES, "participants/{pk}/record/"])
def test_nobody_else_sees_it(workshop, participant, client, charlie, dora, signed_in, page):
    url = ROOM.format(workshop) + page.format(pk=participant.pk)
    assert client.get(url).headers["Location"].startswith("/sign-in/")
    for stranger in (participant.learner, charlie, dora):
        assert signed_in(stranger).get(url).status_code == 404
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("page", [*PAGES, "participants/{pk}/record/"])
def test_they_change_nothing(workshop, participant, desk, page):
    assert desk.post(ROOM.format(workshop) + page.format(pk=participant.pk)).status_code == 405


@pytest.mark.parametrize("page", PAGES)
def test_a_workshop_that_nobody_joined_can_be_looked_at(workshop, desk, page):
    assert desk.get(ROOM.format(workshop) + page).status_code == 200


def test_the_page_shows_names_as_text_and_marks_what_is_done(workshop, participant, alice, desk):
    alice.rename("<script>alert(1)</script>")
    alice.enrollments.get().complete("day-2", gradebook_of(workshop, "en").columns[0].task)
    page = desk.get(f"{ROOM.format(workshop)}gradebook/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert page.count("data-done") == 1


@pytest.mark.parametrize("sort", ["done", "joined", "name", "nonsense", ""])
def test_it_can_be_sorted(workshop, participant, desk, sort):
    page = desk.get(f"{ROOM.format(workshop)}gradebook/", {"sort": sort}).content.decode()
    assert page.count("aria-sort") == 1


def test_the_page_takes_as_many_queries_for_many_as_for_one(workshop, participant, desk, join):
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            for page in ("gradebook/", "report/"):
                desk.get(ROOM.format(workshop) + page)
        return len(caught)

    before = queries()
    for number in range(9):
        join(workshop, User.objects.create_guest(name=f"Guest {number}"))
    assert queries() == before


def test_the_spreadsheet_is_a_file_and_who_took_it_is_kept(workshop, participant, desk):
    answer = desk.get(f"{ROOM.format(workshop)}gradebook.csv")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="gradebook-{workshop.code}.csv"'
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    _headings, keys, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert dict(zip(keys, row, strict=True))["name"] == "Alice"
    (entry,) = AuditEntry.objects.all()
    assert (entry.actor_name, entry.action, entry.workshop) == ("Bob", "export", workshop.code)


def test_the_data_say_their_schema_and_times_in_iso(workshop, graduate, desk):
    answer = desk.get(f"{ROOM.format(workshop)}gradebook.json")
    told = json.loads(answer.content)
    assert told["schema"] == 1
    assert told["workshop"]["code"] == workshop.code
    (one,) = told["participants"]
    assert (one["name"], one["done"]) == ("Alice", len(told["tasks"]))
    assert {task["key"] for task in told["tasks"]} == set(one["tasks"])
    assert timezone.datetime.fromisoformat(one["finished_at"])
    assert [entry.action for entry in AuditEntry.objects.all()] == ["export"]


def test_neither_has_the_code_by_which_a_learner_signs_in(workshop, participant, desk):
    for page in PAGES:
        text = desk.get(ROOM.format(workshop) + page).content.decode()
        assert participant.personal_code not in text
        assert participant.spoken_code not in text


def test_the_report_names_what_went_wrong_most(workshop, participant, alice, desk):
    Trouble.objects.create(learner=alice, at=timezone.now(), command="docker stop x", error="No such container: x")
    page = desk.get(f"{ROOM.format(workshop)}report/").content.decode()
    assert "<strong>No such container</strong>" in page
    assert "docker stop x" in page


def test_a_record_is_of_one_learner_of_this_workshop(workshop, participant, bob, charlie, join, desk):
    other = join(workshop, charlie)
    Note.objects.send(bob, [participant], "docker ps", is_hint=True)
    Note.objects.send(bob, [other], "for Charlie", is_hint=True)
    page = desk.get(f"{ROOM.format(workshop)}participants/{participant.pk}/record/").content.decode()
    assert "docker ps" in page
    assert "Charlie" not in page
    assert desk.get(f"{ROOM.format(workshop)}participants/{other.pk + 100}/record/").status_code == 404


def test_a_record_of_a_hint_whose_author_is_gone_is_shown(workshop, participant, dora, desk):
    Note.objects.send(dora, [participant], "docker ps", is_hint=True)
    dora.delete()
    assert desk.get(f"{ROOM.format(workshop)}participants/{participant.pk}/record/").status_code == 200


# --- certificates ---


def mine(workshop) -> str:
    return f"/workshops/{workshop.code}/certificate/"


def test_who_has_done_everything_gets_one_that_anyone_can_verify(workshop, graduate, signed_in, client):
    graduate.learner.enrollments.get().show_solution("day-2", gradebook_of(workshop, "en").columns[0].task)
    browser = signed_in(graduate.learner)
    address = browser.get(mine(workshop)).headers["Location"]
    assert browser.get(mine(workshop)).headers["Location"] == address
    page = client.get(address).content.decode()
    for text in ("Alice", "An evening in Indore", "Bob", "one task was shown", address):
        assert text in page
    assert WorkshopCertificate.objects.count() == 1


def test_who_has_not_is_told_what_is_left(workshop, graduate, signed_in):
    graduate.learner.enrollments.get().completions.order_by("pk").first().delete()
    page = signed_in(graduate.learner).get(mine(workshop))
    assert page.status_code == 200
    assert page.content.decode().count('<li><a href="/courses/sarafa-bazaar/day-2/">') == 1
    assert not WorkshopCertificate.objects.exists()


def test_only_who_takes_part_has_one(workshop, participant, client, charlie, dora, signed_in):
    assert client.get(mine(workshop)).headers["Location"].startswith("/sign-in/")
    for stranger in (charlie, dora):
        assert signed_in(stranger).get(mine(workshop)).status_code == 404
    assert signed_in(participant.learner).post(mine(workshop)).status_code == 405


def test_an_instructor_prints_all_of_them_on_sheets_of_their_own(workshop, graduate, charlie, join, desk):
    join(workshop, charlie)
    esha = join(workshop, User.objects.create_guest(name="Esha"))
    do_all(esha)
    page = desk.get(f"{ROOM.format(workshop)}certificates/").content.decode()
    assert re.findall(r'certificate-name">(\w+)<', page) == ["Alice", "Esha"]
    assert WorkshopCertificate.objects.count() == 2


def test_it_says_what_was_true_when_it_was_made(workshop, graduate, signed_in, client):
    address = signed_in(graduate.learner).get(mine(workshop)).headers["Location"]
    graduate.learner.rename("Somebody else")
    workshop.title = "Another title"
    workshop.save()
    graduate.learner.enrollments.get().completions.all().delete()
    assert signed_in(graduate.learner).get(mine(workshop)).headers["Location"] == address
    page = client.get(address).content.decode()
    assert "Alice" in page
    assert "An evening in Indore" in page


def test_an_instructor_mends_the_name_on_it(workshop, graduate, desk, signed_in, client):
    address = signed_in(graduate.learner).get(mine(workshop)).headers["Location"]
    desk.post(f"{ROOM.format(workshop)}participants/{graduate.pk}/rename/", {"name": "Alice Sharma"})
    assert "Alice Sharma" in client.get(address).content.decode()


def test_it_outlives_the_workshop_but_not_the_account(workshop, graduate, signed_in, client):
    address = signed_in(graduate.learner).get(mine(workshop)).headers["Location"]
    workshop.delete()
    assert client.get(address).status_code == 200
    graduate.learner.delete()
    assert client.get(address).status_code == 404


def test_an_address_that_is_none_is_said_to_be(client, db):
    assert client.get("/certificates/workshops/made-up/").status_code == 404


def test_the_record_leads_to_both_certificates(workshop, graduate, desk, signed_in):
    enrollment = graduate.learner.enrollments.get()
    Certificate.objects.create(enrollment=enrollment, title="x", days=[], goals=1, solutions=0)
    signed_in(graduate.learner).get(mine(workshop))
    page = desk.get(f"{ROOM.format(workshop)}participants/{graduate.pk}/record/").content.decode()
    assert f"/certificates/{enrollment.certificate.code}/" in page
    assert f"/certificates/workshops/{WorkshopCertificate.objects.get().code}/" in page
