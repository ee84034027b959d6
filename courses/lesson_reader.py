"""A lesson's file to a `Lesson`. Collects every mistake it finds, not only the first."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from courses import exercises
from courses.exercises import SLUG
from courses.markdown import has_language, plain_text, render, render_inline
from courses.outline import CalloutStart, Code, Lesson, Part, Quiz, Section, Task, Term
from courses.pictures import read_picture
from courses.source import (
    CatalogueError,
    Closing,
    Fence,
    Image,
    Opening,
    Piece,
    Table,
    read_text,
    read_yaml,
    scan,
    split_front_matter,
)

_HEADING = re.compile(r"^(?P<marks>#{1,6})\s+.*?(?:\{#(?P<id>[^}]*)\}\s*)?$")
_LINK = re.compile(r"\]\(\s*<?([^)\s>]*)|^\s*\[[^\]]+\]:\s*(\S+)")
_CODE_SPAN = re.compile(r"(`+).*?\1")
_PLACE = re.compile("(?:<p>)?\ue000(\\d+)\ue001(?:</p>)?")
_TITLE = re.compile(r'<h([234]) id="([^"]+)">(.*?)</h\1>', re.DOTALL)
_OWN_PREFIXES = ("task-", "quiz-", "term-", "picture-")


@dataclass(frozen=True, slots=True)
class Link:
    path: Path
    line: int
    target: str


class LessonReader:
    """Reads one file; afterwards `problems` and `links` hold what else it saw."""

    def __init__(self, outline: Lesson, path: Path, original: Lesson | None = None) -> None:
        self.outline = outline
        self.path = path
        self.original = original
        self.problems: list[CatalogueError] = []
        self.links: list[Link] = []
        self.anchors: set[str] = set()
        self.parts: list[Part] = []
        self.terms: list[Term] = []

    def read(self) -> Lesson:
        """Return the lesson; with problems, as much of it as could be read."""
        try:
            head, body, first_line = split_front_matter(self.path, read_text(self.path))
            lesson = self._read_head(head)
            html = render(self._collect(scan(self.path, body, first_line)))
        except CatalogueError as error:
            self.problems.append(error)
            return replace(self.outline, mistake=str(error))
        parts = [*self._assemble(html), *self._untranslated()]
        sections = [
            Section(anchor, mark_safe(title), int(level))  # noqa: S308 (cleaned by render)
            for level, anchor, title in _TITLE.findall(html)
        ]
        return replace(
            lesson,
            parts=tuple(parts),
            sections=tuple(sections),
            glossary=tuple(self.terms),
            anchors=frozenset(self.anchors),
            published=not self.problems,
            mistake=str(self.problems[0]) if self.problems else "",
        )

    def _read_head(self, head: Table) -> Lesson:
        common = ("title", "summary", "objectives")
        head.allow(*common, *(() if self.original else ("minutes", "images")))
        summary = head.text("summary")
        lesson = replace(
            self.original or self.outline,
            title=head.text("title"),
            summary=render_inline(summary),
            description=plain_text(summary),
            language=self.outline.language,
            path=self.path,
            objectives=tuple(render_inline(text) for text in head.texts("objectives")),
        )
        if self.original:
            return lesson
        return replace(lesson, minutes=head.number("minutes"), images=tuple(head.texts("images")))

    def _collect(self, pieces: Iterable[tuple[str, Piece]]) -> str:
        """Return the Markdown, with a numbered place for each part that is not."""
        lines: list[str] = []
        for indent, piece in pieces:
            try:
                part = self._read_piece(piece)
            except CatalogueError as error:
                self.problems.append(error)
                continue
            if isinstance(part, str) and not isinstance(part, SafeString):
                lines.append(part)
                continue
            lines += ["", f"{indent}\ue000{len(self.parts)}\ue001", ""]
            self.parts.append(part)
        return "\n".join(lines)

    def _read_piece(self, piece: Piece) -> Part | str:
        match piece:
            case Fence(info=("task",)):
                return self._read_task(read_yaml(self.path, piece.text, piece.first_line))
            case Fence(info=("quiz",)):
                return self._read_quiz(read_yaml(self.path, piece.text, piece.first_line))
            case Fence(info=("glossary",)):
                return self._read_glossary(read_yaml(self.path, piece.text, piece.first_line))
            case Fence():
                return self._read_code(piece)
            case Image():
                return self._read_picture(piece)
            case Opening():
                return _opening(piece)
            case Closing():
                return SafeString("</div>" if piece.name in {"story", "plain"} else "</aside>")
        self._check_prose(piece.text, piece.line)
        return piece.text

    def _read_task(self, table: Table) -> Task:
        original = None
        if self.original:
            original = next((task for task in self.original.all_tasks if task.id == table.get("id")), None)
            if not original:
                raise table.error(f"the original has no task “{table.get('id')}”; translate only what is there", "id")
        task = exercises.translate_task(table, original) if original else exercises.read_task(table)
        self._claim(f"task-{task.id}", table.line_of("id"))
        return task

    def _read_quiz(self, table: Table) -> Quiz:
        original = None
        if self.original:
            original = self.original.quiz(str(table.get("id")))
            if not original:
                raise table.error(f"the original has no quiz “{table.get('id')}”; translate only what is there", "id")
        quiz = exercises.translate_quiz(table, original) if original else exercises.read_quiz(table)
        self._claim(f"quiz-{quiz.id}", table.line_of("id"))
        return quiz

    def _read_glossary(self, table: Table) -> SafeString:
        terms = []
        for name, entry in table.items():
            if not isinstance(entry, Table):
                raise table.error(f"“{name}” needs “text: …” on a line of its own below it", name)
            entry.allow("text", "story")
            anchor = f"term-{'-'.join(name.lower().split())}"
            self._claim(anchor, table.line_of(name))
            term = Term(anchor, name, render_inline(entry.text("text")), render_inline(entry.optional("story")))
            terms.append(term)
        self.terms += terms
        return format_html('<dl class="glossary">{}</dl>', format_html_join("", "{}", ((_entry(t),) for t in terms)))

    def _read_code(self, fence: Fence) -> Code:
        language, *options = fence.info
        line = fence.first_line - 1
        if not has_language(language):
            raise CatalogueError(self.path, line, f"no such language “{language}”; write sh, output, json or text")
        if options not in ([], ["run"], ["run", "fails"]) or (options and language != "sh"):
            problem = "a runnable block is “sh run”, or “sh run fails” if the lesson is that its last command fails"
            raise CatalogueError(self.path, line, f"“{' '.join(fence.info)}” is not known; {problem}")
        if options and not fence.text.strip():
            raise CatalogueError(self.path, line, "this runnable block is empty; write the commands it runs")
        return Code(language, fence.text, bool(options), line, fails="fails" in options)

    def _read_picture(self, image: Image) -> SafeString:
        file = self.path.parent / image.file
        if "/" in image.file or file.suffix != ".svg":
            raise CatalogueError(self.path, image.line, f"“{image.file}”: a picture is an SVG file beside the lesson")
        if not file.is_file():
            raise CatalogueError(self.path, image.line, f"there is no picture “{image.file}”; draw it or fix the name")
        if not image.alt.strip():
            raise CatalogueError(self.path, image.line, "the picture has no alternative text; say what it shows")
        self._claim(f"picture-{file.stem}", image.line)
        svg = read_picture(file, plain_text(image.alt))
        caption = format_html("<figcaption>{}</figcaption>", render_inline(image.caption)) if image.caption else ""
        return format_html('<figure class="picture" id="picture-{}">{}{}</figure>', file.stem, svg, caption)

    def _check_prose(self, text: str, line: int) -> None:
        if text.startswith("#") and (match := _HEADING.match(text)):
            self._check_heading(match, line)
        prose = _CODE_SPAN.sub("", text)
        if "![" in prose:
            raise CatalogueError(self.path, line, "a picture stands on a line of its own: ![what it shows](file.svg)")
        for inline, reference in _LINK.findall(prose):
            self.links.append(Link(self.path, line, inline or reference))

    def _check_heading(self, match: re.Match[str], line: int) -> None:
        if not 2 <= len(match["marks"]) <= 4:
            raise CatalogueError(
                self.path, line, "headings have two to four “#”; the title is the only first-level one"
            )
        if not match["id"]:
            raise CatalogueError(self.path, line, "this heading has no id; write “## Title {#some-words}”")
        if not SLUG.fullmatch(match["id"]) or match["id"].startswith(_OWN_PREFIXES):
            raise CatalogueError(
                self.path, line, f"“{match['id']}” is not a heading's id; use lower-case words with hyphens"
            )
        self._claim(match["id"], line)

    def _claim(self, anchor: str, line: int) -> None:
        if anchor in self.anchors:
            raise CatalogueError(self.path, line, f"the id “{anchor}” is used twice on this page; choose another")
        self.anchors.add(anchor)

    def _assemble(self, html: str) -> list[Part]:
        pieces = _PLACE.split(html)
        parts: list[Part] = []
        for at, piece in enumerate(pieces):
            if at % 2:
                parts.append(self.parts[int(piece)])
            elif piece.strip():
                parts.append(mark_safe(piece))  # noqa: S308 (cleaned by render)
        return parts

    def _untranslated(self) -> list[Part]:
        """Return the original's tasks and quizzes that this translation leaves out."""
        if not self.original:
            return []
        mine = {part.id for part in self.parts if isinstance(part, Task)}
        mine_too = {part.id for part in self.parts if isinstance(part, Quiz)}
        return [
            *(task for task in self.original.all_tasks if task.id not in mine),
            *(quiz for quiz in self.original.quizzes if quiz.id not in mine_too),
        ]


def _opening(piece: Opening) -> Part:
    if piece.name in {"story", "plain"}:
        return format_html('<div class="{}">', piece.name)
    return CalloutStart(piece.name, render_inline(piece.title))


def _entry(term: Term) -> SafeString:
    story = format_html(' <span class="story glossary-story">{}</span>', term.story) if term.story else ""
    return format_html(
        '<div class="glossary-entry" id="{}"><dt>{}</dt><dd>{}{}</dd></div>',
        term.id,
        term.term,
        term.text,
        story,
    )
