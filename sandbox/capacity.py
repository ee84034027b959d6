"""How many sandboxes this machine can hold."""

import re
from functools import lru_cache
from pathlib import Path

from django.conf import settings

UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30}
RESERVE = 2 * 2**30  # bytes left to the platform, the engine and the rest of the machine
TYPICAL = 0.35  # share of its memory limit that a sandbox in use was seen to take


def in_bytes(size: str) -> int:
    """Return "400m" or "1g", as Docker writes sizes, in bytes. Raise ValueError for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([bkmg]?)b?", size.strip().lower())
    if not found:
        raise ValueError(f"{size!r} is not a size such as 400m or 1g")
    return int(float(found[1]) * UNITS[found[2]])


def memory() -> int:
    """Return this machine's memory in bytes."""
    found = re.search(r"MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    return int(found[1]) * 1024 if found else 0


@lru_cache
def derived() -> int:
    """Return the number of sandboxes that memory allows, at least one."""
    each = in_bytes(settings.SANDBOX_MEMORY) * TYPICAL
    return max(1, int((memory() - RESERVE) / each))


def limit() -> int:
    return settings.SANDBOX_LIMIT or derived()
