import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from sandbox import doctor


class Command(BaseCommand):
    help = "Say what this machine can do and how to mend what it cannot. Exit 1 if learners could not start."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = doctor.examine()
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=2))
        else:
            for finding in findings:
                self.show(finding)
        if any(finding.level == "error" for finding in findings):
            raise SystemExit(1)

    def show(self, finding: doctor.Finding) -> None:
        style = {"ok": self.style.SUCCESS, "warning": self.style.WARNING, "error": self.style.ERROR}[finding.level]
        self.stdout.write(f"{style(finding.level.ljust(8))} {finding.name}: {finding.text}")
        if finding.mend:
            self.stdout.write(f"         → {finding.mend}")
