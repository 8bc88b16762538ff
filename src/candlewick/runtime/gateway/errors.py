"""Errors across the wire: what the engine raises for a request is raised again where it was asked.

Of those that whoever asks need not tell apart, the nearest kind is raised: a busy store is an engine away.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson

from candlewick.core.errors import (
    CandlewickError,
    ConfigError,
    Conflict,
    EngineAway,
    NotYet,
    OrderRefused,
    RateLimited,
    StoreBusy,
    UnknownAccount,
    UnknownOrder,
    UnknownSymbol,
    UsageError,
    VenueError,
    VenueUnavailable,
)


def encode(error: CandlewickError) -> bytes:
    """The body that `decode` makes the same error of."""
    return orjson.dumps({"message": str(error)} | _fields(error))


def decode(body: bytes) -> CandlewickError:
    """The error that `encode` was given."""
    fields = orjson.loads(body)
    maker = _MAKERS.get(fields["code"])
    return CandlewickError(fields["message"]) if maker is None else maker(fields)


def _fields(error: CandlewickError) -> dict[str, Any]:
    match error:
        case OrderRefused():
            return {
                "code": "refused",
                "rule": error.code,
                "limit": _text(error.limit),
                "value": _text(error.value),
                "field": error.field,
            }
        case UnknownSymbol(symbol=symbol):
            return {"code": "unknown_symbol", "symbol": symbol}
        case UnknownAccount(account=account):
            return {"code": "unknown_account", "account": account}
        case UnknownOrder(order_id=order_id):
            return {"code": "unknown_order", "order_id": order_id}
        case UsageError():
            return {"code": "usage"}
        case NotYet():
            return {"code": "not_yet"}
        case Conflict() | ConfigError():
            return {"code": "conflict"}
        case EngineAway() | StoreBusy():
            return {"code": "away"}
        case RateLimited(retry_after_s=retry_after_s):
            return {"code": "rate_limited", "retry_after_s": retry_after_s}
        case VenueError():
            return {"code": "venue_unavailable"}
    return {"code": "failed"}


_MAKERS: dict[str, Callable[[dict[str, Any]], CandlewickError]] = {
    "refused": lambda each: OrderRefused(
        each["rule"], each["message"], _number(each["limit"]), _number(each["value"]), each["field"]
    ),
    "unknown_symbol": lambda each: UnknownSymbol(each["symbol"]),
    "unknown_account": lambda each: UnknownAccount(each["account"]),
    "unknown_order": lambda each: UnknownOrder(each["order_id"]),
    "usage": lambda each: UsageError(each["message"]),
    "conflict": lambda each: Conflict(each["message"]),
    "not_yet": lambda each: NotYet(each["message"]),
    "away": lambda each: EngineAway(each["message"]),
    "rate_limited": lambda each: RateLimited(each["message"], each["retry_after_s"]),
    "venue_unavailable": lambda each: VenueUnavailable(each["message"]),
}


def _text(number: Decimal | None) -> str | None:
    return None if number is None else str(number)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
