"""AppArmor, where the host has it: which profile binds a sandbox."""

from pathlib import Path

from django.conf import settings

PROFILE = "sarafa-sandbox"  # scripts/apparmor.sh loads it
UNCONFINED = "unconfined"
LOADED = Path("/sys/kernel/security/apparmor/policy/profiles")  # one directory each, named <profile>.<number>


def chosen() -> str:
    """Return the name of the profile that sandboxes get. An engine without AppArmor takes any, and uses none."""
    return settings.SANDBOX_APPARMOR or (PROFILE if is_loaded(PROFILE) else UNCONFINED)


def is_loaded(profile: str) -> bool:
    """Return whether this machine's kernel has a profile of that name. False as well if it does not tell."""
    try:
        return any(entry.name.rpartition(".")[0] == profile for entry in LOADED.iterdir())
    except OSError:
        return False
