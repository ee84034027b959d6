"""Tar archives as they are written and read here: files and folders alone, a block at a time, nothing extracted.

Archives are not trusted: they may come from a disk that anybody could write to. So only the plainest headers are read,
by hand: `tarfile` on its own would hold in memory what an extended header says of itself, whatever its size.
"""

import hashlib
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator
from tarfile import AREGTYPE, BLOCKSIZE, DIRTYPE, GNU_FORMAT, GNUTYPE_LONGNAME, REGTYPE, TarInfo
from typing import BinaryIO, Protocol

from backups.errors import BackupError

CHUNK = 1 << 20
LONGEST_NAME = 4096
END = bytes(2 * BLOCKSIZE)

Tell = Callable[[int], None]  # is told how many bytes went by


class Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Writer:
    """Writes files into a new archive, one after the other.

    How long one becomes nobody knows before: its header is filled in afterwards.
    """

    def __init__(self, file: BinaryIO, tell: Tell) -> None:
        self.file = file
        self.tell = tell

    def add(self, name: str, chunks: Iterable[bytes], mode: int) -> tuple[int, str]:
        """Return how many bytes there were, and their SHA-256."""
        begin, size, digest = self.file.tell(), 0, hashlib.sha256()
        self.file.write(head(name, 0, mode))
        for chunk in chunks:
            self.file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
            self.tell(len(chunk))
        self.file.write(bytes(-size % BLOCKSIZE))
        end = self.file.tell()
        self.file.seek(begin)
        self.file.write(head(name, size, mode))
        self.file.seek(end)
        return size, digest.hexdigest()

    def finish(self) -> None:
        self.file.write(END)


def head(name: str, size: int, mode: int) -> bytes:
    """Return what comes before a file's content: more than one block if the name is long."""
    info = TarInfo(name)
    info.size, info.mode, info.mtime = size, mode, int(time.time())
    return info.tobuf(GNU_FORMAT)


class Content:
    """What is in one file of an archive, to be read once, while the archive is at it."""

    def __init__(self, source: Source, size: int) -> None:
        self.source = source
        self.left = size

    def read(self, size: int = -1) -> bytes:
        data = self.source.read(self.left if size < 0 else min(size, self.left))
        if self.left and size and not data:
            raise BackupError("The archive ends in the middle: it was cut off.")
        self.left -= len(data)
        return data

    def __iter__(self) -> Iterator[bytes]:
        while self.left:
            yield self.read(CHUNK)


def walk(source: Source) -> Iterator[tuple[TarInfo, Content]]:
    """Yield what is in an archive, in order. Raise BackupError at the first thing that is not of our kind."""
    long_name = ""
    while (block := source.read(BLOCKSIZE)).strip(b"\0"):
        info = header(block)
        content = Content(source, info.size)
        if info.type == GNUTYPE_LONGNAME and info.size <= LONGEST_NAME:
            long_name = content.read().rstrip(b"\0").decode(errors="replace")
        else:
            info.name, long_name = long_name or info.name, ""
            check(info)
            yield info, content
        for _ in content:
            pass  # nobody wanted to know
        source.read(-info.size % BLOCKSIZE)


def header(block: bytes) -> TarInfo:
    try:
        info = TarInfo.frombuf(block, "utf-8", "strict")
    except (tarfile.TarError, ValueError):
        raise BackupError("This is no archive of ours, or it is broken.") from None
    if info.size < 0 or (info.type == DIRTYPE and info.size):
        raise BackupError("The archive holds something of an impossible size.")
    return info


def check(info: TarInfo) -> None:
    if info.type not in (REGTYPE, AREGTYPE, DIRTYPE):
        raise BackupError(f"The archive holds something that is neither a file nor a folder: {info.name!r}.")
    # Not tarfile's own data_filter, which Debian 12's Python does not have: of files and folders it asks no more.
    if info.name.startswith("/") or ".." in info.name.split("/") or "\0" in info.name:
        raise BackupError(f"The archive holds a name that leads out of it: {info.name!r}.")


def made_anew(source: Source, allowed: tuple[str, ...], owner: int) -> Iterator[bytes]:
    """Yield an archive of the same files, but with headers of our own, so that another reader sees what we saw.

    `allowed` are the names at its top; all that is in it becomes the owner's, with every folder on the way.
    """
    folder = ""
    for info, content in walk(source):
        if not any(info.name == top or info.name.startswith(f"{top}/") for top in allowed):
            raise BackupError(f"The archive holds something that does not belong there: {info.name!r}.")
        parent = info.name.rpartition("/")[0]
        if parent and parent != folder:  # who unpacks it would make those that are not told of root's
            folder = parent
            for end in [at for at, letter in enumerate(f"{parent}/") if letter == "/"]:
                yield header_of(parent[:end], owner, None)
        yield header_of(info.name, owner, None if info.isdir() else info)
        yield from content
        yield bytes(-info.size % BLOCKSIZE)
    yield END


def header_of(name: str, owner: int, file: TarInfo | None) -> bytes:
    """Return the header of a file, or of a folder."""
    fresh = TarInfo(name)
    fresh.type, fresh.mode = (REGTYPE, 0o644) if file else (DIRTYPE, 0o755)
    fresh.uid = fresh.gid = owner
    now = int(time.time())
    fresh.size, fresh.mtime = (file.size, min(max(int(file.mtime), 0), now)) if file else (0, now)
    return fresh.tobuf(GNU_FORMAT)
