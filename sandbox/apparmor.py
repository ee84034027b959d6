"""AppArmor, where the host has it: which profile binds a sandbox."""

import os
from pathlib import Path

from django.conf import settings

from sandbox import engine
from sandbox.container import LOCAL, Address

PROFILE = "sarafa-sandbox"  # scripts/apparmor.sh loads it
UNCONFINED = "unconfined"
LOADED = Path("/sys/kernel/security/apparmor/policy/profiles")  # one directory each, named <profile>.<number>


def chosen(host: Address) -> str:
    """Return the name of the profile that sandboxes get. An engine without AppArmor takes any, and uses none.

    Another host does not tell which are loaded: one that has AppArmor must have ours, or no sandbox starts there.
    """
    if settings.SANDBOX_APPARMOR:
        return settings.SANDBOX_APPARMOR
    if host.name == LOCAL:
        return PROFILE if is_loaded(PROFILE) else UNCONFINED
    return PROFILE if "name=apparmor" in (engine.about(host).get("SecurityOptions") or []) else UNCONFINED


def is_loaded(profile: str) -> bool:
    """Return whether this machine's kernel has a profile of that name. False as well if it does not tell."""
    try:
        return any(entry.name.rpartition(".")[0] == profile for entry in LOADED.iterdir())
    except OSError:
        return False


def can_be_seen() -> bool:
    """Return whether this process can see which profiles are loaded; in a container of its own it cannot."""
    return os.access(LOADED, os.R_OK)
