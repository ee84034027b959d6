"""Machines to back up and to restore on, with a data folder and a database each. Their shelves are in memory."""

import io
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from pytest_django import DjangoDbBlocker

from backups import databases, restoring, taking
from sandbox import images, keys, shelves
from tests.backups.archives import Entry, tar_of

LAYER = "docker/registry/v2/blobs/sha256/ab/abcd/data"


@dataclass
class Machine:
    """`active` is what the platform's settings and engine are of."""

    data: Path
    settings: Any
    shelves: bytes = b""
    brought: bytes = b""
    said: list[str] = field(default_factory=list)

    @property
    def database(self) -> databases.Sqlite:
        return databases.Sqlite(self.data / "sarafa.sqlite3")

    def ask(self, query: str) -> list[tuple]:
        with closing(sqlite3.connect(self.database.place)) as database, database:
            return database.execute(query).fetchall()

    def names(self) -> list[str]:
        return [name for (name,) in self.ask("SELECT name FROM courses_user ORDER BY name")]

    def backup(self, folder: Path, keep: int = 0, registry: bool = True) -> Path:
        self.settings.DATA_DIR = self.data
        return taking.take(folder, keep, registry, self.said.append)

    def restore(self, file: Path, replace: bool = False) -> None:
        self.settings.DATA_DIR = self.data
        restoring.restore(file, replace, self.said.append)

    def state(self) -> dict[str, bytes]:
        """Return all that a restore may change, and what it must not leave behind."""
        files = {str(file.relative_to(self.data)): file.read_bytes() for file in self.data.rglob("*") if file.is_file()}
        return {"shelves": self.shelves} | {name: text for name, text in files.items() if not name.endswith(".lock")}

    def read(self) -> list[bytes]:
        return [self.shelves]

    def bring(self, chunks) -> None:
        self.brought = b"".join(chunks)

    def switch(self) -> None:
        self.shelves, self.brought = self.brought or self.shelves, b""

    def spaces(self) -> list[str]:
        with tarfile.open(fileobj=io.BytesIO(self.shelves)) as archive:
            names = [name.split("/") for name in archive.getnames()]
        return [parts[4] for parts in names if parts[3:4] == ["repositories"]]


@pytest.fixture(scope="session")
def empty_database(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    file = tmp_path_factory.mktemp("empty") / "sarafa.sqlite3"
    with django_db_blocker.unblock(), databases.being_restored(file) as alias:
        call_command("migrate", database=alias, verbosity=0)
    return file


@pytest.fixture
def new_machine(
    empty_database: Path,
    django_db_blocker: DjangoDbBlocker,
    settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Callable[[str], Machine]]:
    """Make a machine with an empty database. Whichever was asked for something last has the settings and the engine."""
    settings.CACHES = settings.CACHES | {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    machines: dict[Path, Machine] = {}

    def active() -> Machine:
        return machines[settings.DATA_DIR]

    monkeypatch.setattr(databases, "current", lambda: active().database)
    monkeypatch.setattr(images, "ensure_all", lambda say: None)
    for name in ("read", "bring", "switch", "spaces"):
        monkeypatch.setattr(shelves, name, lambda *args, name=name: getattr(active(), name)(*args))

    def new(name: str) -> Machine:
        machine = Machine(tmp_path / name, settings, tar_of(Entry(LAYER, name.encode())))
        machines[machine.data] = machine
        machine.data.mkdir()
        shutil.copy(empty_database, machine.database.place)
        (machine.data / "secret-key").write_text(f"secret of {name}")
        keys.keep(keys.make(), machine.data / "warehouse.pem")
        return machine

    with django_db_blocker.unblock():  # not `db`, which allows no databases but those known before
        yield new


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "archives").mkdir()
    return tmp_path / "archives"


PERSON = (
    "INSERT INTO courses_user (password, is_superuser, username, email, first_name, last_name, is_staff, is_active, "
    "date_joined, name, is_guest) VALUES ('', 0, '{0}', '', '', '', 0, 1, '2026-01-01', '{0}', 1)"
)


@pytest.fixture
def old(new_machine) -> Machine:
    """A machine on which Alice learns."""
    machine = new_machine("old")
    machine.ask(PERSON.format("Alice"))
    return machine


@pytest.fixture
def new(new_machine) -> Machine:
    """A machine to which nobody has come."""
    return new_machine("new")
