"""A course's folder to `Course`s: the list of days, each day, and their translations."""

import re
from dataclasses import replace
from pathlib import Path

from courses.exercises import SLUG
from courses.lesson_reader import LessonReader, Link
from courses.markdown import plain_text, render_inline
from courses.outline import Course, Lesson
from courses.source import CatalogueError, Table, read_text, read_yaml

ORIGINAL = "en"
_TRANSLATION = re.compile(r"(?:index|course)\.(?P<language>[a-z]{2,3}(?:-[a-z]+)?)\.(?:md|yaml)")


class CourseReader:
    """Reads a course's folder: its list of days, each day, and their translations."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[CatalogueError] = []
        self.links: list[tuple[Lesson, Link]] = []

    def read(self) -> dict[str, Course]:
        """Return the course by language; nothing if its list of days cannot be read."""
        try:
            course = self._read_course(ORIGINAL, None)
        except CatalogueError as error:
            self.problems.append(error)
            return {}
        self._check_folders(course)
        course = replace(course, lessons=tuple(self._read_lesson(lesson, None) for lesson in course.lessons))
        editions = {ORIGINAL: course}
        for language in sorted(self._languages()):
            editions[language] = self._translate(course, language)
        for lesson, link in self.links:
            self._check_link(course, lesson, link)
        return editions

    def _read_course(self, language: str, original: Course | None) -> Course:
        path = self.folder / ("course.yaml" if original is None else f"course.{language}.yaml")
        table = read_yaml(path, read_text(path))
        table.allow("title", "summary", "lessons")
        entries = table.tables("lessons")
        lessons = _translate_entries(entries, original, language) if original else self._read_entries(entries)
        summary = table.text("summary")
        return Course(
            slug=self.folder.name,
            title=table.text("title"),
            summary=render_inline(summary),
            description=plain_text(summary),
            language=language,
            lessons=lessons,
        )

    def _read_entries(self, entries: list[Table]) -> tuple[Lesson, ...]:
        lessons: list[Lesson] = []
        for entry in entries:
            entry.allow("slug", "number", "title", "summary")
            slug, number = entry.text("slug"), entry.number("number")
            if not SLUG.fullmatch(slug):
                raise entry.error(f"“{slug}” is not a slug; use lower-case words with hyphens", "slug")
            if any(slug == lesson.slug or number == lesson.number for lesson in lessons):
                raise entry.error(f"the slug “{slug}” or the number {number} is used twice; change one")
            lessons.append(
                Lesson(
                    course=self.folder.name,
                    slug=slug,
                    number=number,
                    title=entry.text("title"),
                    summary=render_inline(entry.text("summary")),
                    description=plain_text(entry.text("summary")),
                    language=ORIGINAL,
                    path=self.folder / slug / "index.md",
                )
            )
        return tuple(lessons)

    def _check_folders(self, course: Course) -> None:
        for index in sorted(self.folder.glob("*/index.md")):
            if not course.lesson(index.parent.name):
                problem = f"“{index.parent.name}” is not among the lessons of course.yaml; add it there"
                self.problems.append(CatalogueError(index, 1, problem))

    def _read_lesson(self, outline: Lesson, original: Lesson | None) -> Lesson:
        path = outline.path if original is None else outline.path.with_name(f"index.{outline.language}.md")
        if not path.is_file():
            return original or outline
        reader = LessonReader(outline, path, original)
        lesson = reader.read()
        self.problems += reader.problems
        self.links += [(lesson, link) for link in reader.links]
        # A translation with a mistake gives way to the original, which can be read.
        return original if original and lesson.mistake else lesson

    def _languages(self) -> set[str]:
        files = [*self.folder.glob("course.*.yaml"), *self.folder.glob("*/index.*.md")]
        return {match["language"] for file in files if (match := _TRANSLATION.fullmatch(file.name))} - {ORIGINAL}

    def _translate(self, course: Course, language: str) -> Course:
        edition = replace(course, language=language)
        if (self.folder / f"course.{language}.yaml").is_file():
            try:
                edition = self._read_course(language, course)
            except CatalogueError as error:
                self.problems.append(error)
        lessons = []
        for lesson, original in zip(edition.lessons, course.lessons, strict=True):
            if original.published:
                lesson = self._read_lesson(replace(original, language=language), original)
            lessons.append(lesson)
        return replace(edition, lessons=tuple(lessons))

    def _check_link(self, course: Course, lesson: Lesson, link: Link) -> None:
        page, _hash, anchor = link.target.partition("#")
        if page.startswith(("https://", "http://", "mailto:")):
            return
        target: Lesson | None = lesson
        if page:
            slug = page.removeprefix("../").removesuffix("/")
            target = course.lesson(slug) if page == f"../{slug}/" else None
        if target is None:
            problem = f"“{link.target}” leads nowhere; links are #id, ../lesson/, ../lesson/#id or https://…"
        elif page and not target.published:
            problem = f"“{link.target}” leads to a lesson that cannot be read yet; name it without a link"
        elif anchor and anchor not in target.anchors:
            problem = f"“{link.target}”: there is no “#{anchor}” on that page; give the id of a heading"
        else:
            return
        self.problems.append(CatalogueError(link.path, link.line, problem))


def _translate_entries(entries: list[Table], original: Course, language: str) -> tuple[Lesson, ...]:
    words: dict[str, Table] = {}
    for entry in entries:
        entry.allow("slug", "title", "summary")
        if not original.lesson(entry.text("slug")):
            raise entry.error(f"the course has no lesson “{entry.text('slug')}”; translate only what is there", "slug")
        words[entry.text("slug")] = entry
    lessons = []
    for lesson in original.lessons:
        if mine := words.get(lesson.slug):
            summary = mine.text("summary")
            lesson = replace(
                lesson,
                title=mine.text("title"),
                summary=render_inline(summary),
                description=plain_text(summary),
                language=language,
            )
        lessons.append(lesson)
    return tuple(lessons)
