"""manage.py restore: everything as it was when a backup was made."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backups import restoring
from backups.errors import BackupError
from backups.progress import quiet
from sandbox.engine import EngineError


class Command(BaseCommand):
    help = (
        "Put in place what an archive of `backup` holds, made by this version or an older one. The platform is to be "
        "stopped. Exit 1 if that was not possible: then everything is as it was."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help="lose the data that are here")

    def handle(self, *args: Any, file: Path, replace: bool, **options: Any) -> None:
        try:
            restoring.restore(file, replace, self.say if options["verbosity"] else quiet)
        except (BackupError, EngineError) as exc:
            raise CommandError(str(exc)) from exc
        if options["verbosity"]:
            self.say("Restored. Start the platform.")

    def say(self, text: str) -> None:
        self.stdout.write(text)
