from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class SandboxConfig(AppConfig):
    name = "sandbox"
    verbose_name = _("Sandboxes")

    def ready(self) -> None:
        post_migrate.connect(have_local_host, sender=self)


def have_local_host(using: str, apps: Any = installed, **_options: object) -> None:
    """Have a row of the local host in every database that was made, brought up to date, restored or emptied."""
    from sandbox.container import LOCAL

    try:
        hosts = apps.get_model("sandbox", "Host").objects.using(using)
    except LookupError:  # it was taken back to before there were any
        return
    hosts.get_or_create(name=LOCAL)
