"""What a container takes, counted another way than by its cgroup: its processes' share of memory, and its tmpfs."""

import os
from pathlib import Path


def of(container_id: str) -> int:
    """Return the bytes, or 0 where only root may look.

    A page that several processes share counts once (PSS): what sandboxes share with each other costs each its part.
    """
    pids = processes(container_id)
    try:
        return sum(share(pid) for pid in pids) + disk(pids)
    except PermissionError:
        return 0


def processes(container_id: str) -> list[int]:
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdecimal() and container_id in read(entry / "cgroup")
    ]


def read(file: Path) -> str:
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""  # it has ended


def share(pid: int) -> int:
    lines = read(Path(f"/proc/{pid}/smaps_rollup")).splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def disk(pids: list[int]) -> int:
    """Return what is in the sandbox's /data. Its learner's containers cannot see it."""
    sizes = [0]
    for pid in pids:
        try:
            room = os.statvfs(f"/proc/{pid}/root/data")
        except (FileNotFoundError, ProcessLookupError):
            continue
        sizes.append((room.f_blocks - room.f_bfree) * room.f_frsize)
    return max(sizes)
