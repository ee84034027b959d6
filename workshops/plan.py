"""What a workshop is about: the tasks of its days, in order, and how long each is planned to take."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils.html import strip_tags

from courses import catalogue
from workshops.models import Workshop


@dataclass(frozen=True)
class Column:
    """One task of a workshop. `goal` is the id under which completions are kept."""

    lesson: str
    day: int
    task: str
    title: str
    is_quiz: bool
    planned: timedelta

    @property
    def key(self) -> str:
        return f"{self.lesson}/{self.task}"

    def as_json(self) -> dict[str, object]:
        return {
            "key": self.key,
            "lesson": self.lesson,
            "day": self.day,
            "task": self.task,
            "title": self.title,
            "quiz": self.is_quiz,
            "planned": self.planned.total_seconds(),
        }


def columns(workshop: Workshop, language: str) -> list[Column]:
    """Return the tasks and questions of the workshop's days; none of a course that is here no longer.

    A lesson's minutes are shared out among its tasks: they are what is worked on.
    """
    course = catalogue.find_course(workshop.course, language)
    found = []
    for lesson in course.lessons if course else ():
        if lesson.slug not in workshop.days:
            continue
        planned = timedelta(minutes=lesson.minutes) / max(1, len(lesson.tasks))
        for task in lesson.tasks:
            title = strip_tags(task.ask)
            found.append(Column(lesson.slug, lesson.number, task.goal, title, False, planned))
        for quiz in lesson.quizzes:
            title = strip_tags(quiz.question)
            found.append(Column(lesson.slug, lesson.number, quiz.goal, title, True, timedelta()))
    return found
