"""A learner who stays for hours: does tasks, edits files, loses the line, reloads, leaves, and comes back.

What the platform says on the way is written down, since it may not take it back: a task that is done, a file that is
saved. Whatever breaks is met as a page meets it: it waits a moment and tries again.
"""

import asyncio
import json
import random
import shlex
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp

from bench.learner import Events, FullHouse, Gone, Learner, Terminal
from bench.shells import await_prompt, run

EVERY = 30  # seconds between two things that one learner does
JITTER = 0.5  # of that
AWAY = (15, 60)  # seconds that somebody stays away
BACK_AFTER = 1.5  # seconds until a page tries again
COMMAND_SECONDS = 90  # that a command may take on a busy machine
FILES = 3  # that one learner edits
HURDLES = (aiohttp.ClientError, FullHouse, Gone, OSError, TimeoutError)
LOST = (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError, OSError, TimeoutError)
ASIDES = ("docker ps -a", "docker images", "ls -la", "docker logs nowhere", "date")
# What one does, and how often: a hundred in all.
HABITS = {"task": 25, "line": 35, "edit": 25, "reload": 8, "leave": 5, "end": 2}


@dataclass(frozen=True)
class Version:
    """A file's text as it was to be saved. `told` is whether the platform said that it is."""

    text: str
    at: float  # time.time()
    code: str  # of the sandbox
    told: bool


@dataclass
class Told:
    done: set[tuple[str, str]] = field(default_factory=set)  # (lesson, task)
    files: dict[str, list[Version]] = field(default_factory=dict)
    kept: dict[str, float] = field(default_factory=dict)  # when the home was saved last, by the sandbox's code


class Regular(Learner):
    """One of them. `live` never returns; whoever cancels it may go on with the learner. `key` is of its row."""

    def __init__(self, url: str, number: int, seed: int, solutions: list[str]) -> None:
        super().__init__(url)
        self.dice = random.Random(f"{seed}-{number}")
        self.solutions, self.solved = solutions, 0
        self.told = Told()
        self.acts = self.hurdles = self.codes = 0
        self.last_id = self.key = 0

    async def live(self) -> None:
        while True:
            pause: float = BACK_AFTER
            try:
                await self.enter()
                pause = await self.sit()
            except HURDLES as hurdle:
                self.hurdles += 1
                if isinstance(hurdle, FullHouse):
                    pause = hurdle.answer.get("retry_after", pause)
            await asyncio.sleep(pause)

    async def enter(self) -> None:
        """Have a sandbox that runs: the one there is, or a new one."""
        before = self.code
        await self.open_sandbox()
        if self.code != before:
            self.last_id = 0
            self.codes += 1

    async def sit(self) -> float:
        """Have the page open until it breaks or is left; return the seconds until it is opened again."""
        events = Events(await self.socket("events/", f"?after={self.last_id}"))
        async with events, await self.terminal() as terminal:
            jobs = [asyncio.create_task(self.hear(events)), asyncio.create_task(self.work(terminal))]
            try:
                done, _ = await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
                return next(iter(done)).result() or 0
            finally:
                for job in jobs:
                    job.cancel()
                await asyncio.gather(*jobs, return_exceptions=True)

    async def hear(self, events: Events) -> float:
        while True:
            event = await events.next()
            self.last_id = event["id"]
            if event["type"] == "task" and event["state"] == "done":
                self.told.done.add((event["lesson"], event["task"]))
            elif event["type"] == "state":
                if event["saved_at"]:
                    self.told.kept[self.code] = datetime.fromisoformat(event["saved_at"]).timestamp()
                if event["state"] not in ("starting", "running"):
                    raise Gone(f"The sandbox is {event['state']}: {event['error']}")

    async def work(self, terminal: Terminal) -> float:
        """Do one thing after another at the pace of a class; return how long to stay away after the last."""
        async with asyncio.timeout(COMMAND_SECONDS):
            await await_prompt(terminal)
        while True:
            await read_for(terminal, EVERY * self.dice.uniform(1 - JITTER, 1 + JITTER))
            [habit] = self.dice.choices(list(HABITS), list(HABITS.values()))
            self.acts += 1
            if habit == "reload":
                return 0
            if habit == "leave":
                return self.dice.uniform(*AWAY)
            if habit == "end":
                await self.stop_sandbox()
                return self.dice.uniform(*AWAY)
            await {"task": self.do_task, "line": self.do_line, "edit": self.edit}[habit](terminal)

    async def do_task(self, terminal: Terminal) -> None:
        """Do the next step of the lesson. What a killed daemon has forgotten is done again in the next round."""
        script = self.solutions[self.solved % len(self.solutions)]
        self.solved += 1
        async with asyncio.timeout(COMMAND_SECONDS):
            await run(terminal, f"timeout {COMMAND_SECONDS // 2} bash -c {shlex.quote(script)}")

    async def do_line(self, terminal: Terminal) -> None:
        async with asyncio.timeout(COMMAND_SECONDS):
            await run(terminal, self.dice.choice(ASIDES))

    async def edit(self, _terminal: Terminal) -> None:
        """Save a file as the editor does, over the version that was read."""
        path = f"notes-{self.dice.randrange(FILES)}.txt"
        found = await self.file(path)
        text = f"{self.acts} of {self.code}\n" + self.dice.randbytes(400).hex()
        try:
            answer = await self.put(path, text, found["version"] if found else "-")
        except LOST:  # nobody said whether it is saved: it may be
            self.note(path, text, told=False)
            raise
        if answer:
            self.note(path, text, told=True)

    def note(self, path: str, text: str, *, told: bool) -> None:
        self.told.files.setdefault(path, []).append(Version(text, time.time(), self.code, told))

    async def file(self, path: str) -> dict[str, Any] | None:
        """Return {"text", "version"} of a file in the running sandbox, or None if there is none."""
        async with self.http.get(f"/sandbox/{self.code}/file/", params={"path": path}) as answer:
            if answer.status == 404:
                return None
            answer.raise_for_status()
            return dict(await answer.json())

    async def put(self, path: str, text: str, version: str) -> bool:
        """Save a file; return False if it was refused."""
        headers = {"X-CSRFToken": self.cookies["csrftoken"]}
        body = json.dumps({"text": text, "version": version})
        address = f"/sandbox/{self.code}/file/"
        async with self.http.put(address, params={"path": path}, data=body, headers=headers) as answer:
            await answer.read()
            return answer.ok

    async def insist(self, wish: Callable[[], Awaitable[Any]], seconds: float) -> Any:
        """Return what is wished for, tried again as long as it is only hindered. Raise TimeoutError."""
        async with asyncio.timeout(seconds):
            while True:
                try:
                    return await wish()
                except HURDLES:
                    await asyncio.sleep(BACK_AFTER)

    async def answer_at_prompt(self) -> bool:
        """Open the page, type a command, and return True when what it printed has come."""
        await self.enter()
        async with await self.terminal() as terminal, asyncio.timeout(COMMAND_SECONDS):
            await await_prompt(terminal)
            await run(terminal, "docker ps")
        return True


async def read_for(terminal: Terminal, seconds: float) -> None:
    """Read what the shell prints for so long, as a page that is open does."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                await terminal.read()
    except TimeoutError:
        pass
