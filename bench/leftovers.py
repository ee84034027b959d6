"""What is left of a platform that should not be: looked for in /proc, the engine, the database and Redis."""

import hashlib
import os
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from aiodocker.execs import Exec

from bench import footprint
from bench.platform import Platform, command_of, resident_of
from bench.shells import Engine

LIVE = "select code, container_id from sandbox_sandbox where state in ('starting', 'running', 'stopping')"
DONE = """
select enrollment.learner_id, completion.lesson, completion.task from courses_completion completion
join courses_enrollment enrollment on enrollment.id = completion.enrollment_id
"""
OWNER = "select learner_id from sandbox_sandbox where code = ?"
TABLES = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"


@dataclass(frozen=True)
class Held:
    """What a process has at a moment."""

    pid: int
    resident: int  # bytes
    kinds: Counter[str]  # of open files: sockets, or the name of what is open
    threads: int

    @property
    def files(self) -> int:
        return self.kinds.total()


def held(platform: Platform, what: str) -> Held | None:
    """Return what the process of that kind has, or None while there is none."""
    for pid in platform.kept(what):
        try:
            files = Counter(kind(file) for file in Path(f"/proc/{pid}/fd").iterdir())
            return Held(pid, resident_of(pid), files, len(os.listdir(f"/proc/{pid}/task")))
        except OSError:
            continue  # it has just ended
    return None


def kind(file: Path) -> str:
    try:
        return Path(os.readlink(file)).name.partition(":")[0]
    except FileNotFoundError:
        return "closed"  # just now


def query(platform: Platform, question: str, *values: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{platform.data / 'sarafa.sqlite3'}?mode=ro", uri=True)) as database:
        return database.execute(question, values).fetchall()


def rows(platform: Platform) -> Counter[str]:
    """Return how many rows each table has."""
    return Counter(
        {name: query(platform, f'select count(*) from "{name}"')[0][0] for (name,) in query(platform, TABLES)}
    )


def endless_keys(platform: Platform) -> set[str]:
    """Return the names in Redis that never lapse."""
    with redis.Redis(unix_socket_path=str(platform.data / "redis.sock"), decode_responses=True) as client:
        return {key for key in client.scan_iter(count=1000) if client.ttl(key) == -1}


def installation(platform: Platform) -> str:
    return hashlib.sha256(str(platform.data.resolve()).encode()).hexdigest()[:10]


async def containers(platform: Platform, engine: Engine) -> dict[str, Any]:
    """Return the sandboxes' containers, running or not, by code."""
    labels = [f"sarafa.installation={installation(platform)}", "sarafa.sandbox"]
    found = await engine.docker.containers.list(all=True, filters={"label": labels})
    return {container["Labels"]["sarafa.sandbox"]: container for container in found}


async def strays(platform: Platform, engine: Engine) -> list[str]:
    """Return what of containers has no row, and of rows no container."""
    live = dict(query(platform, LIVE))
    found = await containers(platform, engine)
    alone = [f"container {code} without a row" for code in found.keys() - live.keys()]
    alone += [f"row {code} without a container" for code in live.keys() - found.keys()]
    return alone + [
        f"another container for {code}" for code in live.keys() & found.keys() if found[code].id != live[code]
    ]


async def volumes(platform: Platform, engine: Engine) -> list[str]:
    """Return the platform's volumes, and those without a name that a container of its left."""
    told = await engine.docker.volumes.list()
    return [volume["Name"] for volume in told["Volumes"] or [] if f"sarafa-{installation(platform)}" in volume["Name"]]


async def inside(container: Any) -> Counter[str]:
    """Return the programs that run in a sandbox, and how many of them the engine was asked to run, as "exec".

    One that was ordered by a process that died before it was begun stays listed, and is none.
    """
    listed = (await container.show())["ExecIDs"] or []
    begun = [(await Exec(container.docker, one, tty=None).inspect())["Running"] for one in listed]
    names = Counter(program(command_of(pid)) for pid in footprint.processes(container.id))
    return names + Counter({"exec": sum(begun)})


def program(command: str) -> str:
    """Return the name of a program, or of the script that a shell runs."""
    words = command.split()[:2]
    return next((Path(word).name for word in words if word.startswith("/sbx/")), Path(words[0]).name if words else "")


def processes(platform: Platform) -> list[str]:
    """Return the commands of whatever runs with the platform's data."""
    marks = (f"DATA_DIR={platform.data}\0".encode(), str(platform.data).encode())
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            environment, command = read(entry / "environ"), read(entry / "cmdline")
            if marks[0] in environment or marks[1] in command:
                found.append(command.replace(b"\0", b" ").decode(errors="replace")[:80])
    return found


def read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""  # it has ended
