"""Files that come into being as a whole: whoever is cut off leaves nothing of that name."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from backups.errors import said

UNDONE = ".sarafa-"  # how the name of one begins that is being written
ABANDONED = 24 * 3600  # seconds after which nobody writes it any more


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
