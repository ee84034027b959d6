"""The learner's page of a workshop."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from workshops import joining
from workshops.access import signed_in, taking_part, user_of
from workshops.classroom import mates_of
from workshops.plan import days_of, next_lesson


@never_cache
@require_safe
def workshop(request: HttpRequest, code: str) -> HttpResponse:
    """The learner's page: what brings them back, what comes next, who else is here."""
    if not request.user.is_authenticated:
        return redirect("workshops:join-code", code)
    participant = taking_part(request, code)
    found, language = participant.workshop, get_language() or participant.workshop.language
    days = days_of(found, language)
    context = {
        "page": "workshop",
        "participant": participant,
        "workshop": found,
        "lesson": next_lesson(found, user_of(request), language),
        "total": sum(len(day.goals) for day in days),
        "mates": mates_of(participant) if found.progress_shared else None,
    }
    return render(request, "workshops/workshop.html", context)


@require_POST
@signed_in
def leave(request: HttpRequest, code: str) -> HttpResponse:
    participant = taking_part(request, code)
    joining.leave(participant)
    messages.success(request, _("You have left %(title)s.") % {"title": participant.workshop.title})
    return redirect("workshops:join")
