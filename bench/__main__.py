"""Measures the platform, prints the figures with their limits, and writes them to bench.json in DATA_DIR."""

import argparse
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from bench import busy, echo, memory, pages, platform, printing, stalls, starts, watching
from bench.bench import Bench
from bench.report import Figure, table, write_json
from bench.shells import Engine

# In this order: what is measured of a process that has done little yet comes first.
MEASURES: dict[str, Callable[[Bench], Awaitable[list[Figure]]]] = {
    "pages": pages.measure,
    "stall": stalls.measure,
    "start": starts.measure,
    "echo": echo.measure,
    "print": printing.measure,
    "busy": busy.measure,
    "memory": memory.measure,
    "events": watching.measure,
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


async def measure_all(running: platform.Platform, names: list[str], quick: bool) -> list[Figure]:
    engine = Engine()
    bench = Bench(running, engine, quick)
    figures: list[Figure] = []
    try:
        for name in names:
            say(f"Measuring {name} (load {os.getloadavg()[0]:.1f}) …")
            figures += await MEASURES[name](bench)
    finally:
        await engine.close()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", type=chosen, default=list(MEASURES), help=f"of {','.join(MEASURES)}")
    parser.add_argument("--quick", action="store_true", help="fewer runs: for trying, not for quoting")
    options = parser.parse_args()
    loads = [os.getloadavg()[0]]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped before the end."))
    say("Starting the platform …")
    try:
        with platform.running() as running:
            figures = uvloop.run(measure_all(running, options.only, options.quick))
    except platform.NotReady as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped before the end.")
    print(table(figures))
    loads.append(os.getloadavg()[0])
    print(f"\n{os.cpu_count()} cores; load {loads[0]:.1f} before the first figure, {loads[1]:.1f} after the last")
    file = Path(os.environ.get("DATA_DIR") or platform.ROOT / "var") / "bench.json"
    write_json(file, figures, quick=options.quick, load=loads)


if __name__ == "__main__":
    main()
