"""A class at work for a long time while the platform's processes and its sandboxes are killed; then it is judged.

No leak, no orphan, no lost progress, and a prompt that answers for everybody at the end. For the last third of the time
nothing is killed: what a process gathers can be seen only in one that lives.
"""

import asyncio
import statistics
import sys
import time

from bench import leftovers
from bench.bench import POOL, Bench
from bench.entering import LESSON
from bench.leftovers import Held
from bench.mishaps import BROKER, TOKENS, VISITS, WEB, WORKER, Mishaps
from bench.regulars import HURDLES, Regular, Version
from bench.report import Figure

LEARNERS, LEARNERS_QUICK = 60, 20
MINUTES, MINUTES_QUICK = 20, 4
AT_ONCE = 4  # who arrive, or are asked, together
ARRIVE_SECONDS, ANSWER_SECONDS = 600, 240
SAMPLE_SECONDS = 10
CALM = 1 / 3  # of the time
SETTLE = 150  # seconds; then nothing of pages and checks is there: sandbox/inspection.py keeps lines for 120
UNSAVED = 210  # seconds of work that a killed sandbox may take along: what is due after 180 is looked for every 20
PARTS = {"web": WEB, "worker": WORKER, "tokens": TOKENS, "visits": VISITS, "broker": BROKER}
TASKS, TROUBLES = 30, 100  # of a learner, at most
MORE_FILES, MORE_THREADS = 16, 16  # that a process may have when all have left
LEFT_INSIDE = {"exec": 0, "facts": 0, "objects": 0, "dial": 0, "keeper": 1}  # in each sandbox: the shell stays
LOOKS = 40  # for keys, half a second apart
KEPT_THREADS = {"web": 16 + 2 + 4}  # of pages, and of looks: config/pages.py, workshops/classroom.py and console.py
# Each of these has SQLite open, as two files.
# And the broker has the connections that web and worker keep: as many as they have ever needed at once.
KEPT_FILES = {"web": 2 * KEPT_THREADS["web"], "broker": 32}
MIB = 2**20


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


async def measure(bench: Bench) -> list[Figure]:
    return await Soak(bench).hold(60 * (bench.minutes or bench.times(MINUTES, MINUTES_QUICK)))


class Soak:
    def __init__(self, bench: Bench) -> None:
        self.bench, self.platform = bench, bench.platform
        count = bench.learners or bench.times(LEARNERS, LEARNERS_QUICK)
        solutions = bench.platform.solutions(LESSON)
        self.regulars = [Regular(bench.platform.url, number, bench.seed, solutions) for number in range(count)]
        self.mishaps = Mishaps(bench, self.regulars, bench.seed, say)
        self.samples: dict[str, list[Held]] = {name: [] for name in PARTS}
        self.turns = asyncio.Semaphore(AT_ONCE)

    async def hold(self, seconds: float) -> list[Figure]:
        await self.bench.pool_full()
        self.at_rest = self.held()
        await asyncio.gather(*(self.arrive(one) for one in self.regulars))
        self.keys, self.rows = leftovers.endless_keys(self.platform), leftovers.rows(self.platform)
        jobs = [asyncio.create_task(one.live()) for one in self.regulars]
        await self.mishaps.befall(seconds * (1 - CALM))
        await self.stay_calm(seconds * CALM)
        for job in jobs:
            job.cancel()
        ended = await asyncio.gather(*jobs, return_exceptions=True)
        figures = [self.told(seconds), *self.growth(), self.broken(ended), *(await self.promises())]
        for one in self.regulars:
            await one.http.close()
        await asyncio.sleep(SETTLE)
        return [*figures, *(await self.leaks()), *(await self.orphans())]

    async def arrive(self, one: Regular) -> None:
        async with self.turns:
            await one.start_learning()
            async with one.http.get(f"/courses/{LESSON}/") as page:
                page.raise_for_status()
            await one.insist(one.answer_at_prompt, ARRIVE_SECONDS)
            [(one.key,)] = leftovers.query(self.platform, leftovers.OWNER, one.code)

    def held(self) -> dict[str, Held | None]:
        return {name: leftovers.held(self.platform, what) for name, what in PARTS.items()}

    async def stay_calm(self, seconds: float) -> None:
        say(f"  calm for {seconds:.0f} s")
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for name, found in self.held().items():
                self.samples[name] += [found] if found else []
            await asyncio.sleep(SAMPLE_SECONDS)

    def told(self, seconds: float) -> Figure:
        acts, hurdles = sum(one.acts for one in self.regulars), sum(one.hurdles for one in self.regulars)
        sandboxes = sum(one.codes for one in self.regulars)
        note = f"in {seconds:.0f} s by {len(self.regulars)} learners in {sandboxes} sandboxes, hindered {hurdles} ×; "
        return Figure("soak, things done", acts, "", None, note + self.mishaps.told())

    def growth(self) -> list[Figure]:
        """Return what each process has gathered since the first third of the calm."""
        figures = []
        for name, samples in self.samples.items():
            first, last = samples[len(samples) // 3 :][:3], samples[-3:]
            mib = [statistics.median(one.resident for one in some) / MIB for some in (first, last)]
            note = f"resident, {mib[0]:.0f} to {mib[1]:.0f} MiB in the last {len(samples) * SAMPLE_SECONDS * 2 // 3} s"
            note += f"; files {first[0].files} to {last[-1].files}, threads {first[0].threads} to {last[-1].threads}"
            figures.append(Figure(f"soak, growth of {name}", mib[1] - mib[0], "MiB", 16, note, must=True))
        return figures

    def broken(self, ended: list[object]) -> Figure:
        errors = [repr(one) for one in ended if isinstance(one, Exception)]
        return failures("soak, pages that broke", errors)

    async def promises(self) -> list[Figure]:
        """Ask everybody's sandbox, and the database, for what the platform said was kept."""
        answers = await asyncio.gather(*(self.ask(one) for one in self.regulars))
        done = {(key, lesson, task) for key, lesson, task in leftovers.query(self.platform, leftovers.DONE)}
        told = {(one.key, *what) for one in self.regulars for what in one.told.done}
        lost = [f"{learner} {lesson}/{task}" for learner, lesson, task in told - done]
        versions = sum(version.told for one in self.regulars for some in one.told.files.values() for version in some)
        ages = [age for answer in answers for age in answer.ages]
        note = f"of {versions} times; not kept yet when their sandbox was killed, and lost with it: {len(ages)}"
        oldest = f"n={len(ages)}; the home is kept every three minutes while it is used"
        taken = "soak, oldest edit that a killed sandbox took along"
        return [
            failures("soak, learners without a prompt", [answer.trouble for answer in answers if answer.trouble]),
            failures("soak, tasks told to be done, and lost", lost, f"of {len(told)}"),
            failures("soak, files told to be saved, and lost", [one for each in answers for one in each.lost], note),
            Figure(taken, max(ages, default=0), "s", UNSAVED, oldest, must=True),
        ]

    async def ask(self, one: Regular) -> "Answer":
        answer = Answer()
        async with self.turns:
            try:
                await one.insist(one.answer_at_prompt, ANSWER_SECONDS)
                for path, versions in one.told.files.items():
                    found = await one.insist(lambda path=path: one.file(path), ANSWER_SECONDS)
                    self.compare(one, versions, found["text"] if found else None, answer)
            except (*HURDLES, TimeoutError) as hurdle:
                answer.trouble = f"{one.code}: {hurdle!r}"
        return answer

    def compare(self, one: Regular, versions: list[Version], text: str | None, answer: "Answer") -> None:
        """Say what became of the versions of a file after that which was found."""
        found = max((number for number, version in enumerate(versions) if version.text == text), default=-1)
        for version in versions[found + 1 :]:
            if not version.told:
                continue
            killed = self.mishaps.killed.get(version.code)
            if killed and version.at > one.told.kept.get(version.code, 0):
                answer.ages.append(killed - version.at)
            else:
                answer.lost.append(f"of {version.code}, {time.time() - version.at:.0f} s ago")

    async def leaks(self) -> list[Figure]:
        figures = []
        for name, now in self.held().items():
            before = self.at_rest[name]
            if now and before:
                note = f"{before.files} before anybody came, {now.files} when all had left; more of "
                note += ", ".join(f"{name} {more}" for name, more in (now.kinds - before.kinds).most_common(3))
                more, most = now.files - before.files, MORE_FILES + KEPT_FILES.get(name, 0)
                figures.append(Figure(f"soak, open files of {name}, more", more, "", most, note, must=True))
                note, more = f"{before.threads} before, {now.threads} after", now.threads - before.threads
                most = MORE_THREADS + KEPT_THREADS.get(name, 0)
                figures.append(Figure(f"soak, threads of {name}, more", more, "", most, note, must=True))
        return [
            *figures,
            failures("soak, Redis keys without an end", await self.lasting_keys()),
            failures("soak, rows that nothing explains", self.unexplained()),
            await self.inside(),
        ]

    async def lasting_keys(self) -> list[str]:
        """Return the keys that are there at every look: the queue's own come and go with each task."""
        lasting = leftovers.endless_keys(self.platform) - self.keys
        for _ in range(LOOKS):
            await asyncio.sleep(0.5)
            lasting &= leftovers.endless_keys(self.platform)
        return sorted(lasting)

    def unexplained(self) -> list[str]:
        """Return the tables that have more rows than there are learners, tasks and sandboxes for."""
        grown, tasks = leftovers.rows(self.platform) - self.rows, TASKS * len(self.regulars)
        say(f"  rows: {dict(grown)}")
        expected = {"courses_completion": tasks, "courses_attempt": tasks, "sandbox_home": len(self.regulars)}
        expected |= {"sandbox_trouble": TROUBLES * len(self.regulars), "sandbox_customerrun": self.solved()}
        expected |= {"sandbox_sandbox": sum(one.codes for one in self.regulars) + POOL}
        return [f"{table}: {more} more" for table, more in grown.items() if more > expected.get(table, 0)]

    def solved(self) -> int:
        return sum(one.solved for one in self.regulars)

    async def inside(self) -> Figure:
        """Count what pages that were left have not taken along: but for a shell, all."""
        extra = []
        for code, container in (await leftovers.containers(self.platform, self.bench.engine)).items():
            found = await leftovers.inside(container)
            extra += [f"{name} in {code}" for name, most in LEFT_INSIDE.items() if found[name] > most]
        return failures("soak, lines and programs left in sandboxes", extra)

    async def lasting_strays(self) -> list[str]:
        """Return what of containers and rows is alone for longer than the pool is filled, or an end takes."""
        for _ in range(SETTLE):
            alone = await leftovers.strays(self.platform, self.bench.engine)
            if not alone:
                break
            await asyncio.sleep(1)
        return alone

    async def orphans(self) -> list[Figure]:
        alone = await self.lasting_strays()
        self.platform.stop()
        left = list(await leftovers.containers(self.platform, self.bench.engine))
        left += await leftovers.volumes(self.platform, self.bench.engine)
        return [
            failures("soak, containers without rows, rows without containers", alone),
            failures("soak, containers and volumes left at the end", left),
            failures("soak, processes left at the end", leftovers.processes(self.platform)),
        ]


class Answer:
    """What a learner found at the end."""

    def __init__(self) -> None:
        self.trouble = ""
        self.lost: list[str] = []
        self.ages: list[float] = []  # of what was lost with a killed sandbox, in seconds


def failures(name: str, errors: list[str], note: str = "") -> Figure:
    kinds = "; ".join([note] * bool(note) + sorted(set(errors))[:5])
    return Figure(name, len(errors), "", 0, kinds, must=True)
