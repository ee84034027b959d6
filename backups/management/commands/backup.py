"""manage.py backup: everything worth keeping, in one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backups import taking
from backups.errors import BackupError
from backups.progress import in_words, quiet
from sandbox.engine import EngineError


class Command(BaseCommand):
    help = (
        "Write people, progress, learners' files, the images in the warehouse and the keys into one new file. The "
        "platform may run. Exit 1 if that was not possible: then there is no new file, and no old one was removed."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="which nobody else writes to")
        parser.add_argument("--keep", type=int, default=0, metavar="N", help="remove all but the newest N there")
        parser.add_argument("--without-registry", action="store_true", help="leave out the images in the warehouse")

    def handle(self, *args: Any, to: Path, keep: int, without_registry: bool, **options: Any) -> None:
        if keep < 0:
            raise CommandError("--keep is how many archives stay: 1 or more.")
        try:
            file = taking.take(to, keep, not without_registry, self.say if options["verbosity"] else quiet)
        except EngineError as exc:
            raise CommandError(f"{exc} Or leave the images out: --without-registry") from exc
        except BackupError as exc:
            raise CommandError(str(exc)) from exc
        if options["verbosity"]:
            self.say(f"Written: {file} ({in_words(file.stat().st_size)})")

    def say(self, text: str) -> None:
        self.stdout.write(text)
