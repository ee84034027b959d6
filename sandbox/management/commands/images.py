"""manage.py images: make every image that is missing, or that was made from files which have changed."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sandbox import images, shipment
from sandbox.engine import EngineError


class Command(BaseCommand):
    help = "Make the images that sandboxes and the warehouse need. Takes no time when nothing has changed."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--load", type=Path, metavar="FILE", help="make none, but take them from a bundle's file")

    def handle(self, *args: Any, load: Path | None, **options: Any) -> None:
        try:
            if load:
                shipment.load(load)
            else:
                images.ensure_all(self.stdout.write)
        except (EngineError, OSError) as error:
            raise CommandError(str(error)) from error
