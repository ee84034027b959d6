"""One version, from CHANGELOG.md, wherever one is shown."""

import json
import tomllib
from pathlib import Path

import pytest
from django.core.management import call_command

from config import version
from sandbox import doctor

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("changelog", "newest"),
    [
        ("## [Unreleased]\n\n## [1.2.3] - 2026-01-31\n\n## [1.2.2] - 2026-01-01\n", "1.2.3"),
        ("## [2.0.0-rc.1] - 2026-01-31\n", "2.0.0-rc.1"),
    ],
)
def test_it_is_the_newest_release_of_the_changelog(changelog, newest):
    assert version.newest(changelog) == newest


def test_a_changelog_without_a_release_says_what_it_needs():
    with pytest.raises(ValueError, match=r"## \[1\.2\.3\]"):
        version.newest("## [Unreleased]\n\n### Added\n- [1.0.0] is meant\n")


def test_pages_show_it(client, db):
    assert f"Version {version.VERSION}" in client.get("/").text


def test_who_asks_whether_it_serves_learns_it(client):
    assert client.get("/healthz")["X-Version"] == version.VERSION


def test_the_doctor_tells_it(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "LOOKS", [doctor.look_at_version])
    call_command("doctor", "--json")
    assert json.loads(capsys.readouterr().out)[0]["text"] == version.VERSION


def test_no_other_file_names_one():
    assert "version" not in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "version" not in json.loads((ROOT / "package.json").read_text())
