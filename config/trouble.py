"""What is answered when something broke."""

import sys

from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views import defaults

RETRY_SECONDS = 5
READ_ONLY = "25006"  # PostgreSQL's word for: I am a standby, and may take over soon


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that it broke, with 500; with 503 and a time to come back if it is the database's trouble, which passes."""
    if not passes(sys.exc_info()[1]):
        return defaults.server_error(request)
    response = defaults.server_error(request, "503.html")
    response.status_code, response.headers["Retry-After"] = 503, str(RETRY_SECONDS)
    return response


def passes(error: BaseException | None) -> bool:
    """Return whether the database was away, had no room or no connection left, or took nothing in."""
    if isinstance(error, InternalError):
        return getattr(error.__cause__, "sqlstate", "") == READ_ONLY
    return isinstance(error, OperationalError | InterfaceError)
