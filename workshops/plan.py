"""What a workshop is about: the tasks of its days, in order, and how long each is planned to take."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import get_language

from courses import catalogue
from courses.catalogue import Course, Lesson, Progress
from courses.markdown import in_plain_words
from courses.models import Enrollment, User
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


def shown_courses() -> list[Course]:
    """Return the courses that have a day to be done, in the reader's language."""
    language = get_language() or catalogue.ORIGINAL
    found = (catalogue.find_course(slug, language) for slug in catalogue.current().courses)
    return [one for one in found if one and open_days(one)]


def open_days(course: Course) -> list[Lesson]:
    return [day for day in course.lessons if day.published]


def days_of(workshop: Workshop, language: str) -> list[Lesson]:
    """Return the workshop's days that can be read, in order; none of a course that is here no longer."""
    course = catalogue.find_course(workshop.course, language)
    return [day for day in open_days(course) if day.slug in workshop.days] if course else []


def next_lesson(workshop: Workshop, learner: User, language: str) -> Lesson | None:
    """Return the first of the workshop's days that the learner has not done, or the first of all if all are done."""
    days = days_of(workshop, language)
    enrollment = Enrollment.objects.find(learner, workshop.course)
    done = enrollment.done_by_lesson() if enrollment else {}
    return next((day for day in days if not Progress.of([day], done).is_complete), days[0] if days else None)


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
            title = in_plain_words(task.ask)
            found.append(Column(lesson.slug, lesson.number, task.goal, title, False, planned))
        for quiz in lesson.quizzes:
            title = in_plain_words(quiz.question)
            found.append(Column(lesson.slug, lesson.number, quiz.goal, title, True, timedelta()))
    return found
