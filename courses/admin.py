from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from courses.models import Certificate, Completion, Enrollment, SolutionView, User


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    list_display = ["username", "name", "is_guest", "is_staff", "date_joined", "last_login"]
    list_filter = ["is_guest", "is_staff", "is_active"]
    search_fields = ["username", "name", "email"]
    ordering = ["-date_joined"]
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("name", "is_guest", "email")}),
        (
            _("Permissions"),
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ["last_login", "date_joined"]


@admin.register(Enrollment)
class EnrollmentAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["learner", "course", "done", "created_at"]
    list_filter = ["course", "created_at"]
    list_select_related = ["learner"]
    search_fields = ["learner__username", "learner__name", "course"]
    autocomplete_fields = ["learner"]
    readonly_fields = ["created_at"]
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Enrollment]:
        enrollments: QuerySet[Enrollment] = super().get_queryset(request)
        return enrollments.annotate(done_count=Count("completions"))

    @admin.display(description=_("done"), ordering="done_count")
    def done(self, enrollment: Enrollment) -> int:
        return enrollment.done_count  # type: ignore[attr-defined, no-any-return]


@admin.register(Completion)
class CompletionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["learner", "course", "lesson", "task", "completed_at"]
    list_filter = ["enrollment__course", "lesson", "completed_at"]
    list_select_related = ["enrollment__learner"]
    search_fields = ["enrollment__learner__username", "enrollment__learner__name", "lesson", "task"]
    autocomplete_fields = ["enrollment"]
    readonly_fields = ["completed_at"]
    date_hierarchy = "completed_at"

    @admin.display(description=_("learner"), ordering="enrollment__learner__name")
    def learner(self, completion: Completion) -> str:
        return completion.enrollment.learner.display_name

    @admin.display(description=_("course"), ordering="enrollment__course")
    def course(self, completion: Completion) -> str:
        return completion.enrollment.course


@admin.register(SolutionView)
class SolutionViewAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["enrollment", "lesson", "task", "shown_at"]
    list_filter = ["enrollment__course", "lesson", "shown_at"]
    list_select_related = ["enrollment__learner"]
    search_fields = ["enrollment__learner__username", "enrollment__learner__name", "lesson", "task"]
    autocomplete_fields = ["enrollment"]
    readonly_fields = ["shown_at"]


@admin.register(Certificate)
class CertificateAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["code", "enrollment", "goals", "solutions", "issued_at"]
    list_select_related = ["enrollment__learner"]
    search_fields = ["code", "enrollment__learner__username", "enrollment__learner__name"]
    readonly_fields = ["code", "enrollment", "title", "days", "goals", "solutions", "issued_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
