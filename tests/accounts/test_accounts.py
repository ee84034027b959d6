"""A guest makes an account and keeps everything; who has an account changes it, or goes without a trace."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts import farewell
from courses.models import AuditEntry, Certificate, Completion, User
from sandbox.models import Home, Sandbox, State
from tests.accounts.conftest import PASSWORD
from tests.workshops.conftest import make_workshop
from workshops.models import Participant

GIVEN = {"username": "alice", "name": "Alice of Indore", "password1": PASSWORD, "password2": PASSWORD}


def errors(response) -> dict[str, list[str]]:
    assert response.status_code == 200
    return response.context["form"].errors


def who(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


# --- a guest ---


def test_a_guest_becomes_an_account_and_keeps_everything(alice, progress, bob, signed_in):
    Participant.objects.create(workshop=make_workshop(bob), learner=alice)
    sandbox = Sandbox.objects.create(learner=alice, state=State.RUNNING)
    client = signed_in(alice)
    response = client.post("/account/", GIVEN)
    assert (response.status_code, response.url) == (302, "/account/")
    assert who(client) == str(alice.pk)

    alice.refresh_from_db()
    assert (alice.username, alice.name, alice.is_guest, alice.is_staff) == ("alice", "Alice of Indore", False, False)
    assert alice.check_password(PASSWORD)
    assert Completion.objects.of(alice).count() == 1
    assert (alice.participations.count(), alice.sandboxes.get()) == (1, sandbox)
    assert b"You sign in as" in client.get("/account/").content


def test_they_come_back_with_the_password_and_not_by_the_cookie_of_guests(alice, signed_in):
    client = signed_in(alice)
    client.post("/account/", GIVEN)
    client.post("/sign-out/")
    client.post("/start/")
    assert who(client) != str(alice.pk)
    elsewhere = Client()
    elsewhere.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    assert who(elsewhere) == str(alice.pk)


def test_other_browsers_of_the_guest_are_signed_out(alice, signed_in):
    one, other = signed_in(alice), signed_in(alice)
    one.post("/account/", GIVEN)
    assert one.get("/account/").status_code == 200
    assert other.get("/account/").url.startswith("/sign-in/")


@pytest.mark.parametrize("username", ["dora", "DORA", "Dora", "instructor", "Instructor"])
def test_a_taken_username_is_refused_in_any_case(alice, dora, signed_in, username):
    assert "taken" in str(errors(signed_in(alice).post("/account/", GIVEN | {"username": username}))["username"])
    alice.refresh_from_db()
    assert alice.is_guest


@pytest.mark.parametrize("username", ["", "a b", "<b>", "x" * 151, "a\x00b", "a/b"])
def test_a_username_that_is_none_is_refused(alice, signed_in, username):
    assert errors(signed_in(alice).post("/account/", GIVEN | {"username": username}))["username"]


@pytest.mark.parametrize(
    ("one", "two"), [("short", "short"), ("password123", "password123"), (PASSWORD, "another one"), ("", "")]
)
def test_a_weak_or_mistyped_password_is_refused(alice, signed_in, one, two):
    found = errors(signed_in(alice).post("/account/", GIVEN | {"password1": one, "password2": two}))
    assert found.keys() & {"password1", "password2"}
    alice.refresh_from_db()
    assert alice.is_guest and not alice.has_usable_password()


def test_two_who_take_one_name_at_once_do_not_both_get_it(alice, charlie, monkeypatch):
    from accounts.forms import AccountForm

    first, second = AccountForm(alice, GIVEN), AccountForm(charlie, GIVEN)
    assert first.is_valid() and second.is_valid()
    assert first.save()
    assert not second.save()
    assert "taken" in str(second.errors["username"])


def test_markup_in_a_name_stays_text(alice, signed_in):
    client = signed_in(alice)
    client.post("/account/", GIVEN | {"name": "<script>alert(1)</script>"})
    assert b"<script>alert" not in client.get("/account/").content


def test_one_address_does_not_make_accounts_without_end(alice, signed_in, settings, counters):
    settings.GUESTS_PER_HOUR = 1
    client = signed_in(alice)
    client.post("/account/", GIVEN | {"username": ""})
    assert client.post("/account/", GIVEN).status_code == 429


@pytest.mark.parametrize("path", ["/account/", "/account/password/", "/account/delete/"])
def test_a_visitor_has_no_account(client, db, path):
    assert client.get(path).url.startswith("/sign-in/")
    assert client.post(path).url.startswith("/sign-in/")


@pytest.mark.parametrize("path", ["/account/", "/account/password/", "/account/delete/"])
def test_accounts_are_shown_and_posted_to(dora, signed_in, path):
    assert signed_in(dora).put(path).status_code == 405
    assert "no-store" in signed_in(dora).get(path).headers["Cache-Control"]


# --- an account ---


def change(**fields: str) -> dict[str, str]:
    return {
        "old_password": PASSWORD,
        "new_password1": "rabri at midnight",
        "new_password2": "rabri at midnight",
    } | fields


def test_a_new_password_holds_and_signs_other_browsers_out(dora, signed_in):
    one, other = signed_in(dora), signed_in(dora)
    assert one.post("/account/password/", change()).url == "/account/"
    assert one.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302
    dora.refresh_from_db()
    assert dora.check_password("rabri at midnight")


@pytest.mark.parametrize("wrong", [{"old_password": "guessed"}, {"new_password2": "another"}])
def test_a_new_password_needs_the_old_one(dora, signed_in, wrong):
    assert errors(signed_in(dora).post("/account/password/", change(**wrong)))
    dora.refresh_from_db()
    assert dora.check_password(PASSWORD)


def test_who_is_signed_in_cannot_guess_the_old_password(dora, signed_in, counters):
    client = signed_in(dora)
    for _ in range(10):
        client.post("/account/password/", change(old_password="guessed"))
    refused = client.post("/account/password/", change())
    assert (refused.status_code, refused.context["form"].errors) == (429, {})
    assert client.post("/account/delete/", {"password": PASSWORD}).status_code == 429


def test_a_guest_has_no_password_to_change(alice, signed_in):
    assert signed_in(alice).get("/account/password/").url == "/account/"


def test_who_was_deactivated_is_signed_out(dora, signed_in):
    client = signed_in(dora)
    User.objects.filter(pk=dora.pk).update(is_active=False)
    assert client.get("/account/").status_code == 302


# --- going ---


def test_deleting_needs_the_password(dora, signed_in):
    client = signed_in(dora)
    for form in ({}, {"password": "guessed"}, {"sure": "on"}):
        assert errors(client.post("/account/delete/", form))
    assert User.objects.filter(pk=dora.pk).exists()


def test_deleting_leaves_nothing_and_stops_the_sandbox(dora, bob, signed_in):
    workshop = make_workshop(bob)
    participant = Participant.objects.create(workshop=workshop, learner=dora)
    enrollment = dora.enroll("sarafa-bazaar")
    enrollment.complete("day-2", "first-order")
    Certificate.objects.create(enrollment=enrollment, title="x", days=[], goals=1, solutions=0)
    Home.objects.create(learner=dora, archive=b"x", saved_at=timezone.now())
    sandbox = Sandbox.objects.create(learner=dora, state=State.RUNNING)
    AuditEntry.objects.note(bob, AuditEntry.Action.RENAME, dora, workshop=workshop.code, detail="Dora → Theodora")

    client = signed_in(dora)
    assert client.post("/account/delete/", {"password": PASSWORD}).url == "/"
    assert who(client) is None
    assert not User.objects.filter(username="dora").exists()
    assert not Participant.objects.filter(pk=participant.pk).exists()
    assert not Certificate.objects.exists() and not Home.objects.exists()

    sandbox.refresh_from_db()
    assert (sandbox.state, sandbox.learner_id, sandbox.keeps_home) == (State.STOPPING, None, False)
    left = AuditEntry.objects.get()
    assert "Dora" not in f"{left.actor_name}{left.detail}" and left.learner is None


def test_a_sandbox_in_use_never_gets_into_the_pool(dora):
    Sandbox.objects.create(learner=dora, state=State.STARTING)
    farewell.delete(dora)
    assert not Sandbox.objects.unclaimed().exists()


def test_a_guest_goes_by_saying_so(alice, progress, signed_in):
    client = signed_in(alice)
    assert errors(client.post("/account/delete/", {}))
    client.post("/account/delete/", {"sure": "on"})
    assert not User.objects.exists() and not Completion.objects.exists()


def test_the_only_administrator_stays(admin, signed_in):
    client = signed_in(admin)
    assert client.post("/account/delete/", {"password": "may do everything"}).url == "/account/"
    assert User.objects.filter(pk=admin.pk).exists()
    User.objects.create_superuser(username="second", password=PASSWORD)
    client.post("/account/delete/", {"password": "may do everything"})
    assert not User.objects.filter(pk=admin.pk).exists()


# --- a guest who has an account already ---


def sign_in(client: Client, **more: str) -> None:
    client.post("/sign-in/", {"username": "dora", "password": PASSWORD, **more})


def test_a_guest_who_signs_in_takes_along_what_they_did(alice, progress, bob, dora, signed_in):
    both, hers = make_workshop(bob), make_workshop(bob)
    for learner in (alice, dora):
        Participant.objects.create(workshop=both, learner=learner)
    Participant.objects.create(workshop=hers, learner=alice)
    mine = dora.enroll("sarafa-bazaar")
    mine.complete("day-2", "first-order")
    progress.complete("day-2", "push")
    progress.try_task("day-2", "clean", "found", "expected", "hint")
    sandbox = Sandbox.objects.create(learner=alice, state=State.RUNNING)
    AuditEntry.objects.note(bob, AuditEntry.Action.NOTE, alice)

    client = signed_in(alice)
    sign_in(client, bring="yes")
    assert who(client) == str(dora.pk)
    assert not User.objects.filter(pk=alice.pk).exists()
    assert mine.done("day-2").keys() == {"first-order", "push"}
    assert mine.attempts.get().task == "clean"
    assert {one.workshop for one in dora.participations.all()} == {both, hers}
    assert dora.sandboxes.active().get() == sandbox
    assert AuditEntry.objects.get().learner == dora


def test_the_accounts_own_sandbox_stays_and_the_guests_ends(alice, dora):
    kept = Sandbox.objects.create(learner=dora, state=State.RUNNING)
    given_up = Sandbox.objects.create(learner=alice, state=State.RUNNING)
    farewell.absorb(alice, dora)
    given_up.refresh_from_db()
    assert dora.sandboxes.active().get() == kept
    assert (given_up.state, given_up.learner_id) == (State.STOPPING, None)


def test_a_guest_may_leave_it_behind_and_come_back(alice, progress, dora, signed_in):
    client = signed_in(alice)
    sign_in(client)
    assert not Completion.objects.of(dora).exists()
    client.post("/sign-out/")
    client.post("/start/")
    assert who(client) == str(alice.pk)


def test_a_wrong_password_takes_nothing_from_a_guest(alice, progress, dora, signed_in):
    client = signed_in(alice)
    client.post("/sign-in/", {"username": "dora", "password": "guessed", "bring": "yes"})
    assert who(client) == str(alice.pk)
    assert Completion.objects.of(alice).exists()
