"""A backup: everything worth keeping, in one new file, while the platform runs."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import connection
from django.utils import timezone

from backups import archive, databases
from backups.alone import only_one
from backups.errors import BackupError
from backups.files import errors_said, forget_abandoned, new_file, scratch
from backups.progress import Progress, Say
from config.environment import secret
from sandbox import homes, keys, shelves
from sandbox.engine import EngineError
from sandbox.models import Sandbox

OURS = re.compile(r"sarafa-\d{8}T\d{6}Z\.tar")
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
    if secret("SECRET_KEY"):
        progress.say("  The secret key is given by SECRET_KEY or SECRET_KEY_FILE: keep it yourself.")
        progress.say("  Without it everybody is signed out.")
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
