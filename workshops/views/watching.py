"""Pages that look at a terminal: a learner's, for who teaches them; an instructor's, for the class."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from workshops.access import signed_in, staff_only, taught, taught_participant, user_of
from workshops.stage import shown_to
from workshops.views.desk import card_of


@require_safe
@staff_only
def watch(request: HttpRequest, code: str, participant: int) -> HttpResponse:
    """Show a learner's terminal, flow and map, and what can be done for them."""
    one = taught_participant(request, code, participant)
    sockets = f"/ws/workshop/{code}/learners/{one.pk}"
    context = {
        "page": "watch",
        "workshop": one.workshop,
        "participant": one,
        "terminal": f"{sockets}/terminal/client/",
        "events": f"{sockets}/events/",
    }
    return render(request, "workshops/watch.html", context)


@require_safe
@staff_only
def projector(request: HttpRequest, code: str) -> HttpResponse:
    """Show what is shown to the class, large; while there is nothing, how to join."""
    workshop = taught(request, code)
    context = {
        "page": "projector",
        "workshop": workshop,
        "address": request.get_host() + reverse("workshops:join"),
        "card": card_of(request, workshop),
        **stage_sockets(code),
    }
    return render(request, "workshops/projector.html", context)


@require_safe
@signed_in
def stage(request: HttpRequest, code: str) -> HttpResponse:
    """Return the elements in which a page draws what is shown to the class."""
    if not shown_to(user_of(request).pk, code):
        raise Http404(_("You take no part in such a workshop."))
    return render(request, "workshops/viewer.html", stage_sockets(code))


def stage_sockets(code: str) -> dict[str, str]:
    stage = f"/ws/workshop/{code}/stage"
    return {"terminal": f"{stage}/terminal/", "events": f"{stage}/events/"}
