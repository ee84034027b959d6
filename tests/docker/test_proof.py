"""Every task of every lesson can be done as the lesson says; and a task that cannot is caught."""

from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from courses import catalogue
from courses.catalogue import Code
from sandbox import proof


@pytest.fixture(scope="module")
def lesson():
    return catalogue.find_lesson("sarafa-bazaar", "day-2")


def test_every_task_is_proven(capsys, installation):
    call_command("course", "check", "--live")
    printed = capsys.readouterr().out
    assert printed.count(": proven") == 30
    assert "3 lessons, 30 tasks, ok" in printed


def test_a_solution_that_does_not_solve_is_caught(lesson):
    broken = replace(lesson, parts=(replace(lesson.task("first-order"), solution="echo poha, please"),))
    (found, again) = proof.prove(broken)
    assert "fails after its solution" in found.trouble
    assert "poha, please" in found.trouble
    assert again.trouble


def test_a_check_that_is_always_true_is_caught(lesson):
    task = lesson.task("kitchen-ledger")
    lax = replace(task, check=(replace(task.check[0], that="length(networks) > `0`"),))
    (found, *_) = proof.prove(replace(lesson, parts=(lax,)))
    assert found.trouble == "its check passes before anything was done"


def test_a_hint_that_leads_nowhere_is_caught(lesson):
    task = lesson.task("first-order")
    lost = replace(task.check[0], hint="Type: docker images")
    (found,) = proof.follow_hints(replace(lesson, parts=(replace(task, check=(lost, *task.check[1:])),)))
    assert found.task == "first-order"
    assert "its hint leads nowhere: “docker images” (exit 0)" in found.trouble


@pytest.mark.parametrize(
    ("hint", "command"),
    [
        ("Type: docker run --rm warehouse:5000/sarafa/poha", "docker run --rm warehouse:5000/sarafa/poha"),
        ("Build it: docker build -t my-dish:1 . (with the dot)", "docker build -t my-dish:1 ."),
        ("Not this: that. But: echo 'a: b' > c", "echo 'a: b' > c"),
        ("Type docker ps and press Enter.", ""),
    ],
)
def test_a_hints_command_is_what_follows_the_colon(hint, command):
    assert proof.command_of(hint) == command


@pytest.mark.parametrize(
    ("failing", "complaint"),
    [
        ("prove", "tasks not proven"),
        ("follow_hints", "hints lead nowhere"),
        ("read_through", "commands fail when the page is followed"),
    ],
)
def test_the_command_fails_when_a_proof_does(monkeypatch, failing, complaint):
    lessons = [lesson for lesson in catalogue.find_course("sarafa-bazaar").lessons if lesson.tasks]
    for one in ("prove", "follow_hints", "read_through"):
        monkeypatch.setattr(proof, one, lambda lesson: iter([]))
    monkeypatch.setattr(proof, failing, lambda lesson: iter([proof.Proof("first-order", "the dish is cold")]))
    with pytest.raises(CommandError, match=f"{len(lessons)} {complaint}"):
        call_command("course", "check", "--live")


def test_a_command_that_fails_on_the_way_down_the_page_is_caught(lesson):
    blocks = (Code("sh", "echo fine\n", True, 3), Code("sh", "docker run nothing-of-that-name\n", True, 7))
    (found,) = proof.read_through(replace(lesson, parts=blocks))
    assert found.task == "line 7"
    assert "fails (125) when the page is followed" in found.trouble


def test_so_is_one_that_was_to_fail(lesson):
    blocks = (
        Code("sh", "mkdir -p ~/dish && cd ~/dish\n", True, 3),
        Code("sh", "[ $PWD = ~/dish ] && whomai\n", True, 7, fails=True),
        Code("sh", "[ $PWD = ~/dish ]\n", True, 11, fails=True),
    )
    (found,) = proof.read_through(replace(lesson, parts=blocks))
    assert found.task == "line 11"
    assert "does not fail, as it is said to" in found.trouble
