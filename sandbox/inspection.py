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
from sandbox.engine import EngineError, Line, LineEnded, LineSilent

SECONDS = 5  # for one answer
KEPT_SECONDS = 30
KEPT = 500  # lines of nobody who asks just now


@dataclass
class Kept:
    line: Line
    since: float  # monotonic


_kept: dict[Container, Kept] = {}  # the one that has waited longest first
_turn = threading.Lock()


def ask(container: Container, owner_uid: int, seconds: float = SECONDS) -> dict[str, Any]:
    """Return what the learner's daemon manages: its containers, images, networks and volumes, as its API tells them.

    Asked by a user the learner cannot become. At most 50 containers, the newest, are told of, each as an inspection
    shows it, and with its `Changes`, which are empty for all but the newest ten. Raise EngineError if none comes.
    """
    line = take(container)
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
    keep(container, line)
    return told


def take(container: Container) -> Line | None:
    """Return an open line to this container that nobody else has."""
    with _turn:
        kept = _kept.pop(container, None)
    return kept.line if kept else None


def keep(container: Container, line: Line) -> None:
    """Leave a line to whoever asks next, and close those that nobody has asked over for long."""
    now = time.monotonic()
    with _turn:
        spare = [_kept.pop(container).line] if container in _kept else []
        _kept[container] = Kept(line, now)
        while len(_kept) > KEPT or next(iter(_kept.values())).since < now - KEPT_SECONDS:
            spare.append(_kept.pop(next(iter(_kept))).line)
    for one in spare:
        one.close()
