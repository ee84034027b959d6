import time
from collections.abc import Callable

Say = Callable[[str], None]

SECONDS = 5  # between two words on the same thing


def quiet(text: str) -> None:
    """Say nothing."""


class Progress:
    """Says now and then how far something is that takes long."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.begin("")

    def begin(self, what: str) -> None:
        self.what, self.passed, self.said_at = what, 0, time.monotonic()
        if what:
            self.say(f"{what} …")

    def tell(self, size: int) -> None:
        self.passed += size
        if time.monotonic() - self.said_at > SECONDS:
            self.said_at = time.monotonic()
            self.say(f"  {in_words(self.passed)}")


def in_words(size: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} GiB"
