"""How often somebody may do a thing, counted in the cache; while that is away nobody is refused."""

import ipaddress
from datetime import datetime

from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone
from redis.exceptions import RedisError

HOUR = 3600
REASONS = ("full", "start", "account", "password", "code", "file")  # for which somebody may be refused


def is_too_often(request: HttpRequest, action: str, per_hour: int) -> bool:
    """Count this request, and return True if its address has used up the hour's number for `action`."""
    if count(f"{action}:{address_of(request)}") <= per_hour:
        return False
    note_refusal(action)
    return True


def note_refusal(reason: str) -> None:
    """Count, for those who run the platform, one who was refused."""
    try:
        cache.add(f"refused:{reason}", 0, None)
        cache.incr(f"refused:{reason}")
    except (RedisError, OSError, ValueError):
        return


def refusals() -> dict[str, int]:
    """Return how many were refused so far, by reason."""
    found = cache.get_many([f"refused:{reason}" for reason in REASONS])
    return {reason: found.get(f"refused:{reason}", 0) for reason in REASONS}


def count(subject: str, seconds: int = HOUR, at: datetime | None = None) -> int:
    """Count one more of `subject` in this span of so many seconds, and return how many there were; 0 if unknown."""
    key = key_of(subject, seconds, at)
    try:
        cache.add(key, 0, seconds)
        return int(cache.incr(key))
    except (RedisError, OSError, ValueError):
        return 0


def counted(subject: str, seconds: int = HOUR) -> int:
    """Return how many of `subject` were counted in this span; 0 if unknown."""
    try:
        return int(cache.get(key_of(subject, seconds)) or 0)
    except (RedisError, OSError, ValueError):
        return 0


def take_back(subject: str, seconds: int, at: datetime) -> None:
    """Count one less: it was not of the kind that is limited."""
    try:
        cache.decr(key_of(subject, seconds, at))
    except (RedisError, OSError, ValueError):
        return


def seconds_left(seconds: int = HOUR) -> int:
    """Return how long this span still is."""
    return seconds - int(timezone.now().timestamp()) % seconds


def key_of(subject: str, seconds: int, at: datetime | None = None) -> str:
    return f"limit:{subject}:{int((at or timezone.now()).timestamp()) // seconds}"


def address_of(request: HttpRequest) -> str:
    """Return the address of whoever asks; of IPv6 the network, since one customer has all the addresses of one."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return address if parsed.version == 4 else str(ipaddress.ip_network((int(parsed), 64), strict=False))
