"""A class comes in by its code, through the pages that a browser would ask for."""

import asyncio
import json
import time
from contextlib import AsyncExitStack
from http import HTTPStatus

from bench.bench import Bench
from bench.learner import FullHouse, Learner
from bench.report import Figure, milliseconds, percentile

LESSON = "sarafa-bazaar/day-2"
INSTRUCTORS = 3
WITHIN = 10  # seconds in which all of them come
WARM_SECONDS = 900  # for the sandboxes of a class to be started before it begins
MAKE_WORKSHOP = """
import json, sys, django
django.setup()
from datetime import timedelta
from django.test import Client
from django.utils import timezone
from courses.models import User
from workshops.models import Workshop
course, lesson, capacity, instructors = sys.argv[1:]
now = timezone.now()
workshop = Workshop.objects.create(
    title="Measured", course=course, days=[lesson], language="en",
    starts_at=now, ends_at=now + timedelta(hours=3), capacity=int(capacity),
)
sessions = []
for number in range(int(instructors)):
    instructor, client = User.objects.create_user(f"instructor-{number}", is_staff=True), Client()
    workshop.instructors.add(instructor)
    client.force_login(instructor)
    sessions.append(client.cookies["sessionid"].value)
workshop.open(now)
workshop.reserve(now)
print(json.dumps({"code": workshop.code, "sessions": sessions}))
"""


class Workshop:
    """An open workshop, its instructors and its learners."""

    def __init__(self, bench: Bench, capacity: int, stack: AsyncExitStack) -> None:
        made = json.loads(bench.platform.told_by(MAKE_WORKSHOP, *LESSON.split("/"), str(capacity), str(INSTRUCTORS)))
        self.bench, self.capacity, self.stack = bench, capacity, stack
        self.code: str = made["code"]
        self.instructors = [Learner(bench.platform.url, {"sessionid": session}) for session in made["sessions"]]
        self.learners: dict[str, Learner] = {}  # by name
        self.seconds: list[float] = []  # that each page took
        self.refused: list[str] = []
        self.queued = 0

    async def warm_up(self) -> None:
        """Wait until there is a sandbox for everybody, as there is when a class begins that was planned."""
        async with asyncio.timeout(WARM_SECONDS):
            while self.bench.platform.warm() < self.capacity:  # noqa: ASYNC110 (nothing tells of it)
                await asyncio.sleep(0.5)
        await asyncio.sleep(self.bench.times(10, 2))

    async def fill(self) -> list[Figure]:
        """Let everybody come within some seconds; return how that went when all have a sandbox that runs."""
        for instructor in self.instructors:
            await self.stack.enter_async_context(instructor)
            async with instructor.http.get(f"/instructor/workshops/{self.code}/") as page:
                page.raise_for_status()
        await asyncio.gather(*(self.come(number) for number in range(self.capacity)))
        return self.figures()

    async def come(self, number: int) -> None:
        await asyncio.sleep(WITHIN * number / self.capacity)
        learner = await self.stack.enter_async_context(Learner(self.bench.platform.url))
        name = f"Learner {number}"
        self.learners[name] = learner
        door = f"/join/{self.code}/"
        await self.page(learner, "GET", door)
        where = await self.page(learner, "POST", door, name=name)
        await self.page(learner, "GET", where)
        await self.page(learner, "GET", f"/courses/{LESSON}/")
        await self.page(learner, "POST", "/sandbox/")
        await self.await_sandbox(learner)

    async def page(self, learner: Learner, method: str, path: str, **form: str) -> str:
        """Take the time of one answer; return where it sends the browser."""
        start = time.perf_counter()
        headers = {"X-CSRFToken": learner.cookies.get("csrftoken", "")}
        asked = learner.http.request(method, path, data=form or None, headers=headers, allow_redirects=False)
        async with asked as answer:
            await answer.read()
            self.seconds.append(time.perf_counter() - start)
            waits = path == "/sandbox/" and answer.status == HTTPStatus.SERVICE_UNAVAILABLE
            self.queued += waits
            if not answer.ok and not waits:
                self.refused.append(f"{method} {path}: {answer.status}")
            return answer.headers.get("Location", path)

    async def await_sandbox(self, learner: Learner) -> None:
        """Return when the learner's sandbox runs: asked once more, the page is told of the one there is."""
        async with asyncio.timeout(WARM_SECONDS):
            while True:
                try:
                    return await learner.open_sandbox()
                except FullHouse as full:
                    await asyncio.sleep(full.answer["retry_after"])

    def figures(self) -> list[Figure]:
        p95 = milliseconds(percentile(self.seconds, 95))
        p50, slowest = milliseconds(percentile(self.seconds, 50)), milliseconds(max(self.seconds))
        note = f"n={len(self.seconds)}, median {p50:.0f}, slowest {slowest:.0f}; {self.queued} queued for a sandbox"
        name = f"{self.capacity} join in {WITHIN} s"
        return [
            Figure(f"{name}, pages' answers, p95", p95, "ms", 300, note),
            Figure(f"{name}, pages refused", len(self.refused), "", 0, "; ".join(sorted(set(self.refused)))),
        ]
