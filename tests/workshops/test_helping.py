"""What an instructor's buttons do, and what is kept of it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courses.models import AuditEntry, User
from sandbox import admission
from sandbox.events import group_of_learner
from sandbox.models import Sandbox, State
from tests.workshops.conftest import make_workshop
from workshops.models import Keyboard, Note, Participant, Watch

ROOM = "/instructor/workshops/{0.code}/"
ONE = "/instructor/workshops/{0.workshop.code}/participants/{0.pk}/"


@pytest.fixture
def desk(bob, signed_in):
    return signed_in(bob)


@pytest.fixture
def two(workshop, participant, charlie, join) -> list[Participant]:
    """Alice and Charlie, both of Bob's."""
    return [participant, join(workshop, charlie)]


@pytest.fixture
def told(heard):
    """Return what the pages of a learner were told since the last look."""

    def listen(learner: User):
        from asgiref.sync import async_to_sync
        from channels.layers import get_channel_layer

        layer = get_channel_layer()
        channel = async_to_sync(layer.new_channel)()
        async_to_sync(layer.group_add)(group_of_learner(learner.pk), channel)

        def take() -> int:
            waiting = layer.channels.get(channel)
            return sum(1 for _ in range(waiting.qsize()) if waiting.get_nowait()) if waiting else 0

        return take

    return listen


def audited() -> list[tuple[str, str, str | None, str]]:
    return [
        (entry.actor_name, entry.action, entry.learner and entry.learner.name, entry.detail)
        for entry in AuditEntry.objects.order_by("pk")
    ]


def test_a_note_goes_to_those_it_is_for_and_to_nobody_else(desk, workshop, two, told):
    alice, charlie = (told(one.learner) for one in two)
    answer = desk.post(f"{ROOM.format(workshop)}notes/", {"to": str(two[0].pk), "text": " Look at\0 the port. "})
    assert answer.json() == {"sent": 1}
    assert [(note.participant, note.text, note.is_hint) for note in Note.objects.all()] == [
        (two[0], "Look at the port.", False)
    ]
    assert (alice(), charlie()) == (1, 0)
    assert audited() == [("Bob", "note", "Alice", "Look at the port.")]


def test_a_hint_to_all_is_one_for_each_and_one_line_in_the_log(desk, workshop, two):
    answer = desk.post(f"{ROOM.format(workshop)}notes/", {"to": "all", "text": "docker ps", "hint": "yes"})
    assert answer.json() == {"sent": 2}
    assert Note.objects.hints().count() == 2
    assert audited() == [("Bob", "note", None, "2 learners: docker ps")]


@pytest.mark.parametrize(
    ("to", "text"), [("all", "  "), ("", "hello"), ("nobody,-1,,99999999999999999999", "hello"), ("0", "hello")]
)
def test_a_note_to_nobody_or_of_nothing_is_refused(desk, workshop, two, to, text):
    answer = desk.post(f"{ROOM.format(workshop)}notes/", {"to": to, "text": text})
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert not Note.objects.exists()


def test_a_participant_of_another_workshop_gets_no_note(desk, workshop, two, dora, join):
    other = join(make_workshop(dora), User.objects.create_guest("Esha"))
    desk.post(f"{ROOM.format(workshop)}notes/", {"to": f"{other.pk},{two[0].pk}", "text": "hello"})
    assert [note.participant for note in Note.objects.all()] == [two[0]]


def test_a_note_longer_than_fits_is_cut(desk, workshop, two):
    desk.post(f"{ROOM.format(workshop)}notes/", {"to": "all", "text": "x" * 5000})
    assert {len(note.text) for note in Note.objects.all()} == {1000}


@pytest.mark.parametrize(("action", "keeps_home"), [("reset", False), ("restart", True)])
def test_a_sandbox_is_made_anew_clean_or_with_its_files(desk, workshop, participant, make, action, keeps_home):
    old = make(participant.learner)
    answer = desk.post(f"{ROOM.format(workshop)}sandboxes/", {"to": "all", "action": action})
    assert answer.json() == {"done": 1, "refused": []}
    old.refresh_from_db()
    assert (old.state, old.keeps_home) == (State.STOPPING, keeps_home)
    assert Sandbox.objects.of(participant.learner).active().get() != old
    assert audited() == [("Bob", "sandbox", "Alice", action)]


def test_sandboxes_of_all_are_extended_and_those_that_cannot_be_are_named(desk, workshop, two, make):
    soon = timezone.now() + timedelta(minutes=5)
    running = make(two[0].learner, expires_at=soon)
    answer = desk.post(f"{ROOM.format(workshop)}sandboxes/", {"to": "all", "action": "extend"})
    assert answer.json()["done"] == 1
    assert [one["name"] for one in answer.json()["refused"]] == ["Charlie"]
    running.refresh_from_db()
    assert running.expires_at > soon + timedelta(hours=1)


def test_a_sandbox_is_started_and_stopped_for_a_learner(desk, workshop, participant):
    url = f"{ROOM.format(workshop)}sandboxes/"
    assert desk.post(url, {"to": str(participant.pk), "action": "start"}).json()["done"] == 1
    sandbox = Sandbox.objects.get(learner=participant.learner)
    assert sandbox.state == State.STARTING
    assert desk.post(url, {"to": str(participant.pk), "action": "stop"}).json()["done"] == 1
    sandbox.refresh_from_db()
    assert sandbox.state == State.STOPPING


def test_a_full_house_is_said_for_those_whom_it_is_about(desk, workshop, two, settings, make):
    settings.SANDBOX_LIMIT = 1
    answer = desk.post(f"{ROOM.format(workshop)}sandboxes/", {"to": "all", "action": "start"})
    assert answer.json()["done"] == 1
    assert len(answer.json()["refused"]) == 1
    assert "waiting" in answer.json()["refused"][0]["error"]


def test_what_is_still_being_removed_is_not_made_anew_twice(desk, workshop, participant, make):
    make(participant.learner, State.STOPPING)
    made = admission.open_for(participant.learner)
    answer = desk.post(f"{ROOM.format(workshop)}sandboxes/", {"to": "all", "action": "reset"})
    assert answer.json()["done"] == 0
    assert Sandbox.objects.of(participant.learner).active().get() == made


def test_there_is_no_other_action(desk, workshop, participant):
    assert desk.post(f"{ROOM.format(workshop)}sandboxes/", {"to": "all", "action": "delete"}).status_code == 400


def test_a_task_marked_as_done_is_done_and_the_page_is_told(desk, participant, told, queued, make):
    sandbox, pages = make(participant.learner), told(participant.learner)
    answer = desk.post(f"{ONE.format(participant)}done/", {"task": "day-2/first-order"})
    assert answer.status_code == 200
    enrollment = participant.learner.enrollments.get()
    assert set(enrollment.done("day-2")) == {"first-order"}
    assert pages() == 1
    assert ("check_tasks", (sandbox.pk, "en")) in queued()
    assert audited() == [("Bob", "mark", "Alice", "day-2/first-order")]


@pytest.mark.parametrize("task", ["day-2/never-heard-of", "day-1/first-stall", "", "day-2/"])
def test_only_tasks_of_the_workshop_can_be_marked(desk, participant, task):
    assert desk.post(f"{ONE.format(participant)}done/", {"task": task}).status_code == 404
    assert not participant.learner.enrollments.get().completions.exists()


def test_a_guests_name_can_be_changed(desk, participant, told):
    pages = told(participant.learner)
    assert desk.post(f"{ONE.format(participant)}rename/", {"name": "  Alice \n A. "}).json() == {"name": "Alice A."}
    participant.learner.refresh_from_db()
    assert (participant.learner.name, pages()) == ("Alice A.", 1)
    assert audited() == [("Bob", "rename", "Alice A.", "Alice → Alice A.")]


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_name_must_be_one(desk, participant, name):
    assert desk.post(f"{ONE.format(participant)}rename/", {"name": name}).status_code == 400
    participant.learner.refresh_from_db()
    assert participant.learner.name == "Alice"


def test_who_has_an_account_is_not_renamed(desk, workshop, join):
    esha = User.objects.create_user("esha", password="learns docker", name="Esha")
    answer = desk.post(f"{ONE.format(join(workshop, esha))}rename/", {"name": "Somebody"})
    assert answer.status_code == 409
    esha.refresh_from_db()
    assert esha.name == "Esha"


def test_who_is_removed_is_out_but_keeps_their_progress(desk, participant, make):
    alice, sandbox = participant.learner, make(participant.learner)
    alice.enrollments.get().complete("day-2", "first-order")
    assert desk.post(f"{ONE.format(participant)}remove/").status_code == 200
    assert not Participant.objects.exists()
    sandbox.refresh_from_db()
    assert sandbox.state == State.STOPPING
    assert alice.enrollments.get().completions.count() == 1
    assert desk.post(f"{ONE.format(participant)}remove/").status_code == 404


def test_a_hand_is_lowered_when_it_was_seen_to(desk, participant):
    participant.raise_hand(timezone.now())
    assert desk.post(f"{ONE.format(participant)}hand/").status_code == 200
    participant.refresh_from_db()
    assert participant.hand_at is None


def test_the_keyboard_is_asked_for_by_who_watches(desk, participant, bob):
    url = f"{ONE.format(participant)}keyboard/"
    assert desk.post(url, {"action": "ask"}).status_code == 409
    watch = Watch.objects.begin(participant, bob, timezone.now())
    assert desk.post(url, {"action": "ask"}).json() == {"keyboard": "asked", "granted": False}
    watch.grant()
    assert desk.post(url, {"action": "return"}).json() == {"keyboard": "none", "granted": False}
    assert [action for _, action, _, _ in audited()] == ["watch", "ask", "type", "return"]


def test_nobody_has_the_keyboard_without_having_asked(participant, bob):
    watch = Watch.objects.begin(participant, bob, timezone.now())
    assert not watch.grant()
    watch.refresh_from_db()
    assert watch.keyboard == Keyboard.NONE


def test_ones_own_sandbox_is_shown_if_it_runs(desk, workshop, bob, make):
    url = f"{ROOM.format(workshop)}show/"
    assert desk.post(url, {"on": "yes"}).status_code == 409
    make(bob)
    assert desk.post(url, {"on": "yes"}).json() == {"showing": "Bob"}
    workshop.refresh_from_db()
    assert workshop.showing == bob
    assert desk.post(url, {"on": "no"}).json() == {"showing": None}
    assert [action for _, action, _, _ in audited()] == ["show"]
