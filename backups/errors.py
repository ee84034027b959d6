import errno
from pathlib import Path


class BackupError(Exception):
    """A backup or a restore did not go on. The message says why, and what to do, to whoever runs it."""


def said(error: OSError, place: Path) -> BackupError:
    """Say in words a person can act on why a file at `place` cannot be read or written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return BackupError(f"No room is left in {place}. Make some, or name another folder.")
    if isinstance(error, PermissionError):
        return BackupError(f"This user may not read or write {error.filename or place}. Run it as the platform's user.")
    return BackupError(f"{error.filename or place}: {error.strerror or error}.")
