"""The Celery application: slow and retried work, and the periodic chores."""

import os

from celery import Celery
from celery.signals import setup_logging, worker_init

from config import logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("sarafa", task_cls="config.tracing.TracedTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def leave_logging_alone(**_options: object) -> None:
    """Logs are as Django's settings say: Celery sets up its own unless somebody else claims to have."""


@worker_init.connect
def begin(**_options: object) -> None:
    from sandbox import events  # which needs the settings

    logs.begin("worker")
    events.keep_sender()
