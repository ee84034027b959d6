"""Proof that a lesson's tasks can be done: each is tried in a real sandbox, in the order of the page."""

import re
import secrets
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from courses.catalogue import Code, Lesson, Task
from sandbox import accounts, checks, containers, customer, door, images, warehouse
from sandbox.accounts import Account
from sandbox.container import Container
from sandbox.models import new_code
from sandbox.tasks import READY_SECONDS, known_of

SOLUTION_SECONDS = 120
LABEL = "sarafa.proof"
# What stands in brackets behind the command explains it.
COMMAND = re.compile(r".*: ((?:docker|curl|echo) .+?)(?: \([^()]*\))?")
MOST_HINTS = 10  # that one task may need
HERE = "/tmp/.read-through"  # noqa: S108 (in the sandbox)


@dataclass(frozen=True)
class Proof:
    """What a task's trial showed; `trouble` is empty if all went as it must."""

    task: str
    trouble: str = ""


def prove(lesson: Lesson) -> Iterator[Proof]:
    """Try every task of `lesson` in one fresh sandbox, and yield what each trial showed. Raise EngineError.

    A task must fail before its solution and pass after it. When all are done, each solution is run once more: that
    must do no harm.
    """
    warehouse.ensure_running()
    warehouse.seed(images.stock())
    with fresh_trial() as trial:
        for task in lesson.tasks:
            yield Proof(task.id, trial.solve(task))
        for task in lesson.tasks:
            trouble = trial.solve_again(task)
            if trouble:
                yield Proof(task.id, trouble)


def read_through(lesson: Lesson) -> Iterator[Proof]:
    """Do all that the page says, in its order, in a fresh sandbox: every block with a Run button, every solution.

    Yield what went wrong: a command that fails, or one that does not and should. Raise EngineError.
    """
    with fresh_trial() as trial:
        for part in lesson.parts:
            if isinstance(part, Task):
                trial.type(part.solution)
            elif isinstance(part, Code) and part.is_runnable:
                code, output = trial.type(part.text)
                if bool(code) != part.fails:
                    command = part.text.strip().splitlines()[-1]
                    trouble = "does not fail, as it is said to" if part.fails else f"fails ({code})"
                    yield Proof(f"line {part.line}", f"“{command}” {trouble} when the page is followed: {output}")


def follow_hints(lesson: Lesson) -> Iterator[Proof]:
    """Do in a fresh sandbox what each task's hints say, one after another, as long as they name a command to type.

    Yield those that lead nowhere: the check finds after the command what it found before. A hint may count on what the
    page has had the learner do, so the page's blocks above the task are run, too, but only after a first try: they
    often do the task. Raise EngineError.
    """
    blocks: list[str] = []
    with fresh_trial() as trial:
        for part in lesson.parts:
            if isinstance(part, Code) and part.is_runnable:
                blocks.append(part.text)
            elif isinstance(part, Task):
                trouble = trial.heed_hints(part)
                for block in blocks:
                    trial.type(block)
                blocks.clear()
                if trouble and (trouble := trial.heed_hints(part)):
                    yield Proof(part.id, trouble)
                trial.type(part.solution)


def command_of(hint: str) -> str:
    """Return the command that a hint ends with, behind a colon, or "" if it leaves that to the learner."""
    found = COMMAND.fullmatch(hint)
    return found[1] if found else ""


@contextmanager
def fresh_trial() -> Iterator["Trial"]:
    owner_uid = containers.FIRST_OWNER_UID + 2_000_000 + secrets.randbelow(1_000_000)
    address = accounts.trial_address()
    account = accounts.of_trial(address)
    container = containers.create(containers.Spec(new_code(), owner_uid, address, LABEL))
    try:
        with door.kept():
            containers.wait_ready(container, READY_SECONDS)
            yield Trial(container, owner_uid, account)
    finally:
        containers.remove(container)
        warehouse.give_up(account.space)


@dataclass(frozen=True)
class Trial:
    """A sandbox in which tasks are tried. What its methods return is the trouble met, or nothing."""

    container: Container
    owner_uid: int
    account: Account
    served: dict[str, dict[str, object]] = field(default_factory=dict)  # by push

    def judge(self, task: Task) -> checks.Result:
        facts = known_of(self.container, self.owner_uid)
        self.send_customer(facts["calls"])
        return checks.evaluate(task, facts | {"served": list(self.served.values())[::-1]})

    def send_customer(self, calls: list[dict[str, Any]]) -> None:
        """Have the customer get what was pushed since. A push that was refused leaves nothing to get."""
        for at, image in customer.pushed(calls, self.account.space):
            if at not in self.served:
                with suppress(customer.NotThere):
                    got = customer.order(image)
                    self.served[at] = {"image": image, "output": got.output, "code": got.code, "pushed_at": at}

    def run(self, script: str) -> tuple[int, str]:
        """Run commands as the learner; return their exit code and the end of what they printed."""
        argv = ["bash", "-lc", script]
        code, output = containers.run_as_learner(
            self.container, self.owner_uid, argv, SOLUTION_SECONDS, self.account.environment()
        )
        return code, output.strip()[-300:]

    def type(self, script: str) -> tuple[int, str]:
        """Run commands as `run` does, but on a terminal, and in the folder in which the last ones ended."""
        going_on = f'cd -- "$(cat {HERE} 2> /dev/null)"\n{script}\ncode=$?; pwd > {HERE}; exit $code'
        return self.run(f"script --quiet --return --command {shlex.quote(going_on)} /dev/null")

    def heed_hints(self, task: Task) -> str:
        found = self.judge(task)
        for _ in range(MOST_HINTS):
            command = command_of(found.hint) if found.state == "open" else ""
            if not command:
                return ""
            code, output = self.type(command)
            before, found = found, self.judge(task)
            if found == before:
                return f"its hint leads nowhere: “{command}” (exit {code}) changes nothing. It printed: {output}"
        return f"its hints lead in a circle, with “{command}”"

    def solve(self, task: Task) -> str:
        if task.setup:
            code, output = self.run(task.setup)
            if code:
                return f"its setup failed (exit {code}): {output}"
        if self.judge(task).state == "done":
            return "its check passes before anything was done"
        code, output = self.run(task.solution)
        after = self.judge(task)
        if after.state == "done":
            return ""
        return f"its check fails after its solution (exit {code}): found {after.found}. It printed: {output}"

    def solve_again(self, task: Task) -> str:
        self.run(task.solution)
        return "" if self.judge(task).state == "done" else "its check fails after its solution was run a second time"
