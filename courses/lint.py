"""What is legal in a lesson but not good enough to teach with."""

import re
from collections.abc import Iterator

from courses.catalogue import Catalogue
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
