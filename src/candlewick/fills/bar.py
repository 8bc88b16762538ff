"""One bar: what an open, a high, a low and a close do to the orders of one account.

A bar does not tell in which order its prices came, nor how much could be traded at each. So the order of
events is the one that hurts: what stands against a position (stops, trailing stops) is set off before what it
hopes for (targets, limits). `step_open` is its first trade, which everybody can take; `step_range` is the
rest. Between the two a driver may add what follows from a fill at the open, such as a bracket's legs.

A stop is filled where it stands, or at the open when the market opened beyond it. A limit is filled at its
price once the market traded through it (`rules.touch`: once it reached it). Nothing is limited by volume.
"""

from __future__ import annotations

import math
from typing import Any

from candlewick.fills import core, step
from candlewick.fills.compiled import compiled
from candlewick.fills.state import (
    ARRIVING,
    BUY,
    DONE,
    GTC,
    NOT_AT_ONCE,
    NOTHING_TO_REDUCE,
    RESTING,
    TAKE_PROFIT,
    TRAILING,
    WAITING,
    WOULD_TRADE,
    Rows,
)


@compiled
def step_open(orders: Rows, n: int, rules: Any, position: Any, price: float, out: Rows) -> int:
    """The first trade of a bar sets off what it meets, fills what arrives and the limits it is beyond."""
    if _is_quiet(orders, n, price, price):
        return 0
    count = step.step_price(orders, n, rules, price, out)
    for turn in range(2 * n):  # trailing stops last: where one stands with a stop, the stop was there before
        row = turn % n
        if step.is_full(out, count):
            return count
        order = orders[row]
        if (order.kind == TRAILING) != (turn >= n):
            continue
        if order.stage == ARRIVING:
            count = _arrive(orders, n, row, rules, position, price, out, count)
        elif order.stage == RESTING and (order.limit - price) * order.side > 0.0:
            count = _fill(orders, n, row, rules, position, order.limit, True, out, count)
    return step.step_position(orders, n, position, out, count)


@compiled
def step_range(
    orders: Rows, n: int, rules: Any, position: Any, high: float, low: float, close: float, out: Rows
) -> int:
    """The rest of a bar: stops, then targets and limits, then trailing stops follow the best price."""
    if _is_quiet(orders, n, high, low):
        return 0
    count = 0
    rests = orders["stage"][:n] == RESTING  # what a stop leaves behind waits for the next bar
    row = _next_stop(orders, n, rules, high, low)
    while row >= 0 and not step.is_full(out, count):
        count = _set_off(orders, n, row, rules, position, stop_at(orders[row], rules), out, count)
        row = _next_stop(orders, n, rules, high, low)
    count = step.step_position(orders, n, position, out, count)
    for row in range(n):
        order = orders[row]
        if step.is_full(out, count):
            break
        is_target = order.stage == WAITING and order.kind == TAKE_PROFIT
        if is_target and reached(-order.side, order.stop, high, low):
            count = _set_off(orders, n, row, rules, position, order.stop, out, count)
        elif rests[row] and order.stage == RESTING and traded_through(order, high, low, rules.touch):
            count = _fill(orders, n, row, rules, position, order.limit, True, out, count)
    for row in range(n):
        order = orders[row]
        if order.stage == WAITING and order.kind == TRAILING and not step.is_full(out, count):
            follow(order, high, low)
            at = stop_at(order, rules)
            if (close - at) * order.side >= 0.0:  # a NaN compares as false
                count = _set_off(orders, n, row, rules, position, at, out, count)
    return step.step_position(orders, n, position, out, count)


@compiled
def edges(orders: Rows, n: int) -> tuple[float, float]:
    """The prices between which no order stirs; the upper one is the lower where any price may stir one."""
    below, above = -math.inf, math.inf
    for row in range(n):
        order = orders[row]
        if order.stage == ARRIVING or (order.stage == WAITING and order.kind == TRAILING):
            return math.inf, -math.inf
        falls = order.side == BUY
        at = order.limit
        if order.stage == WAITING:
            falls = (order.side == BUY) == (order.kind == TAKE_PROFIT)
            at = order.stop
        elif order.stage != RESTING:
            continue
        if falls and at > below:
            below = at
        elif not falls and at < above:
            above = at
    return below, above


@compiled
def _is_quiet(orders: Rows, n: int, high: float, low: float) -> bool:
    """Whether these prices do nothing to any order: so it is in most bars, and they cost a look."""
    for row in range(n):
        order = orders[row]
        if order.stage == ARRIVING or (order.stage == WAITING and order.kind == TRAILING):
            return False
        if order.stage == WAITING:
            side = -order.side if order.kind == TAKE_PROFIT else order.side
            if reached(side, order.stop, high, low):
                return False
        elif order.stage == RESTING and traded_through(order, high, low, True):
            return False
    return True


@compiled
def stop_at(order: Any, rules: Any) -> float:
    """Where a stop stands; NaN: it trails, and has not begun to."""
    if order.kind == TRAILING:
        if math.isnan(order.best):
            return math.nan
        return core.trail_at(order.side, order.best, order.trail, order.trail_rate, rules.tick)
    return float(order.stop)


@compiled
def reached(side: int, price: float, high: float, low: float) -> bool:
    """Whether a rise (side BUY) or a fall came to `price`; NaN is never reached."""
    return high >= price if side == BUY else low <= price


@compiled
def traded_through(order: Any, high: float, low: float, touch: bool) -> bool:
    """Whether the market went beyond a resting order's price; `touch`: or to it."""
    beyond = order.limit - low if order.side == BUY else high - order.limit
    return beyond > 0.0 or (touch and beyond == 0.0)


@compiled
def follow(order: Any, high: float, low: float) -> None:
    """Let a trailing stop see the best price of a bar."""
    best = low if order.side == BUY else high
    if math.isnan(order.best):
        if (best - order.stop) * order.side > 0.0:
            return  # it has not begun
        order.best = best
    elif (best - order.best) * order.side < 0.0:
        order.best = best


@compiled
def _next_stop(orders: Rows, n: int, rules: Any, high: float, low: float) -> int:
    """The stop that a bar meets first; -1: none.

    Of one side the nearest to where the price came from, a trailing stop after others at its price.
    """
    found, nearest = -1, math.nan
    for row in range(n):
        order = orders[row]
        if order.stage != WAITING or order.kind == TAKE_PROFIT:
            continue
        at = stop_at(order, rules)
        if not reached(order.side, at, high, low):
            continue
        nearer = (nearest - at) * order.side if found >= 0 and orders[found].side == order.side else 0.0
        level = nearer == 0.0 and found >= 0 and orders[found].kind == TRAILING and order.kind != TRAILING
        if found < 0 or nearer > 0.0 or (level and orders[found].side == order.side):
            found, nearest = row, at
    return found


@compiled
def _set_off(
    orders: Rows, n: int, row: int, rules: Any, position: Any, price: float, out: Rows, count: int
) -> int:
    """The market came to a stop's or target's price: it trades there, or rests with its limit."""
    count = step.trigger(orders, row, price, out, count)
    return _arrive(orders, n, row, rules, position, price, out, count)


@compiled
def _arrive(
    orders: Rows, n: int, row: int, rules: Any, position: Any, price: float, out: Rows, count: int
) -> int:
    """An order comes while the market is at `price`."""
    order = orders[row]
    if step.wanted(order, position) <= 0.0:
        return step.end(orders, row, NOTHING_TO_REDUCE, out, count)
    if not core.can_trade(order.side, order.limit, price):
        if order.tif != GTC:
            return step.end(orders, row, NOT_AT_ONCE, out, count)
        order.stage = RESTING
        return count
    if order.post_only:
        return step.end(orders, row, WOULD_TRADE, out, count)
    paid = core.slipped(order.side, price, order.limit, rules.slippage, rules.tick)
    return _fill(orders, n, row, rules, position, paid, False, out, count)


@compiled
def _fill(
    orders: Rows, n: int, row: int, rules: Any, position: Any,
    price: float, maker: bool, out: Rows, count: int,
) -> int:  # fmt: skip
    """Fill all that is wanted at one price; a reduce-only order that wanted more has nothing left to do."""
    quantity = step.wanted(orders[row], position)
    if quantity > 0.0:
        count = step.fill(orders, row, position, rules, price, quantity, maker, out, count)
        group = orders[row].group
        for other in range(n if group != 0 else 0):
            if orders[other].group == group:
                orders[other].left -= quantity
    if orders[row].stage != DONE:
        count = step.end(orders, row, NOTHING_TO_REDUCE, out, count)
    return count
