"""What a sandbox's daemon, its tap and the warehouse wrote while a learner worked: tests/data/*.log.

Those of other engines, tests/data/engines/VERSION.log, are made by scripts/record.sh.
"""

import json
from pathlib import Path
from typing import Any

from sandbox.flow import Flow
from sandbox.lines import Line, parse_daemon, parse_warehouse
from sandbox.tap import Heard, hear

DATA = Path(__file__).parent / "data"
ENGINES = sorted(f"engines/{path.stem}" for path in DATA.glob("engines/*.log"))
NAMES = sorted(path.stem for path in DATA.glob("*.log")) + ENGINES
POHA = "warehouse:5000/sarafa/poha"
ALICES_ADDRESS = "fd00::a11c:e"


def raw(name: str) -> list[tuple[int, str, str]]:
    """Return a recording's microseconds, sources (daemon or warehouse) and lines."""
    entries = [entry.split(" ", 2) for entry in (DATA / f"{name}.log").read_text().splitlines()]
    return [(int(at), source, line) for at, source, line in entries]


def heard_call(number: int, method: str, uri: str, command: int = 0) -> str:
    """Return a line in which the tap tells of a call."""
    return json.dumps({"tap": "call", "call": number, "command": command, "method": method, "uri": uri})


def recorded(*names: str) -> list[Line | Heard]:
    entries: list[Line | Heard] = []
    for at, source, line in (entry for name in names for entry in raw(name)):
        parsed = (hear(at, line) or parse_daemon(at, line)) if source == "daemon" else parse_warehouse(at, line)
        if parsed:  # the registry logs more than its answers
            entries.append(parsed)
    return entries


def fed(*names: str) -> tuple[Flow, list[dict[str, Any]]]:
    """Feed recordings one after the other; return the flow and all its events."""
    told, events = Flow(), []
    for entry in recorded(*names):
        events += told.feed(entry) or []
    return told, events


def arrows(*names: str) -> list[dict[str, Any]]:
    return [event for event in fed(*names)[1] if event["type"] == "flow"]
