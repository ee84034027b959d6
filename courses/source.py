"""A lesson's file as its author wrote it: YAML with line numbers, fences, pictures and blocks.

This module knows the syntax and nothing of what it means; `catalogue.py` gives it meaning.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml


class CatalogueError(Exception):
    """A mistake in a file of the course: where it is, what is wrong and what to do."""

    def __init__(self, path: Path, line: int, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}")
        self.path = path
        self.line = line
        self.problem = problem


class Table(dict[str, object]):
    """A YAML mapping that knows its file and the line of each key."""

    def __init__(self, path: Path, line: int) -> None:
        super().__init__()
        self.path = path
        self.line = line
        self.lines: dict[str, int] = {}

    def error(self, problem: str, key: str = "") -> CatalogueError:
        return CatalogueError(self.path, self.line_of(key), problem)

    def line_of(self, key: str) -> int:
        return self.lines.get(key, self.line)

    def allow(self, *keys: str) -> None:
        for key in self:
            if key not in keys:
                raise self.error(f"“{key}” is not known here; known are: {', '.join(keys)}", key)

    def text(self, key: str) -> str:
        if key not in self:
            raise self.error(f"“{key}” is missing; add “{key}: …”")
        value = self[key]
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"“{key}” must be text; write it in quotes", key)
        return value

    def optional(self, key: str) -> str:
        return self.text(key) if self.get(key) is not None else ""

    def number(self, key: str) -> int:
        if key not in self:
            raise self.error(f"“{key}” is missing; add “{key}: 1” or what it is")
        value = self[key]
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.error(f"“{key}” must be a whole number", key)
        return value

    def texts(self, key: str) -> list[str]:
        value = self.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(f"“{key}” must be a list of texts, each on a line with “- ”; quote what has a colon", key)
        return cast(list[str], value)

    def tables(self, key: str) -> list["Table"]:
        value = self.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, Table) for item in value):
            raise self.error(f"“{key}” must be a list, each entry beginning with “- ” and a key", key)
        return cast(list[Table], value)


class _Loader(yaml.SafeLoader):
    path: Path
    first_line: int

    def construct_table(self, node: yaml.MappingNode) -> Iterator[Table]:
        table = Table(self.path, self.first_line + node.start_mark.line)
        yield table
        for key_node, value_node in node.value:
            key = str(self.construct_object(key_node, deep=True))
            line = self.first_line + key_node.start_mark.line
            if key in table:
                raise CatalogueError(self.path, line, f"“{key}” is given twice; remove one")
            table.lines[key] = line
            table[key] = self.construct_object(value_node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.construct_table)


def read_yaml(path: Path, text: str, first_line: int = 1) -> Table:
    """Parse a mapping that begins at `first_line` of the file."""
    loader = _Loader(text)
    loader.path, loader.first_line = path, first_line
    try:
        value = loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark else 0)
        raise CatalogueError(path, line, f"this is not YAML ({error.problem}); check quotes and indentation") from error
    except yaml.YAMLError as error:
        raise CatalogueError(path, first_line, f"this is not YAML ({error}); check quotes and indentation") from error
    if not isinstance(value, Table):
        raise CatalogueError(path, first_line, "expected lines of the form “key: value”")
    return value


def read_text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CatalogueError(path, 1, "the file is not UTF-8; save it as UTF-8") from error
    except OSError as error:
        raise CatalogueError(path, 1, f"the file cannot be read: {error.strerror}") from error
    for number, line in enumerate(text.splitlines(), 1):
        if re.search("[\ue000-\uf8ff\x00-\x08\x0b-\x1f]", line):
            raise CatalogueError(path, number, "a private or control character; remove it")
    return text


def split_front_matter(path: Path, text: str) -> tuple[Table, str, int]:
    """Return the front matter, the body, and the line the body begins at."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        raise CatalogueError(path, 1, "a lesson begins with front matter between two lines of “---”")
    for number, line in enumerate(lines[1:], 2):
        if line.rstrip() == "---":
            front_matter = read_yaml(path, "\n".join(lines[1 : number - 1]), 2)
            return front_matter, "\n".join(lines[number:]), number + 1
    raise CatalogueError(path, 1, "the front matter never ends; add a line “---” after it")


@dataclass(frozen=True, slots=True)
class Fence:
    """A block between two lines of backticks; `first_line` is that of its text."""

    info: tuple[str, ...]
    text: str
    first_line: int


@dataclass(frozen=True, slots=True)
class Image:
    alt: str
    file: str
    caption: str
    line: int


@dataclass(frozen=True, slots=True)
class Opening:
    """`:::name title`"""

    name: str
    title: str
    line: int


@dataclass(frozen=True, slots=True)
class Closing:
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Prose:
    """A line of Markdown."""

    text: str
    line: int


Piece = Fence | Image | Opening | Closing | Prose

CONTAINERS = ("story", "plain", "note", "tip", "warning")
_FENCE = re.compile(r"^(?P<indent> *)(?P<marks>`{3,}|~{3,})(?P<info>[^`]*)$")
_IMAGE = re.compile(r'^!\[(?P<alt>.*)\]\((?P<file>[^\s)]+)(?:\s+"(?P<caption>.*)")?\)\s*$')
_OPENING = re.compile(r"^:::\s*(?P<name>[\w-]+)\s*(?P<title>.*?)\s*$")


def scan(path: Path, body: str, first_line: int) -> Iterator[tuple[str, Piece]]:
    """Yield each piece of a lesson's body with the indentation it stands at."""
    open_blocks: list[Opening] = []
    lines = iter(enumerate(body.split("\n"), first_line))
    for number, line in lines:
        if match := _FENCE.match(line):
            yield match["indent"], _read_fence(path, match, number, lines)
        elif match := _IMAGE.match(line):
            yield "", Image(match["alt"], match["file"], match["caption"] or "", number)
        elif line.startswith(":::"):
            yield "", _read_container(path, line, number, open_blocks)
        else:
            yield "", Prose(line, number)
    if open_blocks:
        name, number = open_blocks[-1].name, open_blocks[-1].line
        raise CatalogueError(path, number, f"“:::{name}” never closes; add a line “:::” after it")


def _read_fence(path: Path, opening: re.Match[str], number: int, lines: Iterable[tuple[int, str]]) -> Fence:
    indent, marks = len(opening["indent"]), opening["marks"]
    info = tuple(opening["info"].split())
    if not info:
        raise CatalogueError(path, number, f"this fence names no language; write {marks}sh, {marks}text or another")
    text: list[str] = []
    for _number, line in lines:
        bare = line.strip()
        if len(bare) >= len(marks) and set(bare) == {marks[0]}:
            return Fence(info, "\n".join(text), number + 1)
        text.append(line[min(indent, len(line) - len(line.lstrip(" "))) :])
    raise CatalogueError(path, number, f"this fence ({marks}{info[0]}) never closes; add a line {marks} after it")


def _read_container(path: Path, line: str, number: int, open_blocks: list[Opening]) -> Opening | Closing:
    if line.strip() == ":::":
        if not open_blocks:
            raise CatalogueError(path, number, "“:::” closes nothing here; remove it")
        return Closing(open_blocks.pop().name, number)
    match = _OPENING.match(line)
    if not match or match["name"] not in CONTAINERS:
        raise CatalogueError(path, number, f"unknown block “{line.strip()}”; known are: :::{', :::'.join(CONTAINERS)}")
    opening = Opening(match["name"], match["title"], number)
    open_blocks.append(opening)
    return opening
