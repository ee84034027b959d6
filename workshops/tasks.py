"""Periodic work. It may run twice."""

from celery import shared_task
from django.utils import timezone

from workshops import tending


@shared_task
def tend_workshops() -> None:
    tending.tend(timezone.now())
