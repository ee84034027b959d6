from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.urls import reverse

from accounts import instructors


class Command(BaseCommand):
    help = "Print a link that signs the first instructor in, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--base", default="http://127.0.0.1:8000", help="where the platform is reached")

    def handle(self, *args: Any, base: str, **options: Any) -> None:
        parts = instructors.link_parts(instructors.first_instructor())
        self.stdout.write(base.rstrip("/") + reverse("accounts:sign-in-once", args=parts))
