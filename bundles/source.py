"""The platform itself, with what `make setup` builds of it: the front-end and the translations."""

import io
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from bundles.errors import BundleError

NO_CLONE = "A bundle is made in a clone of the repository: Git tells which files are the platform's."
NOT_BUILT = "The front-end or a translation is not built, or older than its source: run `make setup`, then try again."


def packed() -> bytes:
    """Return a compressed archive of all files that Git tracks, as they are here now, and of what was built.

    So no key, no database and no .env is in it, whatever lies around. Raise BundleError.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=6) as archive:
        for file in [*tracked(), *built()]:
            info = archive.gettarinfo(file, str(file.relative_to(settings.BASE_DIR)))
            info.uid = info.gid = 0
            info.uname = info.gname = ""
            info.mode = 0o755 if info.mode & 0o100 else 0o644
            with file.open("rb") as stream:
                archive.addfile(info, stream)
    return buffer.getvalue()


def stray(folder: Path) -> list[str]:
    """Return the files in a folder of the platform's that Git does not know, but an image would have."""
    names = ls_files("--others", str(folder))
    return [name for name in names if not name.endswith((".py", ".pyc"))]


def tracked() -> list[Path]:
    files = [settings.BASE_DIR / name for name in ls_files()]
    if not files:
        raise BundleError(NO_CLONE)
    return [file for file in files if file.is_file()]


def ls_files(*options: str) -> list[str]:
    argv = ["git", "-C", str(settings.BASE_DIR), "ls-files", "-z", *options]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:
        done = None
    if not done or done.returncode:
        raise BundleError(NO_CLONE)
    return [name for name in done.stdout.split("\0") if name]


def built() -> list[Path]:
    made = settings.BUILD_DIR / ".made"
    catalogues = sorted(settings.BASE_DIR.glob("locale/*/LC_MESSAGES/*.po"))
    pairs = [(made, sources()), *((file.with_suffix(".mo"), [file]) for file in catalogues)]
    for result, of in pairs:
        if not result.exists() or result.stat().st_mtime < max(file.stat().st_mtime for file in of):
            raise BundleError(NOT_BUILT)
    front_end = sorted(file for file in settings.BUILD_DIR.rglob("*") if file.is_file())
    return [*front_end, *(file.with_suffix(".mo") for file in catalogues)]


def sources() -> Iterator[Path]:
    for folder in ("js", "css"):
        yield from (file for file in (settings.BASE_DIR / "static" / folder).rglob("*") if file.is_file())
