"""The gradebook as a spreadsheet: one row for each participant, five cells for each task.

The first row is for people, in their language; the second has keys that stay the same in every language.
"""

import csv
import io
from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _

from sandbox.models import iso
from workshops.gradebook import Cell, Gradebook, Line

BOM = "\ufeff"  # without it, Excel reads UTF-8 as something else
# A spreadsheet would take a text that begins so for a formula, and reckon it.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
Value = str | int | bool | datetime | None


def as_csv(gradebook: Gradebook) -> str:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerows([safe(value) for value in row] for row in as_rows(gradebook))
    return BOM + written.getvalue()


def safe(value: Value) -> str | int:
    """Return what is written for a value: of texts, none that is a formula; learners choose their own names."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, datetime):
        return iso(value) or ""
    text = value.replace("\0", "")
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def as_rows(gradebook: Gradebook) -> Iterator[list[Value]]:
    """Yield the two rows of headings, then one row for each participant."""
    of_line, of_cell = line_fields(), cell_fields()
    titles = [f"{column.day}: {column.title}" for column in gradebook.columns]
    yield [*of_line.values(), *(f"{title} ({name})" for title in titles for name in of_cell.values())]
    yield [*of_line, *(f"{column.key}.{field}" for column in gradebook.columns for field in of_cell)]
    for line in gradebook.sorted_by("name"):
        cells = (line.cells[column.key] for column in gradebook.columns)
        yield [*line_values(line), *(value for cell in cells for value in cell_values(cell))]


def line_fields() -> dict[str, str]:
    return {
        "id": _("Number"),
        "name": _("Name"),
        "guest": _("Guest"),
        "joined_at": _("Joined at"),
        "done": _("Done"),
        "of": _("Of"),
        "finished_at": _("Finished at"),
        "tries": _("Tries"),
        "hints": _("Hints of checks"),
        "hints_written": _("Hints of instructors"),
        "solutions_shown": _("Solutions shown"),
        "seconds": _("Seconds"),
        "troubles": _("Errors"),
        "troubles_open": _("Errors not mended"),
    }


def line_values(line: Line) -> list[Value]:
    told = line.as_json()
    return [told[key] for key in line_fields()]


def cell_fields() -> dict[str, str]:
    return {
        "done_at": _("done at"),
        "tries": _("tries"),
        "hints": _("hints"),
        "solution_shown": _("solution shown"),
        "seconds": _("seconds"),
    }


def cell_values(cell: Cell) -> list[Value]:
    told = cell.as_json()
    return [told[key] for key in cell_fields()]
