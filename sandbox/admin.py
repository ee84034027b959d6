from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from sandbox.models import Sandbox, Waiting


@admin.register(Sandbox)
class SandboxAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when it runs
    list_display = ["code", "learner", "state", "created_at", "started_at", "expires_at", "error"]
    list_filter = ["state"]
    search_fields = ["code", "learner__username", "learner__name"]
    readonly_fields = ["code", "learner", "state", "error", "container_id", "created_at", "claimed_at", "started_at",
                       "active_at", "paused_at", "expires_at", "ended_at", "keeps_home", "saved_at",
                       "left_out"]  # fmt: skip
    exclude = ["address"]
    actions = ["stop"]

    @admin.action(description=_("Stop the chosen sandboxes"))
    def stop(self, request: object, queryset: object) -> None:
        for sandbox in queryset:  # type: ignore[attr-defined]
            sandbox.order_stop()

    def has_add_permission(self, request: object) -> bool:
        return False


@admin.register(Waiting)
class WaitingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["learner", "since", "seen_at"]

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False
