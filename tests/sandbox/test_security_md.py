"""SECURITY.md names the tests that prove what it says. They are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = sorted(set(re.findall(r"(tests/[\w/]+\.py)::(test_\w+)", (ROOT / "SECURITY.md").read_text())))


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_what_security_md_names_is_there(file, test):
    assert re.search(rf"^(async )?def {test}\(", (ROOT / file).read_text(), re.MULTILINE)


def test_it_names_every_probe_and_every_hostile_guest():
    named = {test for _, test in NAMED}
    for name in ("test_probes.py", "test_hostile.py"):
        tests = re.findall(r"^def (test_\w+)\(", (ROOT / "tests/docker" / name).read_text(), re.MULTILINE)
        assert set(tests) <= named
