"""`manage.py course check --live`: can every task be done as the lesson says?"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from courses.catalogue import Lesson
from courses.management.commands import course
from sandbox import proof


class Command(course.Command):
    help = f"{course.Command.help} `--live` also proves each task in a real sandbox."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--live", action="store_true", help="prove each task, and run every command, in a real sandbox"
        )

    def prove(self, lessons: list[Lesson], **options: Any) -> None:
        if not options["live"]:
            return
        troubles = sum(not self.proven(lesson, one) for lesson in lessons for one in proof.prove(lesson))
        hints = sum(not self.proven(lesson, one) for lesson in lessons for one in proof.follow_hints(lesson))
        failures = sum(not self.proven(lesson, one) for lesson in lessons for one in proof.read_through(lesson))
        if troubles:
            raise CommandError(f"{troubles} tasks not proven")
        if hints:
            raise CommandError(f"{hints} hints lead nowhere")
        if failures:
            raise CommandError(f"{failures} commands fail when the page is followed")

    def proven(self, lesson: Lesson, one: proof.Proof) -> bool:
        where = f"{lesson.course}/{lesson.slug}: {one.task}"
        if one.trouble:
            self.stderr.write(f"{where}: {one.trouble}")
        else:
            self.stdout.write(f"{where}: proven")
        return not one.trouble
