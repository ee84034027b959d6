"""What is done with a shell, be it the learner's terminal or the reference: a raw `docker exec` stream with a TTY."""

import asyncio
import json
import time
from collections.abc import Awaitable
from typing import Any, Protocol

import aiodocker
from aiodocker.stream import Stream

from bench.learner import PROMPT, Gone


class Shell(Protocol):
    async def type(self, data: bytes) -> None: ...
    async def read(self) -> bytes: ...
    async def close(self) -> None: ...


class Engine:
    """The Docker Engine that holds the sandboxes, asked directly."""

    def __init__(self) -> None:
        self.docker = aiodocker.Docker()

    async def close(self) -> None:
        await self.docker.close()

    async def container(self, code: str) -> Any:
        """Return the container of the sandbox of that code."""
        found = await self.docker.containers.list(filters={"label": [f"sarafa.sandbox={code}"]})
        return found[0]

    async def watch_removal(self, code: str) -> Awaitable[float]:
        """Return what will be the seconds from the kill of a sandbox's container until nothing is left of it."""
        container = await self.container(code)
        events: Any = self.docker.events
        news = events.subscribe(filters=json.dumps({"container": [container.id]}))

        async def removal() -> float:
            moments: dict[str, int] = {}
            while "destroy" not in moments:
                event = await news.get()
                moments.setdefault(event["Action"], event["timeNano"])
            await events.stop()
            return (moments["destroy"] - moments["kill"]) / 1e9

        return removal()

    async def owner(self, code: str) -> str:
        """Return the uid that owns a sandbox."""
        environment = (await (await self.container(code)).show())["Config"]["Env"]
        return next(value.partition("=")[2] for value in environment if value.startswith("SANDBOX_OWNER="))

    async def raw_shell(self, code: str) -> "RawShell":
        """Start a shell in a sandbox as the platform would, but on a plain TTY, with nothing in between."""
        container, owner = await self.container(code), await self.owner(code)
        program = await container.exec(
            ["/sbx/enter", "bash", "--login"], stdin=True, stdout=True, stderr=True, tty=True, user=f"{owner}:{owner}"
        )
        stream = program.start(detach=False)
        await stream.__aenter__()
        await program.resize(h=24, w=80)
        return RawShell(stream)

    async def stats(self, code: str) -> dict[str, Any]:
        [stats] = await (await self.container(code)).stats(stream=False)
        return dict(stats)

    async def processor_time(self, code: str) -> float:
        """Return the seconds of a processor that a sandbox has had."""
        return int((await self.stats(code))["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9

    async def memory(self, code: str) -> int:
        """Return the bytes a sandbox takes, as `docker stats` counts them: without files that could be dropped."""
        memory = (await self.stats(code))["memory_stats"]
        dropped = memory["stats"].get("total_inactive_file", memory["stats"].get("inactive_file", 0))
        return int(memory["usage"] - dropped)


class RawShell:
    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    async def type(self, data: bytes) -> None:
        await self.stream.write_in(data)

    async def read(self) -> bytes:
        message = await self.stream.read_out()
        if message is None:
            raise Gone("The raw stream has ended.")
        return message.data

    async def close(self) -> None:
        await self.stream.close()


async def read_until(shell: Shell, mark: bytes) -> int:
    """Read until `mark` was printed; return how many bytes came."""
    count, tail = 0, b""
    while True:
        data = await shell.read()
        count += len(data)
        tail = tail[-len(mark) :] + data
        if mark in tail:
            return count


async def read_until_quiet(shell: Shell, seconds: float = 0.15) -> None:
    while True:
        try:
            await asyncio.wait_for(shell.read(), seconds)
        except TimeoutError:
            return


async def await_prompt(shell: Shell) -> None:
    await read_until(shell, PROMPT)
    await read_until_quiet(shell)


async def run(shell: Shell, command: str) -> float:
    """Run a command that ends on its own; return the seconds from Enter until all it printed has come."""
    mark = f"end-{time.perf_counter_ns()}"
    # The quotes keep the echo of what is typed from looking like the end.
    await shell.type(f"{command}; echo {mark[:3]}''{mark[3:]}".encode())
    await read_until_quiet(shell)
    start = time.perf_counter()
    await shell.type(b"\r")
    await read_until(shell, mark.encode())
    took = time.perf_counter() - start
    await read_until_quiet(shell)
    return took
