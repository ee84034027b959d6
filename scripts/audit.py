"""Asks whether a vulnerability is known of what the lock files name: of Python by pip-audit, of the front-end by npm.

Exit 0: none is known. 1: some are, and named. 2: nobody could be asked, which is no answer.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ["requirements-dev.lock", "requirements-node.lock"]  # each holds what requirements.lock has, too
SECONDS = 300


class NobodyAnswers(Exception):
    pass


def answer_of(*command: str) -> Any:
    """Return what a program prints as JSON; it fails if it finds something, too."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
        return json.loads(done.stdout)
    except (ValueError, subprocess.TimeoutExpired):
        raise NobodyAnswers from None


def found_by_pip(answer: Any) -> Iterator[str]:
    """Yield a line for each vulnerability. A package that was passed over was not asked about: then nobody answers."""
    for package in answer["dependencies"]:
        if "skip_reason" in package:
            raise NobodyAnswers
        for known in package["vulns"]:
            mended = f", mended in {', '.join(known['fix_versions'])}" if known["fix_versions"] else ""
            yield f"{package['name']} {package['version']}: {known['id']}{mended}"


def found_by_npm(answer: Any) -> Iterator[str]:
    if "vulnerabilities" not in answer:
        raise NobodyAnswers
    for name, known in answer["vulnerabilities"].items():
        titles = [cause["title"] for cause in known["via"] if isinstance(cause, dict)]
        yield f"{name} {known['range']}: {known['severity']}, {'; '.join(titles) or 'by what it uses'}"


def python_packages() -> Iterator[str]:
    for lock in LOCKS:
        options = ["--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
        yield from found_by_pip(answer_of(sys.executable, "-m", "pip_audit", "-r", lock, *options))


def main() -> int:
    code = 0
    for what, found in (
        ("Python", python_packages),
        ("front-end", lambda: found_by_npm(answer_of("npm", "audit", "--json"))),
    ):
        try:
            lines = sorted(set(found()))
        except NobodyAnswers:
            print(f"No vulnerability service could be reached for the {what} packages: nothing is known of them.")
            code = code or 2
            continue
        print("\n".join(lines) or f"No vulnerability is known of the {what} packages.")
        code = 1 if lines else code
    return code


if __name__ == "__main__":
    sys.exit(main())
