"""What happened, read from logs: the daemon's (dockerd --debug) and the warehouse's (the registry's JSON log).

Both are parsed here and nowhere else. `Flow` turns lines, in order, into the events that the page shows and into the
history that checks ask about. The formats were read off Docker 20.10 to 26.1 and registry 2.8.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

CHECK_MARK = "by=check"  # the query parameter of the platform's own calls, which no learner made
CALLS_KEPT = 500
RUNS_KEPT = 200
HIDDEN_KEPT = 500  # traces of our own calls; one check makes about a hundred at most

# A key begins where a word begins: tried at every letter, a line of one long word would take seconds.
LOGFMT = re.compile(r'(?<![\w.])(\w[\w.]*)=(?:"((?:[^"\\]|\\.)*)"|(\S*))')
CALL = re.compile(r"Calling (GET|HEAD|POST|PUT|DELETE|OPTIONS) (\S+)")
BUILD_ARGUMENTS = re.compile(r"\b(buildargs=)[^&\s\"]+")  # values for a build, which may be secrets
VERSION = re.compile(r"^/v\d+\.\d+(?=/)")
REGISTRY_PATH = re.compile(r"^/v2/(?:(?P<repository>.+)/(?P<what>manifests|blobs|tags)/(?P<name>.*))?$")


@dataclass(frozen=True)
class Line:
    """One line of a log. `at` is in microseconds since the epoch; `raw` is the line as it may be shown."""

    at: int
    source: str  # daemon or warehouse
    level: str  # call, step, debug, info, warning, error
    text: str
    raw: str
    fields: dict[str, str]

    def as_event(self) -> dict[str, Any]:
        return {
            "type": "log", "at": iso(self.at), "source": self.source,
            "level": self.level, "line": self.text, "raw": self.raw,
        }  # fmt: skip


def iso(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1e6, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# ---- The daemon's lines -----------------------------------------------------------------------------------------


def parse_daemon(at: int, raw: str) -> Line:
    """Read a line of dockerd's log. One that is not in its format (a panic, a program's own) is kept as it is."""
    raw = BUILD_ARGUMENTS.sub(r"\1…", raw)
    fields = {key: unquote(quoted) if quoted else bare for key, quoted, bare in LOGFMT.findall(raw)}
    if "msg" not in fields:
        return Line(at, "daemon", "info", raw, raw, {})
    message = fields["msg"]
    if message.startswith("form data: "):
        # A request's body: it may hold the environment, and so the secrets, of a container.
        body = without_secrets(message.removeprefix("form data: "))
        fields["msg"] = message = f"form data: {body}"
        raw = f"level={fields.get('level', '')} msg={json.dumps(message)}"
    level, text = readable(message, fields)
    return Line(at, "daemon", level, text, raw, fields)


def unquote(text: str) -> str:
    return text.replace("\\n", " ").replace("\\t", " ").replace('\\"', '"').replace("\\\\", "\\")


def without_secrets(body: str) -> str:
    """Of a request's JSON body, keep what tells the story: image and command."""
    try:
        data = json.loads(body)
    except ValueError:
        return "…"
    if not isinstance(data, dict):
        return "…"
    return json.dumps({key: data[key] for key in ("Image", "Cmd", "Name") if data.get(key)}) if data else "{}"


TOLD = [  # what dockerd logs, and the same in words; of all else at level debug only the raw line is of use
    (re.compile(r"Trying to pull (\S+) from (http://\S+)"), gettext_noop(r"asks \2 for \1")),
    (re.compile(r"Fetching manifest from remote"), gettext_noop(r"reads the image's list of layers")),
    (re.compile(r'pulling blob "(sha256:\w{12})'), gettext_noop(r"fetches layer \1")),
    (re.compile(r"Applied tar (sha256:\w{12})\w* to \S+ size: (\d+)"), gettext_noop(r"unpacks layer \1, \2 bytes")),
    (re.compile(r"Pushing layer: (sha256:\w{12})"), gettext_noop(r"pushes layer \1")),
    (re.compile(r"uploaded layer (sha256:\w{12})"), gettext_noop(r"has pushed layer \1")),
    (
        re.compile(r"container mounted via layerStore"),
        gettext_noop(r"stacks the image's layers for container {container}"),
    ),
    (
        re.compile(r"Assigning addresses for endpoint (\S+)'s interface on network (\S+)"),
        gettext_noop(r"gives \1 an address on network \2"),
    ),
    (re.compile(r"event$"), gettext_noop(r"container runtime: {topic}")),
]

FIELD = re.compile(r"\{(container|topic)\}")

# Of no use to a learner, or misleading: the registry is first tried over HTTPS, in vain.
NOISE = re.compile(
    r"loading plugin |ignoring event|cleaning up after shim|No non-localhost DNS"
    r"|Error getting v2 registry.*HTTPS client"
    r"|Attempting next endpoint for .*HTTPS client|Could not load necessary modules|Not using native diff"
)


def readable(message: str, fields: dict[str, str]) -> tuple[str, str]:
    """Return (level, text) of a daemon's line: level "call" for calls to its API, "step" for what tells the story."""
    call = CALL.match(message)
    if call:
        return "call", f"{call[1]} {shorten(call[2])}"
    for pattern, words in TOLD:
        found = pattern.match(message)
        if found:
            return "step", shorten(FIELD.sub(lambda name: fields.get(name[1], ""), found.expand(_(words))))
    extra = fields.get("error") or fields.get("err") or ""
    text = shorten(message) + (f" ({shorten(extra)})" if extra not in {"", "<nil>"} else "")
    return "debug" if NOISE.match(message) else fields.get("level", "info"), text


def shorten(text: str) -> str:
    """Leave the API's version off, and cut ids of 64 digits to the 12 that the docker command shows."""
    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1", VERSION.sub("", text))


# ---- The warehouse's lines ---------------------------------------------------------------------------------------


def parse_warehouse(at: int, raw: str) -> Line | None:
    """Read a line of the registry's log; None for all but answered requests."""
    try:
        entry = json.loads(raw)
    except ValueError:
        return None
    if not isinstance(entry, dict) or "http.response.status" not in entry:
        return None
    fields = {
        "method": str(entry.get("http.request.method", "")),
        "path": str(entry.get("http.request.uri", "")).split("?")[0],
        "status": str(entry["http.response.status"]),
        "address": str(entry.get("http.request.remoteaddr", "")),
        "ms": str(milliseconds(str(entry.get("http.response.duration", "")))),
    }
    text = f"{fields['method']} {short_digest(fields['path'])} → {fields['status']} ({fields['ms']} ms)"
    level = "warning" if int(fields["status"]) >= 500 else "call"
    shown = {key: value for key, value in entry.items() if key not in {"http.request.remoteaddr", "instance.id"}}
    return Line(at, "warehouse", level, text, json.dumps(shown), fields)


def short_digest(text: str) -> str:
    return re.sub(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}", r"\1…", text)


def milliseconds(duration: str) -> float:
    """Return Go's "1m2.5s", "3.2ms" or "85µs" in milliseconds, to a tenth."""
    units = {"h": 3.6e6, "m": 6e4, "s": 1e3, "ms": 1, "µs": 1e-3, "us": 1e-3, "ns": 1e-6}
    parts = re.findall(r"([\d.]+)(ms|µs|us|ns|h|m|s)", duration)
    return round(sum(float(number) * units[unit] for number, unit in parts), 1)


# ---- From lines to the flow --------------------------------------------------------------------------------------

COMMANDS = [  # the docker command that makes a call, by method and path
    ("POST", r"/containers/create", "run"),
    ("POST", r"/images/create", "pull"),
    ("POST", r"/images/.+/push", "push"),
    ("POST", r"/images/.+/tag", "tag"),
    ("POST", r"/build", "build"),
    ("POST", r"/containers/[^/]+/exec", "exec"),
    ("POST", r"/containers/[^/]+/(\w+)", r"\1"),
    ("DELETE", r"/containers/.+", "rm"),
    ("DELETE", r"/images/.+", "rmi"),
    ("GET", r"/containers/json", "ps"),
    ("GET", r"/containers/[^/]+/(logs|top|stats)", r"\1"),
    ("GET", r"/containers/[^/]+/changes", "diff"),
    ("GET", r"/containers/[^/]+/json", "inspect"),
    ("GET", r"/images/json", "images"),
    ("GET", r"/networks", "network ls"),
    ("GET", r"/volumes", "volume ls"),
    ("GET", r"/(version|info|events)", r"\1"),
    ("GET", r"/system/df", "system df"),
]


def command_of(method: str, path: str) -> str | None:
    for wanted, pattern, name in COMMANDS:
        found = re.fullmatch(pattern, path)
        if method == wanted and found:
            return found.expand(name)
    return None


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
class Flow:
    """Reads lines in order. `calls` and `runs` are the history; `feed` returns what the page shows of a line."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    command: str | None = None
    order: int = 0  # when the command began: the number that all its events share
    hidden: dict[str, None] = field(default_factory=dict)  # in the order they came
    pulling: str = ""
    asked: str = ""  # trace of the pull whose question to the registry was shown: the daemon logs it twice

    def feed(self, line: Line) -> list[dict[str, Any]] | None:
        """Return the line's flow events; None if the line is about the platform's own calls, to be hidden."""
        if line.source == "warehouse":
            return [self.registry_call(line)]
        message = line.fields.get("msg", "")
        call = CALL.match(message)
        if call:
            return self.api_call(line, call[1], call[2])
        if line.fields.get("traceID", "-") in self.hidden:
            return None
        if message.startswith("form data: ") and self.is_create_body(line):
            return self.create_body(line, message)
        if message.startswith("container mounted via") and self.is_created(line):
            return self.created(line)
        if message == "event" and line.fields.get("topic") == "/tasks/start":
            return [self.event(line, 3, "daemon", "daemon", "start", _("The container runs."))]
        if message.startswith("Trying to pull ") and " http://" in message and line.fields.get("traceID") != self.asked:
            self.asked = line.fields.get("traceID", "")
            return [
                self.event(line, self.pull_step(), "daemon", "registry", "pull", _("The daemon asks the registry."))
            ]
        return []

    def api_call(self, line: Line, method: str, uri: str) -> list[dict[str, Any]] | None:
        if CHECK_MARK in uri:
            self.hidden[line.fields.get("traceID", "")] = None
            if len(self.hidden) > HIDDEN_KEPT:
                del self.hidden[next(iter(self.hidden))]
            return None
        parts = urlsplit(uri)
        path, query = VERSION.sub("", parts.path), parse_qs(parts.query)
        if path == "/_ping":
            self.command, self.order = None, line.at
            return []
        versioned, image = bool(VERSION.match(parts.path)), image_of(query)
        # The docker command begins with a ping, and the first call after it tells which command it is; only an
        # inspection may be the preparation of another (exec, logs). It always names the API's version; whoever does
        # not is another customer of the daemon.
        if not versioned:
            self.command, self.order = "curl", line.at
        elif self.command in {None, "inspect", "curl"}:
            self.command = command_of(method, path) or self.command
        self.calls.append(
            {"at": iso(line.at), "method": method, "path": path, "versioned": versioned,
             "query": parts.query, "image": image}
        )  # fmt: skip
        del self.calls[:-CALLS_KEPT]
        if (method, path) == ("POST", "/containers/create"):
            self.runs.append(Run(trace=line.fields.get("traceID", ""), name=query.get("name", [""])[0]))
            del self.runs[:-RUNS_KEPT]
        else:
            self.note(method, path, image)
        step = 3 if path.endswith("/start") else 4 if path.endswith("/push") else 1
        return [
            self.event(
                line,
                step,
                "client",
                "daemon",
                f"{method} {shorten(path)}",
                self.sentence(method, path, image),
            )
        ]

    def note(self, method: str, path: str, image: str) -> None:
        """Keep the history of runs: pulls for them, and starts."""
        if (method, path) == ("POST", "/images/create"):
            self.pulling = image
            last = self.runs[-1] if self.runs else None
            if last and last.image == image and not last.container:
                last.asked_again = True
        elif method == "POST" and path.endswith("/start"):
            name = path.split("/")[2]
            if self.runs and not self.runs[-1].container and not self.runs[-1].asked_again:
                del self.runs[-1]  # refused, say because its name is taken; what is mounted now is another container
            for run in reversed(self.runs):
                if run.is_called(name):
                    run.started = True
                    break

    def is_create_body(self, line: Line) -> bool:
        return bool(self.runs) and not self.runs[-1].image and self.runs[-1].trace == line.fields.get("traceID", "")

    def is_created(self, line: Line) -> bool:
        """Is a container mounted for the newest order? A start mounts one, too, but one that was made before."""
        if not self.runs or self.runs[-1].container or self.runs[-1].asked_again:
            return False
        return line.fields.get("container", "") not in {run.container for run in self.runs}

    def create_body(self, line: Line, message: str) -> list[dict[str, Any]]:
        try:
            image = str(json.loads(message.removeprefix("form data: ")).get("Image", ""))
        except ValueError:
            return []
        run = self.runs[-1]
        run.image = plain_name(image)
        if len(self.runs) > 1 and self.runs[-2].asked_again and self.runs[-2].image == run.image:
            del self.runs[-2]  # the same order, asked a second time after the pull
            run.pulled = True
        return []

    def created(self, line: Line) -> list[dict[str, Any]]:
        run = self.runs[-1]
        run.container = line.fields.get("container", "")
        fetched, kept = _("The image was fetched: now it is in the cache."), _("The image was in the cache.")
        made = _("The daemon made a container from %(image)s.") % {"image": run.image}
        return [
            self.event(line, 2, "daemon", "daemon", f"cache {run.image}", fetched if run.pulled else kept),
            self.event(line, 3, "daemon", "daemon", "create", made),
        ]

    def registry_call(self, line: Line) -> dict[str, Any]:
        method, path = line.fields["method"], line.fields["path"]
        pushing = method in {"POST", "PUT", "PATCH"} or self.command == "push"
        found = REGISTRY_PATH.match(path)
        repository = (found and found["repository"]) or ""
        step = 4 if pushing else 2 if not repository or repository.startswith("sarafa/") else 5
        event = self.event(
            line,
            step,
            "daemon",
            "registry",
            f"{method} {short_digest(path)}",
            registry_sentence(method, found),
        )
        return event | {"status": int(line.fields["status"]), "ms": float(line.fields["ms"])}

    def pull_step(self) -> int:
        """A pull of a course image is step 2; of one that a learner pushed, step 5."""
        return 2 if "/sarafa/" in self.pulling or "/" not in self.pulling else 5

    def sentence(self, method: str, path: str, image: str) -> str:
        if (method, path) == ("POST", "/images/create"):
            return _("Not in the cache: the client asks the daemon to pull %(image)s.") % {"image": image}
        if path.endswith("/start"):
            return _("The client asks the daemon to start the container.")
        if (method, path) == ("POST", "/containers/create"):
            return _("The client asks the daemon to create a container.")
        if not self.command:
            return _("A client asks the daemon.")
        return _("The client asks the daemon (docker %(command)s).") % {"command": self.command}

    def event(self, line: Line, step: int, origin: str, to: str, call: str, text: str) -> dict[str, Any]:
        return {
            "type": "flow", "at": iso(line.at), "step": step, "from": origin, "to": to, "call": call,
            "status": None, "ms": None, "command": self.command, "order": self.order, "text": text,
        }  # fmt: skip

    def history(self) -> dict[str, Any]:
        """Return `calls` and `runs` as checks see them."""
        runs = [
            {"image": run.image, "pulled": run.pulled, "container": run.container, "started": run.started}
            for run in self.runs
            if run.container
        ]
        return {"calls": self.calls, "runs": runs}


def image_of(query: dict[str, list[str]]) -> str:
    name, tag = query.get("fromImage", [""])[0], query.get("tag", [""])[0]
    return plain_name(f"{name}:{tag}" if tag else name)


def plain_name(image: str) -> str:
    return image.removesuffix(":latest")


def registry_sentence(method: str, found: re.Match[str] | None) -> str:
    """Say what a request to the registry is for, in the terms of its API (distribution spec 1.1)."""
    if not found or not found["what"]:
        return _("The daemon greets the registry.")
    what, repository = found["what"], found["repository"]
    if what == "manifests":
        sentence = {
            "HEAD": _("The daemon asks which version of %(repository)s is current."),
            "GET": _("The daemon reads the list of layers of %(repository)s."),
        }.get(method, _("The daemon stores the list of layers of %(repository)s."))
    elif what == "blobs":
        sentence = {
            "HEAD": _("The daemon asks whether the registry has a layer of %(repository)s."),
            "GET": _("The daemon fetches a layer of %(repository)s."),
        }.get(method, _("The daemon uploads a layer of %(repository)s."))
    else:
        sentence = _("The daemon lists the tags of %(repository)s.")
    return sentence % {"repository": repository}
