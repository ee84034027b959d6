"""The sandbox API: a learner's own sandbox, as JSON."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from courses import catalogue
from courses.models import Enrollment
from sandbox import admission, tasks, visits
from sandbox.admission import FullHouse
from sandbox.models import Sandbox, State

View = Callable[..., HttpResponse]


def learners_only(view: View) -> View:
    """Answer a visitor with 401 and a sentence, as a script can use it."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return JsonResponse({"error": _("You are not signed in. Press Start learning first.")}, status=401)
        return view(request, *args, **kwargs)

    return never_cache(guarded)


def own(request: HttpRequest, code: str) -> Sandbox:
    """Return the learner's sandbox of that code; somebody else's does not exist."""
    sandbox = Sandbox.objects.of(request.user).filter(code=code).first()
    if not sandbox:
        raise Http404(_("There is no such sandbox."))
    sandbox.note_in_logs()
    return sandbox


@require_POST
@learners_only
def open_sandbox(request: HttpRequest) -> HttpResponse:
    """Return the learner's sandbox, started if there was none; 503 when the house is full."""
    try:
        return JsonResponse(admission.open_for(request.user).as_json())
    except FullHouse as exc:
        return full(exc)


def full(house: FullHouse) -> HttpResponse:
    return JsonResponse(house.as_json(), status=503, headers={"Retry-After": str(house.retry_after)})


@require_POST
@learners_only
def leave_queue(request: HttpRequest) -> HttpResponse:
    """Give up the learner's place in the queue. One who is not in it leaves it, too."""
    admission.leave_queue(request.user)
    return JsonResponse({})


@require_GET
@learners_only
def show_sandbox(request: HttpRequest, code: str) -> HttpResponse:
    return JsonResponse(own(request, code).as_json())


@require_POST
@learners_only
def stop_sandbox(request: HttpRequest, code: str) -> HttpResponse:
    sandbox = own(request, code)
    sandbox.order_stop()
    return JsonResponse(sandbox.as_json())


@require_POST
@learners_only
def reset_sandbox(request: HttpRequest, code: str) -> HttpResponse:
    """Throw this sandbox away and return a new one, clean, or with the files of the learner's home: `files=keep`."""
    keep_home = request.POST.get("files") == "keep"
    try:
        return JsonResponse(admission.replace(own(request, code), keep_home).as_json())
    except FullHouse as exc:
        return full(exc)


@require_POST
@learners_only
def extend_sandbox(request: HttpRequest, code: str) -> HttpResponse:
    sandbox = own(request, code)
    if not sandbox.extend(timezone.now()):
        return JsonResponse(sandbox.as_json() | {"error": _("Only a running sandbox can be extended.")}, status=409)
    return JsonResponse(sandbox.as_json())


@require_GET
@learners_only
def visit(request: HttpRequest, code: str, port: int) -> HttpResponse:
    """Show the browser in to what listens on a port of the sandbox: elsewhere, and not as the learner."""
    if not 0 < port < 65536:
        raise Http404(_("There is no such port."))
    return redirect(visits.entrance(request.get_host(), visits.Visit(own(request, code).code, port)))


@require_POST
@learners_only
def check_lesson(request: HttpRequest, course: str, lesson: str) -> HttpResponse:
    """Have the learner's tasks checked now. What is found arrives as events."""
    enrolled = Enrollment.objects.of(request.user).in_course(course).exists()
    if not catalogue.find_lesson(course, lesson) or not enrolled:
        raise Http404(_("There is no such lesson in your courses."))
    sandbox = Sandbox.objects.of(request.user).filter(state=State.RUNNING).first()
    if not sandbox:
        return JsonResponse({"error": _("Your sandbox is not running, so nothing can be checked.")}, status=409)
    if not tasks.order(tasks.check_tasks, sandbox.pk, get_language()):
        return JsonResponse({"error": _("The work queue does not answer. Try again in a moment.")}, status=503)
    return JsonResponse({}, status=202)
