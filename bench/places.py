"""Places for sandboxes by the number of hosts: three engines on this machine are hosts of the running platform.

A process beside the platform, with its settings: it lets learners in as a page does; the platform's worker starts what
they get. Wants root, for the engines' namespaces.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

from courses.models import User
from sandbox import accounts, admission, containers, tasks
from sandbox.container import LOCAL
from sandbox.models import Host, Sandbox, State
from tests.fleet import remote
from tests.fleet.authority import Authority
from tests.parts import until

START_SECONDS, END_SECONDS = 240, 240
# What one learner did, for facts that tasks are judged by: as on Day 2, and one slip.
TYPED = (
    "docker run -d --name one warehouse:5000/sarafa/poha open",
    "docker run -d --name two warehouse:5000/sarafa/poha open",
    "docker ps -a",
    "docker logs nowhere",
)


def main() -> None:
    capacity = int(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="sarafa-hosts-") as folder, remote.three(Path(folder), Authority()) as made:
        began = time.monotonic()
        in_threads(lambda one: host("add", one.name, one.url, "--capacity", str(capacity)), made)
        ready = time.monotonic() - began
        for name in (LOCAL, *(one.name for one in made)):
            host("drain", name)
        stages = []
        for one in made:
            host("undrain", one.name)
            stages.append(fill())
            facts = facts_of(Sandbox.objects.filter(state=State.RUNNING)[0])
            empty()
        for one in made:
            host("remove", one.name)
    print(json.dumps({"ready": ready, "stages": stages, "facts": facts}))


def host(*words: str) -> None:
    call_command("host", *words, stdout=sys.stderr)


def in_threads(act: Callable[[remote.Remote], None], hosts: Iterable[remote.Remote]) -> None:
    def one(that: remote.Remote) -> None:
        try:
            act(that)
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:
        list(pool.map(one, hosts))


def fill() -> dict[str, Any]:
    """Let learners in until the house is full, and wait until all of them have a sandbox that runs."""
    began = time.monotonic()
    while let_in():
        pass
    ordered, count = time.monotonic() - began, Sandbox.objects.live().count()
    until(lambda: all_run(count), START_SECONDS, "all to run")
    took = time.monotonic() - began
    spread = {one.name: one.live for one in Host.objects.with_room() if one.live}
    return {"count": count, "ordered": ordered, "took": took, "spread": spread}


def let_in() -> bool:
    learner = User.objects.create_guest(name="Guest")
    try:
        admission.open_for(learner)
    except admission.FullHouse:
        admission.leave_queue(learner)
        return False
    return True


def all_run(count: int) -> bool:
    failed = Sandbox.objects.filter(state=State.FAILED).values_list("host", "error")
    assert not failed, list(failed)
    return Sandbox.objects.filter(state=State.RUNNING).count() == count


def facts_of(sandbox: Sandbox) -> dict[str, Any]:
    """Have a learner type something, and return what tasks are then judged by."""
    account = accounts.of_learner(sandbox.learner_id)
    for command in TYPED:
        containers.run_as_learner(
            sandbox.container, sandbox.owner_uid, ["bash", "-lc", command], 60, account.environment()
        )
    return tasks.known_of(sandbox.container, sandbox.owner_uid)


def empty() -> None:
    for sandbox in Sandbox.objects.live():
        sandbox.forget_home()
        sandbox.order_stop()
    until(lambda: not Sandbox.objects.live().exists(), END_SECONDS, "all to end")
