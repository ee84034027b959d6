"""What is taught: the course's files, read once, checked, and kept in memory. No database, no Docker.

Callers ask `find_course` and `find_lesson`, in the reader's language. The files may change
under a running server: they are looked at once a second at most, and read again when one is
newer. A mistake in a new version is logged and the last good version stays.
"""

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from courses.course_reader import ORIGINAL, CourseReader
from courses.outline import (
    CalloutStart,
    Code,
    Condition,
    Course,
    Lesson,
    Option,
    Part,
    Progress,
    Quiz,
    Section,
    Task,
    Term,
)
from courses.source import CatalogueError

__all__ = [
    "ORIGINAL",
    "CalloutStart",
    "Catalogue",
    "CatalogueError",
    "Code",
    "Condition",
    "Course",
    "Lesson",
    "Option",
    "Part",
    "Progress",
    "Quiz",
    "Section",
    "Shelf",
    "Task",
    "Term",
    "current",
    "find_course",
    "find_lesson",
    "load",
]

_SECONDS_BETWEEN_LOOKS = 1.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    editions: dict[tuple[str, str], Course]  # by slug and language
    problems: tuple[CatalogueError, ...]

    @property
    def courses(self) -> dict[str, Course]:
        """The courses in the language they were written in."""
        return {slug: course for (slug, language), course in self.editions.items() if language == ORIGINAL}

    def course(self, slug: str, language: str = ORIGINAL) -> Course | None:
        """Return the course in that language, or in a wider one (hi for hi-in), or in the original's."""
        for name in (language, language.partition("-")[0], ORIGINAL):
            if course := self.editions.get((slug, name)):
                return course
        return None


def load(*roots: Path) -> Catalogue:
    """Read every course below the roots; of two with one name, that of the earlier root is served.

    Mistakes do not stop it: they are in `problems`.
    """
    editions: dict[tuple[str, str], Course] = {}
    problems: list[CatalogueError] = []
    for folder in folders(roots):
        reader = CourseReader(folder)
        for language, course in reader.read().items():
            editions[folder.name, language] = course
        problems += reader.problems
    return Catalogue(editions, tuple(sorted(problems, key=lambda problem: (str(problem.path), problem.line))))


def folders(roots: Iterable[Path]) -> Iterator[Path]:
    seen: set[str] = set()
    for root in roots:
        for folder in sorted(root.iterdir()) if root.is_dir() else []:
            if (folder / "course.yaml").is_file() and folder.name not in seen:
                seen.add(folder.name)
                yield folder


class Shelf:
    """Folders of courses, in memory, that notice when their files change."""

    def __init__(self, *roots: Path) -> None:
        self.roots = roots
        self._lock = threading.Lock()
        self._catalogue: Catalogue | None = None
        self._stamp: frozenset[tuple[str, int, int]] = frozenset()
        self._next_look = 0.0

    def current(self) -> Catalogue:
        catalogue = self._catalogue
        if catalogue and time.monotonic() < self._next_look:
            return catalogue
        # While one thread reads new files, the others go on with what they have.
        acquired = self._lock.acquire(blocking=catalogue is None)
        if catalogue and not acquired:
            return catalogue
        try:
            return self._look()
        finally:
            self._lock.release()

    def _look(self) -> Catalogue:
        self._next_look = time.monotonic() + _SECONDS_BETWEEN_LOOKS
        stamp = frozenset(mark for root in self.roots for mark in _stamps(root))
        if self._catalogue and stamp == self._stamp:
            return self._catalogue
        fresh = load(*self.roots)
        self._stamp = stamp
        for problem in fresh.problems:
            logger.error("%s", problem)
        if self._catalogue is None or not fresh.problems:
            self._catalogue = fresh
        return self._catalogue


def _stamps(root: Path) -> Iterator[tuple[str, int, int]]:
    for file in root.glob("**/*"):
        try:
            status = file.stat()
        except FileNotFoundError:
            continue
        yield str(file), status.st_mtime_ns, status.st_size


OURS = Path(__file__).resolve().parent / "content"
shelf = Shelf(*settings.COURSES_DIR, *([] if settings.COURSES_ONLY else [OURS]))


def current() -> Catalogue:
    return shelf.current()


def find_course(slug: str, language: str = ORIGINAL) -> Course | None:
    return current().course(slug, language)


def find_lesson(course: str, lesson: str, language: str = ORIGINAL) -> Lesson | None:
    """Return a lesson that can be read: neither unknown, nor still to come, nor broken."""
    found = find_course(course, language)
    outline = found.lesson(lesson) if found else None
    return outline if outline and outline.published else None
