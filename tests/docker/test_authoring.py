"""docs/authoring.md, followed to the letter: its day is written, found good, served and proven."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from courses import catalogue

SECTION = re.compile(r"^## From nothing to a day of your own\n(.*?)^## The head$", re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"^```sh\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
ADDITION = re.compile(r"Append this to `~/(\S+)`:\n\n````\n(.*?)^````\n", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def author(tmp_path_factory) -> Path:
    """The home of somebody who has done what the document says, up to the last commands."""
    home = tmp_path_factory.mktemp("author")
    text = SECTION.search(Path(settings.BASE_DIR, "docs", "authoring.md").read_text())[1]
    begin, *prove = [block for found in COMMANDS.finditer(ADDITION.sub("", text)) for block in found[1].splitlines()]
    follow(home, ".venv/bin/python manage.py migrate --verbosity 0")  # as `make run` has done
    follow(home, begin)
    file, addition = ADDITION.search(text).groups()
    with (home / file).open("a") as day:
        day.write(f"\n{addition}")
    (home / "commands").write_text("\n".join(prove))
    return home


def follow(home: Path, command: str) -> str:
    """Run a command of the document, with this Python and sandboxes that no running platform takes for its own."""
    done = subprocess.run(
        ["bash", "-c", command.replace(".venv/bin/python", sys.executable)], cwd=settings.BASE_DIR, text=True,
        capture_output=True, timeout=300, check=False,
        env={**os.environ, "HOME": str(home), "DATA_DIR": str(home / "var")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_day_is_good_and_proven(author, installation):
    check, live = (author / "commands").read_text().splitlines()
    try:
        assert follow(author, check) == "1 lessons, 3 tasks, ok\n"
        printed = follow(author, live)
        assert printed.count(": proven") == 3
    finally:
        follow(author, ".venv/bin/python scripts/teardown.py --shelves")


@pytest.mark.django_db
def test_the_day_is_served(author, client, monkeypatch):
    monkeypatch.setattr(catalogue, "shelf", catalogue.Shelf(author / "courses", catalogue.OURS))
    page = client.get("/courses/chai/day-1/").content.decode()
    assert 'data-testid="task-clear-away"' in page
    assert "a glass of shikanji" in page
    assert client.get("/courses/sarafa-bazaar/day-2/").status_code == 200
