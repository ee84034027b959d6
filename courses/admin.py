from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from courses.models import Attempt, Certificate, Completion, Enrollment, SolutionView, User
from courses.scoped_admin import TAUGHT, ReadOnlyAdmin, ScopedAdmin, is_administrator

admin.site.unregister(Group)  # roles are two flags of a user


class PersonForm(UserChangeForm):  # type: ignore[type-arg]
    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())


@admin.register(User)
class UserAdmin(ScopedAdmin, DjangoUserAdmin):  # type: ignore[type-arg]
    """Instructors see their learners, and may call a guest by another name, but give nobody rights or a password."""

    instructors = TAUGHT
    form = PersonForm
    list_display = ["username", "name", "is_guest", "is_staff", "is_superuser", "date_joined", "last_login"]
    list_filter = ["is_guest", "is_staff", "is_superuser", "is_active"]
    search_fields = ["username", "name", "email"]
    ordering = ["-date_joined"]
    filter_horizontal = []
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("name", "is_guest", "email")}),
        (_("Role"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ["last_login", "date_joined"]
    for_instructors: ClassVar[list[str]] = ["name", "username", "is_guest", "date_joined", "last_login"]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if is_administrator(request):
            return super().get_fieldsets(request, obj)
        return ((None, {"fields": self.for_instructors}),)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        if is_administrator(request):
            return super().get_readonly_fields(request, obj)
        return [field.name for field in User._meta.get_fields() if field.name != "name"]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        if is_administrator(request):
            return True
        return obj is not None and obj.is_guest and self.has_view_permission(request, obj)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        if not is_administrator(request):
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def learner_of(self, obj: User) -> User:
        return obj


@admin.register(Enrollment)
class EnrollmentAdmin(ScopedAdmin):
    instructors = f"learner__{TAUGHT}"
    learner = "learner"
    list_display = ["person", "course", "done", "lesson", "created_at"]
    list_filter = ["course", "created_at"]
    list_select_related = ["learner"]
    search_fields = ["learner__username", "learner__name", "course"]
    autocomplete_fields = ["learner"]
    readonly_fields = ["created_at"]
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Enrollment]:
        enrollments: QuerySet[Enrollment] = super().get_queryset(request)
        return enrollments.annotate(done_count=Count("completions"))

    @admin.display(description=_("learner"), ordering="learner__name")
    def person(self, enrollment: Enrollment) -> str:
        return enrollment.learner.display_name

    @admin.display(description=_("done"), ordering="done_count")
    def done(self, enrollment: Enrollment) -> int:
        return enrollment.done_count  # type: ignore[attr-defined, no-any-return]


class ProgressAdmin(ScopedAdmin):
    """What is kept of one task of somebody's."""

    learner = "enrollment.learner"
    list_select_related = ["enrollment__learner"]
    search_fields = ["enrollment__learner__username", "enrollment__learner__name", "lesson", "task"]
    autocomplete_fields = ["enrollment"]

    def told(self, obj: Any) -> str:
        return f"{self.opts.verbose_name} {obj.lesson}/{obj.task}"

    @admin.display(description=_("learner"), ordering="enrollment__learner__name")
    def person(self, obj: Any) -> str:
        return str(obj.enrollment.learner.display_name)

    @admin.display(description=_("course"), ordering="enrollment__course")
    def course(self, obj: Any) -> str:
        return str(obj.enrollment.course)


@admin.register(Completion)
class CompletionAdmin(ProgressAdmin):
    instructors = f"enrollment__learner__{TAUGHT}"
    list_display = ["person", "course", "lesson", "task", "completed_at"]
    list_filter = ["enrollment__course", "lesson", "completed_at"]
    readonly_fields = ["completed_at"]
    date_hierarchy = "completed_at"


@admin.register(Attempt)
class AttemptAdmin(ProgressAdmin):
    instructors = f"enrollment__learner__{TAUGHT}"
    may_add = may_change = False
    list_display = ["person", "lesson", "task", "tries", "hints", "found", "updated_at"]
    list_filter = ["enrollment__course", "lesson", "updated_at"]


@admin.register(SolutionView)
class SolutionViewAdmin(ProgressAdmin):
    may_add = may_change = False
    list_display = ["person", "course", "lesson", "task", "shown_at"]
    list_filter = ["enrollment__course", "lesson", "shown_at"]


@admin.register(Certificate)
class CertificateAdmin(ReadOnlyAdmin):
    learner = "enrollment.learner"
    list_display = ["code", "enrollment", "goals", "solutions", "issued_at"]
    list_select_related = ["enrollment__learner"]
    search_fields = ["code", "enrollment__learner__username", "enrollment__learner__name"]
    fields = ["code", "enrollment", "title", "days", "goals", "solutions", "issued_at"]
