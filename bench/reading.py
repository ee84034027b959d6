"""How many events of the flow one processor reads out of the logs."""

import json

from bench.bench import Bench
from bench.report import Figure

READ = "import sys, django; django.setup(); from bench import recordings; recordings.read_for(float(sys.argv[1]))"


async def measure(bench: Bench) -> list[Figure]:
    """Read in a process that does nothing else, with the settings and languages of the platform."""
    tally = json.loads(bench.platform.told_by(READ, str(bench.times(5, 1))))
    flows, lines = tally["flows"] / tally["seconds"], tally["lines"] / tally["seconds"]
    note = f"from {lines:.0f} lines a second, over {tally['seconds']:.1f} s of a processor"
    return [Figure("flow events read, by one processor", flows, "/s", 1000, note, at_least=True)]
