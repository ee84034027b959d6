"""`manage.py course check`: is every lesson fit to be taught?"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from courses import catalogue
from courses.catalogue import Lesson
from courses.lint import find_mistakes


class Command(BaseCommand):
    help = "Looks after the course's files. `check` names every mistake by file and line."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["check"])

    def handle(self, *args: Any, **options: Any) -> None:
        fresh = catalogue.load(catalogue.shelf.root)
        mistakes = find_mistakes(fresh)
        for mistake in mistakes:
            self.stderr.write(str(mistake).removeprefix(f"{Path.cwd()}/"))
        if mistakes:
            raise CommandError(f"{len(mistakes)} to mend")
        if not fresh.courses:
            raise CommandError(f"There is no course in {catalogue.shelf.root}.")
        lessons = [lesson for course in fresh.courses.values() for lesson in course.lessons if lesson.published]
        self.prove(lessons, **options)
        tasks = sum(len(lesson.tasks) for lesson in lessons)
        self.stdout.write(f"{len(lessons)} lessons, {tasks} tasks, ok")

    def prove(self, lessons: list[Lesson], **options: Any) -> None:
        """Go beyond the files. Nothing here: a room that has sandboxes says what."""
