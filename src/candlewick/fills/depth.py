"""Taking from a book what is there, once: what an account took is not there for it again.

Nobody else sees a simulated order, so the venue goes on displaying what it took. It is remembered per price
(`taken`, units), counts against what is displayed, shrinks when the level does and is forgotten with it.
"""

from __future__ import annotations

import math
from typing import Any

from candlewick.fills.compiled import compiled
from candlewick.fills.core import can_trade, units
from candlewick.fills.state import Levels, Rows


@compiled
def refresh(taken: Rows, held: int, displayed: Rows, lot: float) -> int:
    """What is still taken now that this is `displayed` at each of its prices; how many rows hold something.

    NaN: the level is deeper than the book is known; it may still stand there.
    """
    kept = 0
    for row in range(held):
        left = taken[row].quantity
        if not math.isnan(displayed[row]):
            left = min(left, units(displayed[row], lot))
        if left > 0.0:
            taken[kept].price = taken[row].price
            taken[kept].quantity = left
            kept += 1
    return kept


@compiled
def taken_at(taken: Rows, held: int, price: float) -> float:
    """What is taken of the level at `price`."""
    for row in range(held):
        if taken[row].price == price:
            return float(taken[row].quantity)
    return 0.0


@compiled
def take(taken: Rows, held: int, price: float, quantity: float) -> int:
    """Note that `quantity` of the level at `price` is taken; how many rows of `taken` are held now."""
    for row in range(held):
        if taken[row].price == price:
            taken[row].quantity += quantity
            return held
    taken[held].price = price
    taken[held].quantity = quantity
    return held + 1


@compiled
def available(order: Any, levels: Levels, shown: int, taken: Rows, held: int, lot: float) -> float:
    """What the order could take now, within its limit."""
    total = 0.0
    for level in range(shown):
        price = levels[level, 0]
        if not can_trade(order.side, order.limit, price):
            break
        total += max(units(levels[level, 1], lot) - taken_at(taken, held, price), 0.0)
    return total


@compiled
def ladder(levels: Levels, price: float, quantity: float, step: float, side: int) -> int:
    """Write the depth behind a quote that shows nothing deeper; how many levels that makes.

    What cannot be seen is assumed: one level like the best every `step` (the spread, at least a tick), as
    many as `levels` has rows for and prices above zero.
    """
    for row in range(len(levels)):
        at = price + side * row * step
        if at <= 0.0:
            return row
        levels[row, 0] = at
        levels[row, 1] = quantity
    return len(levels)
