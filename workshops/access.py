"""Who may do what in a workshop: the lookups are the checks. What is not yours is not found."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from courses.models import User
from workshops.models import Participant, Workshop

View = Callable[..., HttpResponse]


def signed_in(view: View) -> View:
    """Ask a visitor to sign in: a page by sending them there, a script with 401 and a sentence."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if request.method in {"GET", "HEAD"}:
            return redirect_to_login(request.get_full_path())
        return JsonResponse({"error": _("You are not signed in.")}, status=401)

    return never_cache(guarded)


def staff_only(view: View) -> View:
    """Show instructors' things to the staff alone; to others there are none."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_staff:
            raise Http404(_("There is no such page."))
        return view(request, *args, **kwargs)

    return signed_in(guarded)


def user_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 (for the types: signed_in says so)
    return request.user


def taught(request: HttpRequest, code: str) -> Workshop:
    """Return the workshop, if this user teaches it."""
    found = Workshop.objects.taught_by(request.user).filter(code=code).first()
    if not found:
        raise Http404(_("There is no such workshop among yours."))
    return found


def taught_participant(request: HttpRequest, code: str, participant: int) -> Participant:
    """Return the participant of a workshop that this user teaches."""
    workshop = taught(request, code)
    found = workshop.participants.select_related("learner", "workshop").filter(pk=participant).first()
    if not found:
        raise Http404(_("There is no such participant in this workshop."))
    return found


def taking_part(request: HttpRequest, code: str) -> Participant:
    """Return this user as a participant of the workshop."""
    found = Participant.objects.of(request.user).select_related("workshop").filter(workshop__code=code).first()
    if not found:
        raise Http404(_("You take no part in such a workshop."))
    return found
