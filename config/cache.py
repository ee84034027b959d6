"""Connections to the broker, as a cache, that outlive a request."""

from functools import lru_cache
from typing import Any, Self

from redis import ConnectionPool


class SharedPool(ConnectionPool):
    """One for all who ask the same server in the same way.

    Django's handler makes a cache, and so a pool and a connection, for each request that uses it.
    """

    @classmethod
    @lru_cache
    def from_url(cls, url: str, **options: Any) -> Self:
        return super().from_url(url, **options)
