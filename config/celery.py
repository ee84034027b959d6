"""The Celery application: slow and retried work, and the periodic chores."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("sarafa")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
