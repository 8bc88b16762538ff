"""Redis, where many web processes share a cache; its absence is an error of ours, answered with a 503."""

from __future__ import annotations

from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from candlewick.core.errors import ConfigError, StoreError

AGAIN_S: Final = (
    5.0  # after a failure Redis is left alone for so long, so that not every request waits for it
)
_WAIT_S: Final = 1.0
_SCHEMES: Final = frozenset({"redis", "rediss", "unix"})


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
