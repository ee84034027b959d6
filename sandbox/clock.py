"""A clock that jumps takes no learner's time: what is noted of their sandboxes jumps with it.

It jumps when it is set, and when the machine slept: the monotonic clock stands still then, and so did the sandboxes.
"""

import logging
import platform
import time
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import F
from redis.exceptions import RedisError

from sandbox.alone import alone
from sandbox.models import Sandbox, State

logger = logging.getLogger(__name__)

JUMP_SECONDS = 60  # what is less may be the clock being brought in step, and costs nobody much
TIMES = ("started_at", "active_at", "paused_at", "saved_at", "expires_at")
_KEY = f"clock:{platform.node()}"  # monotonic clocks are a machine's own


def make_up_for_jumps() -> None:
    """Move the times of those that run by what the clock has jumped since the last call.

    When it returns they have been moved, whichever worker it was that noticed.
    """
    with alone("clock"):
        jump = jumped()
        if abs(jump) >= JUMP_SECONDS:
            logger.warning("the clock has jumped by %.0f s; the times of sandboxes move with it", jump)
            move(timedelta(seconds=jump))


def move(jump: timedelta) -> None:
    moved: dict[str, Any] = {name: F(name) + jump for name in TIMES}
    Sandbox.objects.filter(state=State.RUNNING).update(**moved)


def jumped() -> float:
    """Return the seconds by which the clock has gone more than time has passed since the last call."""
    wall, steady = time.time(), time.monotonic()
    try:
        before = cache.get(_KEY)
        cache.set(_KEY, (wall, steady), timeout=None)
    except (OSError, RedisError):
        return 0.0
    if before is None or steady < before[1]:  # never asked, or the machine was started again
        return 0.0
    return float((wall - before[0]) - (steady - before[1]))
