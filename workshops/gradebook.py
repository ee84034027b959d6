"""The gradebook: what each participant of a workshop has done, how they came to it, and with how much help."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any

from django.db.models import Prefetch
from django.utils.functional import cached_property

from courses.models import Attempt, Completion, Enrollment, SolutionView
from sandbox.models import Trouble, iso
from workshops.models import Note, Participant, Workshop, WorkshopCertificate
from workshops.plan import Column, columns
from workshops.radar import phrase_of
from workshops.roster import seconds_of

SCHEMA = 1  # of as_json(): another number when a key goes away or means something else


def in_minutes(seconds: int | None) -> int | None:
    """Return whole minutes, rounded up."""
    return None if seconds is None else -(-seconds // 60)


@dataclass(frozen=True)
class Cell:
    """What one participant has done of one task. Questions are answered, not tried: `tries` is None."""

    done_at: datetime | None = None
    tries: int | None = None
    hints: int = 0  # of checks
    solution: bool = False
    seconds: int | None = None

    @property
    def minutes(self) -> int | None:
        return in_minutes(self.seconds)

    def as_json(self) -> dict[str, Any]:
        return {
            "done_at": iso(self.done_at),
            "tries": self.tries,
            "hints": self.hints,
            "solution_shown": self.solution,
            "seconds": self.seconds,
        }


@dataclass
class Line:
    """A participant. `written` counts the hints that instructors wrote to them."""

    participant: Participant
    cells: dict[str, Cell]  # by the column's key: one for each column
    written: int = 0
    troubles: list[Trouble] = field(default_factory=list)
    certificate: WorkshopCertificate | None = None
    course_certificate: str = ""  # its code

    @property
    def name(self) -> str:
        return self.participant.learner.display_name

    @cached_property
    def done(self) -> int:
        return sum(cell.done_at is not None for cell in self.cells.values())

    @property
    def percent(self) -> int:
        return 100 * self.done // len(self.cells) if self.cells else 0

    @property
    def is_complete(self) -> bool:
        return 0 < self.done == len(self.cells)

    @property
    def done_at(self) -> datetime | None:
        """When they had done all of it."""
        times = [cell.done_at for cell in self.cells.values() if cell.done_at]
        return max(times) if self.is_complete else None

    @property
    def tries(self) -> int:
        return sum(cell.tries or 0 for cell in self.cells.values())

    @property
    def hints(self) -> int:
        return sum(cell.hints for cell in self.cells.values())

    @property
    def solutions(self) -> int:
        return sum(cell.solution for cell in self.cells.values())

    @property
    def seconds(self) -> int:
        return sum(cell.seconds or 0 for cell in self.cells.values())

    @property
    def minutes(self) -> int | None:
        return in_minutes(self.seconds)

    @property
    def open_troubles(self) -> int:
        return sum(trouble.mended_at is None for trouble in self.troubles)

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.participant.pk,
            "name": self.name,
            "guest": self.participant.learner.is_guest,
            "joined_at": iso(self.participant.joined_at),
            "done": self.done,
            "of": len(self.cells),
            "finished_at": iso(self.done_at),
            "tries": self.tries,
            "hints": self.hints,
            "hints_written": self.written,
            "solutions_shown": self.solutions,
            "seconds": self.seconds,
            "troubles": len(self.troubles),
            "troubles_open": self.open_troubles,
            "tasks": {key: cell.as_json() for key, cell in self.cells.items()},
        }


@dataclass(frozen=True)
class Summary:
    """One column: how many have done it, and what it took those. `median` is in seconds, None if nobody has."""

    column: Column
    done: int
    of: int
    median: int | None
    tries: int
    hints: int
    solutions: int

    @property
    def percent(self) -> int:
        return 100 * self.done // self.of if self.of else 0

    @property
    def minutes(self) -> int | None:
        return in_minutes(self.median)

    @property
    def planned(self) -> int | None:
        """Minutes; None if no time is planned, as for questions."""
        return in_minutes(round(self.column.planned.total_seconds()) or None)

    @property
    def is_slow(self) -> bool:
        return bool(self.planned and self.minutes and self.minutes > self.planned)


@dataclass
class Gradebook:
    workshop: Workshop
    columns: list[Column]
    lines: list[Line]

    @cached_property
    def summaries(self) -> list[Summary]:
        return [self.summary_of(column) for column in self.columns]

    def summary_of(self, column: Column) -> Summary:
        cells = [line.cells[column.key] for line in self.lines]
        times = [cell.seconds for cell in cells if cell.seconds is not None]
        return Summary(
            column,
            done=sum(cell.done_at is not None for cell in cells),
            of=len(cells),
            median=round(median(times)) if times else None,
            tries=sum(cell.tries or 0 for cell in cells),
            hints=sum(cell.hints for cell in cells),
            solutions=sum(cell.solution for cell in cells),
        )

    @property
    def begun(self) -> int:
        return sum(line.done > 0 for line in self.lines)

    @property
    def complete(self) -> list[Line]:
        return [line for line in self.lines if line.is_complete]

    @property
    def percent(self) -> int:
        """How much of everything all of them have done together."""
        cells = len(self.lines) * len(self.columns)
        return 100 * sum(line.done for line in self.lines) // cells if cells else 0

    def sorted_by(self, order: str) -> list[Line]:
        """Return the lines by name, as they joined, or those first who have done most."""
        if order == "joined":
            return sorted(self.lines, key=lambda line: (line.participant.joined_at, line.participant.pk))
        if order == "done":
            return sorted(self.lines, key=lambda line: (-line.done, line.name.casefold(), line.participant.pk))
        return sorted(self.lines, key=lambda line: (line.name.casefold(), line.participant.pk))

    def as_json(self, now: datetime) -> dict[str, Any]:
        workshop = self.workshop
        return {
            "schema": SCHEMA,
            "made_at": iso(now),
            "workshop": {
                "code": workshop.code,
                "title": workshop.title,
                "course": workshop.course,
                "days": workshop.days,
                "state": workshop.state,
                "starts_at": iso(workshop.starts_at),
                "ends_at": iso(workshop.ends_at),
            },
            "tasks": [column.as_json() for column in self.columns],
            "participants": [line.as_json() for line in self.sorted_by("name")],
        }


def gradebook_of(workshop: Workshop, language: str, participant: Participant | None = None) -> Gradebook:
    """Return the gradebook of all participants, or of one; a fixed number of queries, however many there are.

    What was done of tasks that the workshop's days do not have, or have no longer, is left out.
    """
    tasks = columns(workshop, language)
    participants = workshop.participants.select_related("learner")
    if participant:
        participants = participants.filter(pk=participant.pk)
    found = {one.learner_id: one for one in participants.order_by("joined_at", "pk")}
    enrollments = enrollments_of(workshop, found)
    to = Note.objects.hints().filter(participant__in=[one.pk for one in found.values()])
    written = Counter(to.values_list("participant", flat=True))
    lines = {
        learner: Line(one, cells_of(enrollments.get(learner), one, tasks), written[one.pk])
        for learner, one in found.items()
    }
    for learner, enrollment in enrollments.items():
        certificate = getattr(enrollment, "certificate", None)
        lines[learner].course_certificate = certificate.code if certificate else ""
    for certificate in WorkshopCertificate.objects.filter(workshop=workshop, learner__in=found):
        lines[certificate.learner_id].certificate = certificate
    for learner, troubles in troubles_of(workshop, found).items():
        lines[learner].troubles = troubles
    return Gradebook(workshop, tasks, list(lines.values()))


def enrollments_of(workshop: Workshop, learners: Iterable[int]) -> dict[int, Enrollment]:
    of_days = {"lesson__in": workshop.days}
    enrollments = Enrollment.objects.filter(learner__in=list(learners)).in_course(workshop.course)
    return {
        enrollment.learner_id: enrollment
        for enrollment in enrollments.select_related("certificate").prefetch_related(
            Prefetch("completions", Completion.objects.filter(**of_days)),
            Prefetch("attempts", Attempt.objects.filter(**of_days)),
            Prefetch("solution_views", SolutionView.objects.filter(**of_days)),
        )
    }


def cells_of(enrollment: Enrollment | None, participant: Participant, tasks: list[Column]) -> dict[str, Cell]:
    if not enrollment:
        return {column.key: Cell(tries=None if column.is_quiz else 0) for column in tasks}
    known = {column.key for column in tasks}
    completed = {f"{one.lesson}/{one.task}": one.completed_at for one in enrollment.completions.all()}
    done = {key: at for key, at in completed.items() if key in known}
    seconds = seconds_of(done, participant.joined_at)
    attempts = {f"{one.lesson}/{one.task}": one for one in enrollment.attempts.all()}
    seen = {f"{one.lesson}/{one.task}" for one in enrollment.solution_views.all()}

    def cell(column: Column) -> Cell:
        key = column.key
        attempt, at = attempts.get(key), done.get(key)
        tries = (attempt.tries if attempt else 0) + (at is not None)  # the last of them did it
        return Cell(
            done_at=at,
            tries=None if column.is_quiz else tries,
            hints=attempt.hints if attempt else 0,
            solution=key in seen,
            seconds=round(seconds[key]) if key in seconds else None,
        )

    return {column.key: cell(column) for column in tasks}


def troubles_of(workshop: Workshop, found: dict[int, Participant]) -> dict[int, list[Trouble]]:
    """Return what the daemon refused each of them while they took part, until the workshop was closed."""
    troubles: dict[int, list[Trouble]] = defaultdict(list)
    for trouble in Trouble.objects.filter(learner__in=list(found)).order_by("at"):
        is_after_all = workshop.closed_at and trouble.at > workshop.closed_at
        if trouble.at >= found[trouble.learner_id].joined_at and not is_after_all:
            troubles[trouble.learner_id].append(trouble)
    return troubles


@dataclass(frozen=True)
class Mistake:
    """An error that was made, in what those of its kind have in common."""

    phrase: str
    times: int
    learners: int
    mended: int
    example: str


def mistakes_of(lines: list[Line]) -> list[Mistake]:
    """Return what went wrong, what most learners met first."""
    met: dict[str, list[Trouble]] = defaultdict(list)
    for line in lines:
        for trouble in line.troubles:
            met[phrase_of(trouble.error)].append(trouble)
    found = [
        Mistake(
            phrase,
            times=len(troubles),
            learners=len({trouble.learner_id for trouble in troubles}),
            mended=sum(trouble.mended_at is not None for trouble in troubles),
            example=troubles[0].command,
        )
        for phrase, troubles in met.items()
    ]
    return sorted(found, key=lambda one: (-one.learners, -one.times, one.phrase))
