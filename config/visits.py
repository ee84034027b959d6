"""What the second port serves: what learners publish, and nothing of ours."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from sandbox.visits import application  # noqa: E402

__all__ = ["application"]
