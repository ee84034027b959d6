"""How many sandboxes this machine can hold, and whether there is room for one more now.

The limit comes from what the machine has, and from what a sandbox in use was measured to take; whether one more is
started, from what is free at that moment. A learner may take more than the measured: up to SANDBOX_MEMORY.
"""

import os
import re
import shutil
import statistics
import time
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30}
# Bytes of a sandbox in use. After all of Day 2's tasks one was measured to take 70 MiB (`bench --only memory`), and
# about 5 MiB besides are the engine's for each (`bench --only density`). One that is idle takes 43, and 5.
WORKING = 80 * 2**20
# Bytes of memory for the platform, the engine and the rest of the machine. With 220 sandboxes the platform's processes
# took 0.5 GiB, and the engine's 0.5; the rest is for files that are read again and again.
RESERVE = 2 * 2**30
SPARE = 2**30  # bytes of memory that stay free, so that those who are in can go on
DISK_SPARE = 2**30  # bytes of disk that stay free: an engine whose disk is full can do nothing at all
DISK_EACH = 20 * 2**20  # bytes of disk for a sandbox: its log has 8 MB at most, its saved home 10 MiB
ENGINE_ROOT = Path("/var/lib/docker")  # unless its configuration says otherwise
# Sandboxes to a processor. An idle one was measured to take less than a thousandth of it: what sets this is that each
# learner who arrives, or runs something, wants most of a second of it (`bench --only arrive`).
PER_CPU = 120
LATE_SECONDS = 0.1  # how late this process gets a processor when it wakes, at which no more are let in


def in_bytes(size: str) -> int:
    """Return "400m" or "1g", as Docker writes sizes, in bytes. Raise ValueError for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([bkmg]?)b?", size.strip().lower())
    if not found:
        raise ValueError(f"{size!r} is not a size such as 400m or 1g")
    return int(float(found[1]) * UNITS[found[2]])


def memory(what: str = "MemTotal") -> int:
    """Return this machine's memory in bytes: all of it, or what is "MemAvailable"."""
    found = re.search(rf"{what}:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    return int(found[1]) * 1024 if found else 0


def bounds() -> dict[str, int]:
    """Return how many sandboxes each part of this machine allows, at least one."""
    return bounds_of(memory(), processors())


def bounds_of(memory: int, processors: int) -> dict[str, int]:
    """Return how many sandboxes a machine with so many bytes of memory, and processors, allows, at least one."""
    each = min(WORKING, in_bytes(settings.SANDBOX_MEMORY))
    return {"memory": max(1, (memory - RESERVE) // each), "processors": max(1, processors) * PER_CPU}


@lru_cache
def derived() -> int:
    """Return the number of sandboxes that memory and processors allow."""
    return min(bounds().values())


def processors() -> int:
    return os.cpu_count() or 1


def limit() -> int:
    return settings.SANDBOX_LIMIT or derived()


def room() -> int:
    """Return how many more sandboxes the memory and the disk have room for, of what is free now."""
    memory_room = (memory("MemAvailable") - SPARE) // WORKING
    return max(0, min(memory_room, (free_disk() - DISK_SPARE) // DISK_EACH))


def shortage(starting: int) -> str:
    """Say what this machine is short of now, or "". `starting` sandboxes have not taken what they will take yet."""
    if memory("MemAvailable") < SPARE + (starting + 1) * WORKING:
        return _("This machine has no memory to spare for another sandbox now.")
    if free_disk() < DISK_SPARE + (starting + 1) * DISK_EACH:
        return _("This machine has no disk to spare for another sandbox now.")
    if lateness() > LATE_SECONDS:
        return _("This machine is too busy for another sandbox now.")
    return ""


def lateness() -> float:
    """Return how many seconds this process gets a processor late, as the median of five short sleeps.

    Not the load average: one learner's hundred busy processes, which share a processor and get it last, drive that up.
    """
    late = []
    for _try in range(5):
        begin = time.perf_counter()
        time.sleep(0.001)
        late.append(time.perf_counter() - begin - 0.001)
    return statistics.median(late)


def free_disk() -> int:
    """Return the bytes free where the platform's data are, or the engine's if that is less."""
    return min(shutil.disk_usage(place).free for place in (settings.DATA_DIR, ENGINE_ROOT) if place.is_dir())
