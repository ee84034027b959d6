"""The YAML of tasks and quizzes, checked: conditions compile, ids are slugs, translations fit."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import jmespath
from django.utils.safestring import SafeString
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

from courses.markdown import render_inline
from courses.outline import PLACEHOLDER, Condition, Option, Quiz, Task
from courses.source import Table

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_WORDS = re.compile(r"\[\[[^\[\]|]+\|[^\[\]|]+\]\]")
_NONE = SafeString("")


def read_task(table: Table) -> Task:
    table.allow("id", "ask", "check", "hint", "hints", "solution", "setup", "coming")
    task = Task(
        id=_read_id(table),
        ask=render_inline(table.text("ask")),
        check=(),
        hints=_read_hints(table),
        solution="",
        setup=table.optional("setup"),
        coming=render_inline(table.optional("coming")),
        line=table.line,
    )
    if task.coming:
        if "check" in table or "solution" in table:
            raise table.error("a task that is “coming” has no check and no solution; remove one or the other", "coming")
        return task
    conditions = table.tables("check")
    if not conditions:
        raise table.error("the task has no “check”; say what must be true", "check")
    return replace(
        task,
        check=tuple(_read_condition(item) for item in conditions),
        solution=table.text("solution").rstrip("\n"),
    )


def translate_task(table: Table, original: Task) -> Task:
    """Return the original with this table's words; what must be true stays the original's."""
    table.allow("id", "ask", "check", "hint", "hints", "coming")
    words = table.tables("check")
    if words and len(words) != len(original.check):
        count = len(original.check)
        raise table.error(
            f"the original has {count} conditions, this has {len(words)}; translate each, in order", "check"
        )
    check = (
        tuple(_translate_condition(item, mine) for item, mine in zip(words, original.check, strict=True))
        if words
        else ()
    )
    return replace(
        original,
        ask=render_inline(table.optional("ask")) or original.ask,
        check=check or original.check,
        hints=_read_hints(table) or original.hints,
        coming=(render_inline(table.optional("coming")) or original.coming) if original.coming else _NONE,
    )


def read_quiz(table: Table) -> Quiz:
    table.allow("id", "question", "options")
    options = []
    for item in table.tables("options"):
        item.allow("text", "correct", "why")
        if item.get("correct") not in (None, True, False):
            raise item.error("“correct” is true or left out", "correct")
        text, why = render_inline(item.text("text")), render_inline(item.text("why"))
        options.append(Option(text, item.get("correct") is True, why))
    if len(options) < 2:
        raise table.error("a quiz needs at least two options", "options")
    if sum(option.correct for option in options) != 1:
        raise table.error("exactly one option must be “correct: true”", "options")
    return Quiz(_read_id(table), render_inline(table.text("question")), tuple(options))


def translate_quiz(table: Table, original: Quiz) -> Quiz:
    """Return the original with this table's words; the right answer stays the original's."""
    table.allow("id", "question", "options")
    words = table.tables("options")
    if not words and "question" not in table:
        return original
    if len(words) != len(original.options):
        raise table.error("the original has other options; translate each, in order", "options")
    options = []
    for item, mine in zip(words, original.options, strict=True):
        item.allow("text", "why")
        options.append(Option(render_inline(item.text("text")), mine.correct, render_inline(item.text("why"))))
    return Quiz(original.id, render_inline(table.text("question")), tuple(options))


def _read_id(table: Table) -> str:
    name = table.text("id")
    if not SLUG.fullmatch(name) or len(name) > 60 or name.startswith("quiz-"):
        raise table.error(f"“{name}” is not an id; use lower-case words with hyphens, at most 60 characters", "id")
    return name


def _read_hints(table: Table) -> tuple[SafeString, ...]:
    hints = [table.text("hint")] if "hint" in table else []
    return tuple(render_inline(hint) for hint in [*hints, *table.texts("hints")])


def _read_condition(table: Table) -> Condition:
    table.allow("that", "found", "expected", "hint")
    _check_expression(table, "that", table.text("that"))
    return Condition(
        table.text("that"),
        _read_found(table),
        _bare(table, "expected"),
        _bare(table, "hint") if "hint" in table else "",
    )


def _translate_condition(table: Table, original: Condition) -> Condition:
    table.allow("found", "expected", "hint")
    return Condition(
        original.that,
        _read_found(table) if "found" in table else original.found,
        _bare(table, "expected") if "expected" in table else original.expected,
        _bare(table, "hint") if "hint" in table else original.hint,
    )


def _read_found(table: Table) -> str:
    found = _bare(table, "found")
    for match in PLACEHOLDER.finditer(found):
        if match[1] is not None:
            _check_expression(table, "found", match[1])
    if re.search("[{}]", PLACEHOLDER.sub("", found)):
        raise table.error("a brace that stands alone; write {{ or }} for the character itself", "found")
    return found


def _bare(table: Table, key: str) -> str:
    """Return a text that the page prints as it is, so it can hold no story switch."""
    text = " ".join(table.text(key).split())
    if _WORDS.search(text):
        raise table.error(f"“{key}” is plain text in Docker's words; write it without [[…|…]]", key)
    return text


def _check_expression(table: Table, key: str, expression: str) -> None:
    try:
        parsed = jmespath.compile(expression).parsed
    except JMESPathError as error:
        reason = str(error).splitlines()[0]
        raise table.error(f"“{expression}” is not a JMESPath: {reason}", key) from error
    for function in _functions(parsed):
        if function not in Functions.FUNCTION_TABLE:
            raise table.error(f"“{expression}”: JMESPath has no function “{function}”", key)


def _functions(node: Mapping[str, Any]) -> Iterator[str]:
    if node["type"] == "function_expression":
        yield node["value"]
    for child in node["children"]:
        if isinstance(child, Mapping):  # a slice's children are numbers
            yield from _functions(child)
