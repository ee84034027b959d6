"""A restore puts everything in place or changes nothing."""

import fcntl
import time
import zlib

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

from backups import databases, restoring
from backups.archive import SQLITE
from backups.errors import BackupError
from sandbox import keys, shelves
from sandbox.engine import EngineError
from sandbox.tasks import HEARTBEAT
from tests.backups.archives import Entry, forge, parts_of, tar_of
from tests.backups.conftest import PERSON

SPACE = "docker/registry/v2/repositories/bcdf1/khichdi/_layers/x"


def refuses(machine, file, why: str, **options: bool) -> None:
    """See that a restore is refused, and that everything is as it was."""
    before = machine.state()
    with pytest.raises((BackupError, EngineError), match=why):
        machine.restore(file, **options)
    assert machine.state() == before


def test_everything_is_as_it_was(old, new, folder):
    new.restore(old.backup(folder))
    assert new.names() == ["Alice"]
    assert (new.data / "secret-key").read_text() == "secret of old"
    assert (new.data / "warehouse.pem").read_bytes() == (old.data / "warehouse.pem").read_bytes()
    assert new.data.joinpath("warehouse.pem").stat().st_mode & 0o777 == 0o600
    assert b"old" in new.shelves
    assert sorted(file.name for file in new.data.iterdir() if file.suffix != ".lock") == [
        "sarafa.sqlite3", "secret-key", "warehouse.pem",
    ]  # fmt: skip


def test_the_key_is_believed_at_once(old, new, folder):
    file = old.backup(folder)
    new.settings.DATA_DIR = new.data
    before = keys.own().certificate_pem
    new.restore(file)
    assert keys.own().certificate_pem != before


def test_sandboxes_have_ended_since_no_container_is_theirs(old, new, folder):
    insert = (
        "INSERT INTO sandbox_sandbox (code, state, error, container_id, address, created_at, learner_id, keeps_home, "
        "left_out, containers) VALUES ('{0}', 'running', '', 'c', 'fd00::1', '2026-01-01', {1}, 1, 0, '[]')"
    )
    [(alice,)] = old.ask("SELECT id FROM courses_user")
    old.ask(insert.format("hers", alice))
    old.ask(insert.format("nobodys", "NULL"))
    new.restore(old.backup(folder))
    assert new.ask("SELECT code, state FROM sandbox_sandbox") == [("hers", "stopped")]


@pytest.mark.slow
def test_a_backup_of_an_older_version_is_brought_up_to_date(old, new, folder):
    with databases.being_restored(old.database.place) as alias:
        call_command("migrate", "workshops", "zero", database=alias, verbosity=0)
    new.restore(old.backup(folder))
    assert new.names() == ["Alice"]
    assert new.ask("SELECT count(*) FROM workshops_workshop") == [(0,)]


def test_one_of_a_newer_version_is_refused(old, new, folder):
    old.ask("INSERT INTO django_migrations (app, name, applied) VALUES ('courses', '9999_later', '2030-01-01')")
    refuses(new, old.backup(folder), r"courses\.9999_later is unknown here")


def test_what_was_squashed_is_known(old, new, folder, monkeypatch):
    _, squashed = max(MigrationLoader(None).disk_migrations.items())
    monkeypatch.setattr(type(squashed), "replaces", [("courses", "0000_before")])
    old.ask("INSERT INTO django_migrations (app, name, applied) VALUES ('courses', '0000_before', '2020-01-01')")
    new.settings.DATA_DIR = old.data
    with restoring.archive.opened(old.backup(folder), lambda size: None) as found:
        assert found.manifest.unknown_migrations() == []


def test_people_who_are_there_are_not_lost_unless_that_is_said(old, new, folder):
    new.ask(PERSON.format("Charlie"))
    file = old.backup(folder)
    refuses(new, file, "--replace")
    new.restore(file, replace=True)
    assert new.names() == ["Alice"]


def test_images_that_are_there_are_not_lost_unless_that_is_said(old, new, folder):
    new.shelves = tar_of(Entry(SPACE, b"hers"))
    file = old.backup(folder)
    refuses(new, file, "images in the warehouse")
    new.restore(file, replace=True)
    assert b"old" in new.shelves


def test_without_images_in_it_those_that_are_there_stay(old, new, folder):
    new.shelves = tar_of(Entry(SPACE, b"hers"))
    new.restore(old.backup(folder, registry=False))
    assert new.names() == ["Alice"]
    assert b"hers" in new.shelves


def test_what_the_old_database_wrote_last_does_not_get_into_the_new_one(old, new, folder):
    file = old.backup(folder)
    for ending in ("-wal", "-shm"):
        new.database.place.with_name(f"sarafa.sqlite3{ending}").write_bytes(b"of another")
    (new.data / "dump.rdb").write_bytes(b"of another")
    new.restore(file, replace=True)
    assert new.names() == ["Alice"]
    assert not (new.data / "dump.rdb").exists()


def test_a_running_platform_is_let_be(old, new, folder):
    file = old.backup(folder)
    with (new.data / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refuses(new, file, "The platform runs")
    cache.set(HEARTBEAT, time.time())
    refuses(new, file, "A worker of the platform runs")


def test_a_disk_without_room_is_left_alone(old, new, folder):
    file = old.backup(folder)
    forge(file, unpacked={"database.sqlite3.gz": 10**15})
    refuses(new, file, "are needed in")


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"database": b""}, "another kind of database"),
        ({"database": b"no gzip at all"}, "cannot be unpacked"),
        ({"key": b"no key at all"}, "key in the archive is none"),
        ({"key": b"x" * 70_000}, "too large to be a key"),
        ({"registry": tar_of(Entry("../../etc/passwd", b"x"))}, "leads out of it"),
        ({"registry": tar_of(Entry("docker/x", kind=b"2", target="/"))}, "neither a file nor a folder"),
        ({"registry": b"no tar at all" * 100}, "no archive of ours"),
    ],
)
def test_a_forged_part_is_refused(old, new, folder, parts, why):
    file = old.backup(folder)
    forge(file, **parts)
    refuses(new, file, why)


def test_a_database_that_cannot_be_brought_up_to_date_is_refused(old, new, folder):
    old.ask("DELETE FROM django_migrations WHERE app = 'workshops'")  # its tables are there all the same
    refuses(new, old.backup(folder), "could not be brought up to date")


def test_a_database_that_is_damaged_is_refused(old, new, folder):
    file = old.backup(folder)
    pages = zlib.decompress(parts_of(file)[SQLITE], wbits=31)
    forge(file, database=zlib.compress(pages[:4096] + b"x" * 8192 + pages[12288:], wbits=31))
    refuses(new, file, "in the archive is damaged")


def test_a_file_that_is_no_archive_is_refused(new, folder):
    (folder / "holiday.jpg").write_bytes(b"\xff\xd8" * 5000)
    refuses(new, folder / "holiday.jpg", "no archive of ours")
    refuses(new, folder, "name the archive in it")
    refuses(new, folder / "nothing", "There is no file")


def test_an_engine_that_goes_away_leaves_everything_as_it_was(old, new, folder, monkeypatch):
    def fail(chunks):
        next(chunks)
        raise EngineError("The engine is away.")

    file = old.backup(folder)
    monkeypatch.setattr(new, "bring", fail)
    refuses(new, file, "The engine is away", replace=True)


@pytest.mark.parametrize("at", ["switch", "put_in_place"])
def test_one_that_was_cut_off_goes_on_where_it_was(old, new, folder, monkeypatch, at):
    new.ask(PERSON.format("Charlie"))
    file = old.backup(folder)

    def die(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shelves if at == "switch" else databases.Sqlite, at, die)
        with pytest.raises(KeyboardInterrupt):
            new.restore(file, replace=True)
    assert restoring.decided().is_dir()
    assert restoring.finish()
    assert new.names() == ["Alice"]
    assert b"old" in new.shelves
    assert not restoring.finish()
