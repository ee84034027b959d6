"""Whose rows somebody finds in the admin panel: an administrator everybody's, an instructor those of their own classes.

Django's groups and permissions are not asked. Who is a superuser is an administrator, other staff are instructors.
"""

from operator import attrgetter
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry
from django.contrib.admin.options import get_content_type_for_model
from django.contrib.admin.utils import unquote
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from courses.models import AuditEntry, User

TAUGHT = "participations__workshop__instructors"  # from a learner to those who teach them


def user_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 (for the types: the panel lets nobody else in)
    return request.user


def is_administrator(request: HttpRequest) -> bool:
    return user_of(request).is_superuser


class ScopedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when it runs
    """Rows are looked up among those that the user may see: what is not theirs is not found, by any view or action.

    Administrators do what `may_add`, `may_change` and `may_delete` say. Instructors only look, if there is a way to
    them, and use the actions. Each change is kept in the audit log.
    """

    instructors: ClassVar[str] = ""  # the relations from a row to those who teach its learner; "": no instructor looks
    learner: ClassVar[str] = ""  # the attributes from a row to its learner
    may_add: ClassVar[bool] = True
    may_change: ClassVar[bool] = True
    may_delete: ClassVar[bool] = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows if is_administrator(request) else self.taught_by(user_of(request), rows)

    def taught_by(self, user: User, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return those of an instructor's learners."""
        if not self.instructors:
            return rows.none()
        mine = self.model._default_manager.filter(**{self.instructors: user})
        return rows.filter(pk__in=mine.values("pk"))

    # --- who may do what ---

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_administrator(request) or bool(self.instructors)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        finds = obj is None or is_administrator(request) or self.get_queryset(request).filter(pk=obj.pk).exists()
        return self.has_module_permission(request) and finds

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may_add and is_administrator(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_change and is_administrator(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_delete and is_administrator(request)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Let what belongs to a row go with it, even if it cannot be deleted by itself."""
        to_delete, counts, _lacking, protected = super().get_deleted_objects(objs, request)
        return to_delete, counts, set(), protected

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show an instructor their own changes alone."""
        shown = dict(extra_context or {})
        if not is_administrator(request):
            kind = get_content_type_for_model(self.model)
            own = LogEntry.objects.filter(user=user_of(request), object_id=unquote(object_id), content_type=kind)
            shown |= {"action_list": Paginator(own.order_by("action_time"), 100).get_page(1), "page_range": []}
        return super().history_view(request, object_id, shown)

    # --- what is kept of it ---

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        return self.audited(request, obj, super().log_addition(request, obj, message))

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        return self.audited(request, obj, super().log_change(request, obj, message))

    def audited(self, request: HttpRequest, obj: Any, entry: LogEntry) -> LogEntry:
        self.audit(request, AuditEntry.Action.EDIT, obj, f"{self.told(obj)}: {entry.get_change_message()}")
        return entry

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for obj in queryset:
            self.audit(request, AuditEntry.Action.EDIT, obj, f"{self.told(obj)}: " + _("deleted"))
        return super().log_deletions(request, queryset)

    def audit(self, request: HttpRequest, action: AuditEntry.Action, obj: Any, detail: str) -> None:
        user, learner = user_of(request), self.learner_of(obj)
        AuditEntry.objects.note(user, action, learner, workshop=self.workshop_of(obj, user), detail=detail[:300])

    def told(self, obj: Model) -> str:
        """Say what was changed, without a name: the audit log outlives learners."""
        return str(self.opts.verbose_name)

    def learner_of(self, obj: Any) -> User | None:
        return attrgetter(self.learner)(obj) if self.learner else None

    def workshop_of(self, obj: Any, user: User) -> str:
        """Return the code of the workshop that this is about: of the user's, the one that the learner joined last."""
        learner = self.learner_of(obj)
        if not learner:
            return ""
        joined = learner.participations.order_by("-joined_at")
        mine = joined if user.is_superuser else joined.filter(workshop__instructors=user)
        return mine.values_list("workshop__code", flat=True).first() or ""

    # --- actions ---

    def asked(self, request: HttpRequest, rows: QuerySet[Any], question: str) -> TemplateResponse | None:
        """Return a page that asks whether the action is meant, or None if the answer is here."""
        if request.POST.get("meant") == "yes":
            return None
        context = self.admin_site.each_context(request) | {
            "title": _("Are you sure?"),
            "question": question,
            "rows": rows,
            "opts": self.opts,
            "action": request.POST.get("action", ""),
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/sure.html", context)


class ReadOnlyAdmin(ScopedAdmin):
    """What only happens: nobody adds or changes it, and administrators delete it at most."""

    may_add = may_change = False
