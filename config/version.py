"""Which release this is: the newest heading of CHANGELOG.md. It is written nowhere else."""

import re
from pathlib import Path

from django.http import HttpRequest

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"
HEADING = re.compile(r"^## \[(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)\]", re.MULTILINE)


def newest(changelog: str) -> str:
    """Return the version of the first release in the text. Raise ValueError if there is none."""
    found = HEADING.search(changelog)
    if not found:
        raise ValueError('CHANGELOG.md names no release: it needs a heading such as "## [1.2.3] - 2026-01-31".')
    return found[1]


VERSION = newest(CHANGELOG.read_text(encoding="utf-8"))


def version(request: HttpRequest) -> dict[str, str]:
    """Tell templates."""
    return {"version": VERSION}
