"""What one learner's daemon said while the tasks were solved, to be said again in the sandboxes of a class.

A hundred daemons at work need more than two processors. A simulated learner's daemon is real and idle; what it would
say of a command is put where it says it, in the pipe that becomes its container's log. Whatever reads that log, and all
that follows from it, is as in a real class. The lines are this machine's own, recorded as they came. Wants root, and
the engine on this machine.
"""

import asyncio
import os
import random
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bench.bench import Bench
from bench.consoles import moment
from bench.shells import await_prompt, run

LOG = "/proc/{pid}/root/run/sandbox/log"
OURS = re.compile(r"by=check")
NUMBERED = re.compile(r'(?<="call": )[1-9]\d*|(?<="command": )[1-9]\d*')
LONG_HEX = re.compile(r"(?<!sha256:)\b[0-9a-f]{12,}\b")
EACH = 100_000  # numbers of commands and calls that one repetition may take
DIGITS = "0123456789abcdef"
SETTLE = 1.5  # seconds in which all has been said of a command
LONGEST_PAUSE = 2.0  # seconds between two lines


@dataclass(frozen=True)
class Command:
    """What was typed, and what the daemon's log said of it, each line after a pause of so many seconds."""

    typed: str
    lines: list[tuple[float, str]]

    @property
    def echoed(self) -> str:
        """A line of that length for a shell to read, and do nothing."""
        return "# " + self.typed.replace("\n", " ")


async def rehearse(bench: Bench, typed: list[str]) -> list[Command]:
    """Have one learner type each, and return what was said of it."""
    async with bench.sandbox() as learner, await learner.terminal() as terminal:
        await await_prompt(terminal)
        container = await bench.engine.container(learner.code)
        said: list[Command] = []
        seen = len(await logged(container))
        for command in typed:
            await run(terminal, command)
            await asyncio.sleep(SETTLE)
            log = await logged(container)
            said.append(Command(command, timed(log[seen:])))
            seen = len(log)
        return said


async def logged(container: Any) -> list[tuple[float, str]]:
    """Return (seconds since the epoch, line) of all that a container's log holds, but not of what checks ask."""
    lines = "".join(await container.log(stdout=True, stderr=True, timestamps=True)).splitlines()
    stamped = [line.partition(" ") for line in lines if not OURS.search(line)]
    return [(moment(at), line) for at, _, line in stamped]


def timed(lines: list[tuple[float, str]]) -> list[tuple[float, str]]:
    pauses = [0.0, *(min(after[0] - before[0], LONGEST_PAUSE) for before, after in pairwise(lines))]
    return [(pause, line) for pause, (_, line) in zip(pauses, lines, strict=True)]


class Voice:
    """The daemon's end of one sandbox's log."""

    def __init__(self, pid: int) -> None:
        """`pid` is of the container's first process, on this machine."""
        self.file = os.open(LOG.format(pid=pid), os.O_WRONLY | os.O_NONBLOCK)
        self.spoken = 0

    async def say(self, lines: list[tuple[float, str]]) -> None:
        """Say them as they came; with numbers and ids of their own, as each command and container has."""
        self.spoken += 1
        digits = str.maketrans(DIGITS, "".join(random.sample(DIGITS, len(DIGITS))))
        for pause, line in lines:
            await asyncio.sleep(pause)
            told = NUMBERED.sub(lambda found: str(int(found[0]) + EACH * self.spoken), line)
            told = LONG_HEX.sub(lambda found: found[0].translate(digits), told)
            os.write(self.file, told.encode() + b"\n")

    def close(self) -> None:
        os.close(self.file)
