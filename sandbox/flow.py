"""The flow: what the client asked of the daemon, and the daemon of the registry, as events for the page."""

import re
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from sandbox.history import Call, History, Run
from sandbox.lines import CALL, Line, iso, short_digest, shorten

CHECK_MARK = "by=check"  # the query parameter of the platform's own calls, which no learner made
HIDDEN_KEPT = 500  # traces of our own calls; one check makes about a hundred at most

REGISTRY_PATH = re.compile(r"^/v2/(?:(?P<repository>.+)/(?P<what>manifests|blobs|tags)/(?P<name>.*))?$")

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
class Flow:
    """Reads lines in order. `feed` returns what the page shows of a line; `history` is what checks ask about."""

    history: History = field(default_factory=History)
    command: str | None = None
    order: int = 0  # when the command began: the number that all its events share
    hidden: dict[str, None] = field(default_factory=dict)  # traces of our own calls, in the order they came
    pulling: str = ""
    asked: str = ""  # trace of the pull whose question to the registry was shown: the daemon logs it twice

    def feed(self, line: Line) -> list[dict[str, Any]] | None:
        """Return the line's flow events; None if the line is about the platform's own calls, to be hidden."""
        if line.source == "warehouse":
            return [self.registry_call(line)]
        message = line.fields.get("msg", "")
        call = CALL.match(message)
        if call:
            if CHECK_MARK not in call[2]:
                return self.api_call(line, Call.of(call[1], call[2]))
            self.hide(line)
            return None
        if line.fields.get("traceID", "-") in self.hidden:
            return None
        if self.history.is_order(line):
            self.history.ordered(line)
        elif self.history.is_made(line):
            return self.made(line, self.history.made(line))
        elif message == "event" and line.fields.get("topic") == "/tasks/start":
            return [self.event(line, 3, "daemon", "daemon", "start", _("The container runs."))]
        elif message.startswith("Trying to pull ") and " http://" in message:
            return self.pull_goes_out(line)
        return []

    def hide(self, line: Line) -> None:
        self.hidden[line.fields.get("traceID", "")] = None
        if len(self.hidden) > HIDDEN_KEPT:
            del self.hidden[next(iter(self.hidden))]

    def api_call(self, line: Line, call: Call) -> list[dict[str, Any]]:
        if call.path == "/_ping":
            self.command, self.order = None, line.at
            return []
        # The docker command begins with a ping, and the first call after it tells which command it is; only an
        # inspection may be the preparation of another (exec, logs). It always names the API's version; whoever does
        # not is another customer of the daemon.
        if not call.versioned:
            self.command, self.order = "curl", line.at
        elif self.command in {None, "inspect", "curl"}:
            self.command = command_of(call.method, call.path) or self.command
        self.pulling = call.image or self.pulling
        self.history.called(line, call)
        step = 3 if call.is_start else 4 if call.path.endswith("/push") else 1
        name = f"{call.method} {shorten(call.path)}"
        return [self.event(line, step, "client", "daemon", name, self.sentence(call))]

    def pull_goes_out(self, line: Line) -> list[dict[str, Any]]:
        trace = line.fields.get("traceID", "")
        if trace and trace == self.asked:
            return []
        self.asked = trace
        return [self.event(line, self.pull_step(), "daemon", "registry", "pull", _("The daemon asks the registry."))]

    def made(self, line: Line, run: Run) -> list[dict[str, Any]]:
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
        step = 4 if pushing else 2 if not repository or repository.startswith(("sarafa/", "library/")) else 5
        name = f"{method} {short_digest(path)}"
        event = self.event(line, step, "daemon", "registry", name, registry_sentence(method, found))
        return event | {"status": int(line.fields["status"]), "ms": float(line.fields["ms"])}

    def pull_step(self) -> int:
        """A pull of a course image is step 2; of one that a learner pushed, step 5."""
        return 2 if "/sarafa/" in self.pulling or "/" not in self.pulling else 5

    def sentence(self, call: Call) -> str:
        if call.is_to("POST", "/images/create"):
            return _("Not in the cache: the client asks the daemon to pull %(image)s.") % {"image": call.image}
        if call.is_start:
            return _("The client asks the daemon to start the container.")
        if call.is_to("POST", "/containers/create"):
            return _("The client asks the daemon to create a container.")
        if not self.command:
            return _("A client asks the daemon.")
        return _("The client asks the daemon (docker %(command)s).") % {"command": self.command}

    def event(self, line: Line, step: int, origin: str, to: str, call: str, text: str) -> dict[str, Any]:
        return {
            "type": "flow", "at": iso(line.at), "step": step, "from": origin, "to": to, "call": call,
            "status": None, "ms": None, "command": self.command, "order": self.order, "text": text,
        }  # fmt: skip


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
