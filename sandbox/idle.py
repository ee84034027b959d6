"""Sandboxes that nobody uses sleep: their memory is kept, and they take no CPU. The first key wakes them.

Row first, container second, both ways, and who puts one to sleep looks at the row again when it is done: then whoever
comes in between is seen by one of the two. What a crash leaves is mended by `reconcile`.
"""

from datetime import datetime, timedelta

from channels.db import database_sync_to_async
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from sandbox import engine, homes, streaming
from sandbox.engine import EngineError
from sandbox.models import Sandbox, State


def put_to_sleep(sandbox: Sandbox, at: datetime) -> bool:
    """Pause a sandbox if it is still idle; return whether it sleeps. Its home is saved before. Raise EngineError."""
    if sandbox.saved_at is None or (sandbox.active_at and sandbox.active_at > sandbox.saved_at):
        homes.save_last(sandbox)
    before = at - timedelta(minutes=settings.SANDBOX_IDLE_MINUTES)
    unused = Q(state=State.RUNNING, paused_at=None, active_at__lt=before)
    if not sandbox.change(unused, paused_at=at):
        return False
    try:
        engine.pause(sandbox.container)
    except EngineError:  # a busy machine may be unable to: then it is tried again
        sandbox.change(Q(paused_at=at), paused_at=None)
        raise
    sandbox.refresh_from_db()
    if not sandbox.paused_at:
        engine.unpause(sandbox.container)
    return sandbox.paused_at is not None


def wake(sandbox: Sandbox) -> None:
    """Let a sandbox go on. Raise EngineError."""
    sandbox.change(~Q(paused_at=None), paused_at=None)
    engine.unpause(sandbox.container)


async def keep_awake(sandbox: Sandbox) -> None:
    """Note that a sandbox is used, and wake it if it sleeps. For the web side: it takes no thread while it waits."""
    if await database_sync_to_async(sandbox.touch)(timezone.now()):
        await database_sync_to_async(sandbox.change)(~Q(paused_at=None), paused_at=None)
        await streaming.unpause(sandbox.container)


async def rouse(sandbox: Sandbox) -> None:
    """Wake a sandbox for somebody who only looks: that is no use of it, and it may fall asleep again soon."""
    if await database_sync_to_async(sandbox.change)(~Q(paused_at=None), paused_at=None):
        await streaming.unpause(sandbox.container)
