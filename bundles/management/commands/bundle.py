"""manage.py bundle: all that a machine without the internet needs, in one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backups.errors import BackupError
from backups.progress import in_words, quiet
from bundles import making, releases
from bundles.errors import BundleError
from sandbox.engine import EngineError


class Command(BaseCommand):
    help = (
        "Write the platform, its images and every package it needs into one new file, from which it is installed on a "
        "bare Debian or Ubuntu without the internet. Nobody's data are in it. Exit 1 if that was not possible."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", type=Path, required=True, metavar="FILE", help="or the folder that it goes to")
        parser.add_argument(
            "--for", action="append", default=[], metavar="RELEASE", help="bookworm, say; may be said again"
        )

    def handle(self, *args: Any, to: Path, **options: Any) -> None:
        try:
            wanted = releases.chosen(options["for"])
            file = making.make(to, wanted, self.say if options["verbosity"] else quiet)
        except (BundleError, BackupError, EngineError) as exc:
            raise CommandError(str(exc)) from exc
        if options["verbosity"]:
            titles = ", ".join(release.title for release in wanted)
            self.say(f"Written: {file} ({in_words(file.stat().st_size)}), for {titles}")

    def say(self, text: str) -> None:
        self.stdout.write(text)
