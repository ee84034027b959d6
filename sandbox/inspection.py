"""What a sandbox's daemon manages, for checks.

It is asked over lines that stay open for a while: to start a program in a container takes more than the asking, and
checks come in bursts.
"""

import json
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sandbox.container import Container
from sandbox.containers import DOCKER_GID, OUTPUT_LIMIT, checked
from sandbox.engine import EngineError
from sandbox.programs import Line, LineEnded, LineSilent

SECONDS = 5  # for one answer
KEPT_SECONDS = 120  # a class at work does something every minute; starting the program takes 50 ms, an answer 64 ms
PAUSE = 1  # second at least between two looks for lines that are to be closed
KEPT = 500  # lines of nobody who asks just now


@dataclass
class Kept:
    line: Line
    since: float  # monotonic


class KeptLines:
    """Lines that nobody asks over just now. A timer closes those that stay so, and those of sandboxes that ended."""

    def __init__(self) -> None:
        self.kept: dict[Container, Kept] = {}  # the one that has waited longest first
        self.turn = threading.Lock()
        self.timed = False

    def take(self, container: Container) -> Line | None:
        """Return an open line to this container that nobody else has."""
        with self.turn:
            kept = self.kept.pop(container, None)
        return kept.line if kept else None

    def keep(self, container: Container, line: Line) -> None:
        """Leave a line to whoever asks next. Of two to one container, or of too many, the older is closed."""
        with self.turn:
            spare = self.kept.pop(container, None)
            if len(self.kept) >= KEPT:
                spare = self.kept.pop(next(iter(self.kept)))
            self.kept[container] = Kept(line, time.monotonic())
            if not self.timed:
                self.close_later()
        if spare:
            spare.line.close()

    def close_later(self) -> None:
        self.timed = False
        if self.kept:
            due = next(iter(self.kept.values())).since + KEPT_SECONDS
            timer = threading.Timer(max(due - time.monotonic(), PAUSE), self.close_old)
            timer.daemon = True
            with suppress(RuntimeError):  # no thread can be had: whoever keeps the next line tries again
                timer.start()
                self.timed = True

    def close_old(self) -> None:
        now = time.monotonic()
        with self.turn:
            old = [container for container, kept in self.kept.items() if kept.since + KEPT_SECONDS <= now]
            spare = [self.kept.pop(container) for container in old]
            self.close_later()
        for kept in spare:
            kept.line.close()


kept_lines = KeptLines()


def ask(container: Container, owner_uid: int, seconds: float = SECONDS) -> dict[str, Any]:
    """Return what the learner's daemon manages: its containers, images, networks and volumes, as its API tells them.

    Asked by a user the learner cannot become. At most 50 containers, the newest, are told of, each as an inspection
    shows it, and with its `Changes`, which are empty for all but the newest ten. Raise EngineError if none comes.
    """
    line = kept_lines.take(container)
    try:
        with suppress(LineEnded):  # with the engine's last end, or for want of a daemon that may be back
            if line:
                return answer_of(container, line, seconds)
        line = Line(container, ["/sbx/facts"], f"{checked(owner_uid)}:{DOCKER_GID}")
        return answer_of(container, line, seconds)
    except (LineEnded, LineSilent, ValueError) as exc:
        raise EngineError(f"The sandbox's daemon did not answer: {exc}") from exc


def answer_of(container: Container, line: Line, seconds: float) -> dict[str, Any]:
    """Ask over a line, which is kept if that went well, and closed if not."""
    try:
        told = dict(json.loads(line.ask(seconds, OUTPUT_LIMIT)))
    except BaseException:
        line.close()
        raise
    kept_lines.keep(container, line)
    return told
