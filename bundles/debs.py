"""The .deb packages that a bare machine lacks, chosen and fetched by apt as if nothing at all were installed there.

They are kept in DATA_DIR for the next bundle. Beside them lies the index that makes a source for apt of the folder.
"""

import hashlib
import re
import subprocess
from pathlib import Path

from django.conf import settings

from bundles.errors import BundleError
from bundles.releases import Release

# What scripts/engine.sh installs, what a virtual environment is made with, and what `make run` is called with.
# Not python3-venv: that is of one build of Python alone, and a machine may well have the build before or after.
WANTED = ["docker.io", "iptables", "apparmor", "python3", "python3-pip-whl", "make", "ca-certificates"]
INDEX = "Packages"
URI = re.compile(r"^'\S+' ((?P<package>[^_ ]+)_\S+\.deb) ", re.MULTILINE)
FIELD = re.compile(r"^(\w+): (.*)$", re.MULTILINE)


def architecture() -> str:
    return run("dpkg", "--print-architecture").strip()


def fetch(release: Release) -> list[Path]:
    """Return the packages, and the index of them. Raise BundleError."""
    if not release.keyring.exists():
        raise BundleError(f"{release.keyring} is missing, by which packages of {release.title} are known to be true.")
    root = settings.DATA_DIR / "debs" / release.name
    options = options_for(release, root)
    refresh(options, root)
    records = wanted(options, root)
    folder = root / "cache" / "archives"
    for file in folder.glob("*.deb"):
        if not is_whole(file, records.get(file.name, "")):
            file.unlink()
    run("apt-get", "-qq", "-y", *options, "--download-only", "install", *WANTED)
    for name, record in records.items():
        if not is_whole(folder / name, record):
            raise BundleError(f"{name} could not be fetched whole. Try again.")
    index = root / INDEX
    index.write_text("".join(re.sub("(?m)^Filename: .*$", f"Filename: ./{name}", records[name]) for name in records))
    return [*(folder / name for name in records), index]


def options_for(release: Release, root: Path) -> list[str]:
    """Return what makes apt see a machine of that release on which nothing is installed."""
    for folder in ("state/lists/partial", "cache/archives/partial", "nothing/partial"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    lines = [f"deb [signed-by={release.keyring}] {archive}\n" for archive in release.archives]
    (root / "sources.list").write_text("".join(lines))
    (root / "status").write_text("")
    options = {
        "Dir::State": f"{root}/state", "Dir::State::status": f"{root}/status", "Dir::Cache": f"{root}/cache",
        "Dir::Etc::sourcelist": f"{root}/sources.list", "Dir::Etc::sourceparts": "-", "Dir::Etc::preferences": "-",
        "Dir::Etc::preferencesparts": "-", "APT::Architecture": architecture(), "APT::Architectures": architecture(),
        "APT::Install-Recommends": "false", "Acquire::Languages": "none", "APT::Sandbox::User": "root",
        "Debug::NoLocking": "true",
    }  # fmt: skip
    return [f"-o{name}={value}" for name, value in options.items()]


def refresh(options: list[str], root: Path) -> None:
    """Have the lists of packages: new ones, else those of last time."""
    try:
        run("apt-get", "-qq", *options, "--error-on=any", "update")
    except BundleError:
        if not list((root / "state" / "lists").glob("*Release")):
            raise


def wanted(options: list[str], root: Path) -> dict[str, str]:
    """Return {file: what the lists say of it} for all that apt would fetch if it had nothing yet."""
    nothing = f"-oDir::Cache::archives={root}/nothing"
    uris = run("apt-get", "-qq", "-y", *options, nothing, "--print-uris", "install", *WANTED)
    files = {found[1]: found["package"] for found in URI.finditer(uris)}
    if not files:
        raise BundleError("apt-get names no packages to fetch. Try again.")
    said = run("apt-cache", *options, "--no-all-versions", "show", *files.values())
    records = {file_of(record): f"{record.strip()}\n\n" for record in said.split("\n\n") if record.strip()}
    return {file: records[file] for file in files}


def file_of(record: str) -> str:
    """Return the name under which apt keeps a package."""
    about = dict(FIELD.findall(record))
    return f"{about['Package']}_{about['Version'].replace(':', '%3a')}_{about['Architecture']}.deb"


def is_whole(file: Path, record: str) -> bool:
    if not file.exists():
        return False
    with file.open("rb") as stream:
        return f"SHA256: {hashlib.file_digest(stream, 'sha256').hexdigest()}" in record.splitlines()


def run(*argv: str) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:
        raise BundleError(f"{argv[0]} is missing: make the bundle on Debian or Ubuntu.") from None
    if done.returncode:
        raise BundleError(f"{argv[0]} did not do it: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout
