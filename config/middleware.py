"""How requests reach the views."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from config import logs

GetResponse = Callable[[HttpRequest], HttpResponse]


def named_in_logs(get_response: GetResponse) -> GetResponse:
    """Let what is logged of a request name who asks. Stands behind the session's."""

    def middleware(request: HttpRequest) -> HttpResponse:
        logs.note(**{logs.ASKED: request})
        return get_response(request)

    return middleware
