"""Chores of the accounts."""

from celery import shared_task

from config.sessions import SessionStore


@shared_task
def clear_sessions() -> None:
    """Delete the sessions that have ended: nothing else does, and every guest leaves one."""
    SessionStore.clear_expired()
