"""The admin panel itself: its front page, what it says of the host, and who comes in."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.admin import AdminSite
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.models import User
from courses.scoped_admin import is_administrator
from sandbox import admission, doctor
from sandbox.models import Host, Reservation, Sandbox, State, Waiting
from workshops.models import Workshop


@dataclass(frozen=True)
class Card:
    """A number on the front page, and where it is told in full."""

    label: str
    number: int
    url: str


class Panel(AdminSite):
    site_title = site_header = gettext_lazy("Sarafa Bazaar")
    index_title = gettext_lazy("Administration")

    def get_urls(self) -> list[URLResolver | URLPattern]:
        return [path("host/", self.admin_view(self.host), name="host"), *super().get_urls()]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send a visitor to the one place where one signs in; who has signed in, and is no staff, finds nothing."""
        to = request.GET.get("next") or reverse("admin:index")
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise Http404(_("There is no such page."))
        return redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': to})}")

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {"cards": self.cards(request)} | (extra_context or {}))

    def cards(self, request: HttpRequest) -> list[Card]:
        """Count what this user may see."""
        people, workshops, sandboxes = (self.rows(request, model) for model in (User, Workshop, Sandbox))
        cards = [
            Card(_("People"), people.count(), reverse("admin:courses_user_changelist")),
            Card(_("Open workshops"), workshops.open().count(), listed("workshops_workshop", state="open")),
            Card(
                _("Running sandboxes"),
                sandboxes.claimed().filter(state=State.RUNNING).count(),
                listed("sandbox_sandbox", state="running"),
            ),
        ]
        if is_administrator(request):
            waiting = Waiting.objects.present(timezone.now()).count()
            cards.append(Card(_("Waiting for a sandbox"), waiting, listed("sandbox_waiting")))
            cards.append(Card(_("Room for more sandboxes"), admission.room(), reverse("admin:host")))
        return cards

    def rows(self, request: HttpRequest, model: type[Model]) -> Any:
        rows: QuerySet[Any] = self.get_model_admin(model).get_queryset(request)
        return rows

    def host(self, request: HttpRequest) -> TemplateResponse:
        """Tell what this machine is found to be, and how to mend what it lacks."""
        if not is_administrator(request):
            raise Http404(_("There is no such page."))
        findings = sorted(doctor.examine(), key=lambda finding: ["error", "warning", "ok"].index(finding.level))
        now = timezone.now()
        context = self.each_context(request) | {
            "title": _("Host"),
            "findings": findings,
            "worst": findings[0].level if findings else "ok",
            "hosts": Host.objects.with_room(),
            "live": Sandbox.objects.live().count(),
            "limit": Host.objects.limit(),
            "room": admission.room(),
            "warm": Sandbox.objects.warm().count(),
            "pool": admission.pool_size(now),
            "reserved": Reservation.objects.wanted(now),
        }
        return TemplateResponse(request, "admin/host.html", context)


def listed(model: str, **exactly: str) -> str:
    query = {f"{field}__exact": value for field, value in exactly.items()}
    return reverse(f"admin:{model}_changelist") + (f"?{urlencode(query)}" if query else "")
