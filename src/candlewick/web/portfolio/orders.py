"""Working orders as texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from candlewick.web.components import figures as text

_TYPES: Final = {
    "market": "Market",
    "limit": "Limit",
    "stop": "Stop",
    "stop_limit": "Stop limit",
    "take_profit": "Take profit",
    "trailing_stop": "Trailing stop",
}
_LEGS: Final = {"stop_loss": "Stop loss", "take_profit": "Take profit"}
_STATES: Final = {
    "IN_FLIGHT": "Sending",
    "OPEN": "Open",
    "PARTLY_FILLED": "Partly filled",
    "CANCEL_IN_FLIGHT": "Cancelling",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One working order."""

    id: str
    made_at: str
    day: str
    time: str
    symbol: str
    side: str
    type: str
    quantity: str
    filled: str
    limit: str
    has_limit: bool
    trigger: str
    has_trigger: bool
    force: str
    state: str
    may_cancel: bool


def row_of(order: Mapping[str, Any], instrument: Mapping[str, Any] | None) -> Row:
    """An order as the engine tells it; `instrument` as it is listed, None where it no longer is."""
    prices, lots = text.price_places(instrument), text.quantity_places(instrument)
    made_at, trigger = str(order["created_at"]), _trigger(order, prices)
    return Row(
        id=order["id"],
        made_at=made_at,
        day=made_at[:10],
        time=made_at[11:19],
        symbol=order["symbol"],
        side=order["side"],
        type=_type(order),
        quantity=text.fixed(order["quantity"], lots),
        filled=text.fixed(order["filled_quantity"], lots),
        limit="market" if order["limit_price"] is None else text.fixed(order["limit_price"], prices),
        has_limit=order["limit_price"] is not None,
        trigger=trigger,
        has_trigger=trigger != text.UNKNOWN,
        force=order["time_in_force"],
        state=_STATES.get(order["status"], order["status"]),
        may_cancel=order["status"] != "CANCEL_IN_FLIGHT",
    )


def _type(order: Mapping[str, Any]) -> str:
    leg = _LEGS.get(order["leg"] or "")
    marks = ["reduce"] * (order["reduce_only"] and not leg) + ["post"] * bool(order["post_only"])
    return ", ".join([leg or _TYPES[order["order_type"]], *marks])


def _trigger(order: Mapping[str, Any], places: int | None) -> str:
    if order["trail_percent"] is not None:
        return f"{text.fixed(order['trail_percent'], None)}% behind"
    if order["trail"] is not None:
        return f"{text.fixed(order['trail'], places)} behind"
    return text.fixed(order["stop_price"], places)
