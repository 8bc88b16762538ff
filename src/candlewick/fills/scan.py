"""Bars in which nothing happens, passed over in machine code: to the next one that Python must see."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from candlewick.fills import bar, core
from candlewick.fills.compiled import compiled
from candlewick.fills.state import ARRIVING, TAKE_PROFIT, TRAILING, WAITING, Levels, Rows


@compiled
def next_stir(
    orders: Rows, n: int, rules: Any, below: float, above: float,
    open: Any, high: Any, low: Any, close: Any, top: Any, bottom: Any, start: int, stop: int,
) -> int:  # fmt: skip
    """The first bar from `start` on that does anything to one of these orders; `stop` if none before it does.

    Bars that are NaN do nothing. The orders are left as they are; `pass_over` lets them see what was passed.

    Args:
        below, above: prices that must be seen besides, once they are reached: by the market or by its mark.
        top, bottom: the highest and lowest of both.
    """
    lower, upper = bar.edges(orders, n)
    trails = lower > upper
    if trails and np.any(orders["stage"][:n] == ARRIVING):
        lower, upper = math.inf, -math.inf
        trails = False
    if trails:
        return _next_trailed(orders, n, rules, below, above, open, high, low, close, top, bottom, start, stop)
    below, above = max(below, lower), min(above, upper)
    for i in range(start, stop):
        if bottom[i] <= below or top[i] >= above:  # a NaN compares as false
            return i
    return stop


@compiled
def _next_trailed(
    orders: Rows, n: int, rules: Any, below: float, above: float,
    open: Any, high: Any, low: Any, close: Any, top: Any, bottom: Any, start: int, stop: int,
) -> int:  # fmt: skip
    bests = orders["best"][:n].copy()
    found = stop
    for i in range(start, stop):
        if math.isnan(close[i]):
            continue
        if (
            bottom[i] <= below
            or top[i] >= above
            or _stirs(orders, n, rules, open[i], high[i], low[i], close[i])
        ):
            found = i
            break
    orders["best"][:n] = bests
    return found


@compiled
def _stirs(orders: Rows, n: int, rules: Any, open: float, high: float, low: float, close: float) -> bool:
    """Whether a bar sets off or fills one of the orders; if not, trailing stops have followed it."""
    for row in range(n):
        order = orders[row]
        if order.stage != WAITING:
            if bar.traded_through(order, high, low, True):
                return True
        elif order.kind != TRAILING:
            side = -order.side if order.kind == TAKE_PROFIT else order.side
            if bar.reached(side, order.stop, high, low):
                return True
        else:
            bar.follow(order, open, open)
            at = bar.stop_at(order, rules)
            if (open - at) * order.side >= 0.0 or bar.reached(order.side, at, high, low):
                return True
            bar.follow(order, high, low)
            if (close - bar.stop_at(order, rules)) * order.side >= 0.0:
                return True
    return False


@compiled
def pass_over(orders: Rows, n: int, open: Any, high: Any, low: Any, start: int, stop: int) -> None:
    """Let trailing stops see the bars before `stop`, none of which sets one off."""
    for row in range(n):
        order = orders[row]
        if order.stage == WAITING and order.kind == TRAILING:
            for i in range(start, stop):
                if not math.isnan(open[i]):
                    bar.follow(order, open[i], open[i])
                    bar.follow(order, high[i], low[i])


@compiled
def mark(
    equity: Any, start: int, stop: int, account: Any, sizes: Any, entries: Any, values: Any, close: Levels,
    rules: Rows, pause_at: float, pause_for: int,
) -> None:  # fmt: skip
    """Write the equity at the closes of bars through which the same was held, and pause after a drawdown.

    Args:
        values: unrealised profit at the last close of each market: where a bar is NaN it stays what it was.
    """
    for i in range(start, stop):
        worth = 0.0
        for m in range(len(sizes)):
            if sizes[m] != 0.0:
                if not math.isnan(close[m, i]):
                    values[m] = core.profit(
                        sizes[m], entries[m], close[m, i], rules[m].contract_size, rules[m].inverse
                    )
                worth += values[m]
        now = account.wallet + worth
        equity[i] = now
        if pause_at > 0.0:
            if now > account.peak:
                account.peak = now
            elif now <= account.peak * (1.0 - pause_at):
                account.paused_until, account.peak = i + 1 + pause_for, now
