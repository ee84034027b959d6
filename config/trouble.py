"""What is answered when something broke."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views import defaults

RETRY_SECONDS = 5


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that it broke, with 500; with 503 and a time to come back if the database is away, which passes."""
    response = defaults.server_error(request)
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        response.status_code, response.headers["Retry-After"] = 503, str(RETRY_SECONDS)
    return response
