"""Workshops in the admin panel, and the audit log. Instructors find their own; what they run is at /instructor/."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from courses.models import AuditEntry, User
from courses.scoped_admin import ReadOnlyAdmin, ScopedAdmin
from workshops import events
from workshops.models import Note, Participant, Watch, Workshop

Action = AuditEntry.Action


@admin.register(Workshop)
class WorkshopAdmin(ScopedAdmin):
    """Administrators say who teaches, and mend. Workshops are made on the desk, where their room is reckoned."""

    instructors = "instructors"
    may_add = False
    list_display = ["title", "code", "course", "starts_at", "ends_at", "capacity", "state"]
    list_filter = ["state", "course", "language", "starts_at"]
    search_fields = ["title", "code"]
    date_hierarchy = "starts_at"
    readonly_fields = ["code", "course", "days", "language", "state", "opened_at", "closed_at", "delete_at",
                       "created_at"]  # fmt: skip
    fields = ["title", "instructors", "starts_at", "ends_at", "capacity", "guests_allowed", "progress_shared",
              "names_on_wall", "keep_days", *readonly_fields]  # fmt: skip
    actions = ["open", "close"]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Offer the staff, not everybody who has ever learned here."""
        options |= {"queryset": User.objects.filter(is_staff=True, is_active=True), "widget": CheckboxSelectMultiple}
        return super().formfield_for_manytomany(db_field, request, **options)

    def save_model(self, request: HttpRequest, obj: Workshop, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        obj.reserve(timezone.now())
        events.publish_workshop(obj.code)

    def delete_model(self, request: HttpRequest, obj: Workshop) -> None:
        obj.close(timezone.now())
        obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Workshop]) -> None:
        for workshop in queryset:
            self.delete_model(request, workshop)

    def workshop_of(self, obj: Workshop, user: User) -> str:
        return obj.code

    @admin.action(description=_("Open"))
    def open(self, request: HttpRequest, workshops: QuerySet[Workshop]) -> None:
        self.turn(request, workshops, Action.OPEN, Workshop.open)

    @admin.action(description=_("Close (sandboxes are saved and stopped)"))
    def close(self, request: HttpRequest, workshops: QuerySet[Workshop]) -> HttpResponse | None:
        question = gettext("Nobody comes in any more, and the sandboxes of all who take part are saved and stopped.")
        page = self.asked(request, workshops, question)
        if not page:
            self.turn(request, workshops, Action.CLOSE, Workshop.close)
        return page

    def turn(
        self,
        request: HttpRequest,
        workshops: QuerySet[Workshop],
        action: Action,
        turn: Callable[[Workshop, datetime], bool],
    ) -> None:
        """Open or close each, keep what was done, and say for how many: those that were so already do not count."""
        turned = [workshop for workshop in workshops if turn(workshop, timezone.now())]
        for workshop in turned:
            self.audit(request, action, workshop, workshop.title)
        text = ngettext("Done for %(count)d workshop.", "Done for %(count)d workshops.", len(turned))
        self.message_user(request, text % {"count": len(turned)}, messages.SUCCESS if turned else messages.WARNING)


@admin.register(Participant)
class ParticipantAdmin(ReadOnlyAdmin):
    instructors = "workshop__instructors"
    learner = "learner"
    list_display = ["person", "workshop", "joined_at", "hand_at"]
    list_filter = [("workshop", admin.RelatedOnlyFieldListFilter), "joined_at"]
    list_select_related = ["learner", "workshop"]
    search_fields = ["learner__username", "learner__name", "workshop__title", "workshop__code"]
    date_hierarchy = "joined_at"

    @admin.display(description=_("learner"), ordering="learner__name")
    def person(self, participant: Participant) -> str:
        return participant.learner.display_name

    def workshop_of(self, obj: Participant, user: User) -> str:
        return obj.workshop.code

    def delete_model(self, request: HttpRequest, obj: Participant) -> None:
        """Take them out, as the console does: their sandbox is stopped, and the pages are told."""
        code = obj.workshop.code
        obj.stop_sandbox()
        obj.delete()
        obj.publish()
        events.publish_workshop(code)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Participant]) -> None:
        for participant in queryset:
            self.delete_model(request, participant)


class OfParticipantAdmin(ReadOnlyAdmin):
    """What happened to somebody in a workshop."""

    learner = "participant.learner"

    @admin.display(description=_("learner"), ordering="participant__learner__name")
    def person(self, obj: Any) -> str:
        return str(obj.participant)

    @admin.display(description=_("workshop"), ordering="participant__workshop__title")
    def workshop(self, obj: Any) -> str:
        return str(obj.participant.workshop)

    def workshop_of(self, obj: Any, user: User) -> str:
        return str(obj.participant.workshop.code)


@admin.register(Note)
class NoteAdmin(OfParticipantAdmin):
    instructors = "participant__workshop__instructors"
    list_display = ["person", "workshop", "text", "is_hint", "author", "sent_at", "read_at"]
    list_filter = ["is_hint", "sent_at"]
    list_select_related = ["participant__learner", "participant__workshop", "author"]
    search_fields = ["participant__learner__name", "participant__workshop__title", "text"]
    date_hierarchy = "sent_at"


@admin.register(Watch)
class WatchAdmin(OfParticipantAdmin):
    may_delete = False
    list_display = ["instructor", "person", "workshop", "since", "seen_at", "keyboard"]
    list_filter = ["keyboard", "since"]
    list_select_related = ["participant__learner", "participant__workshop", "instructor"]
    search_fields = ["participant__learner__name", "participant__workshop__title", "instructor__username"]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """What staff did: of their own workshops for instructors, and for nobody to change."""

    instructors = "workshop"  # a code, which outlives the workshop: see taught_by
    may_delete = False
    actions = None
    list_display = ["at", "actor_name", "action", "person", "workshop", "detail"]
    list_filter = ["action", "at"]
    list_select_related = ["learner"]
    search_fields = ["actor_name", "actor__username", "learner__username", "learner__name", "workshop", "detail"]
    search_help_text = _("Who did it, whose thing it was, or the code of the workshop")
    date_hierarchy = "at"

    def taught_by(self, user: User, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(workshop__in=Workshop.objects.taught_by(user).values("code"))

    @admin.display(description=_("whose"), ordering="learner__name")
    def person(self, entry: AuditEntry) -> str:
        return entry.learner.display_name if entry.learner else "–"
