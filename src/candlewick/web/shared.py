"""Redis, where many web processes share a cache; its absence is an error of ours, answered with a 503."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

from candlewick.core.errors import ConfigError, StoreError

AGAIN_S: Final = (
    5.0  # after a failure Redis is left alone for so long, so that not every request waits for it
)
_WAIT_S: Final = 1.0
_SCHEMES: Final = frozenset({"redis", "rediss", "unix"})
_CALLS: Final = (
    "add", "get", "set", "touch", "delete", "get_many", "has_key", "incr", "set_many", "delete_many", "clear",
)  # fmt: skip


class RedisAway(StoreError):
    """Redis does not answer, or refuses us."""

    retry: ClassVar[bool] = True


def connection_options() -> dict[str, Any]:
    """How connections to Redis are made, beside what its URL says."""
    return {"socket_timeout": _WAIT_S, "socket_connect_timeout": _WAIT_S}


def checked(url: str) -> str:
    """`url`, if it is one of Redis; `rediss://` asks for TLS and verifies the server's certificate.

    Raises:
        ConfigError: it is none.
    """
    if urlsplit(url).scheme not in _SCHEMES:
        raise ConfigError(
            "REDIS_URL is no address of Redis. Write redis://host:6379/0, or rediss://host:6379/0 for TLS."
        )
    return url


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
