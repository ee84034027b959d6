"""The instructor's live console and the class's wall. Scripts fill both, from the console's websocket."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from workshops.access import staff_only, taught


@require_safe
@staff_only
def console(request: HttpRequest, code: str) -> HttpResponse:
    return render(request, "workshops/console.html", {"page": "console", "workshop": taught(request, code)})


@require_safe
@staff_only
def wall(request: HttpRequest, code: str) -> HttpResponse:
    return render(request, "workshops/wall.html", {"page": "wall", "workshop": taught(request, code)})
