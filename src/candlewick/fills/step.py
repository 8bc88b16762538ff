"""One step of the fill core: what a price, a trade or a book does to the orders of one account.

Each function changes `orders` and `position` in place, writes what happened into `out` in the order in which
it happened, and answers how many rows that are. One that stops for want of room (`is_full`) is to be called
again with the same arguments.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from candlewick.fills import core, depth, queue
from candlewick.fills.compiled import compiled
from candlewick.fills.state import (
    ARRIVING,
    BUY,
    DONE,
    ENDED,
    FILLED,
    FOK,
    GTC,
    IOC,
    NO_LIQUIDITY,
    NO_REASON,
    NOT_AT_ONCE,
    NOTHING_TO_REDUCE,
    RESTING,
    SELL,
    TRAILING,
    TRIGGERED,
    WAITING,
    WOULD_TRADE,
    Levels,
    Rows,
)


@compiled
def is_full(out: Rows, count: int) -> bool:
    """Whether a step had to stop: an order is not begun unless there is room for a fill and for its end."""
    return count > len(out) - 3


@compiled
def wanted(order: Any, position: Any) -> float:
    """Units that the order may still trade: no more than there is to reduce, and than its entry has left."""
    rest: float = order.quantity - order.filled
    if order.reduce_only:
        rest = min(rest, max(-order.side * position.quantity, 0.0))
    if order.group != 0:
        rest = min(rest, order.left)
    return rest


@compiled
def fill(
    orders: Rows, row: int, position: Any, rules: Any,
    price: float, quantity: float, maker: bool, out: Rows, count: int,
) -> int:  # fmt: skip
    """Trade `quantity` units of an order at `price`."""
    order = orders[row]
    if quantity == order.quantity - order.filled:
        order.filled = order.quantity  # exactly, where quantities are no whole lots
        order.stage = DONE
    else:
        order.filled += quantity
    position.quantity += order.side * quantity
    size = quantity * rules.lot if rules.lot > 0.0 else quantity
    worth = core.notional(size, price, rules.contract_size, rules.inverse)
    return _write(out, count, FILLED, NO_REASON, maker, row, price, quantity,
                  worth * (rules.maker if maker else rules.taker))  # fmt: skip


@compiled
def end(orders: Rows, row: int, reason: int, out: Rows, count: int) -> int:
    """End an order by its own terms."""
    orders[row].stage = DONE
    return _write(out, count, ENDED, reason, False, row, math.nan, 0.0, 0.0)


@compiled
def trigger(orders: Rows, row: int, price: float, out: Rows, count: int) -> int:
    """Set off an order that waited: it is at work now."""
    orders[row].stage = ARRIVING
    return _write(out, count, TRIGGERED, NO_REASON, False, row, price, 0.0, 0.0)


@compiled
def step_price(orders: Rows, n: int, rules: Any, price: float, out: Rows) -> int:
    """The price that triggers look at is `price`: trailing stops follow it, what it sets off is at work."""
    count = 0
    for row in range(n):
        order = orders[row]
        if order.stage != WAITING:
            continue
        if is_full(out, count):
            break
        at = order.stop
        if order.kind == TRAILING:
            if math.isnan(order.best):
                if (price - order.stop) * order.side > 0.0:
                    continue  # it has not begun; a NaN compares as false: it begins at once
                order.best = price
            elif (price - order.best) * order.side < 0.0:
                order.best = price
            at = core.trail_at(order.side, order.best, order.trail, order.trail_rate, rules.tick)
            met = (price - at) * order.side >= 0.0
        else:
            met = core.is_met(order.kind, order.side, at, price)
        if met:
            count = trigger(orders, row, price, out, count)
    return count


@compiled
def step_trade(
    orders: Rows, n: int, rules: Any, position: Any,
    price: float, quantity: float, taker: int, out: Rows,
) -> int:  # fmt: skip
    """A trade was printed by a `taker` of this direction: orders resting opposite get what reaches them.

    An order that is priced better than the print was passed by it and comes before all displayed; one at the
    print's price waits for its turn in the queue. No more is filled than was printed.
    """
    count = 0
    printed = core.units(quantity, rules.lot)
    left = printed
    rows = np.empty(n, np.int64)
    for at in range(touched(orders, n, -taker, price, rows)):
        row = rows[at]
        order = orders[row]
        if order.limit == price:
            reached = queue.traded(order, printed, left)
        else:
            order.ahead, order.seen, order.printed = 0.0, 0.0, 0.0
            reached = left
        take = min(reached, wanted(order, position))
        if take > 0.0 and not is_full(out, count):
            left -= take
            count = fill(orders, row, position, rules, order.limit, take, True, out, count)
    return step_position(orders, n, position, out, count)


@compiled
def step_depth(orders: Rows, n: int, rules: Any, displayed: Rows) -> None:
    """`displayed` stands at each order's price now (NaN: out of sight): queues move on."""
    for row in range(n):
        if orders[row].stage == RESTING:
            queue.look(orders[row], core.units(displayed[row], rules.lot), rules.lot > 0.0)


@compiled
def step_book(
    orders: Rows, n: int, rules: Any, position: Any,
    bids: Levels, asks: Levels, shown: int, taken: Rows, held: Rows, out: Rows,
) -> int:  # fmt: skip
    """The book is this: resting orders it has come to meet are filled, then arriving ones take what is left.

    Args:
        bids, asks: levels, best first; only the first `shown` of each are displayed, the rest are assumed.
        taken, held: per side (0 bids, 1 asks) what this account took, and how many rows of it hold something.
    """
    count = 0
    rows = np.empty(n, np.int64)
    for side in (BUY, SELL):
        book, levels = (1, asks) if side == BUY else (0, bids)
        if len(levels) == 0:
            continue
        for at in range(touched(orders, n, side, levels[0, 0], rows)):
            if is_full(out, count):
                return count
            count = sweep(orders, rows[at], rules, position, levels, min(shown, len(levels)),
                          taken[book], held, book, True, out, count)  # fmt: skip
    for row in range(n):
        if orders[row].stage != ARRIVING:
            continue
        if is_full(out, count):
            return count
        book, levels = (1, asks) if orders[row].side == BUY else (0, bids)
        count = arrive(orders, row, rules, position, levels, min(shown, len(levels)),
                       taken[book], held, book, out, count)  # fmt: skip
    return step_position(orders, n, position, out, count)


@compiled
def step_position(orders: Rows, n: int, position: Any, out: Rows, count: int) -> int:
    """End the reduce-only orders that have nothing left to reduce. Writes after the first `count` rows."""
    for row in range(n):
        order = orders[row]
        if order.reduce_only and order.stage != DONE and wanted(order, position) <= 0.0 and count < len(out):
            count = end(orders, row, NOTHING_TO_REDUCE, out, count)
    return count


@compiled
def touched(orders: Rows, n: int, side: int, price: float, rows: Rows) -> int:
    """Rows of the resting orders of `side` that may trade at `price`: best price first, then first come."""
    count = 0
    for row in range(n):
        order = orders[row]
        if order.stage != RESTING or order.side != side or not core.can_trade(side, order.limit, price):
            continue
        at = count
        while at > 0 and (order.limit - orders[rows[at - 1]].limit) * side > 0.0:
            rows[at] = rows[at - 1]
            at -= 1
        rows[at] = row
        count += 1
    return count


@compiled
def arrive(
    orders: Rows, row: int, rules: Any, position: Any,
    levels: Levels, shown: int, taken: Rows, held: Rows, book: int, out: Rows, count: int,
) -> int:  # fmt: skip
    """An order comes to the book: it takes what its terms let it, and rests or ends."""
    order = orders[row]
    if wanted(order, position) <= 0.0:
        return end(orders, row, NOTHING_TO_REDUCE, out, count)
    if order.post_only and len(levels) and core.can_trade(order.side, order.limit, levels[0, 0]):
        return end(orders, row, WOULD_TRADE, out, count)
    if order.tif == FOK:
        if depth.available(order, levels, shown, taken, held[book], rules.lot) < wanted(order, position):
            return end(orders, row, NOT_AT_ONCE, out, count)
        order.tif = IOC  # it was judged: should there be no room for all its fills, they go on as they began
    count = sweep(orders, row, rules, position, levels, len(levels), taken, held, book, False, out, count)
    if order.stage == DONE or is_full(out, count):
        return count
    if wanted(order, position) <= 0.0:
        return end(orders, row, NOTHING_TO_REDUCE, out, count)
    if math.isnan(order.limit):
        return end(orders, row, NO_LIQUIDITY, out, count)
    if order.tif != GTC:
        return end(orders, row, NOT_AT_ONCE, out, count)
    order.stage = RESTING
    order.ahead = math.nan
    return count


@compiled
def sweep(
    orders: Rows, row: int, rules: Any, position: Any,
    levels: Levels, shown: int, taken: Rows, held: Rows, book: int, maker: bool, out: Rows, count: int,
) -> int:  # fmt: skip
    """Walk the levels within the order's limit: a taker trades at each level's price, a maker at its own."""
    order = orders[row]
    for level in range(shown):
        price = levels[level, 0]
        rest = wanted(order, position)
        if rest <= 0.0 or is_full(out, count) or not core.can_trade(order.side, order.limit, price):
            break
        there = core.units(levels[level, 1], rules.lot) - depth.taken_at(taken, held[book], price)
        if there <= 0.0:
            continue
        quantity = min(rest, there)
        held[book] = depth.take(taken, held[book], price, quantity)
        paid = (
            order.limit if maker
            else core.slipped(order.side, price, order.limit, rules.slippage, rules.tick)
        )  # fmt: skip
        count = fill(orders, row, position, rules, paid, quantity, maker, out, count)
    return count


@compiled
def _write(
    out: Rows, count: int, what: int, reason: int, maker: bool,
    row: int, price: float, quantity: float, fee: float,
) -> int:  # fmt: skip
    action = out[count]
    action.what, action.reason, action.maker, action.order = what, reason, maker, row
    action.price, action.quantity, action.fee = price, quantity, fee
    return count + 1
