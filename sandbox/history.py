"""What a daemon was asked to do: commands, their calls, and the containers they ordered. Checks ask about it."""

from dataclasses import dataclass, field
from typing import Any

from sandbox import commands
from sandbox.lines import iso
from sandbox.tap import Answer, Call, Command, Ended, ObjectEvent, plain_name

CALLS_KEPT = 500
CALLS_OF_A_COMMAND = 100
RUNS_KEPT = 200
COMMANDS_KEPT = 100
IMAGES_KEPT = 500
LONGEST = 500  # characters of a path or a query


@dataclass
class Made:
    """A call that was made, as checks see it. `status` and `ms` are None until it is answered."""

    at: str
    method: str
    path: str
    versioned: bool
    query: str
    image: str  # that is to be pulled
    command: str
    status: int | None = None
    ms: float | None = None
    error: str = ""


@dataclass
class Order:
    """A command: one process that called the daemon, and its plugins."""

    at: int
    name: str = ""
    line: str = ""
    waits: int = 0  # calls that are not answered yet
    heard_at: int = 0  # when it was heard of last
    calls: list[Made] = field(default_factory=list)
    registry: list[str] = field(default_factory=list)  # what the daemon asked of registries because of it
    pulled: set[str] = field(default_factory=set)

    def push_failed(self, error: str) -> None:
        """Note why the last push did not come to a good end; its answer had begun well."""
        pushes = (call for call in reversed(self.calls) if call.path.endswith("/push"))
        for call in pushes:
            call.error = call.error or error[:LONGEST]
            return


@dataclass
class Run:
    """A container that was ordered. `pulled`: its image was fetched for it, by the same command."""

    container: str
    image: str = ""
    pulled: bool = False
    started: bool = False
    order: Order | None = None


@dataclass
class History:
    """Reads what the tap heard, in the order in which it did."""

    calls: list[Made] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    orders: dict[int, Order] = field(default_factory=dict)
    last: Order = field(default_factory=lambda: Order(0))
    open: dict[int, tuple[Call, Made, Order]] = field(default_factory=dict)  # calls that are not answered yet
    lasting: dict[int, tuple[Made, Order]] = field(default_factory=dict)  # calls whose answer may not have ended yet
    images: dict[str, str] = field(default_factory=dict)  # of containers that were created, by their ids

    def began(self, command: Command) -> None:
        line = commands.shown(command.argv)
        self.orders[command.number] = self.last = Order(command.at, commands.name_of(command.argv), line)
        trim(self.orders, COMMANDS_KEPT)

    def called(self, call: Call) -> Order:
        """Note a call and return whose it is. One whose command is not known stands for a command itself."""
        order = self.orders.get(call.command) if call.command else None
        if not order:
            order = self.orders[call.command or -call.number] = Order(call.at)
            trim(self.orders, COMMANDS_KEPT)
        path, query = call.path[:LONGEST], call.query[:LONGEST]
        made = Made(iso(call.at), call.method, path, call.versioned, query, call.image, order.line)
        self.calls.append(made)
        del self.calls[:-CALLS_KEPT]
        order.calls.append(made)
        del order.calls[:-CALLS_OF_A_COMMAND]
        self.open[call.number] = (call, made, order)
        trim(self.open, CALLS_KEPT)
        order.waits += 1
        order.heard_at = call.at
        self.last = order
        return order

    def answered(self, answer: Answer) -> tuple[Call, Made, Order] | None:
        """Note an answer and return what it answers; None if that call was never heard of, or is forgotten."""
        if answer.number not in self.open:
            return None
        call, made, order = self.open.pop(answer.number)
        made.status, made.ms, made.error = answer.status, answer.ms, answer.error
        order.waits -= 1
        order.heard_at = answer.at
        self.lasting[answer.number] = (made, order)
        trim(self.lasting, CALLS_KEPT)
        if call.image and answer.status < 400:
            order.pulled.add(call.image)
        if answer.made and call.is_to("POST", "/containers/create"):
            self.runs.append(Run(answer.made, order=order))
            del self.runs[:-RUNS_KEPT]
            self.name_image(answer.made)
        return call, made, order

    def ended(self, end: Ended) -> tuple[Made, Order] | None:
        """Note that an answer has ended and return to what it was one; None if that is not known."""
        known = self.lasting.pop(end.number, None)
        if known:
            known[0].ms = end.ms
            known[1].heard_at = end.at
        return known

    def happened(self, event: ObjectEvent) -> None:
        if event.kind == "container" and event.action == "create":
            self.images[event.id] = plain_name(event.attributes.get("image", ""))
            trim(self.images, IMAGES_KEPT)
            self.name_image(event.id)
        elif event.kind == "container" and event.action == "start":
            run = self.run_of(event.id)
            if run:
                run.started = True

    def name_image(self, container: str) -> None:
        """Say of which image a container is. The answer tells the container, the event both; either may come first."""
        run = self.run_of(container)
        if run and container in self.images:
            run.image = self.images[container]
            run.pulled = bool(run.order and run.image in run.order.pulled)

    def run_of(self, container: str) -> Run | None:
        return next((run for run in reversed(self.runs) if run.container == container), None)

    def as_facts(self) -> dict[str, Any]:
        """Return `calls`, `runs` and `commands` as checks see them."""
        return {
            "calls": [dict(vars(call)) for call in self.calls],
            "runs": [
                {"image": run.image, "pulled": run.pulled, "container": run.container, "started": run.started,
                 "command": run.order.line if run.order else "",
                 "registry": run.order.registry if run.order else []}
                for run in self.runs if run.image
            ],
            "commands": [
                {"at": iso(order.at), "name": order.name, "line": order.line, "registry": order.registry,
                 "calls": [dict(vars(call)) for call in order.calls]}
                for order in self.orders.values() if order.calls
            ],
        }  # fmt: skip


def trim(known: dict[Any, Any], most: int) -> None:
    while len(known) > most:
        del known[next(iter(known))]
