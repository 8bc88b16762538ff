"""The place of a resting order among those at its price: an estimate, since no venue tells it.

On arrival all that is displayed at the price is ahead. A trade at the price takes from the front. What else
disappears was cancelled, and is taken to be spread evenly over the queue: ahead shrinks by its share. What is
added joins behind. A level out of sight is taken at its full length when it first comes into sight.
"""

from __future__ import annotations

import math
from typing import Any

from candlewick.fills.compiled import compiled


@compiled
def look(order: Any, displayed: float, whole: bool) -> None:
    """`displayed` (units) now stands at the order's price; NaN: the level is out of sight.

    `whole`: units are lots, and so is what is ahead: a part of one counts as one.
    """
    if math.isnan(displayed):
        return
    if math.isnan(order.ahead):
        order.ahead = displayed
    else:
        left = order.seen - order.printed  # of what was displayed, after the trades
        cancelled = left - displayed
        if cancelled > 0.0 and left > 0.0:
            order.ahead -= cancelled * min(order.ahead / left, 1.0)
            if whole:
                order.ahead = math.ceil(order.ahead - 1e-9)
        order.ahead = max(min(order.ahead, displayed), 0.0)
    order.seen = displayed
    order.printed = 0.0


@compiled
def traded(order: Any, quantity: float, left: float) -> float:
    """`quantity` (units) traded at the order's price, of which orders of ours before it had all but `left`.

    Returns what of it reaches the order.
    """
    if math.isnan(order.ahead):
        return 0.0
    order.printed += quantity
    reached: float = left - order.ahead
    order.ahead = max(order.ahead - left, 0.0)
    return max(reached, 0.0)
