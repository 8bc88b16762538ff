"""What an order of a strategy may say beside its side and size, and whether that contradicts itself."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from typing import Any, Final, Literal, TypedDict, get_args

from candlewick.core.errors import BadData, UsageError

TimeInForce = Literal["GTC", "IOC", "FOK"]


class OrderTerms(TypedDict, total=False):
    """Terms of `ctx.buy` and `ctx.sell`; what is left out or None is not asked for.

    Attributes:
        quantity: instead of a size, exactly so much.
        limit, stop: with neither it is a market order; with both a stop-limit.
        trail: distance of a trailing stop behind the market's best price since it was sent, as a fraction.
        stop_loss, take_profit: prices of the legs that follow the fill.
        stop_distance, target_distance: the same as fractions of the price paid, slippage included.
        trailing_stop: as `trail`, of a leg: since the fill; after a fill inside a bar from the next open on.
        tag: a name for the entry, for the tables of trades.
    """

    quantity: float | None
    limit: float | None
    stop: float | None
    trail: float | None
    stop_loss: float | None
    take_profit: float | None
    stop_distance: float | None
    target_distance: float | None
    trailing_stop: float | None
    time_in_force: TimeInForce
    post_only: bool
    reduce_only: bool
    tag: str


_ABOVE_ZERO: Final = ("quantity", "limit", "stop", "stop_loss", "take_profit", "target_distance")
_FRACTIONS: Final = ("trail", "stop_distance", "trailing_stop")


def said_in(size: Any, terms: Mapping[str, Any]) -> dict[str, Any]:
    """The terms that an order states, once they are found to go together.

    Raises:
        UsageError: it says what there is not, or two things that exclude each other.
    """
    said = {name: value for name, value in terms.items() if value is not None}
    _refuse_strange(said)
    for name in _ABOVE_ZERO:
        if name in said and not (said[name] > 0.0 and math.isfinite(said[name])):
            raise BadData(f"{name} is {said[name]}: give a number above zero, or leave it away.")
    for name in _FRACTIONS:
        if name in said and not 0.0 < said[name] < 1.0:
            raise BadData(
                f"{name} is {said[name]}: give a fraction between 0 and 1 (0.02 is 2 %), or leave it away."
            )
    if size is not None and "quantity" in said:
        raise UsageError("An order has a size or a quantity: give one of them.")
    if "trail" in said and ("limit" in said or "stop" in said):
        raise UsageError("A trailing stop has no limit and no stop of its own: give trail alone.")
    if "stop_loss" in said and "stop_distance" in said:
        raise UsageError("stop_loss is a price and stop_distance a fraction: give one of them.")
    if "take_profit" in said and "target_distance" in said:
        raise UsageError("take_profit is a price and target_distance a fraction: give one of them.")
    if said.get("post_only") and ("limit" not in said or "stop" in said):
        raise UsageError("post_only is for limit orders: give a limit, and no stop.")
    if said.get("time_in_force", "GTC") not in get_args(TimeInForce):
        raise UsageError(f"time_in_force is {said['time_in_force']!r}: give GTC, IOC or FOK.")
    return said


def _refuse_strange(said: Mapping[str, Any]) -> None:
    known = OrderTerms.__annotations__
    for name in said:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"It may say: {', '.join(known)}."
            raise UsageError(f"An order has no {name!r}. {hint}")
