"""A restore: all that an archive holds, in place of what is there, or nothing.

Everything is unpacked, tried and brought up to date beside what is there. One rename then decides that it is to be put
in place; `finish` does that, and whoever finds it cut off half-way calls it again.
"""

import os
import shutil
from pathlib import Path

from django.conf import settings

from backups import archive, databases, tar
from backups.alone import only_one, platform_stopped
from backups.archive import Archive
from backups.databases import Database
from backups.errors import BackupError
from backups.files import errors_said, sync_folder
from backups.progress import Progress, Say, in_words
from sandbox import accounts, images, keys, shelves

KEYS = {"secret-key": archive.SECRET_KEY, "warehouse.pem": archive.WAREHOUSE_KEY}
DATABASE = "database"
SHELVES = "shelves"  # an empty file that says: they are brought, too
NAMED = 5  # migrations that a refusal names


def restore(file: Path, replace: bool, say: Say) -> None:
    """Put everything in place that is in an archive. Raise BackupError or EngineError, with all as it was."""
    with platform_stopped(), only_one(), errors_said(settings.DATA_DIR):
        finish()
        progress = Progress(say)
        progress.begin("Reading the archive")
        with archive.opened(file, progress.tell) as found:
            say(f"  made {found.manifest.made_at:%Y-%m-%d %H:%M} UTC, by version {found.manifest.version}")
            database = databases.current()
            refuse_unfit(found, database)
            if not replace:
                refuse_to_lose_people(database)
            if archive.REGISTRY in found:
                images.ensure_all(say)
                if not replace:
                    refuse_to_lose_images()
            prepare(found, database, progress)
        progress.begin("Putting it in place")
        finish()


def refuse_unfit(found: Archive, database: Database) -> None:
    unknown = found.manifest.unknown_migrations()
    if unknown:
        raise BackupError(
            f"The data are of version {found.manifest.version}, which is newer, or had other settings (OIDC_SERVER): "
            f"{', '.join(unknown[:NAMED])} is unknown here. Restore it with that version."
        )
    if database.part not in found:
        raise BackupError("The archive is of another kind of database than DATABASE_URL names (SQLite, PostgreSQL).")
    needed = 2 * found.manifest.parts[database.part].unpacked
    if needed > shutil.disk_usage(settings.DATA_DIR).free:
        raise BackupError(f"{in_words(needed)} are needed in {settings.DATA_DIR} for a time. Make room there first.")


def refuse_to_lose_people(database: Database) -> None:
    people = database.people()
    if people:
        raise BackupError(
            f"There are data here already, of {people} who came. To lose them for the archive's: --replace"
        )


def refuse_to_lose_images() -> None:
    if any(accounts.LEARNERS.fullmatch(space) for space in shelves.spaces()):
        raise BackupError("There are learners' images in the warehouse. To lose them for the archive's: --replace")


def prepare(found: Archive, database: Database, progress: Progress) -> None:
    """Have everything ready to be put in place, and decide that it is."""
    folder = settings.DATA_DIR / "being-restored"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        for name, part in KEYS.items():
            if part in found:
                found.extract(part, folder / name)
                (folder / name).chmod(0o600)
        refuse_foreign_key(folder / "warehouse.pem")
        progress.begin("Database")
        found.extract(database.part, folder / DATABASE)
        (folder / DATABASE).chmod(0o600)
        database.make_ready(folder / DATABASE)
        if archive.REGISTRY in found:
            progress.begin("Images in the warehouse")
            shelves.bring(tar.made_anew(found.open(archive.REGISTRY), shelves.TOP, shelves.OWNER))
            (folder / SHELVES).touch()
        for file in folder.iterdir():
            sync(file)
        sync_folder(folder)
        folder.rename(decided())
        sync_folder(settings.DATA_DIR)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def refuse_foreign_key(file: Path) -> None:
    try:
        if file.exists():
            keys.load(file)
    except ValueError:
        raise BackupError("The warehouse's key in the archive is none.") from None


def decided() -> Path:
    """Return the folder that is there from the moment when a restore is decided until all of it is in place."""
    return settings.DATA_DIR / "restored"


def finish() -> bool:
    """Put in place what was decided to be; return whether there was something. Whoever calls it keeps others out."""
    folder = decided()
    if not folder.is_dir():
        return False
    for name in KEYS:
        if (folder / name).exists():
            (folder / name).replace(settings.DATA_DIR / name)
    keys.load.cache_clear()
    if (folder / SHELVES).exists():
        shelves.switch()
        (folder / SHELVES).unlink()
    if (folder / DATABASE).exists():
        databases.current().put_in_place(folder / DATABASE)
    (settings.DATA_DIR / "dump.rdb").unlink(missing_ok=True)  # what the broker remembers is of the data before
    sync_folder(settings.DATA_DIR)
    folder.rmdir()
    return True


def sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
