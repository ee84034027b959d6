"""Locks in DATA_DIR that nobody waits for. A death gives them back."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.cache import cache

from backups.errors import BackupError
from config.health import SILENCE
from sandbox.tasks import HEARTBEAT


@contextmanager
def only_one() -> Iterator[None]:
    """Be the only backup or restore. Raise BackupError if there is another one."""
    with held("backup.lock", "Another backup or restore is under way: let it end first."):
        yield


@contextmanager
def platform_stopped() -> Iterator[None]:
    """Keep the platform from starting. Raise BackupError if it runs."""
    with held("run.lock", "The platform runs. Stop it first: Ctrl-C where `make run` was typed."):
        if time.time() - heard_of_worker() < SILENCE:
            raise BackupError(f"A worker of the platform runs. Stop everything, wait for {SILENCE} s, and try again.")
        yield


@contextmanager
def held(name: str, else_say: str) -> Iterator[None]:
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    with (settings.DATA_DIR / name).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(else_say) from None
        yield


def heard_of_worker() -> float:
    try:
        return float(cache.get(HEARTBEAT) or 0)
    except Exception:  # whatever the client of a broker that is not there raises
        return 0
