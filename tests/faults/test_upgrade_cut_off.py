"""An upgrade that is killed while it brings the database up to date is ended by the next one, from wherever it was."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connection

DIES = """
import os, signal, sys
import django
django.setup()
from django.core.management import call_command
from django.db.backends.base.schema import BaseDatabaseSchemaEditor as Editor
left, execute = int(sys.argv[1]), Editor.execute

def counting(self, *args, **kwargs):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    return execute(self, *args, **kwargs)

Editor.execute = counting
call_command("migrate", verbosity=0)
"""
STATEMENTS = (40, 95)  # at which it dies: among the tables of Django's, and among ours


@pytest.fixture
def fresh(tmp_path) -> Iterator[str]:
    """Yield the address of an empty database, of the kind that the tests are on."""
    if connection.vendor != "postgresql":
        yield f"sqlite:///{tmp_path / 'fresh.sqlite3'}"
        return
    name = f"cut_off_{os.getpid()}"
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as cluster:
        cluster.execute(f"create database {name}")
        yield urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}").geturl()
        cluster.execute(f"drop database {name} with (force)")


def run(url: str, folder: Path, *argv: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"DATABASE_URL": url, "DATA_DIR": str(folder), "PYTHONPATH": str(settings.BASE_DIR)}
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    return subprocess.run(
        [sys.executable, *argv], cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )


def tables(url: str) -> int:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            return int(database.execute("select count(*) from sqlite_master where type = 'table'").fetchone()[0])
    with psycopg.connect(url) as database:
        return int(database.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone()[0])


@pytest.mark.slow
@pytest.mark.django_db
def test_an_upgrade_that_was_killed_is_ended_by_the_next(fresh, tmp_path):
    before = 0
    for statement in STATEMENTS:
        killed = run(fresh, tmp_path, "-c", DIES, str(statement))
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert tables(fresh) > before
        before = tables(fresh)
    ended = run(fresh, tmp_path, "manage.py", "migrate", "--verbosity", "0")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert run(fresh, tmp_path, "manage.py", "migrate", "--check").returncode == 0
