"""The messages the hub itself writes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import orjson


def error(code: str, message: str, *, channel: str | None = None) -> bytes:
    """An answer to what cannot be done; the connection goes on."""
    body = {"type": "error", "code": code, "message": message}
    return orjson.dumps(body if channel is None else body | {"channel": channel})


def subscribed(channels: Iterable[str]) -> bytes:
    return orjson.dumps({"type": "subscribed", "channels": list(channels)})


def unsubscribed(channels: Iterable[str]) -> bytes:
    return orjson.dumps({"type": "unsubscribed", "channels": list(channels)})


ENGINE_AWAY: Final = orjson.dumps(
    {
        "type": "status",
        "code": "engine_away",
        "message": "The engine does not answer; it is being restarted. Prices stand still until it is back.",
        "data": {"engine": "away"},
    }
)
ENGINE_LIVE: Final = orjson.dumps(
    {
        "type": "status",
        "code": "engine_live",
        "message": "The engine answers again. What follows is fresh.",
        "data": {"engine": "live"},
    }
)
