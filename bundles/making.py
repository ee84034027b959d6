"""A bundle: one file with which a machine that has never seen the internet becomes a workshop."""

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from django.utils import timezone

from backups import tar
from backups.alone import held
from backups.archive import content_of, packed
from backups.files import errors_said, forget_abandoned, new_file
from backups.progress import Progress, Say, in_words
from bundles import debs, manifest, source, wheels
from bundles.errors import BundleError
from bundles.manifest import Manifest
from bundles.releases import Release
from config.version import VERSION
from sandbox import images, shipment

BOX = Path(__file__).parent / "box"
SCRIPTS = ("install", "uninstall")
MIB = 1 << 20
PACKED = 0.6  # of the images' size, at most, is what they take when packed
UNPACKED = 5  # times their size is, at most, what packages and wheels take when they are installed

Parts = dict[str, Path]  # {name in the bundle: file}


def make(to: Path, releases: list[Release], say: Say) -> Path:
    """Write a bundle for these releases to `to`: a file, or a folder in which it gets a name of its own.

    Return its path. Raise BundleError, BackupError or EngineError; then nothing new is there.
    """
    about = Manifest(VERSION, debs.architecture(), [], timezone.now().isoformat(timespec="seconds"), 0)
    file = to / f"{about.folder}.tar" if to.is_dir() else to
    if not file.parent.is_dir():
        raise BundleError(f"There is no folder {file.parent}. Is its disk mounted?")
    with held("bundle.lock", "Another bundle is being made: let it end first."), errors_said(file.parent):
        forget_abandoned(file.parent)
        progress = Progress(say)
        progress.begin("Images")
        for name in source.stray(images.FILES):
            raise BundleError(f"{name} would be in an image, and Git does not know it: add it, or move it away.")
        images.ensure_all(say)
        parts = gather(releases, progress)
        about.releases = [release.name for release in releases]
        about.room = room_to_install(parts)
        platform = source.packed()
        check_room(file.parent, parts, len(platform))
        with new_file(file) as stream:
            write(stream, about, platform, parts, progress)
            with suppress(PermissionError):  # a stick may know no modes
                os.fchmod(stream.fileno(), 0o644)
    return file


def gather(releases: list[Release], progress: Progress) -> Parts:
    """Have every file that comes from elsewhere, at the place from which it is taken."""
    progress.begin("Python packages")
    found = wheels.fetch([release.python for release in releases])
    parts = {f"wheels/{file.name}": file for file in found}
    for release in releases:
        progress.begin(f"Packages of {release.title}")
        parts |= {f"debs/{release.name}/{file.name}": file for file in debs.fetch(release)}
    return parts | {name: BOX / name for name in SCRIPTS}


def size_of(parts: Parts) -> int:
    return sum(file.stat().st_size for file in parts.values())


def room_to_install(parts: Parts) -> int:
    """Return the MiB that the images and all else take at most when they are unpacked."""
    return (shipment.size() + UNPACKED * size_of(parts)) // MIB


def check_room(folder: Path, parts: Parts, more: int) -> None:
    needed = int(shipment.size() * PACKED) + size_of(parts) + more
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BundleError(f"{folder} has {in_words(free)} free, and a bundle may take {in_words(needed)}: make room.")


def write(file: BinaryIO, about: Manifest, platform: bytes, parts: Parts, progress: Progress) -> None:
    writer = tar.Writer(file, progress.tell)

    def add(name: str, chunks: Iterable[bytes], mode: int = 0o644) -> None:
        _, about.sums[name] = writer.add(f"{about.folder}/{name}", chunks, mode)

    for name, part in parts.items():
        add(name, content_of(part), 0o755 if name in SCRIPTS else 0o644)
    add("platform.tar.gz", [platform])
    progress.begin("The images, packed")
    add("images.tar.gz", packed(shipment.save()))
    text = about.as_text().encode()
    writer.add(f"{about.folder}/{manifest.NAME}", [text], 0o644)
    writer.finish()
