"""Sandboxes in the admin panel, and what learners met in them."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from courses.models import AuditEntry
from courses.scoped_admin import TAUGHT, ReadOnlyAdmin, ScopedAdmin
from sandbox import admission, hosts, tasks
from sandbox.models import ACTIVE, CustomerRun, Host, Reservation, Sandbox, Trouble, Waiting

STANDINGS = {"ready": _("ready"), "draining": _("drained"), "silent": _("does not answer"), "lost": _("given up")}

Act = Callable[[Sandbox], str]  # does something to a sandbox, and returns why not if it could not


def stop(sandbox: Sandbox) -> str:
    if sandbox.state not in ACTIVE:
        return gettext("It has ended.")
    if sandbox.learner_id:
        sandbox.order_stop()
    else:
        sandbox.give_back()
    return ""


def reset(sandbox: Sandbox) -> str:
    return replace(sandbox, keep_home=False)


def restart(sandbox: Sandbox) -> str:
    return replace(sandbox, keep_home=True)


def replace(sandbox: Sandbox, keep_home: bool) -> str:
    if not sandbox.learner_id:
        return gettext("It is nobody's yet.")
    if sandbox.state not in ACTIVE:
        return gettext("It has ended.")
    made = admission.replace(sandbox, keep_home)
    again = gettext("The one before is still being removed. Try again in a moment.")
    return again if made.pk == sandbox.pk else ""


def save(sandbox: Sandbox) -> str:
    if not Sandbox.objects.savable().filter(pk=sandbox.pk).exists():
        return gettext("It does not run, or sleeps: its files were saved before.")
    queued = tasks.order(tasks.save_home, sandbox.pk, True)
    return "" if queued else gettext("The work queue does not answer. Try again in a moment.")


@admin.register(Sandbox)
class SandboxAdmin(ReadOnlyAdmin):
    instructors = f"learner__{TAUGHT}"
    learner = "learner"
    may_delete = False  # a row without its container would be a container without a row
    list_display = ["code", "person", "state", "host", "created_at", "started_at", "active_at", "expires_at", "error"]
    list_filter = ["state", "host", "created_at"]
    list_select_related = ["learner", "host"]
    search_fields = ["code", "learner__username", "learner__name"]
    date_hierarchy = "created_at"
    fields = ["code", "learner", "state", "error", "host", "container_id", "created_at", "claimed_at", "started_at",
              "active_at", "paused_at", "expires_at", "ended_at", "keeps_home", "saved_at", "left_out"]  # fmt: skip
    actions = ["stop", "restart", "reset", "save"]

    @admin.display(description=_("learner"), ordering="learner__name")
    def person(self, sandbox: Sandbox) -> str:
        return sandbox.learner.display_name if sandbox.learner else "–"

    @admin.action(description=_("Stop (files are saved)"))
    def stop(self, request: HttpRequest, sandboxes: QuerySet[Sandbox]) -> None:
        self.act(request, sandboxes, "stop", stop)

    @admin.action(description=_("Restart (files are kept)"))
    def restart(self, request: HttpRequest, sandboxes: QuerySet[Sandbox]) -> None:
        self.act(request, sandboxes, "restart", restart)

    @admin.action(description=_("Reset (clean: files are lost)"))
    def reset(self, request: HttpRequest, sandboxes: QuerySet[Sandbox]) -> HttpResponse | None:
        question = gettext("Each gets a new, clean sandbox. What their learners have made in them is lost.")
        page = self.asked(request, sandboxes, question)
        if not page:
            self.act(request, sandboxes, "reset", reset)
        return page

    @admin.action(description=_("Save the files now"))
    def save(self, request: HttpRequest, sandboxes: QuerySet[Sandbox]) -> None:
        self.act(request, sandboxes, "save", save)

    def act(self, request: HttpRequest, sandboxes: QuerySet[Sandbox], name: str, act: Act) -> None:
        """Do it to each, keep that it was done, and say to how many, and why not to the rest."""
        done, reasons = 0, Counter[str]()
        for sandbox in sandboxes.select_related("learner"):
            reason = act(sandbox)
            if reason:
                reasons[reason] += 1
            else:
                done += 1
                self.audit(request, AuditEntry.Action.SANDBOX, sandbox, name)
        if done:
            text = ngettext("Done for %(count)d sandbox.", "Done for %(count)d sandboxes.", done)
            self.message_user(request, text % {"count": done}, messages.SUCCESS)
        for reason, count in reasons.items():
            text = ngettext("Not done for %(count)d sandbox:", "Not done for %(count)d sandboxes:", count)
            self.message_user(request, f"{text % {'count': count}} {reason}", messages.WARNING)


@admin.register(Host)
class HostAdmin(ReadOnlyAdmin):
    """They are added and removed by `manage.py host`, which tries them out."""

    may_delete = False
    list_display = ["name", "standing", "live", "limit", "room", "seen_at", "engine", "error"]
    fields = ["name", "url", "capacity", "draining", "added_at", "seen_at", "silent_since", "lost_at", "error"]
    search_fields = ["name"]
    actions = ["drain", "empty", "undrain"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Host]:
        return super().get_queryset(request).with_room()  # type: ignore[attr-defined,no-any-return]

    @admin.display(description=_("state"))
    def standing(self, host: Host) -> Any:
        return STANDINGS[host.state]

    @admin.display(description=_("sandboxes"))
    def live(self, host: Host) -> int:
        return host.live

    @admin.display(description=_("at most"))
    def limit(self, host: Host) -> int:
        return host.limit

    @admin.display(description=_("room"))
    def room(self, host: Host) -> int:
        return host.room

    @admin.display(description=_("engine"))
    def engine(self, host: Host) -> str:
        return host.address.url

    @admin.action(description=_("Drain (learners stay until their sandboxes end)"))
    def drain(self, request: HttpRequest, chosen: QuerySet[Host]) -> None:
        self.act(request, chosen, "drain", lambda host: hosts.drain(host, move=False))

    @admin.action(description=_("Empty now (learners go on elsewhere, with their files)"))
    def empty(self, request: HttpRequest, chosen: QuerySet[Host]) -> HttpResponse | None:
        question = gettext("Each learner there gets another sandbox. Containers and images stay behind.")
        page = self.asked(request, chosen, question)
        if not page:
            self.act(request, chosen, "empty", lambda host: hosts.drain(host, move=True))
        return page

    @admin.action(description=_("Give sandboxes again"))
    def undrain(self, request: HttpRequest, chosen: QuerySet[Host]) -> None:
        self.act(request, chosen, "undrain", lambda host: host.change(draining=False))

    def act(self, request: HttpRequest, chosen: QuerySet[Host], name: str, act: Callable[[Host], None]) -> None:
        for host in chosen:
            act(host)
            self.audit(request, AuditEntry.Action.EDIT, host, f"{host.name}: {name}")
        self.message_user(request, gettext("Done."), messages.SUCCESS)


@admin.register(Waiting)
class WaitingAdmin(ReadOnlyAdmin):
    learner = "learner"
    list_display = ["person", "since", "seen_at"]
    list_select_related = ["learner"]
    search_fields = ["learner__username", "learner__name"]

    @admin.display(description=_("learner"), ordering="learner__name")
    def person(self, waiting: Waiting) -> Any:
        return waiting.learner.display_name


@admin.register(Trouble)
class TroubleAdmin(ReadOnlyAdmin):
    instructors = f"learner__{TAUGHT}"
    learner = "learner"
    list_display = ["person", "at", "command", "error", "mended_at"]
    list_filter = ["at", ("mended_at", admin.EmptyFieldListFilter)]
    list_select_related = ["learner"]
    search_fields = ["learner__username", "learner__name", "command", "error"]
    date_hierarchy = "at"

    @admin.display(description=_("learner"), ordering="learner__name")
    def person(self, trouble: Trouble) -> Any:
        return trouble.learner.display_name


@admin.register(CustomerRun)
class CustomerRunAdmin(ReadOnlyAdmin):
    learner = "learner"
    list_display = ["learner", "image", "ordered_at", "code"]
    list_select_related = ["learner"]
    search_fields = ["learner__username", "learner__name", "image"]


@admin.register(Reservation)
class ReservationAdmin(ScopedAdmin):
    list_display = ["purpose", "sandboxes", "begins_at", "ends_at"]
    raw_id_fields = ["learners"]
    list_filter = ["begins_at"]
    search_fields = ["purpose"]
