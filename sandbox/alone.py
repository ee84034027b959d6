"""What one worker of a machine does at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings


@contextmanager
def alone(name: str, wait: bool = True) -> Iterator[None]:
    """Wait until nobody else on this machine is in a block of this name, and keep them out. A death ends it.

    Without `wait`, raise BlockingIOError if somebody is.
    """
    with (settings.DATA_DIR / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
