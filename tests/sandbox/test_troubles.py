"""What is kept of commands that the daemon refused, and when they count as got over."""

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.models import Trouble
from sandbox.models.trouble import KEPT, LONGEST

pytestmark = pytest.mark.django_db

BEGAN = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
REFUSED = {"path": "/containers/poha/start", "status": 404, "error": "No such image: poha"}
DONE = {"path": "/containers/poha/start", "status": 200, "error": ""}
WAITS = {"path": "/containers/poha/start", "status": None, "error": ""}
SIGNAL = {"path": "/containers/poha/kill", "status": 409, "error": "Container poha is not running"}
SIZE = {"path": "/containers/poha/resize", "status": 409, "error": "cannot resize a stopped container"}


def at(second: int) -> datetime:
    return BEGAN + timedelta(seconds=second)


def command(second: int, name: str, *calls: dict, line: str | None = None) -> dict:
    told = f"docker {name} x" if line is None else line
    return {"at": at(second).isoformat(), "name": name, "line": told, "registry": [], "calls": list(calls)}


def kept(learner) -> list[tuple[datetime, bool]]:
    return [(one.at, one.mended_at is not None) for one in Trouble.objects.of(learner).order_by("at")]


def test_a_command_that_was_refused_is_kept_in_the_daemons_words(alice):
    assert Trouble.objects.note(alice, [command(1, "rmi", REFUSED)])
    one = Trouble.objects.get()
    assert (one.learner, one.at, one.command, one.error) == (alice, at(1), "docker rmi x", "No such image: poha")
    assert one.mended_at is None


def test_told_twice_it_is_no_news(alice):
    told = [command(1, "rmi", REFUSED), command(2, "stop", REFUSED), command(3, "stop", DONE)]
    assert Trouble.objects.note(alice, told)
    assert not Trouble.objects.note(alice, told)
    assert Trouble.objects.count() == 2


def test_what_went_well_is_no_trouble(alice):
    assert not Trouble.objects.note(alice, [command(1, "ps", DONE), command(2, "run", DONE, DONE)])
    assert not Trouble.objects.exists()


def test_a_run_that_first_misses_the_image_is_none(alice):
    assert not Trouble.objects.note(alice, [command(1, "run", REFUSED, DONE, DONE)])


def test_while_its_last_call_has_no_answer_it_has_not_failed(alice):
    assert not Trouble.objects.note(alice, [command(1, "run", REFUSED, WAITS)])


def test_a_call_before_that_is_never_answered_hides_no_failure(alice):
    assert Trouble.objects.note(alice, [command(1, "run", DONE, WAITS, REFUSED)])


@pytest.mark.parametrize("aside", [SIGNAL, SIZE])
def test_a_window_that_changes_meanwhile_hides_no_failure_and_makes_none(alice, aside):
    assert Trouble.objects.note(alice, [command(1, "run", REFUSED, aside)])
    assert Trouble.objects.get().error == "No such image: poha"
    assert not Trouble.objects.note(alice, [command(2, "run", DONE, aside)])


def test_a_signal_that_was_ordered_may_fail(alice):
    assert Trouble.objects.note(alice, [command(1, "kill", SIGNAL), command(2, "curl", SIGNAL)])
    assert Trouble.objects.filter(error=SIGNAL["error"]).count() == 2


@pytest.mark.parametrize("later", [[WAITS], [DONE], [DONE, DONE]])
def test_what_looked_like_a_failure_between_two_calls_is_taken_back(alice, later):
    assert Trouble.objects.note(alice, [command(1, "run", REFUSED)])
    assert Trouble.objects.note(alice, [command(1, "run", REFUSED, *later)])
    assert kept(alice) == []


def test_what_is_not_answered_yet_is_none(alice):
    assert not Trouble.objects.note(alice, [command(1, "run", WAITS), command(2, "run")])


def test_the_same_command_done_right_later_mends_it(alice):
    first = [command(1, "run", REFUSED)]
    Trouble.objects.note(alice, first)
    assert Trouble.objects.note(alice, [*first, command(2, "run", DONE)])
    assert Trouble.objects.get().mended_at == at(2)


def test_one_that_was_mended_before_it_was_told_is_kept_as_mended(alice):
    assert Trouble.objects.note(alice, [command(1, "run", REFUSED), command(2, "ps", DONE), command(3, "run", DONE)])
    assert Trouble.objects.get().mended_at == at(3)


@pytest.mark.parametrize(
    "later",
    [command(2, "ps", DONE), command(2, "run", REFUSED), command(2, "run", DONE, WAITS)],
    ids=["another command", "failed again", "not answered yet"],
)
def test_nothing_else_mends_it(alice, later):
    Trouble.objects.note(alice, [command(1, "run", REFUSED), later])
    assert kept(alice)[0] == (at(1), False)


def test_one_that_went_well_before_mends_nothing(alice):
    Trouble.objects.note(alice, [command(1, "run", DONE), command(2, "run", REFUSED)])
    assert kept(alice) == [(at(2), False)]


def test_the_first_that_went_well_is_when_it_was_mended_and_stays_so(alice):
    told = [command(1, "run", REFUSED), command(2, "run", DONE), command(3, "run", DONE)]
    Trouble.objects.note(alice, told)
    Trouble.objects.note(alice, [told[0], told[2]])
    assert Trouble.objects.get().mended_at == at(2)


def test_each_learner_has_their_own(alice, charlie):
    told = [command(1, "run", REFUSED)]
    assert Trouble.objects.note(alice, told)
    assert Trouble.objects.note(charlie, told)
    assert [Trouble.objects.of(one).count() for one in (alice, charlie)] == [1, 1]


def test_the_newest_are_kept_and_told_twice_they_are_no_news(alice):
    told = [command(number, "rmi", REFUSED) for number in range(KEPT + 20)]
    Trouble.objects.note(alice, told)
    assert [one for one, _mended in kept(alice)] == [at(number) for number in range(20, KEPT + 20)]
    assert not Trouble.objects.note(alice, told)


def test_those_of_a_sandbox_before_make_room_for_new_ones(alice):
    Trouble.objects.note(alice, [command(number, "rmi", REFUSED) for number in range(KEPT)])
    assert Trouble.objects.note(alice, [command(1000, "rmi", REFUSED)])
    assert Trouble.objects.count() == KEPT
    assert (at(0), False) not in kept(alice)


def test_what_is_too_long_is_cut(alice):
    refused = {"status": 500, "error": "e" * 5000}
    Trouble.objects.note(alice, [command(1, "x" * 5000, refused, line="l" * 5000)])
    one = Trouble.objects.get()
    assert (len(one.command), len(one.error)) == (LONGEST, LONGEST)


def test_a_call_without_a_command_is_nobodys_trouble(alice):
    assert not Trouble.objects.note(alice, [command(1, "", REFUSED, line="")])


@pytest.mark.parametrize("error", ["<script>", "a\0b", "\u202e", "'; DROP TABLE"])
def test_an_error_may_be_anything(alice, error):
    assert Trouble.objects.note(alice, [command(1, "run", REFUSED | {"error": error})])
    assert Trouble.objects.get().error == error.replace("\0", "")
