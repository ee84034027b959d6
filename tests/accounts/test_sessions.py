"""Sessions end, and leave nothing; the database's trouble does not end one."""

from datetime import timedelta

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.utils import timezone

from accounts import tasks
from config.sessions import SessionStore


def test_those_that_have_ended_are_deleted_at_night(client, alice, settings):
    client.force_login(alice)
    ended = SessionStore()
    ended.create()
    Session.objects.filter(pk=ended.session_key).update(expire_date=timezone.now() - timedelta(seconds=1))
    tasks.clear_sessions()
    assert Session.objects.get().pk == client.session.session_key
    assert any(chore["task"] == tasks.clear_sessions.name for chore in settings.CELERY_BEAT_SCHEDULE.values())


def test_one_that_was_deleted_meanwhile_is_not_the_databases_trouble(db):
    session = SessionStore()
    session.create()
    Session.objects.all().delete()
    with pytest.raises(UpdateError):
        session.save()


def test_the_databases_trouble_is_named(db, monkeypatch):
    def away(*_args: object, **_options: object) -> None:
        raise OperationalError("database or disk is full")

    session = SessionStore()
    session.create()
    monkeypatch.setattr(Session, "save", away)
    with pytest.raises(OperationalError, match="full"):
        session.save()
