"""What the second port serves: what learners publish, and nothing of ours."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from config import logs  # noqa: E402
from config.tracing import Traced  # noqa: E402
from sandbox import visits  # noqa: E402

application = Traced(visits.application)
logs.begin("visits")
