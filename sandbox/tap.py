"""What sandbox/image/tap.c heard: commands, their calls to the daemon, its answers, and its events.

The lines come from inside the sandbox, where root may print what it likes: what is not as it should be is not heard.
"""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

VERSION = re.compile(r"^/v\d+\.\d+(?=/)")
MARK = '{"tap": '
BUILD_ARGUMENTS = re.compile(r"\b(buildargs=)[^&\s\"]+")  # values for a build, which may be secrets
KINDS = {"container", "image", "network", "volume"}


@dataclass(frozen=True)
class Opened:
    """The daemon began to serve."""

    at: int  # microseconds since the epoch, as in all of these


@dataclass(frozen=True)
class Command:
    at: int
    number: int
    argv: tuple[str, ...]


@dataclass(frozen=True)
class Call:
    """A call to the daemon's API. `versioned`: it names the API's version, as the docker command always does."""

    at: int
    number: int
    command: int  # 0: it is not known whose call it is
    method: str
    path: str  # without the version
    query: str
    versioned: bool

    def is_to(self, method: str, path: str) -> bool:
        return (self.method, self.path) == (method, path)

    @property
    def image(self) -> str:
        """The image that is to be pulled, or nothing."""
        return image_of(parse_qs(self.query)) if self.is_to("POST", "/images/create") else ""


@dataclass(frozen=True)
class Answer:
    at: int
    number: int  # of the call
    status: int
    ms: float
    error: str  # the daemon's sentence, if it refused
    made: str  # the id of the container that was created


@dataclass(frozen=True)
class Ended:
    """The end of an answer that lasted: a pull, an attached terminal."""

    at: int
    number: int  # of the call
    ms: float


@dataclass(frozen=True)
class ObjectEvent:
    """An event as `docker events` tells it."""

    at: int
    kind: str
    action: str
    id: str  # a volume's is its name, that of an image that was pulled, too
    attributes: dict[str, str]

    @property
    def short(self) -> str:
        """The id as it is shown: of 64 digits the first 12."""
        bare = self.id.removeprefix("sha256:")
        return bare[:12] if re.fullmatch("[0-9a-f]{64}", bare) else self.id


Heard = Opened | Command | Call | Answer | Ended | ObjectEvent


def hear(at: int, raw: str) -> Heard | None:
    """Read a line that the tap printed; None for any other, and for one that is broken."""
    if not raw.startswith(MARK):
        return None
    try:
        told = json.loads(raw)
        match told["tap"]:
            case "open":
                return Opened(at)
            case "command":
                return Command(at, int(told["command"]), tuple(str(word) for word in told["argv"]))
            case "call":
                return call_of(at, told)
            case "answer":
                return answer_of(at, told)
            case "end":
                return Ended(at, int(told["call"]), milliseconds(told["us"]))
            case "event":
                return event_of(at, told.get("event", {}))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return None


def call_of(at: int, told: dict[str, Any]) -> Call:
    parts = urlsplit(str(told["uri"]))
    path = VERSION.sub("", parts.path)
    query = BUILD_ARGUMENTS.sub(r"\1…", parts.query)
    return Call(at, int(told["call"]), int(told["command"]), str(told["method"]), path, query, path != parts.path)


def answer_of(at: int, told: dict[str, Any]) -> Answer:
    status, body = int(told["status"]), str(told["body"])
    made = re.match(r'\{"Id":"([0-9a-f]{64})"', body) if status == 201 else None
    return Answer(
        at, int(told["call"]), status, milliseconds(told["us"]),
        sentence_of(body) if status >= 400 else "", made[1] if made else "",
    )  # fmt: skip


def milliseconds(microseconds: object) -> float:
    return round(int(str(microseconds)) / 1000, 1)


def sentence_of(body: str) -> str:
    """Return the message of a refusal; its body may lack its end."""
    found = re.match(r'\{"message":"((?:[^"\\]|\\.)*)', body)
    if not found:
        return body.strip()
    try:
        return str(json.loads(f'"{found[1]}"'))
    except ValueError:
        return found[1]


def event_of(at: int, event: dict[str, Any]) -> ObjectEvent | None:
    """One that was too long to be passed on is an event all the same, of an object that is not known."""
    if not event:
        return ObjectEvent(at, "", "", "", {})
    kind = str(event["Type"])
    if kind not in KINDS:
        return None
    actor = event["Actor"]
    attributes = {str(key): str(value) for key, value in actor.get("Attributes", {}).items()}
    return ObjectEvent(at, kind, str(event["Action"]), str(actor["ID"]), attributes)


def image_of(query: dict[str, list[str]]) -> str:
    name, tag = query.get("fromImage", [""])[0], query.get("tag", [""])[0]
    separator = "@" if tag.startswith("sha256:") else ":"
    return plain_name(f"{name}{separator}{tag}" if tag else name)


def plain_name(image: str) -> str:
    """Return an image's name as one types it, however a client of some version completes it."""
    return image.removesuffix(":latest").removeprefix("docker.io/").removeprefix("library/")
