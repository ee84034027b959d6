"""The Python packages of requirements.lock, for the Python that each release has."""

import hashlib
import re
import subprocess
from pathlib import Path

from django.conf import settings

from bundles.errors import BundleError

LOCK = settings.BASE_DIR / "requirements.lock"
FOLDER = settings.BASE_DIR / "var" / "wheels"  # where scripts/wheels.sh puts them
NAMED = re.compile(r"^([\w.-]+)==(?!.*sys_platform == 'win32')", re.MULTILINE)


def fetch(pythons: list[str]) -> list[Path]:
    """Return the wheels for these versions of Python. Raise BundleError."""
    script = settings.BASE_DIR / "scripts" / "wheels.sh"
    done = subprocess.run([str(script), *pythons], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BundleError(f"The Python packages could not be fetched: {done.stderr.strip()[-500:]}")
    lock = LOCK.read_text()
    found = [file for file in sorted(FOLDER.glob("*.whl")) if fits(file, pythons) and sum_of(file) in lock]
    for python in pythons:
        there = {plain(file.name.split("-")[0]) for file in found if fits(file, [python])}
        missing = {plain(name) for name in NAMED.findall(lock)} - there
        if missing:
            raise BundleError(f"{FOLDER} lacks {min(missing)} for Python {python}. Remove that folder, and try again.")
    return found


def fits(file: Path, pythons: list[str]) -> bool:
    abi = file.stem.split("-")[-2]
    return abi in {"none", "abi3", *(f"cp{python.replace('.', '')}" for python in pythons)}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def sum_of(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
