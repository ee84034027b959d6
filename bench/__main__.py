"""Measures the platform, prints the figures with their limits, and writes them to bench.json in DATA_DIR."""

import argparse
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import uvloop

from bench import (
    arrivals,
    busy,
    claims,
    classroom,
    density,
    drawing,
    echo,
    fleet,
    memory,
    naps,
    pages,
    platform,
    printing,
    pulls,
    reading,
    removals,
    soak,
    sockets,
    stalls,
    starts,
    tapping,
    verdicts,
    watching,
)
from bench.bench import Bench
from bench.report import Figure, table, write_json
from bench.shells import Engine

# How the platform is set up. Most figures want a house in which nothing is started but what is measured.
NO_POOL = {"SANDBOX_POOL": "0"}
AS_DELIVERED: dict[str, str] = {}
SLEEPY = {"SANDBOX_POOL": "0", "SANDBOX_IDLE_MINUTES": "0.4"}
OF_A_FLEET = {"SANDBOX_POOL": "0", "WAREHOUSE_LISTEN": fleet.LISTEN}


@dataclass(frozen=True)
class Measure:
    take: Callable[[Bench], Awaitable[list[Figure]]]
    settings: dict[str, str]
    by_default: bool = True
    on_postgres: bool = False


# In this order: what is measured of a process that has done little yet comes first.
MEASURES = {
    "pages": Measure(pages.measure, NO_POOL),
    "sockets": Measure(sockets.measure, NO_POOL),
    "stall": Measure(stalls.measure, NO_POOL),
    "start": Measure(starts.measure, NO_POOL),
    "echo": Measure(echo.measure, NO_POOL),
    "print": Measure(printing.measure, NO_POOL),
    "busy": Measure(busy.measure, NO_POOL),
    "memory": Measure(memory.measure, NO_POOL),
    "events": Measure(watching.measure, NO_POOL),
    "reading": Measure(reading.measure, NO_POOL),
    "tap": Measure(tapping.measure, NO_POOL),
    "drawing": Measure(drawing.measure, NO_POOL),
    "verdict": Measure(verdicts.measure, NO_POOL),
    "pull": Measure(pulls.measure, NO_POOL),
    "remove": Measure(removals.measure, NO_POOL),
    "claim": Measure(claims.measure, AS_DELIVERED),
    "arrive": Measure(arrivals.measure, AS_DELIVERED),
    "classroom": Measure(classroom.measure, AS_DELIVERED),
    "sleep": Measure(naps.measure, SLEEPY),
    "density": Measure(density.measure, AS_DELIVERED, by_default=False),
    "soak": Measure(soak.measure, AS_DELIVERED, by_default=False),
    "fleet": Measure(fleet.measure, OF_A_FLEET, by_default=False, on_postgres=True),
}


def chosen(text: str) -> list[str]:
    names = text.split(",")
    unknown = set(names) - set(MEASURES)
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: not among {', '.join(MEASURES)}")
    return [name for name in MEASURES if name in names]


def say(text: str) -> None:
    """Tell how far it is, beside what is measured: the table alone goes to stdout."""
    print(text, file=sys.stderr, flush=True)


def set_up_of(name: str) -> tuple[dict[str, str], bool]:
    return MEASURES[name].settings, MEASURES[name].on_postgres


def measure_each(names: list[str], options: argparse.Namespace) -> list[Figure]:
    """Measure in as many platforms, one after another, as there are set-ups among what is measured."""
    figures: list[Figure] = []
    for (settings, on_postgres), group in groupby(names, set_up_of):
        say(f"Starting the platform {settings or 'as delivered'} …")
        with platform.running(on_postgres, **settings) as running:
            figures += uvloop.run(measure_all(running, list(group), options))
            say("Stopping the platform …")
    return figures


async def measure_all(running: platform.Platform, names: list[str], options: argparse.Namespace) -> list[Figure]:
    engine = Engine()
    bench = Bench(running, engine, options.quick, options.minutes, options.learners, options.seed)
    figures: list[Figure] = []
    try:
        for name in names:
            say(f"Measuring {name} (load {os.getloadavg()[0]:.1f}) …")
            taken = await MEASURES[name].take(bench)
            say("\n".join(f"  {figure}" for figure in taken))
            figures += taken
    finally:
        await engine.close()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    usual = [name for name, measure in MEASURES.items() if measure.by_default]
    others = ", ".join(set(MEASURES) - set(usual))
    names = f"of {','.join(MEASURES)}; {others} only if named: it takes minutes, and most of the memory"
    parser.add_argument("--only", type=chosen, default=usual, help=names)
    parser.add_argument("--quick", action="store_true", help="fewer runs: for trying, not for quoting")
    parser.add_argument("--minutes", type=float, help="how long: classroom 5, quick 1; soak 20, quick 4")
    parser.add_argument("--learners", type=int, help="how many are in the soak: 60, quick 20")
    parser.add_argument("--seed", type=int, default=1, help="of what befalls whom in the soak, and when")
    options = parser.parse_args()
    loads = [os.getloadavg()[0]]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped before the end."))
    try:
        figures = measure_each(options.only, options)
    except platform.NotReady as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped before the end.")
    print(table(figures))
    loads.append(os.getloadavg()[0])
    print(f"\n{os.cpu_count()} cores; load {loads[0]:.1f} before the first figure, {loads[1]:.1f} after the last")
    file = Path(os.environ.get("DATA_DIR") or platform.ROOT / "var") / "bench.json"
    write_json(file, figures, quick=options.quick, load=loads)
    if any(figure.must and figure.verdict == "missed" for figure in figures):
        sys.exit("A limit was missed that must not be.")


if __name__ == "__main__":
    main()
