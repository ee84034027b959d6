"""The flow: who asked whom for what, as events for the page, from what the tap heard and what two logs say."""

import re
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from sandbox import rules
from sandbox.causes import LONGEST, Causes
from sandbox.history import History, Made, Order, trim
from sandbox.lines import CALL, Line, iso, short_digest, shorten
from sandbox.tap import Answer, Call, Command, Ended, Heard, ObjectEvent, Opened, plain_name

CHECK_MARK = "by=check"  # the query parameter of the platform's own calls, which no learner made
HIDDEN_KEPT = 1000  # traces of our own calls; one check makes about a hundred at most
NAMELESS_KEPT = 100

ASKS_REGISTRY = re.compile(r"Trying to pull (\S+) from (http://\S+)")
UNPACKS = re.compile(r"Applied tar (sha256:[0-9a-f]{12})\w* to \S+ size: (\d+)")
MOVES_LAYER = re.compile(r'pulling blob "(sha256:[0-9a-f]{12})|Pushing layer: (sha256:[0-9a-f]{12})')
# A push is answered before it fails: then the answer's last line, which nobody reads here, and the log tell why.
PUSH_FAILED = re.compile(r"(?:Upload failed|Not continuing with push after error): (.+)", re.DOTALL)
MISSING = re.compile(r"no such image: ?(\S+)", re.IGNORECASE)

Event = dict[str, Any]


@dataclass
class Flow:
    """Reads lines in order. `feed` returns what the page shows of a line; `history` is what checks ask about."""

    history: History = field(default_factory=History)
    hidden: dict[str, None] = field(default_factory=dict)  # traces of our own calls, in the order they came
    nameless: dict[str, tuple[Answer, Order]] = field(default_factory=dict)  # containers whose image is not known yet
    asked: str = ""  # the pull whose question to the registry was shown: the daemon logs it twice

    def __post_init__(self) -> None:
        self.causes = Causes(self.history)

    def feed(self, entry: Line | Heard) -> list[Event] | None:
        """Return the entry's events; None if it is about the platform's own calls, to be hidden."""
        match entry:
            case Opened():
                return []
            case Command():
                self.history.began(entry)
                return []
            case Call():
                return self.call(entry)
            case Answer():
                return self.answer(entry)
            case Ended():
                return self.end(entry)
            case ObjectEvent():
                return self.object(entry)
            case Line(source="warehouse"):
                return [self.registry_call(entry)]
        return self.daemon_line(entry)

    # ---- calls and answers ----

    def call(self, call: Call) -> list[Event]:
        order = self.history.called(call)
        self.causes.called(call, order)
        text = rules.sentence_of_call(call.method, call.path, call.image)
        step = rules.step_of_call(call.method, call.path)
        said = f"{call.method} {shorten(call.path)}"
        about = [rules.object_of_path(call.path), call.image]
        return [self.arrow(call.at, order, step, "client", "daemon", said, text, about) | {"key": call.number}]

    def answer(self, answer: Answer) -> list[Event]:
        known = self.history.answered(answer)
        if not known:
            return []
        call, made, order = known
        if answer.status >= 400:
            self.causes.ended(answer.number)
        told = told_answer(answer, made, order)
        if call.is_to("POST", "/containers/create"):
            return [*self.looked_in_cache(answer, order), told]
        return [told]

    def end(self, end: Ended) -> list[Event]:
        """Tell the answer once more, now with all the time that it took."""
        self.causes.ended(end.number)
        known = self.history.ended(end)
        if not known:
            return []
        return [told_answer(end, *known)]

    def looked_in_cache(self, answer: Answer, order: Order) -> list[Event]:
        """What the answer to "create" tells: whether the image was in the cache, and that there is a container."""
        missing = MISSING.search(answer.error) if answer.status == 404 else None
        if missing:
            image = plain_name(missing[1])
            text = _("%(image)s is not in the daemon's cache: it has to be fetched.") % {"image": image}
            return [self.lookup(answer, order, image, "miss", text)]
        run = self.history.run_of(answer.made) if answer.made else None
        if not run:
            return []
        if not run.image:  # the daemon's event will tell it
            self.nameless[answer.made] = (answer, order)
            trim(self.nameless, NAMELESS_KEPT)
            return []
        return self.made(answer, order, run.image)

    def made(self, answer: Answer, order: Order, image: str) -> list[Event]:
        container = answer.made[:12]
        self.causes.touch(container, order)
        pulled = image in order.pulled
        text = _("The image was fetched: now it is in the cache.") if pulled else _("The image was in the cache.")
        why = _("The daemon makes a container from the image.")
        return [
            self.lookup(answer, order, image, "hit", text),
            self.arrow(answer.at, order, 3, "daemon", "container", f"create {container}", why, [container, image]),
        ]

    def lookup(self, answer: Answer, order: Order, image: str, outcome: str, text: str) -> Event:
        said = f"look up {image}".strip()
        return self.arrow(answer.at, order, 2, "daemon", "cache", said, text, [image]) | {"outcome": outcome}

    # ---- the daemon's events ----

    def object(self, event: ObjectEvent) -> list[Event]:
        self.history.happened(event)
        if not event.kind:
            return []
        made = self.named(event)
        short, order = event.short, self.causes.of_event(event)
        told = {
            "type": "object", "at": iso(event.at), "kind": event.kind, "action": event.action, "object": short,
            "name": event.attributes.get("name", short), "image": event.attributes.get("image", ""),
            "exit": as_code(event.attributes.get("exitCode")), "container": event.attributes.get("container", "")[:12],
            "order": order.at if order else 0,
        }  # fmt: skip
        if event.kind == "container" and order:
            return [*made, *self.life(event, short, order), told]
        return [told]

    def named(self, event: ObjectEvent) -> list[Event]:
        """Tell of a container whose answer came before the event that says of which image it is."""
        run = self.history.run_of(event.id) if event.id in self.nameless else None
        if not run or not run.image:
            return []
        return self.made(*self.nameless.pop(event.id), run.image)

    def life(self, event: ObjectEvent, short: str, order: Order) -> list[Event]:
        action, code = event.action, event.attributes.get("exitCode", "")
        told = {
            "start": ("daemon", "container", _("The container runs.")),
            "die": ("container", "daemon", _("The container has ended: exit code %(code)s.") % {"code": code}),
            "destroy": ("daemon", "container", _("The daemon has removed the container.")),
            "pause": ("daemon", "container", _("The daemon has frozen the container.")),
            "unpause": ("daemon", "container", _("The daemon lets the container go on.")),
            "oom": ("container", "daemon", _("The container wanted more memory than it may have.")),
        }  # fmt: skip
        if action.startswith("health_status"):
            said = action.partition(":")[2].strip()
            told[action] = ("container", "daemon", _("The container's health check says: %(said)s.") % {"said": said})
        if action not in told:
            return []
        origin, to, text = told[action]
        said = f"{'exit' if action == 'die' else action} {code if action == 'die' else short}".strip()
        return [self.arrow(event.at, order, 3, origin, to, said, text, [short, event.attributes.get("name", "")])]

    # ---- the logs ----

    def daemon_line(self, line: Line) -> list[Event] | None:
        message, trace = line.fields.get("msg", ""), line.fields.get("traceID", "")
        called = CALL.match(message)
        if called:
            if CHECK_MARK not in called[2]:
                self.causes.trace(called[1], called[2], trace)
                return []
            self.hidden[trace[:LONGEST]] = None
            trim(self.hidden, HIDDEN_KEPT)
            return None
        if trace and trace in self.hidden:
            return None
        order = self.causes.of_line(line)
        failed = PUSH_FAILED.match(message)
        if order and failed:
            order.push_failed(failed[1])
        asks, unpacks, moves = ASKS_REGISTRY.match(message), UNPACKS.match(message), MOVES_LAYER.match(message)
        if order and (asks or moves) and line.text not in order.registry[-1:]:  # some are logged twice
            order.registry.append(line.text)
            del order.registry[:-100]
        if asks and order:
            return self.pull_goes_out(line, order, plain_name(asks[1]), trace)
        if unpacks and order:
            text = _("The daemon unpacks the layer and keeps it: %(size)s bytes.") % {"size": unpacks[2]}
            return [self.arrow(line.at, order, 2, "daemon", "cache", f"unpack {unpacks[1]}", text, [])]
        return []

    def pull_goes_out(self, line: Line, order: Order, image: str, trace: str) -> list[Event]:
        pull = trace or f"{order.at} {image}"
        if pull == self.asked:
            return []
        self.asked = pull
        text = _("The daemon asks the registry.")
        step = pull_step(without_host(image))
        return [self.arrow(line.at, order, step, "daemon", "registry", f"pull {image}", text, [image])]

    def registry_call(self, line: Line) -> Event:
        method, path = line.fields["method"], line.fields["path"]
        stored = rules.Stored.of(path)
        image, mover = self.causes.transfer(stored.repository)
        order = mover or self.causes.latest(line.at) or Order(0)
        pushing = method in {"POST", "PUT", "PATCH"} or order.name == "push"
        step = 4 if pushing else pull_step(stored.repository or without_host(image))
        status, ms = int(line.fields["status"]), line.fields["ms"]
        said, text = f"{method} {short_digest(path)}", stored.sentence(method, status)
        arrow = self.arrow(line.at, order, step, "daemon", "registry", said, text, [])
        return arrow | {"status": status, "ms": float(ms) if ms else None}

    def order_number(self, entry: Line) -> int:
        """Return the number of the command that caused a line, or 0."""
        order = self.causes.of_line(entry)
        return order.at if order else 0

    def arrow(
        self, at: int, order: Order, step: int, origin: str, to: str, call: str, text: str, about: list[str]
    ) -> Event:
        return {
            "type": "flow", "at": iso(at), "step": step, "from": origin, "to": to, "call": call, "text": text,
            "status": None, "ms": None, "key": None, "outcome": "", "command": order.name or None, "line": order.line,
            "order": order.at, "objects": [shorten(name) for name in about if name],
        }  # fmt: skip


def told_answer(heard: Answer | Ended, made: Made, order: Order) -> Event:
    return {
        "type": "answer", "at": iso(heard.at), "key": heard.number, "order": order.at,
        "status": made.status, "ms": made.ms, "error": made.error,
    }  # fmt: skip


def pull_step(repository: str) -> int:
    """A pull of what the course brought along is step 2; of what a learner pushed, step 5."""
    return 2 if not repository or repository.startswith(("sarafa/", "library/")) or "/" not in repository else 5


def as_code(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"-?\d{1,4}", text) else None


def without_host(image: str) -> str:
    """Return an image's repository: without the registry's address, and without the tag."""
    host, slash, rest = image.partition("/")
    has_host = bool(slash) and ("." in host or ":" in host or host == "localhost")
    return re.sub(r"[:@].*", "", rest if has_host else image)
