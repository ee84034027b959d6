"""Reads recordings of what learners did, again and again, as the watch of a page does. Wants Django's settings."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from bench.platform import ROOT
from sandbox.flow import Flow
from sandbox.lines import Line, parse_daemon, parse_warehouse
from sandbox.tap import Heard, hear

RECORDINGS = ROOT / "tests/data"

Entry = tuple[int, str, str]  # microseconds, source, and what was printed


@dataclass
class Tally:
    lines: int = 0
    flows: int = 0  # events of type "flow"
    seconds: float = 0  # of a processor


def read_for(seconds: float) -> None:
    """Read for so long, in this process's time of a processor, and print the tally as JSON."""
    recordings = [recording(file.read_text()) for file in sorted(RECORDINGS.glob("*.log"))]
    read_all(recordings, Tally())  # what is compiled and remembered on first use
    tally, start = Tally(), time.process_time()
    while tally.seconds < seconds:
        read_all(recordings, tally)
        tally.seconds = time.process_time() - start
    print(json.dumps(asdict(tally)))


def recording(text: str) -> list[Entry]:
    entries = [entry.split(" ", 2) for entry in text.splitlines()]
    return [(int(at), source, line) for at, source, line in entries]


def read_all(recordings: list[list[Entry]], tally: Tally) -> None:
    for lines in recordings:
        flow = Flow()
        tally.lines += len(lines)
        for entry in parsed(lines):
            events = flow.feed(entry)
            if events is not None and isinstance(entry, Line):
                entry.as_event(flow.order_number(entry))
            tally.flows += sum(event["type"] == "flow" for event in events or [])


def parsed(lines: list[Entry]) -> Iterator[Line | Heard]:
    for at, source, line in lines:
        entry = (hear(at, line) or parse_daemon(at, line)) if source == "daemon" else parse_warehouse(at, line)
        if entry:
            yield entry
