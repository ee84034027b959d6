"""Which command caused what logs and events tell of: known by trace, by object, by what is moved, or by the time."""

import re
from dataclasses import dataclass, field

from sandbox import rules
from sandbox.history import History, Order, trim
from sandbox.lines import Line, shorten
from sandbox.tap import Call, ObjectEvent

TRACES_KEPT = 1000
TRANSFERS_KEPT = 100
OBJECTS_KEPT = 2000
LONGEST = 300  # characters of a name or trace; what is longer was made up
FRESH = 2_000_000  # microseconds for which what does not say whose it is goes to the last command
ID = re.compile(r"\b([0-9a-f]{12})(?:[0-9a-f]{52})?\b")


@dataclass
class Causes:
    history: History
    traces: dict[str, Order] = field(default_factory=dict)
    touched: dict[str, Order] = field(default_factory=dict)  # by ids, 12 digits, and names: who dealt with it last
    transfers: dict[int, tuple[str, Order]] = field(default_factory=dict)  # calls under way that move an image

    def of_line(self, line: Line) -> Order | None:
        """Return who caused a line of a log; None if it is nobody's doing that is known."""
        if line.source == "warehouse":
            return self.transfer(rules.Stored.of(line.fields["path"]).repository)[1] or self.latest(line.at)
        trace = line.fields.get("traceID", "")
        if trace in self.traces:
            return self.traces[trace]
        for found in ID.finditer(line.raw):
            if found[1] in self.touched:
                return self.touched[found[1]]
        return self.transfer("")[1] or self.latest(line.at)

    def of_event(self, event: ObjectEvent) -> Order | None:
        """Return whose doing an event is: an object's creation tells only by its time whose it is."""
        names = (event.short, event.attributes.get("name", ""), event.attributes.get("container", "")[:12])
        dealt = [self.touched[name] for name in names if name in self.touched]
        known = max(dealt, key=lambda order: order.at, default=None)
        if event.action in {"create", "pull", "tag"} or not known:
            known = self.latest(event.at) or known
            self.touch(event.short, known)
        return known

    def transfer(self, repository: str) -> tuple[str, Order | None]:
        """Return which image is moved just now, and for whom; of several the one of this repository, else the last."""
        transfers = list(self.transfers.values())
        fitting = [one for one in transfers if repository and repository in one[0]]
        return fitting[-1] if fitting else transfers[-1] if transfers else ("", None)

    def latest(self, at: int) -> Order | None:
        """Return the last command, if it is still at work or was until just now."""
        last = self.history.last
        return last if last.at and (last.waits or at - last.heard_at < FRESH) else None

    # ---- what they are known by ----

    def called(self, call: Call, order: Order) -> None:
        image = call.image or call.path.removeprefix("/images/").removesuffix("/push")
        if call.image or call.path.endswith("/push") or call.path in {"/build", "/grpc"}:
            self.transfers[call.number] = (image, order)
            trim(self.transfers, TRANSFERS_KEPT)
        self.touch(rules.object_of_path(call.path), order)

    def ended(self, number: int) -> None:
        self.transfers.pop(number, None)

    def trace(self, method: str, uri: str, trace: str) -> None:
        """Take note of the trace by which the daemon's log knows a call."""
        if len(trace) > LONGEST:
            return
        path = shorten(uri).partition("?")[0]
        for call, _made, order in reversed(self.history.open.values()):
            if (call.method, shorten(call.path)) == (method, path):
                self.traces[trace] = order
                trim(self.traces, TRACES_KEPT)
                return

    def touch(self, name: str, order: Order | None) -> None:
        if not name or not order or len(name) > LONGEST:
            return
        full = ID.fullmatch(name)
        for known in {name, full[1] if full else name}:
            self.touched.pop(known, None)
            self.touched[known] = order
        trim(self.touched, OBJECTS_KEPT)
