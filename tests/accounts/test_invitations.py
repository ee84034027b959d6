"""An administrator's link makes somebody an instructor, or an administrator: once, within a week, unless revoked."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Invitation
from courses.models import AuditEntry, Completion, User
from tests.accounts.conftest import PASSWORD

GIVEN = {"username": "erin", "name": "Erin", "password1": PASSWORD, "password2": PASSWORD}
PAGE = "/instructor/invitations/"


@pytest.fixture
def made(admin) -> Invitation:
    return Invitation.objects.invite(admin, "instructor", "Erin", timezone.now())[0]


@pytest.fixture
def url(admin) -> str:
    _made, token = Invitation.objects.invite(admin, "instructor", "Erin", timezone.now())
    return f"/invitations/{token}/"


def test_an_administrator_makes_a_link_that_is_shown_once(admin, signed_in):
    client = signed_in(admin)
    page = client.post(PAGE, {"role": "instructor", "label": "Erin <erin@example.org>"})
    link = page.context["link"]
    assert link.startswith("http://testserver/invitations/") and link in page.text
    token = link.split("/")[-2]
    assert token not in client.get(PAGE).text
    assert token not in str(Invitation.objects.values()) and len(token) > 40
    assert Client().get(link).status_code == 200
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.detail) == (admin, "invite", "instructor")


@pytest.mark.parametrize("form", [{"role": "king"}, {"label": "Erin"}, {"role": "instructor", "label": "x" * 121}])
def test_an_invitation_to_nothing_is_not_made(admin, signed_in, form):
    assert signed_in(admin).post(PAGE, form).context["form"].errors
    assert not Invitation.objects.exists()


def test_the_list_is_the_administrators_alone(client, alice, bob, made, signed_in):
    assert client.get(PAGE).url.startswith("/sign-in/")
    for other in (alice, bob):
        assert signed_in(other).get(PAGE).status_code == 404
        assert signed_in(other).post(PAGE, {"role": "administrator"}).status_code == 404
        assert signed_in(other).post(f"{PAGE}{made.pk}/revoke/").status_code == 404
    assert Invitation.objects.get() == made and made.is_open(timezone.now())


def test_wrong_methods_are_refused(admin, made, url, signed_in):
    assert signed_in(admin).put(PAGE).status_code == 405
    assert signed_in(admin).get(f"{PAGE}{made.pk}/revoke/").status_code == 405
    assert Client().put(url).status_code == 405
    assert signed_in(admin).post(f"{PAGE}999/revoke/").status_code == 404


def test_the_invited_become_an_instructor_and_are_signed_in(client, url):
    assert client.post(url, GIVEN).url == "/instructor/"
    erin = User.objects.get(username="erin")
    assert (erin.name, erin.is_staff, erin.is_superuser, erin.is_guest) == ("Erin", True, False, False)
    assert erin.check_password(PASSWORD)
    assert client.session["_auth_user_id"] == str(erin.pk)
    assert Invitation.objects.get().used_by == erin


def test_an_administrator_may_be_invited(client, admin):
    _made, token = Invitation.objects.invite(admin, "administrator", "", timezone.now())
    client.post(f"/invitations/{token}/", GIVEN)
    assert User.objects.get(username="erin").is_superuser


def test_looking_at_it_does_not_use_it_up(client, url):
    assert client.get(url).status_code == 200
    assert client.head(url).status_code in (200, 405)
    assert client.post(url, GIVEN | {"password2": "mistyped"}).status_code == 200
    assert client.post(url, GIVEN).status_code == 302


def test_it_works_once(url):
    Client().post(url, GIVEN)
    assert Client().get(url).status_code == 410
    assert Client().post(url, GIVEN | {"username": "mallory"}).status_code == 410
    assert not User.objects.filter(username="mallory").exists()


def test_of_two_who_accept_at_once_one_wins(made, alice, dora):
    at, same = timezone.now(), Invitation.objects.get(pk=made.pk)
    assert made.accept(dora, at)
    assert not same.accept(alice, at)
    alice.refresh_from_db()
    assert not alice.is_staff


def test_who_comes_second_gets_no_account_either(client, url, monkeypatch):
    monkeypatch.setattr(Invitation, "accept", lambda *args: False)
    assert client.post(url, GIVEN).status_code == 410
    assert not User.objects.filter(username="erin").exists()


def test_it_holds_for_a_week(client, url):
    Invitation.objects.update(expires_at=timezone.now() + timedelta(seconds=30))
    assert client.get(url).status_code == 200
    Invitation.objects.update(expires_at=timezone.now())
    assert client.get(url).status_code == client.post(url, GIVEN).status_code == 410
    assert not User.objects.filter(username="erin").exists()


def test_it_can_be_revoked(client, admin, url, signed_in):
    pk = Invitation.objects.get().pk
    assert signed_in(admin).post(f"{PAGE}{pk}/revoke/").url == PAGE
    assert client.get(url).status_code == client.post(url, GIVEN).status_code == 410


def test_what_was_used_is_not_revoked(admin, url):
    Client().post(url, GIVEN)
    assert not Invitation.objects.get().revoke(timezone.now())


@pytest.mark.parametrize("token", ["x", "0" * 43, "%00", "%F0%9F%98%80", "' OR 1=1"])
def test_a_guessed_token_opens_nothing(client, made, token):
    assert client.get(f"/invitations/{token}/").status_code == 410
    assert client.get(f"/invitations/{made.digest}/").status_code == 410


def test_a_taken_username_is_refused(client, dora, url):
    assert "taken" in str(client.post(url, GIVEN | {"username": "Dora"}).context["form"].errors["username"])
    assert not User.objects.get(username="dora").is_staff


def test_a_guest_who_is_invited_keeps_what_they_did(alice, progress, url, signed_in):
    signed_in(alice).post(url, GIVEN)
    alice.refresh_from_db()
    assert (alice.username, alice.is_staff, alice.is_guest) == ("erin", True, False)
    assert Completion.objects.of(alice).exists()


def test_who_has_an_account_accepts_with_a_button(dora, url, signed_in):
    client = signed_in(dora)
    assert b"password1" not in client.get(url).content
    assert client.post(url).url == "/instructor/"
    dora.refresh_from_db()
    assert dora.is_staff and dora.check_password(PASSWORD)


def test_markup_in_a_label_stays_text(admin, signed_in):
    signed_in(admin).post(PAGE, {"role": "instructor", "label": "<script>alert(1)</script>"})
    assert "<script>alert" not in signed_in(admin).get(PAGE).text


def test_the_label_goes_with_the_account(url):
    from accounts import farewell

    Client().post(url, GIVEN)
    farewell.delete(User.objects.get(username="erin"))
    assert Invitation.objects.get().label == ""
