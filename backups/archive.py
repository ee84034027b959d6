"""One file that holds everything: a plain tar archive of a few parts, and a manifest as the last of them.

Parts are compressed or not, each as it is worth it; the archive around them is not, so that a part whose size nobody
knows before can be written as it comes.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from backups import manifest, tar
from backups.errors import BackupError, said
from backups.manifest import Manifest, Part
from backups.tar import Tell

SECRET_KEY, WAREHOUSE_KEY = "keys/secret-key", "keys/warehouse.pem"
SQLITE, POSTGRES = "database.sqlite3.gz", "database.pgdump"
REGISTRY = "registry.tar"
PARTS = (SECRET_KEY, WAREHOUSE_KEY, SQLITE, POSTGRES, REGISTRY)
KEY_LIMIT = 65536  # bytes
GZIP = 16 + zlib.MAX_WBITS


class Writer:
    """Writes the parts, one after the other, into a new file."""

    def __init__(self, file: BinaryIO, tell: Tell) -> None:
        self.tar = tar.Writer(file, tell)
        self.parts: dict[str, Part] = {}

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        self.parts[name] = self.write(name, chunks)

    def add_packed(self, name: str, file: Path) -> None:
        part = self.write(name, packed(content_of(file)))
        self.parts[name] = Part(part.size, part.sha256, file.stat().st_size)

    def finish(self, migrations: list[str]) -> None:
        self.write(manifest.NAME, [Manifest.of(migrations, self.parts).as_json()])
        self.tar.finish()

    def write(self, name: str, chunks: Iterable[bytes]) -> Part:
        size, sha256 = self.tar.add(name, chunks, mode=0o600)
        return Part(size, sha256, size)


def content_of(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while chunk := stream.read(tar.CHUNK):
            yield chunk


def packed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    pack = zlib.compressobj(level=3, wbits=GZIP)
    for chunk in chunks:
        yield pack.compress(chunk)
    yield pack.flush()


class Archive:
    """A whole archive: every part is there, and is what the manifest says. Nothing else is."""

    def __init__(self, file: BinaryIO, tell: Tell) -> None:
        """Read all of it once. Raise BackupError if anything is wrong with it."""
        self.file = file
        self.places: dict[str, int] = {}
        found: dict[str, Part] = {}
        text = b""
        for info, content in tar.walk(file):
            if text or info.name in found or info.isdir() or info.name not in (*PARTS, manifest.NAME):
                raise BackupError(f"The archive holds something that does not belong there: {info.name!r}.")
            if info.name == manifest.NAME:
                text = content.read(manifest.LIMIT)
                continue
            self.places[info.name] = file.tell()
            digest = hashlib.sha256()
            for chunk in content:
                digest.update(chunk)
                tell(len(chunk))
            found[info.name] = Part(info.size, digest.hexdigest(), 0)
        if not text:
            raise BackupError("The archive has no manifest: it was cut off, or is none of ours.")
        self.manifest = Manifest.read(text)
        self.compare(found)

    def compare(self, found: dict[str, Part]) -> None:
        wanted = self.manifest.parts
        if wanted.keys() != found.keys():
            missing = ", ".join(sorted(wanted.keys() ^ found.keys()))
            raise BackupError(f"The archive does not hold what its manifest tells of: {missing}.")
        for name, part in wanted.items():
            if (part.size, part.sha256) != (found[name].size, found[name].sha256):
                raise BackupError(f"The archive is damaged: {name} is not what was saved. Use another one.")
            if name.startswith("keys/") and part.size > KEY_LIMIT:
                raise BackupError(f"{name} in the archive is too large to be a key.")

    def __contains__(self, name: str) -> bool:
        return name in self.places

    def open(self, name: str) -> tar.Content:
        self.file.seek(self.places[name])
        return tar.Content(self.file, self.manifest.parts[name].size)

    def extract(self, name: str, to: Path) -> None:
        """Write a part, unpacked, to a new file. Raise BackupError if it becomes more than its manifest says."""
        part, written = self.manifest.parts[name], 0
        with to.open("xb") as file:
            for chunk in unpacked(self.open(name)) if name.endswith(".gz") else self.open(name):
                written += len(chunk)
                if written > part.unpacked:
                    raise BackupError(f"{name} in the archive holds more than its manifest says.")
                file.write(chunk)
        if written != part.unpacked:
            raise BackupError(f"{name} in the archive holds less than its manifest says.")


def unpacked(content: tar.Content) -> Iterator[bytes]:
    unpack = zlib.decompressobj(wbits=GZIP)
    try:
        for chunk in content:
            yield unpack.decompress(chunk, tar.CHUNK)
            while unpack.unconsumed_tail:
                yield unpack.decompress(unpack.unconsumed_tail, tar.CHUNK)
    except zlib.error:
        raise BackupError("The archive is damaged: a part cannot be unpacked.") from None


@contextmanager
def opened(file: Path, tell: Tell) -> Iterator[Archive]:
    try:
        with file.open("rb") as stream:
            yield Archive(stream, tell)
    except FileNotFoundError:
        raise BackupError(f"There is no file {file}.") from None
    except IsADirectoryError:
        raise BackupError(f"{file} is a folder: name the archive in it.") from None
    except PermissionError as exc:
        raise said(exc, file) from None
