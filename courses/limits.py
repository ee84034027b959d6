"""How often one address may do a thing, counted in the cache; while that is away nobody is refused."""

from datetime import datetime

from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone
from redis.exceptions import RedisError

HOUR = 3600


def is_too_often(request: HttpRequest, action: str, per_hour: int) -> bool:
    """Count this request, and return True if its address has used up the hour's number for `action`."""
    key = f"limit:{action}:{request.META.get('REMOTE_ADDR', '')}:{hour_of(timezone.now())}"
    try:
        cache.add(key, 0, HOUR)
        return int(cache.incr(key)) > per_hour
    except (RedisError, OSError, ValueError):
        return False


def hour_of(at: datetime) -> int:
    return int(at.timestamp()) // HOUR
