"""An instructor's desk: how workshops are made, changed, opened, closed and deleted, and by whom."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from courses.models import AuditEntry, Completion, User
from sandbox.models import Home, Reservation, Sandbox
from sandbox.models import State as SandboxState
from tests.sandbox.conftest import run_at_once
from tests.workshops.conftest import make_workshop
from workshops import deletion
from workshops.models import Note, Participant, State, Workshop

PAGES = ["edit", "open", "close", "delete", "join"]


@pytest.fixture
def desk(bob, signed_in):
    return signed_in(bob)


def filled(**changes: object) -> dict[str, object]:
    begins = timezone.now() + timedelta(days=1)
    return {
        "title": "An evening",
        "course": "sarafa-bazaar",
        "days": ["sarafa-bazaar/day-2"],
        "language": "en",
        "starts_at": begins.strftime("%Y-%m-%dT%H:%M"),
        "ends_at": (begins + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M"),
        "capacity": 8,
        "guests_allowed": "on",
        "keep_days": 30,
    } | changes


def as_sent(page) -> dict[str, object]:
    """Return what a browser sends if nothing in the form is changed."""
    form = page.context["form"]
    values = {field.name: field.value() for field in form}
    return {name: "on" if value is True else value for name, value in values.items() if value not in (None, False)}


def audited() -> list[tuple[str, str]]:
    return [(entry.action, entry.detail) for entry in AuditEntry.objects.order_by("pk")]


def test_the_form_as_it_is_offered_makes_a_workshop(desk, bob):
    sent = as_sent(desk.get("/instructor/workshops/new/")) | {"title": "  An \n evening "}
    answer = desk.post("/instructor/workshops/new/", sent)
    made = Workshop.objects.get()
    assert answer.url == f"/instructor/workshops/{made.code}/edit/"
    assert (made.title, made.days, made.capacity) == ("An evening", ["day-2"], 10)  # the machine holds ten
    assert made.ends_at - made.starts_at == timedelta(hours=3)
    assert made.starts_at.minute == 0 and made.starts_at > timezone.now()
    assert list(made.instructors.all()) == [bob]
    assert Reservation.objects.get(purpose=made.purpose).sandboxes == 10
    assert audited() == [("create", "An evening")]


def test_times_are_read_in_the_browsers_zone(desk):
    changes = {"zone": "Asia/Kolkata", "starts_at": "2099-01-01T18:00", "ends_at": "2099-01-01T21:30"}
    desk.post("/instructor/workshops/new/", filled(**changes))
    assert Workshop.objects.get().starts_at == datetime(2099, 1, 1, 12, 30, tzinfo=UTC)


def test_a_workshop_that_begins_now_is_open_at_once(desk):
    begins = timezone.now() - timedelta(minutes=5)
    desk.post("/instructor/workshops/new/", filled(starts_at=begins.strftime("%Y-%m-%dT%H:%M")))
    assert Workshop.objects.get().is_open


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "  "),
        ("title", "x" * 121),
        ("course", "nothing"),
        ("days", []),
        ("days", ["sarafa-bazaar/day-9"]),
        ("language", "xx"),
        ("zone", "../../etc/passwd"),
        ("zone", "Mars/Olympus"),
        ("starts_at", "tomorrow"),
        ("starts_at", "0001-01-01T00:00"),
        ("ends_at", "2001-01-01T00:00"),
        ("ends_at", "2199-01-01T00:00"),
        ("capacity", 0),
        ("capacity", -1),
        ("capacity", 99999),
        ("keep_days", 99999),
        ("others", "nobody"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(desk, field, value):
    answer = desk.post("/instructor/workshops/new/", filled(**{field: value}))
    assert answer.status_code == 400
    assert answer.context["form"].errors
    assert not Workshop.objects.exists()


def test_more_places_than_the_machine_holds_are_refused_in_numbers(desk, dora, settings):
    settings.SANDBOX_LIMIT = 120
    begins = timezone.now() + timedelta(days=1)
    make_workshop(dora, capacity=80, state=State.PLANNED, starts_at=begins, ends_at=begins + timedelta(hours=3))
    answer = desk.post("/instructor/workshops/new/", filled(capacity=90))
    words = "There is room for 120 sandboxes; 80 are promised to other workshops at that time; you ask for 90."
    assert answer.context["form"].errors["capacity"] == [words]
    assert desk.post("/instructor/workshops/new/", filled(capacity=40)).status_code == 302


def test_an_administrator_gets_no_more_places_than_there_are(admin, signed_in, settings):
    settings.SANDBOX_LIMIT = 10
    assert signed_in(admin).post("/instructor/workshops/new/", filled(capacity=11)).status_code == 400


def test_workshops_one_after_the_other_do_not_add_up(bob):
    morning = timezone.now() + timedelta(days=1)
    noon, evening = morning + timedelta(hours=4), morning + timedelta(hours=8)
    make_workshop(bob, capacity=6, starts_at=morning, ends_at=noon)
    make_workshop(bob, capacity=6, starts_at=noon, ends_at=evening)
    assert Workshop(starts_at=morning, ends_at=evening).others_capacity() == 6
    make_workshop(bob, capacity=3, starts_at=noon - timedelta(hours=1), ends_at=evening)
    assert Workshop(starts_at=morning, ends_at=evening).others_capacity() == 9


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_for_the_last_places_at_once_do_not_both_get_them(bob, signed_in):
    clients = [signed_in(bob) for _ in range(2)]
    results = run_at_once(2, lambda n: clients[n].post("/instructor/workshops/new/", filled(capacity=6)).status_code)
    assert sorted(results) == [302, 400]


def test_a_workshop_is_changed(desk, workshop, dora):
    url = f"/instructor/workshops/{workshop.code}/edit/"
    sent = as_sent(desk.get(url)) | {"title": "Another evening", "others": " dora ,", "progress_shared": "on"}
    assert desk.post(url, sent).status_code == 302
    changed = Workshop.objects.get()
    assert (changed.title, changed.progress_shared, changed.state) == ("Another evening", True, State.OPEN)
    assert {one.username for one in changed.instructors.all()} == {"bob", "dora"}
    assert audited() == [("change", "title, progress_shared, others")]


def test_an_administrator_who_changes_it_does_not_become_its_instructor(admin, signed_in, workshop, bob):
    client, url = signed_in(admin), f"/instructor/workshops/{workshop.code}/edit/"
    assert client.post(url, as_sent(client.get(url)) | {"title": "Mended"}).status_code == 302
    assert list(Workshop.objects.get().instructors.all()) == [bob]


def test_a_learner_is_no_instructor(desk, alice):
    assert desk.post("/instructor/workshops/new/", filled(others=alice.username)).status_code == 400


def test_places_that_are_taken_stay(desk, workshop, participant, charlie, join):
    join(workshop, charlie)
    url = f"/instructor/workshops/{workshop.code}/edit/"
    answer = desk.post(url, as_sent(desk.get(url)) | {"capacity": 1})
    assert "2 take part already" in answer.content.decode()


def test_the_desk_shows_ones_own_workshops_and_an_administrator_all(desk, signed_in, workshop, dora, admin):
    other = make_workshop(dora, title="Dora's own")
    assert workshop.spoken_code in desk.get("/instructor/").content.decode()
    assert other.spoken_code not in desk.get("/instructor/").content.decode()
    assert other.spoken_code in signed_in(admin).get("/instructor/").content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_nobody_else_has_the_pages_of_a_workshop(client, signed_in, workshop, participant, dora, page):
    url = f"/instructor/workshops/{workshop.code}/{page}/"
    before = list(Workshop.objects.values())
    for other in (dora, participant.learner):
        assert signed_in(other).get(url).status_code == 404
        assert signed_in(other).post(url, {"code": workshop.code}).status_code in (404, 405)
    assert client.get(url).url.startswith("/sign-in/")
    assert client.post(url, {"code": workshop.code}).status_code in (401, 405)
    assert list(Workshop.objects.values()) == before


@pytest.mark.parametrize("url", ["/instructor/", "/instructor/workshops/new/"])
def test_the_desk_is_for_the_staff(client, signed_in, alice, url):
    assert signed_in(alice).get(url).status_code == 404
    assert client.get(url).url.startswith("/sign-in/")


@pytest.mark.parametrize("page", ["", "instructor/workshops/new/"])
def test_markup_in_a_title_is_text(desk, workshop, page):
    Workshop.objects.update(title="<b onclick=alert(1)>")
    assert b"<b onclick" not in desk.get("/instructor/").content
    assert b"<b onclick" not in desk.get(f"/join/{workshop.code}/").content


def test_closing_asks_first_and_stops_sandboxes(desk, workshop, participant, make):
    sandbox, url = make(participant.learner), f"/instructor/workshops/{workshop.code}/close/"
    assert desk.get(url).status_code == 200
    assert Workshop.objects.get().is_open
    assert desk.post(url).status_code == 302
    sandbox.refresh_from_db()
    assert (Workshop.objects.get().state, sandbox.state) == (State.CLOSED, SandboxState.STOPPING)
    desk.post(url)
    assert audited() == [("close", workshop.title)]


def test_a_closed_workshop_is_opened_again_if_its_places_are_still_free(desk, workshop, dora):
    workshop.close(timezone.now())
    url = f"/instructor/workshops/{workshop.code}/open/"
    other = make_workshop(dora, capacity=5)
    assert "you ask for 8" in desk.post(url).content.decode()
    assert not Workshop.objects.get(pk=workshop.pk).is_open
    other.close(timezone.now())
    desk.post(url)
    assert Workshop.objects.get(pk=workshop.pk).is_open
    assert audited() == [("open", workshop.title)]


def test_the_card_has_link_code_and_qr_for_the_projector(desk, workshop):
    for page in ("join", "edit"):
        answer = desk.get(f"/instructor/workshops/{workshop.code}/{page}/", HTTP_HOST="localhost:8000")
        text = answer.content.decode()
        assert f"localhost:8000/join/{workshop.code}/" in text
        assert workshop.spoken_code in text
        assert '<svg viewBox="0 0 ' in text and "style=" not in text
        assert "only this machine knows" in text


# --- the end of it ---


def test_deleting_wants_the_code(desk, workshop, participant):
    url = f"/instructor/workshops/{workshop.code}/delete/"
    assert desk.get(url).status_code == 200
    for typed in ("", "abcd-efgh", workshop.title):
        assert desk.post(url, {"code": typed}).status_code == 409
    assert Workshop.objects.exists() and Participant.objects.exists()
    assert desk.post(url, {"code": workshop.spoken_code.upper()}).url == "/instructor/"
    assert not Workshop.objects.exists()
    assert audited() == [("delete", "An evening in Indore (1)")]


def test_everything_of_a_guest_goes(workshop, participant, bob, make, queued):
    alice, sandbox = participant.learner, make(participant.learner)
    alice.enroll("sarafa-bazaar").complete("day-2", "first-order")
    Home.objects.create(learner=alice, archive=b"x", saved_at=timezone.now())
    Note.objects.send(bob, [participant], "Alice, look", is_hint=False)
    AuditEntry.objects.note(bob, "rename", alice, workshop=workshop.code, detail="Alice → Alice A.")
    AuditEntry.objects.note(bob, "note", None, workshop=workshop.code, detail="2 learners: Alice, look")
    assert deletion.delete(workshop, timezone.now()) == 1
    assert not User.objects.filter(pk=alice.pk).exists()
    assert not (Completion.objects.exists() or Home.objects.exists() or Note.objects.exists())
    assert not (Participant.objects.exists() or Reservation.objects.exists())
    assert {(entry.learner, entry.detail) for entry in AuditEntry.objects.all()} == {(None, "")}
    sandbox.refresh_from_db()
    assert (sandbox.state, sandbox.learner, sandbox.keeps_home) == (SandboxState.STOPPING, None, False)
    assert ("stop_sandbox", (sandbox.pk,)) in queued()


def test_accounts_stay_and_guests_who_are_elsewhere(workshop, participant, bob, join):
    esha = User.objects.create_user("esha", password="learns docker")
    join(workshop, esha)
    join(make_workshop(bob), participant.learner)
    deletion.delete(workshop, timezone.now())
    assert set(User.objects.filter(is_staff=False)) == {esha, participant.learner}
    assert esha.enrollments.exists()
    assert Participant.objects.count() == 1


def test_the_page_of_a_deleted_learner_is_a_visitors(signed_in, workshop, participant):
    seat = signed_in(participant.learner)
    deletion.delete(workshop, timezone.now())
    assert seat.get("/courses/sarafa-bazaar/day-2/").status_code == 200
    assert seat.get(f"/workshops/{workshop.code}/").status_code == 302
    assert seat.post("/sandbox/").status_code in (302, 401, 403)
    assert not Sandbox.objects.exists()


def test_deleting_twice_is_deleting_once(workshop, participant):
    deletion.delete(workshop, timezone.now())
    assert deletion.delete(workshop, timezone.now()) == 0
