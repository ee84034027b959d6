"""The instructor's desk: the workshops there are, and how to make, change, open, close and delete one."""

from collections.abc import Callable
from ipaddress import ip_address

from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from courses.models import AuditEntry
from sandbox.turns import take_turn
from workshops import codes, deletion, events, qr
from workshops.access import staff_only, taught, user_of
from workshops.forms import WorkshopForm, shortage
from workshops.models import State, Workshop

Action = AuditEntry.Action


@require_safe
@staff_only
def desk(request: HttpRequest) -> HttpResponse:
    mine = Workshop.objects.taught_by(request.user).annotate(taken=Count("participants")).order_by("starts_at")
    groups = [
        (_("Open now"), [one for one in mine if one.state == State.OPEN]),
        (_("Planned"), [one for one in mine if one.state == State.PLANNED]),
        (_("Closed"), [one for one in reversed(mine) if one.state == State.CLOSED]),
    ]
    context = {"page": "desk", "groups": [(title, found) for title, found in groups if found]}
    return render(request, "workshops/desk.html", context)


@require_http_methods(["GET", "POST"])
@staff_only
def new(request: HttpRequest) -> HttpResponse:
    return change(request, Workshop(), Action.CREATE)


@require_http_methods(["GET", "POST"])
@staff_only
def edit(request: HttpRequest, code: str) -> HttpResponse:
    return change(request, taught(request, code), Action.CHANGE)


def change(request: HttpRequest, workshop: Workshop, action: Action) -> HttpResponse:
    """Show the form, or do what it says: in turn, so that two workshops never get the same last places."""
    is_new, title = workshop.pk is None, workshop.title
    with transaction.atomic():
        if request.method == "POST":
            take_turn("places")
        form = WorkshopForm(user_of(request), request.POST or None, instance=workshop)
        if request.method == "POST" and form.is_valid():
            form.save()
            workshop.reserve(timezone.now())
            note(request, action, workshop, ", ".join(form.changed_data) if action == Action.CHANGE else workshop.title)
    if request.method != "POST" or not form.is_valid():
        context = {"page": "desk", "form": form, "workshop": None if is_new else workshop, "title": title}
        context |= {} if is_new else {"card": card_of(request, workshop)}
        return render(request, "workshops/edit.html", context, status=400 if request.method == "POST" else 200)
    if workshop.starts_at <= timezone.now() < workshop.ends_at:
        workshop.open_if_planned(timezone.now())
    events.publish_workshop(workshop.code)
    messages.success(request, _("Made. Here is how learners come in.") if is_new else _("Saved."))
    return redirect("workshops:edit", workshop.code)


def card_of(request: HttpRequest, workshop: Workshop) -> dict[str, object]:
    """Return how learners come in: the link, its QR code, and whether other machines can know this address."""
    link = request.build_absolute_uri(reverse("workshops:join-code", args=[workshop.code]))
    return {"link": link, "shown": link.partition("://")[2], "qr": qr.drawn(link), "is_local": is_local(request)}


def is_local(request: HttpRequest) -> bool:
    host = request.get_host().rsplit(":", 1)[0].strip("[]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


@require_safe
@staff_only
def join_card(request: HttpRequest, code: str) -> HttpResponse:
    """Show how to join, large enough for a projector."""
    workshop = taught(request, code)
    context = {"page": "join-card", "workshop": workshop, "card": card_of(request, workshop)}
    return render(request, "workshops/join_card.html", context)


@require_http_methods(["GET", "POST"])
@staff_only
def open_workshop(request: HttpRequest, code: str) -> HttpResponse:
    """Let learners in, now. One that was closed gets its places again only if they are not promised to others."""
    workshop = taught(request, code)
    if workshop.state == State.CLOSED and not workshop.has_room():
        return confirm(request, workshop, "open", error=shortage(workshop))
    return confirmed(request, workshop, "open", Action.OPEN, workshop.open)


@require_http_methods(["GET", "POST"])
@staff_only
def close_workshop(request: HttpRequest, code: str) -> HttpResponse:
    workshop = taught(request, code)
    return confirmed(request, workshop, "close", Action.CLOSE, workshop.close)


def confirmed(
    request: HttpRequest, workshop: Workshop, what: str, action: Action, act: Callable[..., bool]
) -> HttpResponse:
    """Ask first; then do it, and note it unless somebody else was faster."""
    if request.method != "POST":
        return confirm(request, workshop, what)
    if act(timezone.now()):
        workshop.keep_reserved(timezone.now())
        note(request, action, workshop, workshop.title)
        done = _("%(title)s is open.") if workshop.is_open else _("%(title)s is closed.")
        messages.success(request, done % {"title": workshop.title})
    return redirect("workshops:console", workshop.code)


@require_http_methods(["GET", "POST"])
@staff_only
def delete_workshop(request: HttpRequest, code: str) -> HttpResponse:
    """Delete the workshop and all that is known of its guests, when its code was typed."""
    workshop = taught(request, code)
    if request.method != "POST":
        return confirm(request, workshop, "delete")
    if codes.typed(request.POST.get("code", "")) != workshop.code:
        return confirm(request, workshop, "delete", error=_("Type the code as it is shown, to say that you mean it."))
    taken = deletion.delete(workshop, timezone.now())
    note(request, Action.DELETE, workshop, f"{workshop.title} ({taken})")
    messages.success(request, _("%(title)s and its data are deleted.") % {"title": workshop.title})
    return redirect("workshops:desk")


def confirm(request: HttpRequest, workshop: Workshop, what: str, error: str = "") -> HttpResponse:
    context = {"page": "desk", "workshop": workshop, "what": what, "error": error}
    context["taken"] = workshop.participants.count()
    return render(request, "workshops/confirm.html", context, status=409 if error else 200)


def note(request: HttpRequest, action: Action, workshop: Workshop, detail: str) -> None:
    AuditEntry.objects.note(user_of(request), action, workshop=workshop.code, detail=detail[:300])
