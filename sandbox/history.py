"""What a daemon was asked to do: the calls to its API, and the containers that were ordered. Checks ask about both."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox.lines import VERSION, Line, iso

CALLS_KEPT = 500
RUNS_KEPT = 200
BODY = "form data: "


@dataclass(frozen=True)
class Call:
    """A call to the daemon's API. `versioned`: it names the API's version, as the docker command always does."""

    method: str
    path: str  # without the version
    query: str
    versioned: bool
    image: str  # that is to be pulled

    @classmethod
    def of(cls, method: str, uri: str) -> "Call":
        parts = urlsplit(uri)
        versioned = bool(VERSION.match(parts.path))
        return cls(method, VERSION.sub("", parts.path), parts.query, versioned, image_of(parse_qs(parts.query)))

    def is_to(self, method: str, path: str) -> bool:
        return (self.method, self.path) == (method, path)

    @property
    def is_start(self) -> bool:
        return self.method == "POST" and self.path.endswith("/start")


@dataclass
class Run:
    """One order of a container: `docker run` or `docker create`."""

    image: str = ""
    pulled: bool = False
    container: str = ""
    started: bool = False
    asked_again: bool = False  # the first create was answered "no such image"
    trace: str = ""  # of the create call, by which its body is known
    name: str = ""  # that the learner gave it

    def is_called(self, name: str) -> bool:
        return bool(self.container) and (self.name == name or self.container.startswith(name))


@dataclass
class History:
    """Reads calls, bodies and mounts in the order in which the daemon logged them."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    def called(self, line: Line, call: Call) -> None:
        known = {"method": call.method, "path": call.path, "versioned": call.versioned, "query": call.query}
        self.calls.append({"at": iso(line.at), **known, "image": call.image})
        del self.calls[:-CALLS_KEPT]
        if call.is_to("POST", "/containers/create"):
            name = parse_qs(call.query).get("name", [""])[0]
            self.runs.append(Run(trace=line.fields.get("traceID", ""), name=name))
            del self.runs[:-RUNS_KEPT]
        elif call.is_to("POST", "/images/create"):
            self.pull_began(call.image)
        elif call.is_start:
            self.started(call.path.split("/")[2])

    def pull_began(self, image: str) -> None:
        last = self.runs[-1] if self.runs else None
        if last and last.image == image and not last.container:
            last.asked_again = True

    def started(self, name: str) -> None:
        if self.runs and not self.runs[-1].container and not self.runs[-1].asked_again:
            del self.runs[-1]  # refused, say because its name is taken; what is mounted now is another container
        for run in reversed(self.runs):
            if run.is_called(name):
                run.started = True
                return

    def is_order(self, line: Line) -> bool:
        """Is the line the body of the newest order?"""
        if not line.fields.get("msg", "").startswith(BODY):
            return False
        return bool(self.runs) and not self.runs[-1].image and self.runs[-1].trace == line.fields.get("traceID", "")

    def ordered(self, line: Line) -> None:
        """Note from the order's body which image it wants."""
        try:
            image = str(json.loads(line.fields["msg"].removeprefix(BODY)).get("Image", ""))
        except ValueError:
            return
        run = self.runs[-1]
        run.image = plain_name(image)
        if len(self.runs) > 1 and self.runs[-2].asked_again and self.runs[-2].image == run.image:
            del self.runs[-2]  # the same order, asked a second time after the pull
            run.pulled = True

    def is_made(self, line: Line) -> bool:
        """Is a container mounted for the newest order? A start mounts one, too, but one that was made before."""
        if not line.fields.get("msg", "").startswith("container mounted via"):
            return False
        if not self.runs or self.runs[-1].container or self.runs[-1].asked_again:
            return False
        return line.fields.get("container", "") not in {run.container for run in self.runs}

    def made(self, line: Line) -> Run:
        self.runs[-1].container = line.fields.get("container", "")
        return self.runs[-1]

    def as_facts(self) -> dict[str, Any]:
        """Return `calls` and `runs` as checks see them."""
        keys = ("image", "pulled", "container", "started")
        return {
            "calls": self.calls,
            "runs": [{key: getattr(run, key) for key in keys} for run in self.runs if run.container],
        }


def image_of(query: dict[str, list[str]]) -> str:
    name, tag = query.get("fromImage", [""])[0], query.get("tag", [""])[0]
    return plain_name(f"{name}:{tag}" if tag else name)


def plain_name(image: str) -> str:
    return image.removesuffix(":latest")
