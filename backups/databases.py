"""The two kinds of database, and what is asked of each: a copy while others write, and to be replaced as a whole."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections
from django.utils import timezone

from backups import archive
from backups.errors import BackupError
from sandbox.models import Sandbox, State

PEOPLE = "SELECT count(*) FROM courses_user"
MIGRATIONS = "SELECT app, name FROM django_migrations ORDER BY id"
BEING_RESTORED = "restored"  # the alias of a database that is being made ready


class Database(Protocol):
    part: str  # its name in an archive

    def copy(self, to: Path) -> list[str]:
        """Write the database, as it is at this moment, to a file; return its migrations, as "app.name"."""

    def people(self) -> int:
        """Return how many have an account or are guests; 0 if there is no database yet."""

    def make_ready(self, file: Path) -> None:
        """Do with a copy what can be done before it is put in place. Raise BackupError if it is of no use."""

    def put_in_place(self, file: Path) -> None:
        """Replace the database by a copy that was made ready. May be called again if it was cut off."""


def current() -> Database:
    connection: Mapping[str, Any] = connections["default"].settings_dict
    return Sqlite(Path(connection["NAME"])) if connection["ENGINE"].endswith("sqlite3") else Postgres(connection)


class Sqlite:
    part = archive.SQLITE

    def __init__(self, place: Path) -> None:
        self.place = place

    def copy(self, to: Path) -> list[str]:
        if not self.place.exists():
            raise BackupError(f"There is no database yet: {self.place}.")
        with closing(sqlite3.connect(self.place, timeout=20)) as source, closing(sqlite3.connect(to)) as target:
            try:
                source.backup(target)  # in one piece: nobody waits for it who reads or writes
                target.execute("PRAGMA journal_mode = DELETE")
                return [f"{app}.{name}" for app, name in target.execute(MIGRATIONS)]
            except sqlite3.Error as exc:
                raise BackupError(f"The database could not be copied to {to.parent}: {exc}.") from None

    def people(self) -> int:
        if not self.place.exists():
            return 0
        with closing(sqlite3.connect(self.place, timeout=20)) as database:
            try:
                return int(database.execute(PEOPLE).fetchone()[0])
            except sqlite3.OperationalError as exc:
                if "no such table" in str(exc):
                    return 0
                raise BackupError(f"The database that is there cannot be read: {exc}.") from None

    def make_ready(self, file: Path) -> None:
        try:
            with closing(sqlite3.connect(file)) as database:
                [found] = database.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.Error as exc:
            found = str(exc)
        if found != "ok":
            raise BackupError(f"The database in the archive is damaged: {found}. Use another archive.")
        with being_restored(file) as alias:
            bring_up_to_date(alias)

    def put_in_place(self, file: Path) -> None:
        connections["default"].close()
        for leftover in ("-wal", "-shm"):  # of the old one: a new one must never meet them
            self.place.with_name(self.place.name + leftover).unlink(missing_ok=True)
        if file.stat().st_dev != self.place.parent.stat().st_dev:
            beside = self.place.with_name(self.place.name + ".restored")
            shutil.copyfile(file, beside)
            beside.chmod(0o600)
            beside.replace(self.place)
            file.unlink()
        else:
            file.replace(self.place)


class Postgres:
    """By the tools of PostgreSQL's own, which are of the server's version or newer."""

    part = archive.POSTGRES
    named = {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "PASSWORD": "PGPASSWORD", "NAME": "PGDATABASE"}
    options = (
        "host", "hostaddr", "port", "target_session_attrs", "sslmode", "sslrootcert", "sslcert", "sslkey", "passfile",
        "service",
    )  # fmt: skip

    def __init__(self, connection: Mapping[str, Any]) -> None:
        said = {self.named[key]: value for key, value in connection.items() if key in self.named}
        options = {key: value for key, value in connection["OPTIONS"].items() if key in self.options}
        said |= {f"PG{key.upper().replace('_', '')}": value for key, value in options.items()}
        self.environment = os.environ | {key: str(value) for key, value in said.items() if value}

    def copy(self, to: Path) -> list[str]:
        self.run("pg_dump", "--format=custom", "--no-owner", "--no-acl", f"--file={to}")
        with connections["default"].cursor() as cursor:
            cursor.execute(MIGRATIONS)
            return [f"{app}.{name}" for app, name in cursor.fetchall()]

    def people(self) -> int:
        if "courses_user" not in connections["default"].introspection.table_names():
            return 0
        with connections["default"].cursor() as cursor:
            cursor.execute(PEOPLE)
            return int(cursor.fetchone()[0])

    def make_ready(self, file: Path) -> None:
        """Make the script of it: whatever is wrong with the archive is found out now."""
        script = file.with_name("script.sql")
        self.run("pg_restore", "--no-owner", "--no-acl", f"--file={script}", str(file))
        script.replace(file)

    def put_in_place(self, file: Path) -> None:
        connections["default"].close()
        begin = ["--command=DROP SCHEMA IF EXISTS public CASCADE", "--command=CREATE SCHEMA public"]
        quiet = ["--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1"]
        self.run("psql", *quiet, "--single-transaction", *begin, f"--file={file}")
        bring_up_to_date("default")
        file.unlink()

    def run(self, *argv: str) -> None:
        try:
            done = subprocess.run(argv, env=self.environment, capture_output=True, text=True, check=False)  # noqa: S603
        except FileNotFoundError:
            raise BackupError(f"{argv[0]} is missing: install postgresql-client, of the server's version.") from None
        if done.returncode:
            raise BackupError(f"{argv[0]} did not do it: {done.stderr.strip()[-500:]}")


@contextmanager
def being_restored(file: Path) -> Iterator[str]:
    """Have a SQLite file besides the database that is served, under an alias."""
    only_a_file = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(file), "OPTIONS": {}}
    connections.databases[BEING_RESTORED] = connections["default"].settings_dict | only_a_file
    try:
        yield BEING_RESTORED
    finally:
        connections[BEING_RESTORED].close()
        del connections[BEING_RESTORED], connections.databases[BEING_RESTORED]


def bring_up_to_date(alias: str) -> None:
    """Migrate what an older version has made, and end the sandboxes it tells of: no container is theirs any more."""
    try:
        call_command("migrate", database=alias, interactive=False, verbosity=0)
    except (DatabaseError, CommandError) as exc:
        raise BackupError(f"The database could not be brought up to date: {exc}.") from exc
    Sandbox.objects.using(alias).filter(learner=None).delete()
    ended = {"state": State.STOPPED, "ended_at": timezone.now(), "paused_at": None}
    Sandbox.objects.using(alias).live().update(**ended)
