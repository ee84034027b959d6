"""The pages on which an instructor sees the room: the console, and the wall."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from workshops.access import staff_only, taught


@require_safe
@staff_only
def console(request: HttpRequest, code: str) -> HttpResponse:
    return room(request, code, "console")


@require_safe
@staff_only
def wall(request: HttpRequest, code: str) -> HttpResponse:
    return room(request, code, "wall")


def room(request: HttpRequest, code: str, page: str) -> HttpResponse:
    workshop = taught(request, code)
    link = request.build_absolute_uri(reverse("workshops:join-code", args=[workshop.code]))
    return render(request, f"workshops/{page}.html", {"page": page, "workshop": workshop, "link": link})
