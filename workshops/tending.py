"""What happens to workshops by itself, with time."""

import logging
from datetime import datetime

from workshops import deletion
from workshops.models import State, Workshop

logger = logging.getLogger(__name__)


def tend(at: datetime) -> None:
    """Open those that begin, keep their reservations true, close those left open, delete those kept long enough."""
    for workshop in Workshop.objects.due(at):
        workshop.open_if_planned(at)
    for workshop in Workshop.objects.left_open(at):
        workshop.close(at)
    for workshop in Workshop.objects.exclude(state=State.CLOSED):
        workshop.keep_reserved(at)
    for workshop in Workshop.objects.kept_long_enough(at):
        logger.info("data of workshop %s were kept long enough", workshop.code)
        deletion.delete(workshop, at)
