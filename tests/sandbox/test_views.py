"""The sandbox API: for the learner alone, with the method and the token that it asks for."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from sandbox.models import Home, Sandbox, State, Waiting

ACTS = ["reset", "stop", "extend"]
CHECK = "/courses/sarafa-bazaar/day-2/check/"


def test_opening_starts_a_sandbox(alice, signed_in, queued):
    response = signed_in(alice).post("/sandbox/")
    sandbox = Sandbox.objects.get()
    assert response.status_code == 200
    assert response.json().items() >= {
        "code": sandbox.code, "state": "starting", "expires_at": None, "error": "",
    }.items()  # fmt: skip
    assert "no-store" in response["Cache-Control"]
    assert queued() == [("start_sandbox", (sandbox.pk,))]


def test_opening_again_finds_it(alice, make, signed_in):
    sandbox = make(alice, expires_at=timezone.now())
    found = signed_in(alice).post("/sandbox/").json()
    assert found.items() >= {
        "code": sandbox.code, "state": "running", "expires_at": sandbox.expires_at.isoformat(), "error": "",
    }.items()  # fmt: skip
    assert signed_in(alice).get(f"/sandbox/{sandbox.code}/").json() | {"now": found["now"]} == found


def test_a_full_house_is_said_to_be(alice, charlie, make, signed_in, settings):
    settings.SANDBOX_LIMIT = 1
    make(alice)
    response = signed_in(charlie).post("/sandbox/")
    assert response.status_code == 503
    assert response.json()["retry_after"] == int(response["Retry-After"]) > 0
    assert "taken" in response.json()["error"]


def test_without_a_queue_the_order_is_kept_and_the_answer_says_so(alice, signed_in, broker_away):
    response = signed_in(alice).post("/sandbox/")
    assert response.status_code == 200
    assert response.json()["state"] == "starting"
    assert "Your order is kept" in response.json()["error"]


def test_a_stop_shows_at_once(alice, make, signed_in, queued):
    sandbox = make(alice)
    response = signed_in(alice).post(f"/sandbox/{sandbox.code}/stop/")
    assert (response.status_code, response.json()["state"]) == (200, "stopping")
    assert queued() == [("stop_sandbox", (sandbox.pk,))]


def test_a_reset_gives_a_new_one(alice, make, signed_in, queued):
    sandbox = make(alice)
    response = signed_in(alice).post(f"/sandbox/{sandbox.code}/reset/")
    fresh = Sandbox.objects.of(alice).active().get()
    assert response.json()["code"] == fresh.code != sandbox.code
    assert response.json()["state"] == "starting"
    assert queued() == [("stop_sandbox", (sandbox.pk,)), ("start_sandbox", (fresh.pk,))]


def test_a_reset_in_a_full_house_takes_the_place_that_it_frees(alice, make, signed_in, settings):
    settings.SANDBOX_LIMIT = 1
    sandbox = make(alice)
    response = signed_in(alice).post(f"/sandbox/{sandbox.code}/reset/")
    assert (response.status_code, response.json()["state"]) == (200, "starting")


def test_resetting_one_that_failed_tries_again(alice, make, signed_in):
    sandbox = make(alice, State.FAILED, error="no room")
    response = signed_in(alice).post(f"/sandbox/{sandbox.code}/reset/")
    assert response.json()["state"] == "starting"
    assert response.json()["code"] != sandbox.code


@pytest.mark.parametrize(("form", "stays"), [({}, False), ({"files": "keep"}, True)])
def test_a_reset_keeps_the_home_only_if_it_is_told_to(alice, make, signed_in, form, stays):
    Home.objects.create(learner=alice, archive=b"tar", saved_at=timezone.now())
    sandbox = make(alice)
    signed_in(alice).post(f"/sandbox/{sandbox.code}/reset/", form)
    assert Home.objects.exists() == stays


def test_a_full_house_tells_the_place_in_the_queue(alice, charlie, make, signed_in, settings):
    settings.SANDBOX_LIMIT = 1
    make(charlie)
    response = signed_in(alice).post("/sandbox/")
    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    said = response.json()
    assert (said["place"], said["waiting"], said["retry_after"]) == (1, 1, 5)
    assert "number 1 of 1" in said["error"]


def test_the_queue_can_be_left(alice, charlie, make, signed_in, settings):
    settings.SANDBOX_LIMIT = 1
    make(charlie)
    browser = signed_in(alice)
    browser.post("/sandbox/")
    assert browser.post("/sandbox/queue/leave/").status_code == 200
    assert not Waiting.objects.exists()
    assert browser.post("/sandbox/queue/leave/").status_code == 200


def test_an_extension_gives_more_time(alice, make, signed_in):
    sandbox = make(alice, expires_at=timezone.now() + timedelta(minutes=1))
    response = signed_in(alice).post(f"/sandbox/{sandbox.code}/extend/")
    assert response.status_code == 200
    assert response.json()["expires_at"] > sandbox.expires_at.isoformat()


@pytest.mark.parametrize("state", [State.STARTING, State.STOPPING, State.STOPPED, State.FAILED])
def test_only_a_running_one_can_be_extended(alice, make, signed_in, state):
    response = signed_in(alice).post(f"/sandbox/{make(alice, state).code}/extend/")
    assert response.status_code == 409
    assert response.json()["error"]
    assert response.json()["state"] == state


# --- who may not ---


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/sandbox/", *(f"/sandbox/some-code/{act}/" for act in ACTS), CHECK])
def test_a_visitor_is_refused_in_words(client, path):
    response = client.post(path)
    assert response.status_code == 401
    assert "not signed in" in response.json()["error"]


@pytest.mark.django_db
def test_a_visitor_sees_no_sandbox(client):
    assert client.get("/sandbox/some-code/").status_code == 401


@pytest.mark.parametrize("act", ACTS)
def test_someone_elses_sandbox_does_not_exist(alice, charlie, make, signed_in, act):
    sandbox = make(alice)
    assert signed_in(charlie).post(f"/sandbox/{sandbox.code}/{act}/").status_code == 404
    assert Sandbox.objects.get().state == State.RUNNING


def test_nobody_sees_someone_elses_sandbox(alice, bob, charlie, make, signed_in):
    sandbox = make(alice)
    for other in (bob, charlie):
        response = signed_in(other).get(f"/sandbox/{sandbox.code}/")
        unknown = signed_in(other).get("/sandbox/nosuchsandbox/")
        assert response.status_code == unknown.status_code == 404
        assert sandbox.code not in response.text.replace(f"/sandbox/{sandbox.code}/", "")


def test_the_wrong_method_is_refused(alice, make, signed_in):
    sandbox = make(alice)
    client = signed_in(alice)
    assert client.get("/sandbox/").status_code == 405
    assert client.post(f"/sandbox/{sandbox.code}/").status_code == 405
    assert client.get(CHECK).status_code == 405
    for act in ACTS:
        assert client.get(f"/sandbox/{sandbox.code}/{act}/").status_code == 405
    assert Sandbox.objects.get().state == State.RUNNING


def test_nothing_is_done_without_the_token(alice, make):
    sandbox = make(alice)
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    for path in ["/sandbox/", CHECK, *(f"/sandbox/{sandbox.code}/{act}/" for act in ACTS)]:
        assert client.post(path).status_code == 403, path
    assert Sandbox.objects.get().state == State.RUNNING


def test_with_the_token_of_the_page_it_is(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    client.get("/courses/sarafa-bazaar/day-2/")
    response = client.post("/sandbox/", headers={"X-CSRFToken": client.cookies["csrftoken"].value})
    assert response.status_code == 200


# --- check ---


def test_a_check_is_queued(alice, make, signed_in, queued):
    sandbox = make(alice)
    alice.enroll("sarafa-bazaar")
    response = signed_in(alice).post(CHECK, {"task": "anything"})
    assert (response.status_code, response.json()) == (202, {})
    assert queued() == [("check_tasks", (sandbox.pk, "en"))]


def test_a_check_speaks_the_language_of_the_page(alice, make, signed_in, queued):
    sandbox = make(alice)
    alice.enroll("sarafa-bazaar")
    signed_in(alice).post(CHECK, headers={"Accept-Language": "hi"})
    assert queued() == [("check_tasks", (sandbox.pk, "hi"))]


def test_a_check_is_of_ones_own_sandbox(alice, charlie, make, signed_in, queued):
    make(alice)
    charlie.enroll("sarafa-bazaar")
    response = signed_in(charlie).post(CHECK)
    assert response.status_code == 409
    assert "not running" in response.json()["error"]
    assert queued() == []


def test_a_course_one_is_not_in_is_not_checked(alice, make, signed_in):
    make(alice)
    assert signed_in(alice).post(CHECK).status_code == 404


@pytest.mark.parametrize("path", ["/courses/sarafa-bazaar/day-99/check/", "/courses/none/day-2/check/"])
def test_there_is_no_checking_of_an_unknown_lesson(alice, make, signed_in, path):
    make(alice)
    alice.enroll("sarafa-bazaar")
    assert signed_in(alice).post(path).status_code == 404


def test_a_check_without_a_queue_says_so(alice, make, signed_in, broker_away):
    make(alice)
    alice.enroll("sarafa-bazaar")
    response = signed_in(alice).post(CHECK)
    assert response.status_code == 503
    assert "queue does not answer" in response.json()["error"]


# --- the admin panel ---


def test_bob_sees_sandboxes_and_stops_them_in_the_admin_panel(alice, make, db, django_user_model, client):
    admin = django_user_model.objects.create_superuser(username="head", password="runs the place")
    client.force_login(admin)
    sandbox = make(alice)
    page = client.get("/admin/sandbox/sandbox/")
    assert sandbox.code in page.text
    detail = client.get(f"/admin/sandbox/sandbox/{sandbox.pk}/change/")
    assert detail.status_code == 200
    assert sandbox.address not in detail.text
    client.post("/admin/sandbox/sandbox/", {"action": "stop", "_selected_action": [sandbox.pk]})
    assert Sandbox.objects.get().state == State.STOPPING
    assert client.get("/admin/sandbox/sandbox/add/").status_code == 403
