"""Who sees and does what in the admin panel: one table. A model or an action without a row in it fails.

Each row is about a thing of Alice's, who is in Bob's workshop; Dora teaches another.
"""

import pytest
from django.urls import reverse
from django.utils import timezone

from courses.models import Attempt, AuditEntry, Certificate, Completion, Enrollment, SolutionView, User
from sandbox.models import CustomerRun, Host, Reservation, Sandbox, State, Trouble, Waiting
from tests.workshops.conftest import make_workshop
from tests.workshops.test_permissions import ROLES, cast, everything
from workshops.models import Note, Participant, Watch, Workshop

pytestmark = pytest.mark.slow

__all__ = ["cast"]

# By model: whether its instructor sees it, what an administrator may, and its actions.
MODELS = {
    User: (True, {"add", "change", "delete"}, set()),
    Enrollment: (True, {"add", "change", "delete"}, set()),
    Completion: (True, {"add", "change", "delete"}, set()),
    Attempt: (True, {"delete"}, set()),
    SolutionView: (False, {"delete"}, set()),
    Certificate: (False, {"delete"}, set()),
    Sandbox: (True, set(), {"stop", "restart", "reset", "save"}),
    Host: (False, set(), {"drain", "empty", "undrain"}),
    Waiting: (False, {"delete"}, set()),
    Trouble: (True, {"delete"}, set()),
    CustomerRun: (False, {"delete"}, set()),
    Reservation: (False, {"add", "change", "delete"}, set()),
    Workshop: (True, {"change", "delete"}, {"open", "close"}),
    Participant: (True, {"delete"}, set()),
    Note: (True, {"delete"}, set()),
    Watch: (False, set(), set()),
    AuditEntry: (True, set(), set()),
}
OUTSIDE = {"visitor": 302, "participant": 302, "learner of another": 302}
VIEWS = ["changelist", "add", "change", "delete", "history"]


def expected(model, view: str, role: str) -> int:
    """Return the status of a GET: 302 also for a row that is not theirs, which is not found."""
    sees, may, _actions = MODELS[model]
    if role in OUTSIDE:
        return 302
    if role == "administrator":
        return 200 if view in {"changelist", "change", "history"} or view in may else 403
    if view in {"add", "delete"}:
        return 403
    if not sees:
        return 302 if view == "history" else 403
    return 302 if role == "instructor of another" and view != "changelist" else 200


@pytest.fixture
def rows(workshop, participant, alice, bob, make) -> dict:
    """A row of each kind that is about Alice."""
    now = timezone.now()
    enrollment = alice.enroll("sarafa-bazaar")
    enrollment.complete("day-2", "first-order")
    enrollment.try_task("day-2", "another", "nothing", "something", "look")
    enrollment.show_solution("day-2", "first-order")
    Note.objects.send(bob, [participant], "Look at the port.", is_hint=False)
    return {
        User: alice,
        Enrollment: enrollment,
        Completion: Completion.objects.get(),
        Attempt: Attempt.objects.get(),
        SolutionView: SolutionView.objects.get(),
        Certificate: Certificate.objects.create(enrollment=enrollment, title="x", days=[], goals=1, solutions=0),
        Sandbox: make(alice),
        Host: Host.objects.get(),
        Waiting: Waiting.objects.create(learner=alice, since=now, seen_at=now),
        Trouble: Trouble.objects.create(learner=alice, at=now, command="docker run x", error="No such image"),
        CustomerRun: CustomerRun.objects.create(learner=alice, image="poha", pushed_at="1"),
        Reservation: Reservation.objects.create(purpose="a fair", sandboxes=3, begins_at=now, ends_at=now),
        Workshop: workshop,
        Participant: participant,
        Note: Note.objects.get(),
        Watch: Watch.objects.begin(participant, bob, now),
        AuditEntry: AuditEntry.objects.note(bob, AuditEntry.Action.NOTE, alice, workshop=workshop.code),
    }


def url_of(model, view: str, row=None) -> str:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}"
    return reverse(name, args=[row.pk] if view in {"change", "delete", "history"} else [])


def test_every_model_and_action_has_a_row(admin, rf):
    from django.contrib.admin import site

    request = rf.get("/")
    request.user = admin
    assert set(site._registry) == set(MODELS)
    for model, (_sees, may, actions) in MODELS.items():
        delete = {"delete_selected"} if "delete" in may else set()
        assert set(site.get_model_admin(model).get_actions(request)) == actions | delete, model


@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_what_it_may(role, cast, rows, client):
    if cast[role]:
        client.force_login(cast[role])
    before = everything()
    wrong = {}
    for model in MODELS:
        for view in VIEWS:
            answer = client.get(url_of(model, view, rows[model]))
            if answer.status_code != expected(model, view, role):
                wrong[model.__name__, view] = answer.status_code, expected(model, view, role)
    assert wrong == {}
    assert everything() == before


@pytest.mark.parametrize("role", [role for role in ROLES if role != "administrator"])
def test_nothing_is_posted_by_whom_it_is_not_theirs_to(role, cast, rows, client):
    """Add, change, delete, and each action, with another name and with rights: nothing changes."""
    if cast[role]:
        client.force_login(cast[role])
    theirs = role == "instructor"  # who may rename Alice, and use actions
    before = everything()
    for model, (_sees, _may, actions) in MODELS.items():
        row, given = rows[model], {"is_superuser": "on", "is_staff": "on", "title": "Mine", "post": "yes"}
        for view in ("add", "change", "delete"):
            if not (theirs and model is User and view == "change"):
                client.post(url_of(model, view, row), given)
        for action in {"delete_selected"} | (set() if theirs else actions):
            chosen = {"action": action, "_selected_action": [row.pk], "meant": "yes", "post": "yes", "index": "0"}
            client.post(url_of(model, "changelist"), chosen)
    assert everything() == before


def test_an_instructor_finds_only_their_own_in_lists(bob, dora, rows, signed_in):
    for model, (sees, _may, _actions) in MODELS.items():
        if sees:
            counts = [
                signed_in(user).get(url_of(model, "changelist")).context["cl"].result_count for user in (bob, dora)
            ]
            assert counts[0] >= 1, model
            assert counts[1] == 0, model


def test_autocomplete_finds_nobody_elses_learners(bob, dora, rows, signed_in):
    query = {"app_label": "courses", "model_name": "enrollment", "field_name": "learner", "term": "Alice"}
    found = [signed_in(user).get("/admin/autocomplete/", query).json()["results"] for user in (bob, dora)]
    assert [len(results) for results in found] == [1, 0]


def test_an_instructor_renames_a_guest_and_gives_no_rights(bob, rows, signed_in):
    alice, given = rows[User], {"name": " Alice \n A. ", "username": "root", "password": "x", "email": "a@b.example"}
    flags = {"is_staff": "on", "is_superuser": "on", "is_guest": "", "groups": "1", "user_permissions": "1"}
    before = User.objects.filter(pk=alice.pk).values().get()
    signed_in(bob).post(url_of(User, "change", alice), given | flags)
    assert User.objects.filter(pk=alice.pk).values().get() == before | {"name": "Alice A."}
    entry = AuditEntry.objects.first()
    assert (entry.actor, entry.action, entry.learner) == (bob, "edit", alice)
    assert entry.workshop == rows[Workshop].code


def test_an_instructor_sets_nobodys_password(bob, rows, signed_in):
    url = reverse("admin:auth_user_password_change", args=[rows[User].pk])
    new = {"password1": "a new long one", "password2": "a new long one", "usable_password": "true"}
    assert signed_in(bob).post(url, new).status_code == 403
    assert not User.objects.get(pk=rows[User].pk).has_usable_password()


def test_who_has_an_account_is_not_renamed(bob, workshop, join, signed_in):
    esha = join(workshop, User.objects.create_user("esha", password="learns docker", name="Esha")).learner
    assert signed_in(bob).post(url_of(User, "change", esha), {"name": "Somebody"}).status_code == 403
    esha.refresh_from_db()
    assert esha.name == "Esha"


def press(client, row, action: str, **answer: str):
    data = {"action": action, "_selected_action": [row.pk], "index": "0"} | answer
    return client.post(url_of(type(row), "changelist"), data)


@pytest.mark.parametrize("action", ["stop", "restart", "reset"])
@pytest.mark.parametrize("who", ["bob", "admin"])
def test_an_action_on_a_sandbox_is_done_and_kept(who, action, rows, signed_in, request):
    user, sandbox = request.getfixturevalue(who), rows[Sandbox]
    press(signed_in(user), sandbox, action, meant="yes")
    sandbox.refresh_from_db()
    assert (sandbox.state, sandbox.keeps_home) == (State.STOPPING, action != "reset")
    assert Sandbox.objects.of(rows[User]).active().exists() == (action != "stop")
    entry = AuditEntry.objects.first()
    told = (entry.actor, entry.action, entry.learner, entry.workshop, entry.detail)
    assert told == (user, "sandbox", rows[User], rows[Workshop].code, action)


def test_files_are_saved_when_they_are_asked_for(bob, rows, signed_in, queued):
    press(signed_in(bob), rows[Sandbox], "save")
    assert ("save_home", (rows[Sandbox].pk, True)) in queued()


@pytest.mark.parametrize(("model", "action"), [(Sandbox, "reset"), (Workshop, "close")])
def test_what_cannot_be_undone_is_asked_about_first(bob, rows, signed_in, model, action):
    before = everything()
    assert "Are you sure?" in press(signed_in(bob), rows[model], action).text
    assert everything() == before


def test_a_workshop_is_closed_and_opened_again(bob, rows, signed_in):
    workshop, client = rows[Workshop], signed_in(bob)
    press(client, workshop, "close", meant="yes")
    press(client, workshop, "open")
    assert [entry.action for entry in AuditEntry.objects.all()[:2]] == ["open", "close"]
    workshop.refresh_from_db()
    assert workshop.is_open


def test_a_person_can_be_deleted_with_all_that_is_theirs(admin, rows, signed_in):
    signed_in(admin).post(url_of(User, "delete", rows[User]), {"post": "yes"})
    assert not User.objects.filter(pk=rows[User].pk).exists()
    entry = AuditEntry.objects.first()
    assert (entry.actor, entry.action, entry.learner) == (admin, "edit", None)
    assert "Alice" not in entry.detail


@pytest.mark.parametrize(("who", "status"), [("admin", 200), ("bob", 404), ("alice", 302)])
def test_the_host_is_for_administrators(who, status, signed_in, request):
    assert signed_in(request.getfixturevalue(who)).get("/admin/host/").status_code == status


def test_history_tells_an_instructor_their_own_deeds_alone(admin, bob, rows, signed_in):
    signed_in(admin).post(url_of(User, "change", rows[User]), {"username": rows[User].username, "name": "Somebody"})
    assert list(signed_in(bob).get(url_of(User, "history", rows[User])).context["action_list"]) == []


def test_the_front_page_counts_what_one_may_see(admin, bob, dora, rows, signed_in):
    make_workshop(dora)
    cards = {user: signed_in(user).get("/admin/").context["cards"] for user in (admin, bob, dora)}
    assert [card.number for card in cards[bob]] == [1, 1, 1]
    assert [card.number for card in cards[dora]] == [0, 1, 0]
    assert [card.number for card in cards[admin]][:4] == [4, 2, 1, 1]
