"""Who gets a certificate of a workshop: whoever has done every task and question of its days."""

from courses import catalogue
from workshops.gradebook import Gradebook, Line
from workshops.models import Workshop, WorkshopCertificate
from workshops.models.certificate import day_of


def certify(gradebook: Gradebook, line: Line) -> WorkshopCertificate | None:
    """Return the participant's certificate, made now if there was none; None while something is to be done.

    One that was given stays: tasks that are added to a day later do not take it away.
    """
    if line.certificate or not line.is_complete:
        return line.certificate
    workshop = gradebook.workshop
    course = catalogue.find_course(workshop.course, workshop.language)
    line.certificate = WorkshopCertificate.objects.issue(
        workshop,
        line.participant.learner,
        course=course.title if course else workshop.course,
        days=days_of(workshop, line),
        goals=len(line.cells),
        solutions=line.solutions,
    )
    return line.certificate


def days_of(workshop: Workshop, line: Line) -> list[dict[str, object]]:
    course = catalogue.find_course(workshop.course, workshop.language)
    days = []
    for lesson in course.lessons if course else ():
        cells = [line.cells[key] for goal in lesson.goals if (key := f"{lesson.slug}/{goal}") in line.cells]
        done_at = max((cell.done_at for cell in cells if cell.done_at), default=None)
        if done_at:
            days.append(day_of(lesson.number, lesson.title, done_at))
    return days
