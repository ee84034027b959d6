"""What the processes log: lines of text or, with LOG_FORMAT=json, an object a line, with what is known of its occasion.

Facts about the request or task at hand follow it through threads and asyncio's tasks: `note` adds some. A request has
an id, which the tasks that it orders take on: see config/tracing.py.
"""

import json
import logging
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest

from config.version import VERSION

logger = logging.getLogger(__name__)

ASKED = "asked"  # the fact that holds Django's request; who asks is looked up when there is something to log
# Paths in which a part signs somebody in, or shows them in.
SECRET_PATHS = re.compile(r"(/sign-in/once/[^/\s]*/|/invitations/|/\.visit/)[^/\s\"'?]+")

_facts: ContextVar[Mapping[str, object]] = ContextVar("facts", default={})  # noqa: B039 - it is never changed
_process = "manage"


def begin(process: str) -> None:
    """Say that this process starts, and name it in what it logs."""
    global _process
    _process = process
    logging.captureWarnings(True)  # they are lines of the log, too
    logger.info("Sarafa Bazaar %s: %s starts", VERSION, process)


def new_id() -> str:
    return secrets.token_hex(8)


def start(**facts: object) -> None:
    """Forget the facts of the last request or task, and note those of another."""
    _facts.set(facts)


def note(**facts: object) -> None:
    """Add to the facts of the request or task at hand."""
    _facts.set({**_facts.get(), **facts})


@contextmanager
def about(**facts: object) -> Iterator[None]:
    """Have these facts, and no others, meanwhile."""
    token = _facts.set(facts)
    try:
        yield
    finally:
        _facts.reset(token)


def request_id() -> str:
    """Return the id of the request at hand, or a new one: what has none itself begins with this."""
    return str(_facts.get().get("request") or new_id())


def facts() -> dict[str, object]:
    """Return what is known now: request, task, user (who asks), sandbox, learner (whose it is)."""
    known = dict(_facts.get())
    asked = known.pop(ASKED, None)
    user = user_of(asked) if isinstance(asked, HttpRequest) else None
    return {name: fact for name, fact in {"user": user, **known}.items() if fact is not None}


def user_of(request: HttpRequest) -> int | None:
    """Return the id of who is signed in, if the session has been read: a line in a log is no reason to read it."""
    read: dict[str, Any] = vars(request.session).get("_session_cache") or {}
    return int(read[SESSION_KEY]) if SESSION_KEY in read else None


def without_secrets(text: str) -> str:
    return SECRET_PATHS.sub(r"\1…", text)


class Line(logging.Formatter):
    """A line to be read by people."""

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


class JsonLine(logging.Formatter):
    """A line to be read by programs: time, level, logger, process, message, and the facts."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "process": _process,
            "message": record.getMessage(),
            **facts(),
        }
        if record.exc_info and record.exc_info != (None, None, None):
            line["exception"] = self.formatException(record.exc_info)
        return without_secrets(json.dumps(line, ensure_ascii=False, default=str))
