"""Our cookies, where strangers may set some, too.

Browsers have one jar for all ports of a host. Where stalls are visited by the platform's own host name, a stall's
script cannot read our cookies, nor replace them, but it can put another beside one, for another path or domain; and a
browser sends both, with nothing that tells them apart.
"""

from collections import defaultdict
from typing import Any

from django.conf import settings

NUL = rb"\000"  # as it stands in a quoted value; PostgreSQL cannot be asked for a text that has one
Headers = list[tuple[bytes, bytes]]


def names() -> set[str]:
    """Return the names of the cookies that the platform sets."""
    return {
        settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME, "guest", "messages",
    }  # fmt: skip


def pairs(value: bytes) -> list[tuple[str, bytes]]:
    """Split a Cookie header into names and the parts they stand in."""
    parts = [part.strip() for part in value.split(b";")]
    return [(part.partition(b"=")[0].strip().decode("latin-1"), part) for part in parts if part]


def without(headers: Headers, left_out: set[str]) -> Headers:
    """Return the headers without the cookies of these names."""
    kept = []
    for name, value in headers:
        if name == b"cookie":
            value = b"; ".join(part for key, part in pairs(value) if key not in left_out)
        if value or name != b"cookie":
            kept.append((name, value))
    return kept


class Unambiguous:
    """Pass on requests without those cookies of ours that come twice and differ: nobody knows which is ours.

    Better signed out than signed in as whoever wrote the other one.
    """

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        seen = defaultdict(set)
        for name, value in scope.get("headers", []):
            for key, part in pairs(value) if name == b"cookie" else []:
                seen[key].add(part)
        doubtful = {key for key in names() if len(seen[key]) > 1 or any(NUL in part for part in seen[key])}
        if doubtful:
            scope = scope | {"headers": without(scope["headers"], doubtful)}
        return await self.application(scope, receive, send)
