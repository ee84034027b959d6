"""The gradebook: what it says of each participant, and that the spreadsheet says the same."""

import csv
import io
from datetime import timedelta

import pytest
from django.utils import timezone

from courses.models import Completion, User
from sandbox.models import Trouble
from workshops.gradebook import gradebook_of, mistakes_of
from workshops.gradebook_csv import as_csv, safe
from workshops.models import Note, Participant, State


@pytest.fixture
def began(participant):
    """When Alice joined."""
    at = timezone.now() - timedelta(hours=1)
    Participant.objects.filter(pk=participant.pk).update(joined_at=at)
    participant.refresh_from_db()
    return at


def complete(learner: User, task: str, at) -> None:
    enrollment = learner.enroll("sarafa-bazaar")
    enrollment.complete("day-2", task)
    Completion.objects.filter(enrollment=enrollment, task=task).update(completed_at=at)


def read(gradebook) -> list[dict[str, str]]:
    """Read the spreadsheet as another program would, by its keys."""
    text = as_csv(gradebook)
    assert text.startswith("\ufeff")
    _headings, keys, *rows = csv.reader(io.StringIO(text[1:], newline=""))
    return [dict(zip(keys, row, strict=True)) for row in rows]


def tasks_of(workshop) -> list[str]:
    return [column.key for column in gradebook_of(workshop, "en").columns if not column.is_quiz]


def test_a_line_says_when_how_often_how_long_and_with_what_help(workshop, participant, alice, bob, began):
    first, second = (key.split("/")[1] for key in tasks_of(workshop)[:2])
    enrollment = alice.enrollments.get()
    for found in ("nothing", "one", "two"):
        enrollment.try_task("day-2", first, found, "three", f"Think of {found}.")
    enrollment.show_solution("day-2", second)
    complete(alice, first, began + timedelta(minutes=5))
    complete(alice, second, began + timedelta(minutes=7))
    Note.objects.send(bob, [participant], "docker ps", is_hint=True)
    Note.objects.send(bob, [participant], "Hello", is_hint=False)
    (line,) = gradebook_of(workshop, "en").lines
    one, another = line.cells[f"day-2/{first}"], line.cells[f"day-2/{second}"]
    assert (one.done_at, one.tries, one.hints, one.solution, one.seconds) == (
        began + timedelta(minutes=5), 3, 3, False, 300,
    )  # fmt: skip
    assert (another.tries, another.hints, another.solution, another.seconds) == (1, 0, True, 120)
    assert (line.done, line.tries, line.hints, line.written, line.solutions, line.seconds) == (2, 4, 3, 1, 1, 420)
    assert not line.is_complete


def test_a_task_that_is_open_has_the_tries_made_and_no_time(workshop, participant, alice):
    task = tasks_of(workshop)[0].split("/")[1]
    enrollment = alice.enrollments.get()
    for found in ("nothing", "one"):
        enrollment.try_task("day-2", task, found, "two", "")
    cell = gradebook_of(workshop, "en").lines[0].cells[f"day-2/{task}"]
    assert (cell.done_at, cell.tries, cell.hints, cell.seconds) == (None, 1, 0, None)


def test_questions_have_no_tries(workshop, participant, alice):
    book = gradebook_of(workshop, "en")
    quiz = next(column for column in book.columns if column.is_quiz)
    complete(alice, quiz.task, timezone.now())
    cell = gradebook_of(workshop, "en").lines[0].cells[quiz.key]
    assert cell.done_at
    assert cell.tries is None


def test_what_the_workshop_is_not_about_is_left_out(workshop, participant, alice):
    enrollment = alice.enrollments.get()
    for lesson, task in (("day-2", "gone-long-ago"), ("day-1", "first-stall"), ("no-such-day", "task")):
        enrollment.complete(lesson, task)
        enrollment.try_task(lesson, task, "", "", "hint")
        enrollment.show_solution(lesson, task)
    alice.enroll("another-course").complete("day-2", tasks_of(workshop)[0].split("/")[1])
    (line,) = gradebook_of(workshop, "en").lines
    assert (line.done, line.tries, line.hints, line.solutions) == (0, 0, 0, 0)


def test_a_workshop_of_a_course_that_is_gone_has_no_tasks_and_nobody_is_complete(workshop, participant):
    workshop.course = "no-such-course"
    (line,) = gradebook_of(workshop, "en").lines
    assert line.cells == {}
    assert not line.is_complete
    assert line.percent == 0


def test_errors_count_from_joining_until_the_end(workshop, participant, alice, began):
    workshop.state, workshop.closed_at = State.CLOSED, began + timedelta(minutes=30)
    for minutes, mended in ((-1, None), (1, None), (2, began), (31, None)):
        at = began + timedelta(minutes=minutes)
        Trouble.objects.create(learner=alice, at=at, command="docker", error="no", mended_at=mended)
    (line,) = gradebook_of(workshop, "en").lines
    assert (len(line.troubles), line.open_troubles) == (2, 1)


def test_what_went_wrong_most_is_what_most_learners_met(workshop, participant, alice, charlie, join):
    join(workshop, charlie)
    now = timezone.now() + timedelta(seconds=1)
    for number, (learner, error) in enumerate(
        [(alice, "no such volume: a")] * 3
        + [(alice, "No such container: x"), (charlie, "No such container: y")]
    ):  # fmt: skip
        at = now + timedelta(seconds=number)
        Trouble.objects.create(learner=learner, at=at, command="docker", error=error, mended_at=at if number else None)
    found = mistakes_of(gradebook_of(workshop, "en").lines)
    assert [(one.phrase, one.learners, one.times, one.mended) for one in found] == [
        ("No such container", 2, 2, 2),
        ("no such volume", 1, 3, 2),
    ]


def test_who_was_removed_is_in_it_no_longer(workshop, participant, charlie, join):
    join(workshop, charlie).delete()
    assert [line.name for line in gradebook_of(workshop, "en").lines] == ["Alice"]


def test_the_lines_are_sorted_as_asked(workshop, participant, charlie, join, alice):
    join(workshop, charlie)
    join(workshop, User.objects.create_guest(name="bela"))
    complete(charlie, tasks_of(workshop)[0].split("/")[1], timezone.now())
    book = gradebook_of(workshop, "en")
    names = {order: [line.name for line in book.sorted_by(order)] for order in ("name", "done", "joined")}
    assert names == {
        "name": ["Alice", "bela", "Charlie"],
        "done": ["Charlie", "Alice", "bela"],
        "joined": ["Alice", "Charlie", "bela"],
    }


def test_a_column_is_summed_up(workshop, participant, alice, charlie, join, began):
    key = tasks_of(workshop)[0]
    other = join(workshop, charlie)
    Participant.objects.filter(pk=other.pk).update(joined_at=began)
    complete(alice, key.split("/")[1], began + timedelta(minutes=2))
    complete(charlie, key.split("/")[1], began + timedelta(minutes=40))
    book = gradebook_of(workshop, "en")
    summary = book.summaries[0]
    assert (summary.done, summary.of, summary.percent, summary.minutes, summary.tries) == (2, 2, 100, 21, 2)
    assert summary.is_slow
    assert book.begun == 2


def test_it_takes_as_many_queries_for_twenty_as_for_one(workshop, participant, join, django_assert_num_queries):
    with django_assert_num_queries(8):
        gradebook_of(workshop, "en")
    task = tasks_of(workshop)[0].split("/")[1]
    for number in range(19):
        learner = User.objects.create_guest(name=f"Guest {number}")
        join(workshop, learner)
        learner.enrollments.get().try_task("day-2", task, "", "", "")
        learner.enrollments.get().complete("day-2", task)
        Trouble.objects.create(learner=learner, at=timezone.now(), command="docker", error="no")
    with django_assert_num_queries(8):
        book = gradebook_of(workshop, "en")
        as_csv(book)
    assert len(book.lines) == 20


def test_a_task_is_named_in_plain_words_alone(workshop):
    titles = " ".join(column.title for column in gradebook_of(workshop, "en").columns)
    assert "daemon" in titles
    assert "master cook" not in titles
    assert "&" not in titles


# --- the spreadsheet ---


def test_the_spreadsheet_says_what_the_gradebook_says(workshop, participant, alice, charlie, join, began):
    join(workshop, charlie)
    first, second = tasks_of(workshop)[:2]
    alice.enrollments.get().try_task("day-2", first.split("/")[1], "nothing", "one", "docker run")
    complete(alice, first.split("/")[1], began + timedelta(minutes=3))
    alice.enrollments.get().show_solution("day-2", second.split("/")[1])
    book = gradebook_of(workshop, "en")
    rows = read(book)
    assert [row["name"] for row in rows] == ["Alice", "Charlie"]
    for row, told in zip(rows, book.as_json(timezone.now())["participants"], strict=True):
        for key, value in told.items():
            if key != "tasks":
                assert row[key] == written(value), key
        for task, cell in told["tasks"].items():
            assert {key: row[f"{task}.{key}"] for key in cell} == {key: written(one) for key, one in cell.items()}
    assert rows[0][f"{first}.seconds"] == "180"
    assert rows[0][f"{second}.solution_shown"] == "1"


def written(value: object) -> str:
    return "" if value is None else str(int(value)) if isinstance(value, bool) else str(value)


@pytest.mark.parametrize(
    "name", ['=HYPERLINK("http://evil.example","x")', "+1", "-1+1", "@SUM(A1)", "\tx", "\r=x", "  =x", "＝1"]
)
def test_a_name_is_never_a_formula(workshop, participant, alice, name):
    alice.rename(name)
    (row,) = read(gradebook_of(workshop, "en"))
    assert row["name"] == f"'{name}"


@pytest.mark.parametrize("name", ["अनीता शर्मा", 'The "cook"', "A, B; C", "line\nline", "O'Neil", "a=b", "<b>&"])
def test_every_other_name_is_as_it_was_given(workshop, participant, alice, name):
    alice.rename(name)
    (row,) = read(gradebook_of(workshop, "en"))
    assert row["name"] == name


def test_numbers_stay_numbers():
    assert (safe(-1), safe(True), safe(None), safe("a\0b")) == (-1, 1, "", "ab")


def test_headings_are_in_the_readers_language_and_keys_are_not(workshop, participant):
    keys = {}
    for language in ("en", "hi"):
        headings, keys[language], *_rows = csv.reader(io.StringIO(as_csv(gradebook_of(workshop, language))))
        assert len(headings) == len(keys[language])
    assert keys["en"] == keys["hi"]
    assert len(set(keys["en"])) == len(keys["en"])


def test_with_nobody_in_it_there_are_headings_alone(workshop):
    book = gradebook_of(workshop, "en")
    assert read(book) == []
    assert (book.percent, book.begun, book.complete) == (0, 0, [])
    assert book.summaries[0].median is None
