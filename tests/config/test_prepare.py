"""What a start makes ready is not made again while nothing has changed."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def collected(settings, tmp_path, monkeypatch):
    """Let styles be collected from a folder with one file; return prepare's function, and what it has collected."""
    spec = importlib.util.spec_from_file_location("prepare", ROOT / "scripts" / "prepare.py")
    prepare = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(prepare)
    done: list[str] = []
    monkeypatch.setattr(prepare, "step", lambda _text, command, *_: done.append(command))
    settings.STATIC_ROOT = tmp_path / "served"
    settings.STATICFILES_DIRS = [tmp_path / "sources"]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "site.css").write_text("a {}")
    return prepare.collect_static, done


def test_styles_are_collected_once_until_one_changes(collected, tmp_path):
    collect, done = collected
    collect()
    collect()
    assert done == ["collectstatic"]
    (tmp_path / "sources" / "site.css").write_text("b { color: red }")
    collect()
    assert done == ["collectstatic"] * 2
    (tmp_path / "sources" / "another.css").write_text("c {}")
    collect()
    collect()
    assert done == ["collectstatic"] * 3


def test_styles_that_could_not_be_collected_are_tried_again(collected, monkeypatch):
    collect, done = collected
    whole = collect.__globals__["step"]

    def breaks(*_):
        raise OSError("no space left on device")

    monkeypatch.setitem(collect.__globals__, "step", breaks)
    with pytest.raises(OSError, match="no space"):
        collect()
    monkeypatch.setitem(collect.__globals__, "step", whole)
    collect()
    assert done == ["collectstatic"]
