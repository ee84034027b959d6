"""What `make bench` takes its words for. Nothing is made."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def would_make(*goals: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "-n", *goals], cwd=ROOT, capture_output=True, text=True, check=False)


def test_what_is_named_after_bench_is_measured():
    assert "-m bench --only echo,fleet\n" in would_make("bench", "echo", "fleet").stdout
    assert "--only" not in would_make("bench").stdout


def test_bench_remove_removes_nothing():
    told = would_make("bench", "remove")
    assert told.returncode != 0
    assert "teardown" not in told.stdout
    assert "-m bench --only remove" in told.stderr
