"""`manage.py course check`: is every lesson fit to be taught? `manage.py course new`: a small course to begin with."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from courses import catalogue
from courses.catalogue import Lesson
from courses.lint import find_mistakes, find_warnings
from courses.skeleton import lay_out


class Command(BaseCommand):
    help = "Looks after the course's files. `check` names every mistake by file and line."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["check", "new"])
        parser.add_argument("folder", nargs="?", help="new: the folder that the course is to have")
        parser.add_argument("title", nargs="?", default="", help="new: the course's title")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "new":
            self.begin(options["folder"], options["title"])
        else:
            self.check_all(**options)

    def begin(self, folder: str | None, title: str) -> None:
        if not folder or not title.strip():
            raise CommandError('Name a folder and a title: manage.py course new ~/courses/chai "Chai in containers"')
        try:
            made = lay_out(Path(folder).expanduser().resolve(), title.strip())
        except ValueError as exc:
            raise CommandError(str(exc)) from exc
        for file in made:
            self.stdout.write(str(file))
        self.stdout.write(f"Serve it: COURSES_DIR={made[0].parent.parent} make run")

    def check_all(self, **options: Any) -> None:
        fresh = catalogue.load(*catalogue.shelf.roots)
        mistakes = find_mistakes(fresh)
        for mistake in mistakes:
            self.stderr.write(str(mistake).removeprefix(f"{Path.cwd()}/"))
        for warning in find_warnings(fresh):
            self.stderr.write(f"{warning} (a warning)".removeprefix(f"{Path.cwd()}/"))
        if mistakes:
            raise CommandError(f"{len(mistakes)} to mend")
        if not fresh.courses:
            raise CommandError(f"There is no course in {', '.join(map(str, catalogue.shelf.roots))}.")
        lessons = [lesson for course in fresh.courses.values() for lesson in course.lessons if lesson.published]
        self.prove(lessons, **options)
        tasks = sum(len(lesson.tasks) for lesson in lessons)
        self.stdout.write(f"{len(lessons)} lessons, {tasks} tasks, ok")

    def prove(self, lessons: list[Lesson], **options: Any) -> None:
        """Go beyond the files. Nothing here: a room that has sandboxes says what."""
