"""A backup: everything worth keeping, in one new file, while the platform runs."""

import os
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import connection
from django.utils import timezone

from backups import archive, databases
from backups.alone import only_one
from backups.errors import BackupError, said
from backups.progress import Progress, Say
from sandbox import homes, keys, shelves
from sandbox.engine import EngineError
from sandbox.models import Sandbox

OURS = re.compile(r"sarafa-\d{8}T\d{6}Z\.tar")
UNDONE = ".sarafa-"  # how the name of one begins that is being written
ABANDONED = 24 * 3600  # seconds after which nobody writes it any more
AT_ONCE = 4


def take(folder: Path, keep: int, registry: bool, say: Say) -> Path:
    """Write an archive into `folder`, and forget all but the newest `keep` there, if that is not 0.

    Return its path. Raise BackupError or EngineError; then nothing new is in the folder, and nothing was forgotten.
    """
    if not folder.is_dir():
        raise BackupError(f"There is no folder {folder}. Is its disk mounted?")
    with only_one(), errors_said(folder):
        forget_abandoned(folder)
        progress = Progress(say)
        progress.begin("Files of learners who are at work")
        save_homes(say)
        name = folder / f"sarafa-{timezone.now():%Y%m%dT%H%M%SZ}.tar"
        with new_file(name) as file:
            write(file, folder, registry, progress)
        if keep:
            forget_old(name, keep)
        return name


def forget_old(newest: Path, keep: int) -> None:
    """Remove all but `keep` archives, whatever the clock says of the newest."""
    others = sorted(found for found in newest.parent.iterdir() if OURS.fullmatch(found.name) and found != newest)
    for old in others[: max(len(others) - keep + 1, 0)]:
        old.unlink()


def write(file: BinaryIO, folder: Path, registry: bool, progress: Progress) -> None:
    writer = archive.Writer(file, progress.tell)
    progress.begin("Keys")
    keys.own()  # made, if nobody has needed it yet
    for name in (archive.SECRET_KEY, archive.WAREHOUSE_KEY):
        key = settings.DATA_DIR / Path(name).name
        if key.exists():
            writer.add(name, [key.read_bytes()])
    if os.environ.get("SECRET_KEY"):
        progress.say("  SECRET_KEY comes from the environment: keep it yourself. Without it everybody is signed out.")
    progress.begin("Database")
    database = databases.current()
    with scratch(folder) as copy:
        migrations = database.copy(copy)
        if database.part.endswith(".gz"):
            writer.add_packed(database.part, copy)
        else:
            writer.add(database.part, archive.content_of(copy))
    if registry:
        # After the database: a learner who comes in between has a space too much, not one too few.
        progress.begin("Images in the warehouse")
        writer.add(archive.REGISTRY, shelves.read())
    writer.finish(migrations)


def save_homes(say: Say) -> None:
    """Keep what is in the homes of sandboxes that run. Of one that cannot be had now, what was kept before stays."""

    def save(sandbox: Sandbox) -> None:
        try:
            homes.save(sandbox)
        except EngineError as exc:
            say(f"  Those in sandbox {sandbox.code} are as of {sandbox.saved_at or 'before it began'}: {exc}")
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(save, Sandbox.objects.savable().select_related("learner")))


@contextmanager
def new_file(name: Path) -> Iterator[BinaryIO]:
    """Yield a file that gets its name when it is whole and safely on the disk, and that nobody else may read."""
    with scratch(name.parent) as unnamed:
        with unnamed.open("r+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unnamed.rename(name)
        sync_folder(name.parent)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Yield an empty file that is gone at the end, with what SQLite put beside it, unless it was renamed."""
    file = folder / f"{UNDONE}{os.urandom(6).hex()}.part"
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield file
    finally:
        for leftover in folder.glob(f"{file.name}*"):
            leftover.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def forget_abandoned(folder: Path) -> None:
    """Remove what those have left that were killed, or whose machine went down."""
    for file in folder.glob(f"{UNDONE}*.part*"):
        if time.time() - file.stat().st_mtime > ABANDONED:
            file.unlink()


@contextmanager
def errors_said(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise said(exc, place) from exc
