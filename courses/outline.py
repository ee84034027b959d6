"""What a course is made of, as values that never change. `lesson_reader.py` makes them from files.

They are compared and hashed by identity: a lesson read again is another lesson.
"""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jmespath
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from jmespath.exceptions import JMESPathError

PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """One thing that must be true, as a JMESPath over the facts of a sandbox."""

    that: str
    found: str
    expected: str
    hint: str

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """Say whether it is true; what cannot be computed from the facts is not."""
        return bool(_search(self.that, facts))

    def describe(self, facts: Mapping[str, Any]) -> str:
        """Return `found` with each `{JMESPath}` replaced by what it finds."""

        def fill(match: re.Match[str]) -> str:
            return match[0][0] if match[1] is None else _in_words(_search(match[1], facts))

        return PLACEHOLDER.sub(fill, self.found)


def _search(expression: str, facts: Mapping[str, Any]) -> Any:
    try:
        return jmespath.search(expression, facts)
    except JMESPathError:
        return None


def _in_words(found: Any) -> str:
    if found is None or found == [] or found == "":
        return _("nothing")
    if isinstance(found, list):
        return ", ".join(_in_words(item) for item in found)
    if isinstance(found, bool):
        return _("yes") if found else _("no")
    return str(found)


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    language: str
    text: str
    is_runnable: bool
    line: int
    fails: bool = False  # its last command is meant to


@dataclass(frozen=True, slots=True, eq=False)
class CalloutStart:
    kind: str  # note, tip or warning
    title: SafeString


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    id: str
    ask: SafeString
    check: tuple[Condition, ...]
    hints: tuple[SafeString, ...]
    solution: str
    setup: str
    coming: SafeString
    line: int

    @property
    def goal(self) -> str:
        """The id under which a learner's completion is kept."""
        return self.id

    def first_failing(self, facts: Mapping[str, Any]) -> Condition | None:
        """Return the first condition that does not hold; None means the task is done."""
        return next((condition for condition in self.check if not condition.holds(facts)), None)


@dataclass(frozen=True, slots=True, eq=False)
class Option:
    text: SafeString
    correct: bool
    why: SafeString


@dataclass(frozen=True, slots=True, eq=False)
class Quiz:
    id: str
    question: SafeString
    options: tuple[Option, ...]

    @property
    def goal(self) -> str:
        return f"quiz-{self.id}"

    def option(self, number: str) -> Option | None:
        """Return the option a person chose, by its position as text."""
        if number.isascii() and number.isdigit() and len(number) < 4 and int(number) < len(self.options):
            return self.options[int(number)]
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    id: str
    term: str
    text: SafeString
    story: SafeString


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    id: str
    title: SafeString
    level: int


Part = SafeString | Code | CalloutStart | Task | Quiz


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    course: str  # the course's slug
    slug: str
    number: int
    title: str
    summary: SafeString
    description: str  # the summary as bare text
    language: str
    path: Path
    minutes: int = 0
    objectives: tuple[SafeString, ...] = ()
    images: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    sections: tuple[Section, ...] = ()
    glossary: tuple[Term, ...] = ()
    anchors: frozenset[str] = frozenset()
    published: bool = False
    mistake: str = ""  # why a lesson that has content cannot be shown

    @property
    def all_tasks(self) -> tuple[Task, ...]:
        return tuple(part for part in self.parts if isinstance(part, Task))

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks that can be done; those still to come are shown, but not counted."""
        return tuple(task for task in self.all_tasks if not task.coming)

    @property
    def quizzes(self) -> tuple[Quiz, ...]:
        return tuple(part for part in self.parts if isinstance(part, Quiz))

    @property
    def goals(self) -> tuple[str, ...]:
        """The ids of everything a learner can complete here."""
        return (*(task.goal for task in self.tasks), *(quiz.goal for quiz in self.quizzes))

    def task(self, task_id: str) -> Task | None:
        return next((task for task in self.tasks if task.id == task_id), None)

    def quiz(self, quiz_id: str) -> Quiz | None:
        return next((quiz for quiz in self.quizzes if quiz.id == quiz_id), None)


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    slug: str
    title: str
    summary: SafeString
    description: str
    language: str
    lessons: tuple[Lesson, ...] = field(repr=False)

    def lesson(self, slug: str) -> Lesson | None:
        return next((lesson for lesson in self.lessons if lesson.slug == slug), None)

    def neighbours(self, lesson: Lesson) -> tuple[Lesson | None, Lesson | None]:
        """Return the lessons before and after."""
        at = self.lessons.index(lesson)
        before = self.lessons[at - 1] if at else None
        after = self.lessons[at + 1] if at + 1 < len(self.lessons) else None
        return before, after


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    done: int
    total: int

    @classmethod
    def of(cls, lessons: Iterable[Lesson], completed: Mapping[str, Container[str]]) -> "Progress":
        """Count what is done, leaving out completions of tasks a lesson no longer has."""
        goals = [(lesson.slug, goal) for lesson in lessons for goal in lesson.goals]
        done = sum(goal in completed.get(slug, ()) for slug, goal in goals)
        return cls(done, len(goals))

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0

    @property
    def is_complete(self) -> bool:
        return 0 < self.total == self.done
