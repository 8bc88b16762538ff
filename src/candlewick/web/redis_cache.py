"""Django's cache in Redis, whose failures have our name. Loaded only where `REDIS_URL` asks for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

from candlewick.web.shared import AGAIN_S, RedisAway

_CALLS: Final = (
    "add", "get", "set", "touch", "delete", "get_many", "has_key", "incr", "set_many", "delete_many", "clear",
)  # fmt: skip


class SharedCache(RedisCache):
    """Django's cache in Redis."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client


class _Client(RedisCacheClient):
    """Django's, whose failures have our name."""

    away_until = 0.0


def _named(call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    def calling(client: _Client, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() < client.away_until:
            raise RedisAway("Redis does not answer. Try again in a moment.")
        try:
            return call(client, *args, **kwargs)
        except RedisError as error:
            client.away_until = time.monotonic() + AGAIN_S
            raise RedisAway("Redis does not answer. Try again in a moment.") from error

    return calling


for _name in _CALLS:
    setattr(_Client, _name, _named(getattr(RedisCacheClient, _name)))
