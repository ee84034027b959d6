"""Afterwards: the gradebook, what can be taken away of it, the report, and one learner's record."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from courses.models import AuditEntry
from workshops.access import staff_only, taught, taught_participant, user_of
from workshops.gradebook import Gradebook, gradebook_of, mistakes_of
from workshops.gradebook_csv import as_csv
from workshops.models import Workshop

ORDERS = ("name", "done", "joined")


def book_of(workshop: Workshop) -> Gradebook:
    return gradebook_of(workshop, get_language() or "en")


@require_safe
@staff_only
def gradebook(request: HttpRequest, code: str) -> HttpResponse:
    """Show the gradebook, sorted by `sort`."""
    book = book_of(taught(request, code))
    wanted = request.GET.get("sort", "")
    order = wanted if wanted in ORDERS else "name"
    context = {"workshop": book.workshop, "book": book, "lines": book.sorted_by(order), "order": order}
    return render(request, "workshops/gradebook.html", {"page": "gradebook", **context})


@require_safe
@staff_only
def gradebook_csv(request: HttpRequest, code: str) -> HttpResponse:
    book = book_of(taught(request, code))
    answer = HttpResponse(as_csv(book), content_type="text/csv; charset=utf-8")
    return taken_away(request, book, answer, "csv")


@require_safe
@staff_only
def gradebook_json(request: HttpRequest, code: str) -> HttpResponse:
    book = book_of(taught(request, code))
    answer = JsonResponse(book.as_json(timezone.now()), json_dumps_params={"ensure_ascii": False, "indent": 1})
    return taken_away(request, book, answer, "json")


def taken_away(request: HttpRequest, book: Gradebook, answer: HttpResponse, kind: str) -> HttpResponse:
    """Have the browser keep it as a file, and note who took it."""
    name = f"gradebook-{book.workshop.code}.{kind}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    if request.method == "GET":
        code = book.workshop.code
        AuditEntry.objects.note(user_of(request), AuditEntry.Action.EXPORT, workshop=code, detail=name)
    return answer


@require_safe
@staff_only
def report(request: HttpRequest, code: str) -> HttpResponse:
    """Show how the workshop went, to be printed."""
    book = book_of(taught(request, code))
    context = {"workshop": book.workshop, "book": book, "mistakes": mistakes_of(book.lines)[:10]}
    return render(request, "workshops/report.html", {"page": "report", **context, "lines": book.sorted_by("name")})


@require_safe
@staff_only
def record(request: HttpRequest, code: str, participant: int) -> HttpResponse:
    """Show one learner's record, to be printed."""
    one = taught_participant(request, code, participant)
    book = gradebook_of(one.workshop, get_language() or "en", one)
    (line,) = book.lines
    cells = [(column, line.cells[column.key]) for column in book.columns]
    hints = one.notes.hints().select_related("author")
    context = {"workshop": one.workshop, "line": line, "cells": cells, "hints": hints}
    return render(request, "workshops/record.html", {"page": "record", **context})
