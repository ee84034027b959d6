"""What was measured, as a table for people and as JSON."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One measured value; a limit of None means that it is only told. `note` says how it was taken, or its parts.

    The limit is the most that it may be, or, of what there should be more of, the least. `must`: to miss it is to
    fail.
    """

    name: str
    value: float
    unit: str
    limit: float | None = None
    note: str = ""
    at_least: bool = False
    must: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {shown(self.value)} {self.unit} {self.verdict} ({self.note})"

    @property
    def verdict(self) -> str:
        if self.limit is None:
            return ""
        good = self.value >= self.limit if self.at_least else self.value <= self.limit
        return "ok" if good else "missed"


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that `percent` of the values do not exceed (the nearest one that was measured)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def milliseconds(seconds: float) -> float:
    return seconds * 1000


def table(figures: Sequence[Figure]) -> str:
    rows = [("figure", "measured", "limit", "", "note")]
    for figure in figures:
        limit = "" if figure.limit is None else f"{'≥ ' * figure.at_least}{figure.limit:g} {figure.unit}"
        rows.append((figure.name, f"{shown(figure.value)} {figure.unit}", limit, figure.verdict, figure.note))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    name, *numbers, verdict = widths
    form = f"{{:<{name}}}  {{:>{numbers[0]}}}  {{:>{numbers[1]}}}  {{:<{verdict}}}  {{}}"
    return "\n".join(form.format(*row).rstrip() for row in rows)


def shown(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def write_json(file: Path, figures: Sequence[Figure], **about: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    taken = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "cores": os.cpu_count(), **about}
    rows = [asdict(figure) | {"verdict": figure.verdict} for figure in figures]
    file.write_text(json.dumps(taken | {"figures": rows}, indent=2) + "\n")
