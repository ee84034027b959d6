"""A class at work, in a process of its own, so that typing and reading do not slow the one that measures.

`python -m bench.classmates` reads one line of JSON, {"url", "learners": [{"cookies", "code", "pid"}], "commands":
[[typed, [[pause, line]]]], "every"}; of pids and commands tells rehearsal.py. It opens the events and a terminal of
each, says `ready`, waits for a line, and then types: each learner a command every so many seconds, all of them spread
over that time. When its stdin ends, it says as JSON how many commands were `typed` and what went wrong, as `errors`.
"""

import asyncio
import contextlib
import itertools
import json
import random
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop

from bench.learner import Events, Gone, Learner, Terminal
from bench.rehearsal import Command, Voice
from bench.shells import await_prompt

AT_ONCE = 4  # sandboxes whose pages are opened at the same time
OPEN_SECONDS = 300
JITTER = 0.2  # of the pace, by which a learner is sooner or later


class Class:
    """The process, seen from the one that measures."""

    def __init__(self, learners: dict[int, Learner], commands: list[Command], every: float) -> None:
        """`learners` by the first process of their sandboxes."""
        people = [{"cookies": one.cookies, "code": one.code, "pid": pid} for pid, one in learners.items()]
        url = next(iter(learners.values())).url
        said = [[command.typed, command.lines] for command in commands]
        self.order = {"url": url, "learners": people, "commands": said, "every": every}

    async def come(self) -> None:
        """Return when all pages are open."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.classmates", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        await self.write(json.dumps(self.order).encode())
        assert self.process.stdout
        if not await asyncio.wait_for(self.process.stdout.readline(), OPEN_SECONDS):
            raise RuntimeError("the class could not open its pages")

    async def write(self, line: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + b"\n")
        await self.process.stdin.drain()

    async def begin(self) -> None:
        await self.write(b"begin")

    async def stop(self) -> dict[str, Any]:
        """Return {"typed": number of commands, "errors": what went wrong}."""
        said, _ = await self.process.communicate(b"")
        if not said:
            raise RuntimeError("the class ended too soon")
        return dict(json.loads(said))


class Desk:
    """One learner's open page."""

    def __init__(self, learner: Learner, voice: Voice, errors: list[str]) -> None:
        self.learner, self.voice, self.errors = learner, voice, errors
        self.typed = 0

    async def open(self) -> None:
        self.events: Events = await self.learner.events()
        self.terminal: Terminal = await self.learner.terminal()
        await await_prompt(self.terminal)

    async def read(self, source: Callable[[], Awaitable[Any]]) -> None:
        try:
            while True:
                await source()
        except Gone as gone:
            self.errors.append(f"{type(source.__self__).__name__}: {gone}")  # type: ignore[attr-defined]

    async def type(self, commands: list[Command], first: float, every: float) -> None:
        await asyncio.sleep(first)
        for command in itertools.cycle(commands):
            await self.terminal.type(f"{command.echoed}\r".encode())
            self.typed += 1
            pause = asyncio.create_task(asyncio.sleep(every * random.uniform(1 - JITTER, 1 + JITTER)))
            await self.voice.say(command.lines)
            await pause

    async def close(self) -> None:
        await self.events.close()
        await self.terminal.close()
        self.voice.close()
        await self.learner.http.close()


async def main() -> None:
    order = json.loads(await asyncio.to_thread(sys.stdin.readline))
    errors: list[str] = []
    desks: list[Desk] = []
    jobs: list[asyncio.Task[None]] = []
    for person in order["learners"]:
        learner = Learner(order["url"], person["cookies"])
        learner.code = person["code"]
        desks.append(Desk(learner, Voice(person["pid"]), errors))
    for first in range(0, len(desks), AT_ONCE):
        opened = desks[first : first + AT_ONCE]
        await asyncio.gather(*(desk.open() for desk in opened))
        # At once: a socket that is not read does not answer the server's pings either.
        jobs += [asyncio.create_task(desk.read(desk.events.receive)) for desk in opened]
        jobs += [asyncio.create_task(desk.read(desk.terminal.read)) for desk in opened]
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    every = order["every"]
    commands = [Command(typed, lines) for typed, lines in order["commands"]]
    for number, desk in enumerate(desks):
        jobs.append(asyncio.create_task(desk.type(commands, every * number / len(desks), every)))
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps({"typed": sum(desk.typed for desk in desks), "errors": errors}), flush=True)
    for job in jobs:
        job.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)
    with contextlib.suppress(ConnectionError):
        await asyncio.gather(*(desk.close() for desk in desks))


if __name__ == "__main__":
    uvloop.run(main())
