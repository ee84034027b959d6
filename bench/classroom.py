"""A class of a hundred before three consoles: how soon a console shows what happens, and what the platform takes.

The learners are simulated: pages, sockets, sandboxes and their daemons are real, what the daemons say of commands is a
recording (rehearsal.py).
"""

import asyncio
import itertools
import random
import shlex
import time
from contextlib import AsyncExitStack

from bench import consoles
from bench.bench import Bench
from bench.classmates import Class
from bench.consoles import Causes, Console
from bench.entering import LESSON, Workshop
from bench.learner import Events, Gone, Learner
from bench.platform import processor_time_of, resident_of
from bench.rehearsal import Command, rehearse
from bench.report import Figure, milliseconds, percentile

LEARNERS, LEARNERS_QUICK = 100, 20
MINUTES, MINUTES_QUICK = 5, 1
EVERY = 60  # seconds between two commands of one learner; the course plans 45 minutes for the 18 of that day
HAND_EVERY, HAND_UP = 2, 10  # seconds between two learners who raise a hand, and until it is lowered
NOTE_EVERY, READ_AFTER = 3, 2  # seconds between two notes, and until the learner has read it
LAST_NEWS = 3  # seconds in which what was caused last arrives
SETTLE = 15  # seconds between the last page that opened and the first command
WARMS_UP = 60  # seconds at most after which memory is expected to be flat
MIB = 2**20
# What one process is, by a part of its command.
WEB, WORKER, TOKENS, VISITS, BROKER = "config.asgi", "celery", "warehouse tokens", "config.visits", "redis.sock"
MEASURED = (WEB, WORKER, TOKENS)  # beat is in the worker
ASIDES = ("docker logs nowhere", "docker ps -a", "docker images")  # between two tasks: a slip, and two questions


async def measure(bench: Bench) -> list[Figure]:
    async with AsyncExitStack() as stack:
        workshop = Workshop(bench, bench.times(LEARNERS, LEARNERS_QUICK), stack)
        await workshop.warm_up()
        commands = await rehearse(bench, typed(bench))
        joined = await workshop.fill()
        lesson = Lesson(bench, workshop, commands)
        return [*joined, *(await lesson.hold(60 * (bench.minutes or bench.times(MINUTES, MINUTES_QUICK))))]


def typed(bench: Bench) -> list[str]:
    """Return what one learner types: the tasks' solutions, with an aside after each."""
    scripts = bench.platform.solutions(LESSON)
    solved = [f"bash -c {shlex.quote(script)}" if "\n" in script else script for script in scripts]
    return [line for pair in zip(solved, itertools.cycle(ASIDES)) for line in pair]


class Lesson:
    """A workshop while it is held, and measured."""

    def __init__(self, bench: Bench, workshop: Workshop, commands: list[Command]) -> None:
        self.bench, self.workshop, self.commands = bench, workshop, commands
        self.causes = Causes(bench.platform.data / "sarafa.sqlite3")
        self.errors: list[str] = []
        self.numbers: dict[str, int] = {}  # of participants, by name

    async def hold(self, seconds: float) -> list[Figure]:
        containers = {one: await self.bench.engine.container(one.code) for one in self.workshop.learners.values()}
        pids = {(await container.show())["State"]["Pid"]: one for one, container in containers.items()}
        mates = Class(pids, self.commands, EVERY)
        await mates.come()
        shown = await consoles.opened(self.workshop.instructors, self.workshop.code)
        self.numbers = {row["name"]: row["id"] for row in shown[0].rows.values()}
        jobs = [asyncio.create_task(console.listen(self.errors)) for console in shown]
        jobs += [asyncio.create_task(self.attend(name, one)) for name, one in self.workshop.learners.items()]
        jobs += [asyncio.create_task(self.causes.look_for_troubles())]
        await asyncio.sleep(SETTLE)
        load = Load(self.bench)
        await mates.begin()
        causing = [asyncio.create_task(self.raise_hands()), asyncio.create_task(self.send_notes())]
        await load.watch(seconds - LAST_NEWS)
        for job in causing:
            job.cancel()
        ended = await asyncio.gather(*causing, return_exceptions=True)
        await asyncio.sleep(LAST_NEWS)
        for job in jobs:
            job.cancel()
        ended += await asyncio.gather(*jobs, return_exceptions=True)
        said = await mates.stop()
        self.errors += said["errors"]
        self.errors += [repr(one) for one in ended if isinstance(one, Exception)]
        return [*self.delays(shown), *load.figures(said["typed"]), self.failures()]

    async def attend(self, name: str, learner: Learner) -> None:
        """Keep the learner's page in the classroom open, and have notes read soon after they have come."""
        path = f"/ws/workshop/{self.workshop.code}/classroom/"
        events = Events(await learner.http.ws_connect(path, max_msg_size=0))
        try:
            while True:
                frame = await events.next()
                if frame["notes"]:
                    await asyncio.sleep(READ_AFTER)
                    self.causes.count("read", self.numbers[name])
                    ids = ",".join(str(note["id"]) for note in frame["notes"])
                    await learner.post(f"/workshops/{self.workshop.code}/notes/read/", ids=ids)
                    while (await events.next())["notes"]:
                        pass
        except Gone as gone:
            self.errors.append(f"Classroom: {gone}")

    async def raise_hands(self) -> None:
        async with asyncio.TaskGroup() as hands:
            for name in self.shuffled():
                hands.create_task(self.raise_hand(name))
                await asyncio.sleep(HAND_EVERY)

    async def raise_hand(self, name: str) -> None:
        learner, path = self.workshop.learners[name], f"/workshops/{self.workshop.code}/hand/"
        self.causes.count("hand", self.numbers[name])
        await learner.post(path, up="yes")
        await asyncio.sleep(HAND_UP)
        await learner.post(path, up="no")

    async def send_notes(self) -> None:
        path = f"/instructor/workshops/{self.workshop.code}/notes/"
        for name, instructor in zip(self.shuffled(), itertools.cycle(self.workshop.instructors)):
            await instructor.post(path, to=str(self.numbers[name]), text="Have you seen the hint?")
            await asyncio.sleep(NOTE_EVERY)

    def shuffled(self) -> "itertools.cycle[str]":
        names = list(self.workshop.learners)
        return itertools.cycle(random.sample(names, len(names)))

    def delays(self, shown: list[Console]) -> list[Figure]:
        self.causes.add_tasks(shown[0])
        named = {"hand": "hand raised", "read": "note read", "task": "task done", "error": "error noted"}
        figures = []
        for what, name in named.items():
            seconds, lost = self.causes.delays(shown, what)
            self.errors += [f"{name}: not seen on a console"] * lost
            figures += delay(f"{name}, until on all consoles", seconds, 500)
        figures += delay("refused command, until on the radar", self.causes.since_commands(shown), None)
        return figures

    def failures(self) -> Figure:
        kinds = sorted({(self.errors.count(error), error) for error in self.errors}, reverse=True)
        told = "; ".join(f"{count} × {error}" for count, error in kinds[:5])
        return Figure("classroom, sockets closed, requests refused, news lost", len(self.errors), "", 0, told)


def delay(name: str, seconds: list[float], limit: float | None) -> list[Figure]:
    if not seconds:
        return []
    p50, slowest = milliseconds(percentile(seconds, 50)), milliseconds(max(seconds))
    note = f"n={len(seconds)}, median {p50:.0f}, slowest {slowest:.0f}"
    return [Figure(f"{name}, p99", milliseconds(percentile(seconds, 99)), "ms", limit, note)]


class Load:
    """What the platform's processes take meanwhile. They are looked up once: among thousands that takes a while."""

    def __init__(self, bench: Bench) -> None:
        parts = (*MEASURED, VISITS, BROKER)
        self.pids = {part: bench.platform.pids(part) for part in parts}
        self.seconds: dict[str, float] = {}
        self.grown: dict[str, tuple[float, float]] = {}

    async def watch(self, seconds: float) -> None:
        began, before = time.monotonic(), {part: self.processor_time(part) for part in self.pids}
        warms_up = min(WARMS_UP, seconds / 2)
        await asyncio.sleep(warms_up)
        settled = {part: self.resident(part) for part in (WEB, WORKER)}
        await asyncio.sleep(seconds - warms_up)
        self.took = time.monotonic() - began
        self.seconds = {part: self.processor_time(part) - before[part] for part in self.pids}
        self.grown = {part: (settled[part] / MIB, self.resident(part) / MIB) for part in settled}

    def processor_time(self, part: str) -> float:
        return sum(map(processor_time_of, self.pids[part]))

    def resident(self, part: str) -> int:
        return sum(map(resident_of, self.pids[part]))

    def figures(self, typed: int) -> list[Figure]:
        cores = {part: seconds / self.took for part, seconds in self.seconds.items()}
        note = f"web {cores[WEB]:.2f}, worker with beat {cores[WORKER]:.2f}, tokens {cores[TOKENS]:.2f}; besides, "
        note += f"broker {cores[BROKER]:.2f}, visits {cores[VISITS]:.2f}; {typed} commands in {self.took:.0f} s"
        total = sum(cores[part] for part in MEASURED)
        figures = [Figure("classroom, web, worker, beat and tokens, of a processor", total, "cores", 1, note)]
        for name, part in (("web process", WEB), ("worker", WORKER)):
            first, last = self.grown[part]
            told = f"resident, {first:.0f} to {last:.0f} MiB after the first minute"
            figures.append(Figure(f"classroom, {name}'s growth", last - first, "MiB", None, told))
        return figures
