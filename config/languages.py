"""In which language a websocket speaks: that of the page which opened it, as LocaleMiddleware finds it for pages."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language_from_request, override


class PageLanguage:
    """Run a connection in its page's language. Stands inside channels' CookieMiddleware, which reads the cookies."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        with override(language_of(scope)):
            return await self.application(scope, receive, send)


def language_of(scope: Any) -> str:
    """Return the language that the cookie names, or else the best of those the browser accepts."""
    request = HttpRequest()
    request.COOKIES = scope.get("cookies", {})
    accepted = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"accept-language"]
    request.META["HTTP_ACCEPT_LANGUAGE"] = ", ".join(accepted)
    return get_language_from_request(request)
