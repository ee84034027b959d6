"""manage.py warehouse: the registry that sandboxes pull from and push to."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import logs
from sandbox import accounts, door, images, warehouse
from sandbox.engine import EngineError


class Command(BaseCommand):
    help = (
        "Open the warehouse (up), close it (down), say how it is (status); put the images of the course in (seed), or "
        "one that the engine can pull (copy NAME [AS]); clear away what nobody needs (tidy); answer who may do what, "
        "until stopped (tokens), which `make run` does by itself."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["up", "down", "seed", "status", "copy", "tidy", "tokens"])
        parser.add_argument("names", nargs="*", metavar="NAME", help="for copy: the image, and its name here")

    def handle(self, *args: Any, action: str, names: list[str], **options: Any) -> None:
        if len(names) not in ((1, 2) if action == "copy" else (0,)):
            raise CommandError("Name the image, and if you like its name here: warehouse copy NAME [AS]")
        try:
            getattr(self, action)(*names)
        except EngineError as error:
            raise CommandError(str(error)) from error

    def up(self) -> None:
        warehouse.ensure_running()

    def down(self) -> None:
        warehouse.stop()

    def seed(self) -> None:
        warehouse.ensure_running()
        for name in warehouse.seed(images.stock()):
            self.stdout.write(f"In the warehouse: {warehouse.repository_of(name)}")

    def copy(self, name: str, here: str = "") -> None:
        here = here or images.name_here(name)
        warehouse.ensure_running()
        if "/" not in here or accounts.LEARNERS.fullmatch(here.partition("/")[0]):
            raise CommandError(f"{here} cannot be its name here. Give it one with a slash, such as library/nginx.")
        warehouse.seed({here: images.fetch(name)})
        self.stdout.write(f"In the warehouse: {here}")

    def tidy(self) -> None:
        warehouse.tidy(quiet_minutes=0, given_up=accounts.left_by_learners(warehouse.spaces()))

    def tokens(self) -> None:
        logs.begin("tokens")
        stopped = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stopped.set())
        door.serve(stopped)

    def status(self) -> None:
        found = warehouse.status()
        if found != "ok":
            raise CommandError(f"The warehouse: {found}. Open it with `python manage.py warehouse up`.")
        self.stdout.write(found)
