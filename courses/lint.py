"""What is legal in a lesson but not good enough to teach with."""

import re
from collections.abc import Iterator

from django.utils.html import strip_tags

from courses.catalogue import ORIGINAL, Catalogue
from courses.outline import Code, Lesson, Task
from courses.source import CatalogueError

_COURSE_IMAGE = re.compile(r"warehouse:5000/sarafa/[a-z0-9][a-z0-9._/-]*(?::[\w.-]+)?")


def find_mistakes(catalogue: Catalogue) -> list[CatalogueError]:
    """Return everything that must be mended before the course is taught, by file and line."""
    mistakes = list(catalogue.problems)
    for course in catalogue.editions.values():
        for lesson in course.lessons:
            if lesson.published and lesson.language == course.language:
                mistakes += _lint_lesson(lesson)
    return sorted(mistakes, key=lambda mistake: (str(mistake.path), mistake.line))


def _lint_lesson(lesson: Lesson) -> Iterator[CatalogueError]:
    for part in lesson.parts:
        if isinstance(part, Code) and part.is_runnable:
            yield from _lint_images(lesson, part.text, part.line)
        elif isinstance(part, Task) and not part.coming:
            yield from _lint_images(lesson, f"{part.setup}\n{part.solution}", part.line)
            if not part.hints and not all(condition.hint for condition in part.check):
                problem = f"the task “{part.id}” has a condition without a hint; give it one, or the task “hints”"
                yield CatalogueError(lesson.path, part.line, problem)


def _lint_images(lesson: Lesson, commands: str, line: int) -> Iterator[CatalogueError]:
    for image in sorted(set(_COURSE_IMAGE.findall(commands)) - set(lesson.images)):
        problem = f"{image} is used here but not among the “images” of the front matter; add it there"
        yield CatalogueError(lesson.path, line, problem)


# --- warnings: what may be so, but seldom should ---

LONGEST_SENTENCE = 45  # words
MOST_WORDS = 20  # in the sentences of a lesson, on average: plain English stays below
_PICTURE = re.compile(r"<svg.*?</svg>", re.DOTALL)
_BLOCK = re.compile(r"</(?:p|li|h[1-6]|td|th|dd|dt|figcaption|div)>")
_SENTENCE = re.compile(r"(?<=[.!?])[\"”’)]*\s+(?=[A-Z“(])")


def find_warnings(catalogue: Catalogue) -> list[CatalogueError]:
    """Return what to look at again: parts that are missing, and sentences that are long."""
    warnings: list[CatalogueError] = []
    for course in catalogue.courses.values():
        for lesson in course.lessons:
            if lesson.published:
                warnings += [*_missing_parts(lesson), *_reading_level(lesson)]
    return sorted(warnings, key=lambda warning: (str(warning.path), warning.line))


def _missing_parts(lesson: Lesson) -> Iterator[CatalogueError]:
    parts = {
        "objectives": lesson.objectives,
        "task": lesson.all_tasks,
        "quiz": lesson.quizzes,
        "glossary": lesson.glossary,
    }
    for name, there in parts.items():
        if not there:
            yield CatalogueError(lesson.path, 1, f"the lesson has no {name}")


def _reading_level(lesson: Lesson) -> Iterator[CatalogueError]:
    if lesson.language != ORIGINAL:
        return
    text = _PICTURE.sub("", " ".join(part for part in lesson.parts if isinstance(part, str)))
    blocks = (strip_tags(block) for block in _BLOCK.split(text))
    counts = [(len(sentence.split()), sentence) for block in blocks for sentence in _SENTENCE.split(block.strip())]
    counts = [(count, sentence) for count, sentence in counts if count > 3]  # titles and labels are none
    for count, sentence in counts:
        if count > LONGEST_SENTENCE:
            begin = " ".join(sentence.split()[:8])
            yield CatalogueError(lesson.path, 1, f"a sentence of {count} words: “{begin} …”; make two of it")
    mean = sum(count for count, _sentence in counts) / len(counts) if counts else 0
    if mean > MOST_WORDS:
        yield CatalogueError(lesson.path, 1, f"sentences have {mean:.0f} words on average; {MOST_WORDS} read well")
