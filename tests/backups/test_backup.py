"""A backup is whole or not there."""

import errno
import os
import time

import pytest
from django.core.management import CommandError, call_command

from backups import archive, databases
from backups.alone import only_one
from backups.errors import BackupError
from sandbox import containers
from sandbox.engine import EngineError, EngineUnreachable
from sandbox.models import Home, Sandbox, State
from tests.backups.archives import parts_of


def names(folder) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_everything_is_in_one_file_that_nobody_else_may_read(old, folder):
    file = old.backup(folder)
    assert names(folder) == [file.name]
    assert file.stat().st_mode & 0o777 == 0o600
    parts = parts_of(file)
    assert parts[archive.SECRET_KEY] == b"secret of old"
    assert parts[archive.WAREHOUSE_KEY] == (old.data / "warehouse.pem").read_bytes()
    assert parts[archive.REGISTRY] == old.shelves


def test_a_key_that_is_not_in_it_is_told_of(old, folder, monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    file = folder.parent / "key"
    file.write_text("secret of the service")
    for variable, value in (("SECRET_KEY", "secret"), ("SECRET_KEY_FILE", str(file))):
        with monkeypatch.context() as environment:
            environment.setenv(variable, value)
            old.said.clear()
            old.backup(folder)
        assert "SECRET_KEY or SECRET_KEY_FILE: keep it yourself" in "".join(old.said)
    old.said.clear()
    old.backup(folder)
    assert "SECRET_KEY" not in "".join(old.said)


def test_the_images_can_be_left_out(old, folder):
    assert archive.REGISTRY not in parts_of(old.backup(folder, registry=False))


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_homes_of_running_sandboxes_are_saved_first(old, folder, alice, monkeypatch):
    Sandbox.objects.create(learner=alice, state=State.RUNNING, container_id="c" * 64)
    monkeypatch.setattr(containers, "save_home", lambda container, owner: (b"work", 0))
    old.backup(folder)
    assert bytes(Home.objects.get(learner=alice).archive) == b"work"


@pytest.mark.django_db(transaction=True)
def test_a_home_that_cannot_be_had_is_told_of_and_keeps_nothing_else_out(old, folder, alice, monkeypatch):
    Sandbox.objects.create(learner=alice, state=State.RUNNING, container_id="c" * 64)

    def fail(container, owner):
        raise EngineUnreachable("No engine.")

    monkeypatch.setattr(containers, "save_home", fail)
    assert old.backup(folder).exists()
    assert "before it began: No engine." in "".join(old.said)


def test_the_newest_are_kept_and_nothing_else_is_touched(old, folder):
    for name in (
        "sarafa-20200101T000000Z.tar",
        "sarafa-20210101T000000Z.tar",
        "sarafa-20990101T000000Z.tar",
        "mine.tar",
    ):
        (folder / name).touch()
    file = old.backup(folder, keep=2)
    assert names(folder) == ["mine.tar", file.name, "sarafa-20990101T000000Z.tar"]


def test_a_clock_that_was_set_back_does_not_cost_the_new_one(old, folder):
    (folder / "sarafa-20990101T000000Z.tar").touch()
    file = old.backup(folder, keep=1)
    assert names(folder) == [file.name]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No room is left in"),
        (PermissionError(errno.EACCES, "Permission denied"), "may not read or write"),
        (EngineError("The engine is away."), "The engine is away. Or leave the images out: --without-registry"),
    ],
)
def test_what_goes_wrong_is_said_and_leaves_nothing(old, folder, monkeypatch, error, sentence):
    (folder / "sarafa-20200101T000000Z.tar").touch()

    def fail():
        yield b"some"
        raise error

    monkeypatch.setattr(old, "read", fail)
    old.settings.DATA_DIR = old.data
    with pytest.raises(CommandError, match=sentence):
        call_command("backup", to=folder, keep=1)
    assert names(folder) == ["sarafa-20200101T000000Z.tar"]


def test_a_database_that_cannot_be_copied_leaves_nothing(old, folder, monkeypatch):
    def fill(database, to):
        (folder / f"{to.name}-wal").touch()  # as SQLite does on a full disk
        raise BackupError("The disk is full.")

    monkeypatch.setattr(databases.Sqlite, "copy", fill)
    with pytest.raises(BackupError, match="full"):
        old.backup(folder)
    assert names(folder) == []


def test_a_folder_that_is_not_there_is_not_made(old, folder):
    with pytest.raises(BackupError, match="Is its disk mounted"):
        old.backup(folder / "disk")
    assert names(folder) == []


def test_what_a_killed_one_left_goes_a_day_later(old, folder):
    for name, age in (("fresh", 60), ("stale", 90_000)):
        file = folder / f".sarafa-{name}.part"
        file.touch()
        os.utime(file, (time.time() - age,) * 2)
    made = old.backup(folder)
    assert names(folder) == [".sarafa-fresh.part", made.name]


def test_two_are_never_at_it(old, folder):
    old.settings.DATA_DIR = old.data
    with only_one(), pytest.raises(BackupError, match="under way"):
        old.backup(folder)
