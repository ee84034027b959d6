"""What a check says of a task: done, or what was found, what was expected, and a hint that fits."""

from dataclasses import asdict, dataclass
from typing import Any

from courses.catalogue import Task


@dataclass(frozen=True)
class Result:
    """`found`, `expected` and `hint` are of the first condition that does not hold; empty when the task is done."""

    task: str
    state: str  # open or done
    found: str = ""
    expected: str = ""
    hint: str = ""

    def as_event(self) -> dict[str, Any]:
        return {"type": "task", **asdict(self)}


def evaluate(task: Task, facts: dict[str, Any]) -> Result:
    """Judge `task` by `facts` (keys: containers, images, networks, volumes, calls, runs)."""
    failing = task.first_failing(facts)
    if failing is None:
        return Result(task.id, "done")
    return Result(task.id, "open", failing.describe(facts), failing.expected, failing.hint)
