"""What a sandbox can be doing."""

from django.db import models
from django.utils.translation import gettext_lazy


class State(models.TextChoices):
    STARTING = "starting", gettext_lazy("starting")
    RUNNING = "running", gettext_lazy("running")
    STOPPING = "stopping", gettext_lazy("stopping")
    STOPPED = "stopped", gettext_lazy("stopped")
    FAILED = "failed", gettext_lazy("failed")


ACTIVE = [State.STARTING, State.RUNNING]  # of these a learner has at most one
LIVE = [*ACTIVE, State.STOPPING]  # these have, may have or will have a container
