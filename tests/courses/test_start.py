import pytest
from django.test import Client

from courses.models import Completion, Enrollment, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shelf")]

COURSE = "/courses/sarafa-bazaar/"
LESSON = "/courses/sarafa-bazaar/day-2/"


def me(client):
    return User.objects.get(pk=client.session["_auth_user_id"])


def test_start_makes_a_guest_an_enrolment_and_a_session(client):
    response = client.post("/start/")
    assert (response.status_code, response.url) == (302, COURSE)
    assert me(client).is_guest
    assert Enrollment.objects.of(me(client)).get().course == "sarafa-bazaar"


def test_start_goes_on_to_the_lesson_asked_for(client):
    assert client.post("/start/", {"next": LESSON}).url == LESSON


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "//evil.example/",
        "javascript:alert(1)",
        "/\\evil.example",
        "http:///evil.example",
        " ",
    ],
)
def test_start_does_not_lead_off_the_site(client, url):
    assert client.post("/start/", {"next": url}).url == COURSE


def test_starting_twice_keeps_the_one_account(client):
    client.post("/start/")
    first = me(client)
    client.post("/start/")
    assert me(client) == first
    assert User.objects.count() == 1
    assert Enrollment.objects.count() == 1


def test_two_visitors_are_two_learners():
    one, two = Client(), Client()
    one.post("/start/")
    two.post("/start/")
    assert me(one) != me(two)


def test_somebody_with_a_password_starts_as_themselves(signed_in):
    bob = User.objects.create_user("bob", password="a-long-password")
    client = signed_in(bob)
    client.post("/start/")
    assert me(client) == bob
    assert Enrollment.objects.of(bob).exists()


def test_start_is_a_post_with_a_token(client):
    assert client.get("/start/").status_code == 405
    assert Client(enforce_csrf_checks=True).post("/start/").status_code == 403
    assert not User.objects.exists()


def test_there_is_no_starting_an_unknown_course(client):
    assert client.post("/start/", {"course": "nothing"}).status_code == 404
    assert not User.objects.exists()


def test_a_guest_who_signed_out_comes_back_with_their_progress(client):
    client.post("/start/")
    alice = me(client)
    alice.enroll("sarafa-bazaar").complete("day-2", "first-order")
    client.post("/sign-out/")
    assert "_auth_user_id" not in client.session
    assert client.get("/").context["is_returning"]

    client.post("/start/")
    assert me(client) == alice
    assert Completion.objects.of(me(client)).count() == 1
    assert not client.get("/").context["is_returning"]


def test_somebody_else_at_the_same_browser_starts_afresh(client):
    client.post("/start/")
    alice = me(client)
    client.post("/sign-out/")
    client.post("/start/", {"afresh": "1"})
    assert me(client) != alice


def test_a_made_up_cookie_brings_nobody_back(alice):
    client = Client()
    client.cookies["guest"] = alice.username
    client.post("/start/")
    assert me(client) != alice


def test_a_cookie_never_stands_for_a_password(signed_in):
    bob = User.objects.create_user("bob", password="a-long-password")
    client = signed_in(bob)
    client.post("/sign-out/")
    assert "guest" not in client.cookies
    client.post("/start/")
    assert me(client) != bob


def test_a_blocked_guest_does_not_come_back(client):
    client.post("/start/")
    alice = me(client)
    client.post("/sign-out/")
    User.objects.filter(pk=alice.pk).update(is_active=False)
    client.post("/start/")
    assert me(client) != alice


def test_signing_out_is_a_post(alice, signed_in):
    client = signed_in(alice)
    assert client.get("/sign-out/").status_code == 405
    assert "_auth_user_id" in client.session


def test_a_learner_gives_themselves_a_name(alice, signed_in):
    response = signed_in(alice).post("/name/", {"name": "  Alice \n of Rajwada ", "next": LESSON})
    assert response.url == LESSON
    alice.refresh_from_db()
    assert alice.name == "Alice of Rajwada"


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b"])
def test_a_name_that_is_none_is_refused_with_a_message(alice, signed_in, name):
    client = signed_in(alice)
    response = client.post("/name/", {"name": name}, follow=True)
    assert [message.level_tag for message in response.context["messages"]] == ["error"]
    alice.refresh_from_db()
    assert alice.name == "Alice"


def test_a_visitor_has_no_name_to_give(client):
    assert client.post("/name/", {"name": "Charlie"}).url.startswith("/sign-in/")
    assert client.get("/name/").status_code == 405
