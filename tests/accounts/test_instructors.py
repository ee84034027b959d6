"""The first instructor's link: it signs in, once."""

from django.core.management import call_command
from django.urls import reverse

from accounts import instructors
from courses.models import User


def link() -> str:
    return reverse("accounts:sign-in-once", args=instructors.link_parts(instructors.first_instructor()))


def test_the_link_signs_in_and_asks_for_a_password(client, db):
    url = link()
    assert b"Sign in as the instructor" in client.get(url).content
    assert client.post(url).url == "/account/password/"
    assert client.get("/admin/").status_code == 200


def test_the_password_is_chosen_once_and_leads_to_the_desk(client, db):
    client.post(link())
    chosen = {"new_password1": "saffron and jalebi", "new_password2": "saffron and jalebi"}
    assert client.post("/account/password/", chosen).url == "/instructor/"
    assert b"Current password" not in client.get("/").content
    assert b"old_password" in client.get("/account/password/").content

    client.post("/sign-out/")
    assert client.post(link()).url == "/instructor/"


def test_it_works_once(client, db):
    url = link()
    client.post(url)
    client.logout()
    assert client.get(url).status_code == 410
    assert client.post(url).status_code == 410


def test_looking_at_it_does_not_use_it_up(client, db):
    url = link()
    client.get(url)
    assert client.post(url).status_code == 302


def test_a_forged_link_is_refused(client, db):
    who, token = instructors.link_parts(instructors.first_instructor())
    forged = token[:-1] + ("1" if token.endswith("0") else "0")
    for parts in [(who, forged), ("MTIz", token), ("%%%", token), (who, "x")]:
        assert client.get(reverse("accounts:sign-in-once", args=parts)).status_code == 410


def test_it_signs_in_no_learner(client, alice):
    assert client.get(reverse("accounts:sign-in-once", args=instructors.link_parts(alice))).status_code == 410


def test_an_account_that_was_closed_stays_closed(client, db):
    url = link()
    User.objects.filter(username=instructors.USERNAME).update(is_active=False)
    assert client.get(url).status_code == 410


def test_the_command_prints_it(capsys, db):
    call_command("instructor_link", base="http://bazaar.example:9000/")
    assert capsys.readouterr().out.startswith("http://bazaar.example:9000/sign-in/once/")


def test_the_account_is_made_once(db):
    assert instructors.first_instructor() == instructors.first_instructor()
    assert not instructors.first_instructor().has_usable_password()
