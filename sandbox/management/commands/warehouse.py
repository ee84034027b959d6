"""manage.py warehouse: the registry that sandboxes pull from."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sandbox import images, warehouse
from sandbox.engine import EngineError


class Command(BaseCommand):
    help = (
        "Open the warehouse (up), close it (down), put the images of the course in (seed), or say how it is (status)."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["up", "down", "seed", "status"])

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            getattr(self, action)()
        except EngineError as error:
            raise CommandError(str(error)) from error

    def up(self) -> None:
        warehouse.ensure_running()

    def down(self) -> None:
        warehouse.stop()

    def seed(self) -> None:
        warehouse.ensure_running()
        for name in warehouse.seed(images.stock()):
            self.stdout.write(f"In the warehouse: sarafa/{name}")

    def status(self) -> None:
        found = warehouse.status()
        if found != "ok":
            raise CommandError(f"The warehouse is {found}. Open it with `python manage.py warehouse up`.")
        self.stdout.write(found)
