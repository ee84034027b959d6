"""manage.py images: make every image that is missing, or that was made from files which have changed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sandbox import images
from sandbox.engine import EngineError


class Command(BaseCommand):
    help = "Make the images that sandboxes and the warehouse need. Takes no time when nothing has changed."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            images.ensure_all(self.stdout.write)
        except EngineError as error:
            raise CommandError(str(error)) from error
