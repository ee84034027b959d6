"""The systems that a bundle can be for: where their packages come from, and which Python they have."""

import platform
from dataclasses import dataclass
from pathlib import Path

from bundles.errors import BundleError

UBUNTU = "http://archive.ubuntu.com/ubuntu"
MIRROR = "http://deb.debian.org"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
UBUNTU_KEYRING = Path("/usr/share/keyrings/ubuntu-archive-keyring.gpg")


@dataclass(frozen=True)
class Release:
    name: str  # VERSION_CODENAME in its /etc/os-release
    title: str
    python: str
    archives: tuple[str, ...]  # the rest of apt's lines, after "deb [options]"
    keyring: Path


def debian(name: str, number: int, python: str) -> Release:
    archives = (
        f"{MIRROR}/debian {name} main",
        f"{MIRROR}/debian {name}-updates main",
        f"{MIRROR}/debian-security {name}-security main",
    )
    return Release(name, f"Debian {number}", python, archives, KEYRING)


def ubuntu(name: str, number: str, python: str) -> Release:
    archives = tuple(f"{UBUNTU} {name}{pocket} main universe" for pocket in ("", "-updates", "-security"))
    return Release(name, f"Ubuntu {number}", python, archives, UBUNTU_KEYRING)


RELEASES = {
    release.name: release
    for release in (debian("bookworm", 12, "3.11"), debian("trixie", 13, "3.13"), ubuntu("noble", "24.04", "3.12"))
}


def chosen(names: list[str]) -> list[Release]:
    """Return the releases of these names; if there are none, that of this machine. Raise BundleError."""
    names = names or [this_machines()]
    unknown = [name for name in names if name not in RELEASES]
    if unknown:
        known = ", ".join(f"{release.name} ({release.title})" for release in RELEASES.values())
        raise BundleError(f"A bundle cannot be for {unknown[0]}. Name with --for one or several of: {known}.")
    return [RELEASES[name] for name in dict.fromkeys(names)]


def this_machines() -> str:
    try:
        return platform.freedesktop_os_release().get("VERSION_CODENAME", "this machine's system")
    except OSError:
        return "this machine's system"
