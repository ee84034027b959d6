"""A lesson's page: frame and parts rendered once per language, joined per request with a learner's state."""

import re
from collections.abc import Mapping, Set
from datetime import date, datetime
from html import escape

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import override

from config.version import VERSION
from courses import guests
from courses.frames import Frame, Mark, Reader, keep, words_of
from courses.markdown import highlight
from courses.outline import CalloutStart, Code, Course, Lesson, Part, Progress, Quiz, Task

_HEADING = re.compile(r'<(h[234]) id="([^"]+)">(.*?)</\1>', re.DOTALL)


def render_page(
    request: HttpRequest, course: Course, lesson: Lesson, language: str, done: Mapping[str, datetime] | None, body: str
) -> SafeString:
    """Return the whole page around the lesson's `body`.

    `done` holds when each goal was done; None, for who is not enrolled, is nobody's progress.
    """
    frame = _frame(course, lesson, language, Reader.of(request.user), done is not None, guests.is_returning(request))
    words = words_of(request.user, request.get_full_path(), get_token(request)) | {
        Mark.BODY: body,
        Mark.MOMENT: render_to_string("courses/includes/moment.html", request=request),
    }
    if done is not None:
        progress = Progress.of([lesson], {lesson.slug: done})
        at = max(done.values(), default=None)
        words[Mark.DONE] = str(progress.done)
        words[Mark.STAMP] = _render_stamp(lesson, language, progress.is_complete, at and timezone.localdate(at))
    return frame.fill(words)


@keep(128)
def _frame(
    course: Course, lesson: Lesson, language: str, reader: Reader, is_enrolled: bool, is_returning: bool
) -> Frame:
    previous, following = course.neighbours(lesson)
    return Frame(
        "courses/lesson.html",
        language,
        reader,
        page="lesson",
        course=course,
        lesson=lesson,
        previous=previous,
        next=following,
        is_enrolled=is_enrolled,
        is_returning=is_returning,
        version=VERSION,
        body=Mark.BODY,
        moment=Mark.MOMENT,
        done=Mark.DONE,
        stamp=Mark.STAMP,
    )


@keep(1024)
def _render_stamp(lesson: Lesson, language: str, is_complete: bool, at: date | None) -> str:
    known = {"total": len(lesson.goals), "number": lesson.number, "is_complete": is_complete, "at": at}
    with override(language):
        return render_to_string("courses/includes/stamp.html", known)


def render_lesson(
    lesson: Lesson,
    language: str,
    *,
    completed: Set[str] = frozenset(),
    shown: Set[str] | None = None,
    answers: Mapping[str, str] | None = None,
    token: str,
) -> SafeString:
    """Return the lesson's body with this person's done tasks and last answers.

    `completed` holds goals, `shown` the tasks whose solution was asked for, `answers` the option last chosen by quiz.
    Where `shown` is None, for visitors, solutions are there to be opened, and nobody notes it.
    Everything slow is cached: what is left is a join of about fifty strings.
    """
    answers = answers or {}
    texts: list[str] = []
    for part in _render_parts(lesson, language):
        match part:
            case Task():
                seen = "unnoted" if shown is None else "shown" if part.id in shown else "hidden"
                texts.append(_render_task(lesson, part, language, part.goal in completed, seen))
            case Quiz():
                done = part.goal in completed
                texts.append(_render_quiz(lesson, part, language, done, answers.get(part.id, "")))
            case _:
                texts.append(part)
    html = "".join(texts).replace(Mark.TOKEN, escape(token))
    return mark_safe(html)  # noqa: S308 (made by our templates from cleaned parts)


@keep(256)
def _render_parts(lesson: Lesson, language: str) -> tuple[SafeString | Task | Quiz, ...]:
    """Render what is the same for everybody, and join what stands together."""
    parts: list[SafeString | Task | Quiz] = []
    with override(language):
        for part in lesson.parts:
            if isinstance(part, Task | Quiz):
                parts.append(part)
            elif parts and isinstance(parts[-1], SafeString):
                parts[-1] += _render_part(part)
            else:
                parts.append(_render_part(part))
    return tuple(parts)


def _render_part(part: Part) -> SafeString:
    match part:
        case Code():
            return render_code(part)
        case CalloutStart():
            titles = {"note": _("Note"), "tip": _("Tip"), "warning": _("Warning")}
            return format_html(
                '<aside class="callout callout-{}"><p class="callout-title">{}</p>',
                part.kind,
                part.title or titles[part.kind],
            )
        case _:
            return _finish_prose(SafeString(part))


def _finish_prose(html: SafeString) -> SafeString:
    """Give headings a link to themselves, and wide tables a frame that scrolls by keyboard."""
    anchor = format_html('<a class="heading-anchor" href="#\\2" aria-label="{}">#</a>', _("Link to this section"))
    text = _HEADING.sub(rf'<\1 id="\2">\3 {anchor}</\1>', html)
    frame = format_html('<div class="table-scroll" tabindex="0" role="region" aria-label="{}"><table>', _("Table"))
    text = text.replace("<table>", frame).replace("</table>", "</table></div>")
    return mark_safe(text)  # noqa: S308 (cleaned, and given fixed tags)


def render_code(code: Code) -> SafeString:
    return render_to_string("courses/includes/code.html", {"code": code, "html": highlight(code.text, code.language)})


@keep(2048)
def _render_task(lesson: Lesson, task: Task, language: str, done: bool, solution: str) -> str:
    with override(language):
        return render_to_string(
            "courses/includes/task.html",
            {
                "lesson": lesson,
                "task": task,
                "state": "done" if done else "open",
                "solution": solution,
                "commands": "" if solution == "hidden" or not task.solution else render_solution(task),
                "token": Mark.TOKEN,
            },
        )


def render_solution(task: Task) -> SafeString:
    return render_code(Code("sh", task.solution, True, task.line))


@keep(4096)
def _render_quiz(lesson: Lesson, quiz: Quiz, language: str, done: bool, chosen: str) -> str:
    answer = quiz.option(chosen)
    is_done = done or (answer is not None and answer.correct)
    with override(language):
        return render_to_string(
            "courses/includes/quiz.html",
            {
                "lesson": lesson,
                "quiz": quiz,
                "state": "done" if is_done else "open",
                "answer": answer,
                "token": Mark.TOKEN,
            },
        )
