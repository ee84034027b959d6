"""Who may open a websocket: the pages of this site.

Browsers let any page connect anywhere, with the visitor's cookies, and name the page's origin. A program that is no
browser names none, and has no cookies but those it was given.
"""

from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import validate_host

DEFAULT_PORTS = {"http": 80, "https": 443}
Authority = tuple[str, int]


class SameOrigin:
    """Pass on a connection whose Origin, if it names one, is the host and port that it asks for."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        application = self.application if is_same_origin(scope["headers"]) else WebsocketDenier()
        return await application(scope, receive, send)


def is_same_origin(headers: list[tuple[bytes, bytes]]) -> bool:
    named = [(name.lower(), value.decode("latin-1")) for name, value in headers]
    origins = [value for name, value in named if name == b"origin"]
    hosts = [value for name, value in named if name == b"host"]
    if not origins:
        return True
    if len(origins) > 1 or len(hosts) != 1:
        return False
    scheme = origins[0].partition("://")[0].lower()
    if scheme not in DEFAULT_PORTS:
        return False  # "null", a file, an extension
    asked = authority(f"{scheme}://{hosts[0]}")
    return asked is not None and asked == authority(origins[0]) and is_allowed(asked[0])


def authority(url: str) -> Authority | None:
    """Return host and port of a URL that has nothing more, or None."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname or parts.username is not None or parts.path or parts.query or parts.fragment:
        return None
    return parts.hostname, DEFAULT_PORTS[parts.scheme] if port is None else port


def is_allowed(host: str) -> bool:
    """Is this a name of ours? A page whose own name is made to point here is of the same origin, but is not."""
    name = f"[{host}]" if ":" in host else host
    return validate_host(name, settings.ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]"])
