"""The pages: the bazaar's front, a course, a lesson, and the forms on them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from courses import catalogue, guests, limits
from courses.catalogue import Course, Lesson, Progress, Quiz
from courses.forms import NameForm
from courses.models import Certificate, Enrollment, User
from courses.page import render_lesson, render_page, render_solution


@dataclass(frozen=True, slots=True)
class Day:
    lesson: Lesson
    progress: Progress | None
    done_at: datetime | None = None

    @classmethod
    def of(cls, lesson: Lesson, done: Mapping[str, Mapping[str, datetime]] | None) -> "Day":
        """Return the day with what the learner has done, by lesson and goal; None: nobody's progress."""
        if done is None:
            return cls(lesson, None)
        return cls(lesson, Progress.of([lesson], done), max(done.get(lesson.slug, {}).values(), default=None))


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    course = _first_course()
    if not course:
        return _not_found(request, _("The course cannot be shown at the moment: its files have a mistake."), status=503)
    others = [found for slug in catalogue.current().courses if slug != course.slug and (found := _find_course(slug))]
    return render(request, "courses/home.html", {"page": "home", "others": others, **_overview(request, course)})


@require_safe
def course(request: HttpRequest, course_slug: str) -> HttpResponse:
    found = _find_course(course_slug)
    if not found:
        return _not_found(request, _("There is no course of that name here."))
    context = _overview(request, found)
    if isinstance(request.user, User):
        context["name_form"] = NameForm(initial={"name": request.user.name})
    return render(request, "courses/course.html", {"page": "course", "name_form": None, **context})


@require_safe
def lesson(request: HttpRequest, course_slug: str, lesson_slug: str) -> HttpResponse:
    course = _find_course(course_slug)
    found = course.lesson(lesson_slug) if course else None
    if not course or not found:
        return _not_found(request, _("There is no lesson of that name here."), course)
    if found.mistake:
        return _not_found(request, _("This lesson cannot be shown: its file has a mistake."), course, status=503)
    if not found.published:
        return _not_found(request, _("Day %(number)s is not open yet.") % {"number": found.number}, course)

    enrollment = Enrollment.objects.find(request.user, course.slug)
    if enrollment:
        enrollment.read(found.slug, timezone.now())
    done = enrollment.done(found.slug) if enrollment else None
    language = get_language() or catalogue.ORIGINAL
    body = render_lesson(
        found,
        language,
        completed=done.keys() if done else frozenset(),
        shown=enrollment.solutions_shown(found.slug) if enrollment else None,
        answers=request.session.get("answers", {}).get(f"{course.slug}/{found.slug}"),
        token=get_token(request),
    )
    return HttpResponse(render_page(request, course, found, language, done, body))


@require_POST
def quiz(request: HttpRequest, course_slug: str, lesson_slug: str, quiz_id: str) -> HttpResponse:
    """Judge an answer. A script that accepts JSON gets it as such, a browser's form goes back to the page."""
    course = _find_course(course_slug)
    lesson = course.lesson(lesson_slug) if course else None
    found = lesson.quiz(quiz_id) if lesson else None
    if not lesson or not found:
        return _not_found(request, _("There is no quiz of that name here."), course)
    number = request.POST.get("option", "")
    answer = found.option(number)
    if answer:
        _remember_answer(request, lesson, found, number, answer.correct)
    if "application/json" in request.headers.get("Accept", ""):
        if not answer:
            return JsonResponse({"error": _("Choose one of the answers.")}, status=400)
        return JsonResponse({"right": answer.correct, "why": answer.why, "option": int(number)})
    if not answer:
        messages.error(request, _("Choose one of the answers."))
    return redirect(f"{reverse('courses:lesson', args=[course_slug, lesson_slug])}#quiz-{quiz_id}")


@require_POST
@login_required
def solution(request: HttpRequest, course_slug: str, lesson_slug: str, task_id: str) -> HttpResponse:
    """Show how a task is done, and note that it was asked for. A script gets the commands, a form the page again."""
    course = _find_course(course_slug)
    lesson = course.lesson(lesson_slug) if course else None
    task = lesson.task(task_id) if lesson else None
    if not lesson or not task:
        return _not_found(request, _("There is no task of that name here."), course)
    _signed_in(request).enroll(course_slug).show_solution(lesson.slug, task.id)
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"html": render_solution(task)})
    return redirect(f"{reverse('courses:lesson', args=[course_slug, lesson_slug])}#task-{task_id}")


@require_POST
@login_required
def certify(request: HttpRequest, course_slug: str) -> HttpResponse:
    """Give the learner their certificate, if they have done everything there is."""
    course = _find_course(course_slug)
    enrollment = Enrollment.objects.find(request.user, course_slug)
    if not course or not enrollment:
        return _not_found(request, _("There is no course of that name here."))
    certificate = enrollment.certify(course)
    if not certificate:
        messages.error(request, _("Some tasks or questions are still open. Your certificate waits for them."))
        return redirect("courses:course", course_slug)
    return redirect("courses:certificate", certificate.code)


@require_safe
def certificate(request: HttpRequest, code: str) -> HttpResponse:
    """Show a certificate to whoever has its address: that it is here is the proof."""
    found = Certificate.objects.select_related("enrollment__learner").filter(code=code).first()
    if not found:
        return _not_found(request, _("There is no certificate at this address."))
    days = [day | {"done_at": date.fromisoformat(day["done_at"])} for day in found.days]
    context = {"certificate": found, "days": days, "address": request.build_absolute_uri()}
    return render(request, "courses/certificate.html", {"page": "certificate", **context})


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Make a guest of a visitor, or take back the guest this browser was; then enrol and go on."""
    asked = request.POST.get("course", "")
    course = _find_course(asked) if asked else _first_course()
    if not course:
        return _not_found(request, _("There is no course of that name here."))
    response = redirect(_safe_next(request) or reverse("courses:course", args=[course.slug]))
    if isinstance(request.user, User):
        learner = request.user
    else:
        if limits.is_too_often(request, "start", settings.GUESTS_PER_HOUR):
            message = _("Too many learners started from your address in this hour. Please try again later.")
            return _not_found(request, message, status=429)
        learner = _returning(request) or User.objects.create_guest()
        login(request, learner, backend="django.contrib.auth.backends.ModelBackend")
        guests.forget(response)
    keep_answers(request, learner.enroll(course.slug), course)
    return response


@require_POST
@login_required
def name(request: HttpRequest) -> HttpResponse:
    form = NameForm(request.POST)
    if form.is_valid():
        _signed_in(request).rename(form.cleaned_data["name"])
        messages.success(request, _("Hello, %(name)s.") % {"name": form.cleaned_data["name"]})
    else:
        messages.error(request, " ".join(str(error) for error in form.errors["name"]))
    return redirect(_safe_next(request) or "courses:home")


def _returning(request: HttpRequest) -> User | None:
    return None if "afresh" in request.POST else guests.returning(request)


def _find_course(slug: str) -> Course | None:
    return catalogue.find_course(slug, get_language() or catalogue.ORIGINAL)


def _first_course() -> Course | None:
    return next((_find_course(slug) for slug in catalogue.current().courses), None)


def _overview(request: HttpRequest, course: Course) -> dict[str, Any]:
    """Return what the front page and the course page say of the days and of one's progress."""
    enrollment = Enrollment.objects.find(request.user, course.slug)
    done = enrollment.done_by_lesson() if enrollment else {}
    days = [Day.of(lesson, done if enrollment and lesson.published else None) for lesson in course.lessons]
    open_days = [day for day in days if day.lesson.published]
    unfinished = (day.lesson for day in open_days if not (day.progress and day.progress.is_complete))
    return {
        "course": course,
        "days": days,
        "enrollment": enrollment,
        "progress": Progress.of(course.lessons, done) if enrollment else None,
        "next_lesson": next(unfinished, open_days[0].lesson if open_days else None),
        "is_returning": guests.is_returning(request),
    }


def _remember_answer(request: HttpRequest, lesson: Lesson, quiz: Quiz, number: str, correct: bool) -> None:
    answers = request.session.setdefault("answers", {})
    answers.setdefault(f"{lesson.course}/{lesson.slug}", {})[quiz.id] = number
    request.session.modified = True
    if correct and isinstance(request.user, User):
        request.user.enroll(lesson.course).complete(lesson.slug, quiz.goal)


def keep_answers(request: HttpRequest, enrollment: Enrollment, course: Course) -> None:
    """Count the quizzes a visitor answered rightly before starting."""
    answers = request.session.get("answers", {})
    for lesson in course.lessons:
        given = answers.get(f"{course.slug}/{lesson.slug}", {})
        for quiz in lesson.quizzes:
            option = quiz.option(given.get(quiz.id, ""))
            if option and option.correct:
                enrollment.complete(lesson.slug, quiz.goal)


def _not_found(request: HttpRequest, message: str, course: Course | None = None, status: int = 404) -> HttpResponse:
    context: dict[str, Any] = {"page": "error", "message": message, "course": None, "days": []}
    course = course or _first_course()
    if course:
        context |= _overview(request, course)
    return render(request, "courses/not_found.html", context, status=status)


def _safe_next(request: HttpRequest) -> str:
    """Return where the form wants to go, if that is on this site."""
    url = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if is_ours else ""


def _signed_in(request: HttpRequest) -> User:
    assert not isinstance(request.user, AnonymousUser)  # noqa: S101 (for the types: login_required says so)
    return request.user
