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


def test_the_command_fails_when_a_proof_does(monkeypatch):
    lessons = [lesson for lesson in catalogue.find_course("sarafa-bazaar").lessons if lesson.tasks]
    monkeypatch.setattr(proof, "prove", lambda lesson: iter([proof.Proof("first-order", "the dish is cold")]))
    monkeypatch.setattr(proof, "read_through", lambda lesson: iter([]))
    with pytest.raises(CommandError, match=f"{len(lessons)} tasks not proven"):
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
