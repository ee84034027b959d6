"""The audit of what is locked: what it says of answers, and of none."""

import importlib.util
from pathlib import Path

import pytest

SPEC = importlib.util.spec_from_file_location("audit", Path(__file__).parents[2] / "scripts" / "audit.py")
audit = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(audit)

CLEAN = {"name": "django", "version": "5.2.19", "vulns": []}
KNOWN = {"name": "nh3", "version": "0.3.8", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["0.3.9"]}]}
PASSED_OVER = {"name": "vine", "skip_reason": "not found on PyPI"}
NPM = {"esbuild": {"range": "<1", "severity": "high", "via": [{"title": "It is too fast"}, "vite"]}}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    """Run it with these answers; return its code, and what it printed."""

    def run(pip: object, npm: object) -> tuple[int, str]:
        def answer(program: str, *_arguments: str) -> object:
            return npm if program == "npm" else pip

        monkeypatch.setattr(audit, "answer_of", answer)
        return audit.main(), capsys.readouterr().out

    return run


def test_nothing_known_is_said_and_well(run):
    code, said = run({"dependencies": [CLEAN]}, {"vulnerabilities": {}})
    assert code == 0
    assert said.count("No vulnerability is known") == 2


def test_what_is_known_is_named_once_with_what_mends_it(run):
    code, said = run({"dependencies": [CLEAN, KNOWN]}, {"vulnerabilities": NPM})
    assert code == 1
    assert said.splitlines() == ["nh3 0.3.8: PYSEC-2026-1, mended in 0.3.9", "esbuild <1: high, It is too fast"]


@pytest.mark.parametrize("npm", [{"vulnerabilities": {}}, {"statusCode": 405}])
def test_a_package_that_nobody_was_asked_about_is_not_taken_for_well(run, npm):
    code, said = run({"dependencies": [CLEAN, PASSED_OVER]}, npm)
    assert code == 2
    assert "No vulnerability service could be reached for the Python packages" in said


def test_what_is_known_counts_more_than_what_is_not(run):
    assert run({"dependencies": [KNOWN]}, {"statusCode": 405})[0] == 1
    assert run({"dependencies": [PASSED_OVER]}, {"vulnerabilities": NPM})[0] == 1


def test_a_program_that_says_nothing_is_no_answer():
    with pytest.raises(audit.NobodyAnswers):
        audit.answer_of("true")
