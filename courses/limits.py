"""How often one address may do a thing, counted in the cache; while that is away nobody is refused."""

from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone
from redis.exceptions import RedisError

HOUR = 3600


def is_too_often(request: HttpRequest, action: str, per_hour: int) -> bool:
    """Count this request, and return True if its address has used up the hour's number for `action`."""
    return count(f"{action}:{address_of(request)}") > per_hour


def address_of(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def count(what: str, seconds: int = HOUR) -> int:
    """Count one more of `what`, and return how many there were in this window of so many seconds."""
    try:
        cache.add(key_of(what, seconds), 0, seconds)
        return int(cache.incr(key_of(what, seconds)))
    except (RedisError, OSError, ValueError):
        return 0


def counted(what: str, seconds: int = HOUR) -> int:
    """Return how many of `what` were counted in this window."""
    try:
        return int(cache.get(key_of(what, seconds)) or 0)
    except (RedisError, OSError, ValueError):
        return 0


def seconds_left(seconds: int = HOUR) -> int:
    """Return how long this window still is."""
    return seconds - int(timezone.now().timestamp()) % seconds


def key_of(what: str, seconds: int) -> str:
    return f"limit:{what}:{int(timezone.now().timestamp()) // seconds}"
