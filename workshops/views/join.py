"""How a browser comes into a workshop: by its code and a name, or back by a personal code."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from courses import catalogue, guests
from courses.forms import NameForm
from courses.models import User
from courses.views import keep_answers
from workshops import codes, joining
from workshops.access import user_of
from workshops.guesses import Guesses, TooManyWrongCodes
from workshops.joining import JoinError
from workshops.models import Participant, Workshop
from workshops.plan import days_of, next_lesson

BACKEND = "django.contrib.auth.backends.ModelBackend"

View = Callable[..., HttpResponse]


def slows_guessing(view: View) -> View:
    """Answer 429 to whoever has sent too many wrong codes."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except TooManyWrongCodes:
            text = _("Too many wrong codes came from your address. Wait a few minutes, then type the code again.")
            response = entrance(request, status=429, error=text)
            response["Retry-After"] = str(Guesses.seconds_left())
            return response

    return guarded


def find_workshop(request: HttpRequest, code: str) -> Workshop | None:
    """Return the workshop of this code, as somebody typed it; count it if there is none."""
    guesses = Guesses.of_codes(request)
    guesses.check()
    found = Workshop.objects.filter(code=codes.typed(code)).first()
    if not found:
        guesses.count()
    return found


def entrance(request: HttpRequest, status: int = 200, **context: str) -> HttpResponse:
    """Return the page that asks for a code. `error` and `personal_error` say what was wrong with what was typed."""
    present = Participant.objects.of(request.user).present()
    return render(request, "workshops/entrance.html", {"page": "join", "present": present, **context}, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@slows_guessing
def join(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return entrance(request)
    typed = request.POST.get("code", "")[:60]
    workshop = find_workshop(request, typed)
    if workshop:
        return redirect("workshops:join-code", workshop.code)
    return entrance(request, status=404, code=typed, error=wrong_code())


@never_cache
@require_http_methods(["GET", "POST"])
@slows_guessing
def come_back(request: HttpRequest) -> HttpResponse:
    """Sign a guest in, on another device, by their personal code."""
    if request.method == "GET":
        return redirect("workshops:join")
    guesses = Guesses.of_personal_codes(request)
    guesses.check()
    typed = request.POST.get("personal_code", "")[:60]
    participant = joining.returning(typed)
    if not participant:
        guesses.count()
        text = _("Nobody has this personal code. Look at it again: it has twelve letters and digits.")
        return entrance(request, status=404, personal_code=typed, personal_error=text)
    return let_in(request, participant)


@never_cache
@require_http_methods(["GET", "POST"])
@slows_guessing
def join_code(request: HttpRequest, code: str) -> HttpResponse:
    """Ask for a name, and let its owner in. Who is in already goes on to the lesson."""
    workshop = find_workshop(request, code)
    if not workshop:
        return entrance(request, status=404, code=code[:60], error=wrong_code())
    if request.method == "POST":
        return take_in(request, workshop)
    if code != workshop.code:
        return redirect("workshops:join-code", workshop.code)
    if Participant.objects.of(request.user).filter(workshop=workshop).exists():
        return to_lesson(workshop, user_of(request))
    return doorstep(request, workshop, NameForm(initial={"name": getattr(who_comes(request), "name", "")}))


def take_in(request: HttpRequest, workshop: Workshop) -> HttpResponse:
    """Let in who has posted a name, or has one: as who they are, or were in this browser, or as a new guest."""
    learner = None if "afresh" in request.POST else who_comes(request)
    form = NameForm(request.POST)
    gives_name = not learner or learner.is_guest
    if gives_name and not form.is_valid():
        return doorstep(request, workshop, form, status=400)
    try:
        if not learner:
            participant = joining.join_as_guest(workshop, form.cleaned_data["name"])
        else:
            participant = joining.join(workshop, learner)
            if gives_name:
                learner.rename(form.cleaned_data["name"])
                participant.publish()
    except JoinError as exc:
        return doorstep(request, workshop, form, status=409, error=str(exc))
    return let_in(request, participant)


def who_comes(request: HttpRequest) -> User | None:
    """Return who is signed in, or the guest that this browser was before."""
    return request.user if isinstance(request.user, User) else guests.returning(request)


def doorstep(
    request: HttpRequest, workshop: Workshop, form: NameForm, status: int = 200, error: str = ""
) -> HttpResponse:
    """Return the page of a workshop for those who are not in: what it is, and the form, or why there is none."""
    comer = who_comes(request)
    context = {
        "page": "join",
        "workshop": workshop,
        "days": days_of(workshop, get_language() or workshop.language),
        "form": form,
        "comer": comer,
        "is_returning": comer and not request.user.is_authenticated,
        "reason": error or joining.closed_to(workshop, is_guest=not comer or comer.is_guest),
    }
    return render(request, "workshops/doorstep.html", context, status=status)


def let_in(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Sign the participant in, in the workshop's language unless the browser has chosen one, and show their page."""
    learner, workshop = participant.learner, participant.workshop
    if request.user != learner:
        login(request, learner, backend=BACKEND)
    course = catalogue.find_course(workshop.course)
    if course:
        keep_answers(request, learner.enroll(course.slug), course)
    response = redirect("workshops:workshop", workshop.code)
    guests.forget(response)
    if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
        set_language(response, workshop.language)
    return response


def set_language(response: HttpResponse, language: str) -> None:
    """Keep a language as Django's own set_language does."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        path=settings.LANGUAGE_COOKIE_PATH,
        domain=settings.LANGUAGE_COOKIE_DOMAIN,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,
    )


def to_lesson(workshop: Workshop, learner: User) -> HttpResponse:
    lesson = next_lesson(workshop, learner, get_language() or workshop.language)
    if lesson:
        return redirect("courses:lesson", lesson.course, lesson.slug)
    return redirect("workshops:workshop", workshop.code)


def wrong_code() -> str:
    return _("No workshop has this code. Look at it again: it has eight letters and digits.")
