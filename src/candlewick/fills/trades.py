"""Fills become trades, from flat to flat; and how far each was ahead and behind while it was open."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from candlewick.fills import core
from candlewick.fills.compiled import compiled
from candlewick.fills.state import (
    BUY,
    LIQUIDATED,
    SELL,
    SIGNAL,
    STOP_LOSS,
    TAKEN_PROFIT,
    TIMED,
    TRAILED,
    Levels,
    Rows,
)


@compiled
def trades_of(fills: Rows, rules: Rows, last: Any, running: Any, out: Rows) -> int:
    """Fold fills, in order, into trades; answers how many. Those still open stand behind the closed ones.

    A fill beyond what is held closes it and opens the other side with the rest, and shares its fee between
    both by size. Prices are means by size.

    Args:
        last: per market, the price at which what is open is marked.
        running: per market, the funding received by what is open.
        out: room for a trade a fill, and one a market.
    """
    markets = len(rules)
    held = np.zeros(markets)
    # opened, paid for, closed, got for, fees, funding, stop, profit, mean price of what is still held, target
    begun = np.zeros((markets, 10))
    first = np.zeros((markets, 2), np.int64)  # bar, signal
    count = 0
    for n in range(len(fills)):
        fill = fills[n]
        m, rule = fill.market, rules[fill.market]
        size, left, fee = held[m], fill.size, fill.fee
        sign = 1.0 if size > 0.0 else -1.0
        if size != 0.0 and fill.side * sign < 0.0:
            closed = min(left, abs(size))
            share = fee * closed / fill.size
            begun[m, 2] += closed
            begun[m, 3] += closed * fill.price
            begun[m, 4] += share
            begun[m, 5] += fill.funding
            begun[m, 7] += core.profit(
                sign * closed, begun[m, 8], fill.price, rule.contract_size, rule.inverse
            )
            left, fee = left - closed, fee - share
            rest = abs(size) - closed
            held[m] = 0.0 if rest <= 1e-12 * begun[m, 0] else sign * rest
            if held[m] == 0.0:
                _put(
                    out,
                    count,
                    m,
                    sign,
                    fill.why,
                    first[m],
                    fill.bar,
                    begun[m, 3] / begun[m, 2],
                    fill.price,
                    begun[m],
                    rule,
                )
                count += 1
                if left <= 1e-12 * fill.size:
                    left = 0.0
        if left > 0.0:
            if held[m] == 0.0:
                begun[m, :] = 0.0
                begun[m, 6], begun[m, 9] = fill.stop, fill.target
                begun[m, 8] = fill.price
                first[m, 0], first[m, 1] = fill.bar, fill.signal
            else:
                begun[m, 8] = (abs(held[m]) * begun[m, 8] + left * fill.price) / (abs(held[m]) + left)
            begun[m, 0] += left
            begun[m, 1] += left * fill.price
            begun[m, 4] += fee
            held[m] += fill.side * left
    for m in range(markets):
        if held[m] != 0.0:
            sign, rule = (1.0 if held[m] > 0.0 else -1.0), rules[m]
            begun[m, 5] += running[m]
            begun[m, 7] += core.profit(held[m], begun[m, 8], last[m], rule.contract_size, rule.inverse)
            _put(out, count, m, sign, -1, first[m], -1, last[m], last[m], begun[m], rule)
            count += 1
    return count


@compiled
def _put(
    out: Rows,
    at: int,
    m: int,
    sign: float,
    why: int,
    first: Any,
    bar: int,
    price: float,
    last: float,
    begun: Any,
    rule: Any,
) -> None:
    trade = out[at]
    trade.market, trade.side, trade.why = m, int(sign), why
    trade.entry_bar, trade.signal, trade.exit_bar = first[0], first[1], bar
    trade.entry_price, trade.exit_price, trade.size = begun[1] / begun[0], price, begun[0]
    trade.last_price = last
    trade.fees, trade.funding = begun[4], begun[5]
    trade.stop, trade.target = begun[6], begun[9]
    trade.pnl = begun[7] + begun[5] - begun[4]
    trade.notional = core.notional(begun[0], trade.entry_price, rule.contract_size, rule.inverse)


@compiled
def excursions(
    trades: Rows, rules: Rows, open: Levels, high: Levels, low: Levels, worst: Any, best: Any
) -> None:
    """How far each trade was behind (not above zero) and ahead, as parts of its entry price.

    From the bar of its entry to the one of its exit. Of the last bar it saw the open alone where it left
    there; else what a stop, a target or the end of its margin cut off was not seen. For the rest the bar
    counts whole: which part of it came before the exit is not known.
    """
    bars = high.shape[1]
    for n in range(len(trades)):
        trade = trades[n]
        m = trade.market
        top, bottom = trade.entry_price, trade.entry_price
        end = trade.exit_bar if trade.exit_bar >= 0 else bars
        for i in range(trade.entry_bar, end):
            if not math.isnan(high[m, i]):
                top, bottom = max(top, high[m, i]), min(bottom, low[m, i])
        if end < bars:
            last_top, last_bottom = _seen(
                trade, rules[m], open[m, end], high[m, end], low[m, end], top, bottom
            )
            top, bottom = max(top, last_top), min(bottom, last_bottom)
        up, down = top / trade.entry_price - 1.0, bottom / trade.entry_price - 1.0
        worst[n], best[n] = (down, up) if trade.side > 0 else (-up, -down)


@compiled
def _seen(
    trade: Any, rules: Any, open: float, high: float, low: float, top: float, bottom: float
) -> tuple[float, float]:
    """The highest and lowest price of its last bar that a trade that saw `top`, `bottom` can have seen."""
    long, price = trade.side > 0, trade.last_price
    if trade.why in (SIGNAL, TIMED) or _left_at_open(trade, rules, open):
        return open, open
    falls = trade.why in (STOP_LOSS, LIQUIDATED)
    if trade.why == TRAILED:  # one that followed to a new best in this bar was not there before
        falls = high <= top if long else low >= bottom
    if falls:
        return (high, max(low, price)) if long else (min(high, price), low)
    if trade.why == TAKEN_PROFIT:
        return (min(high, price), low) if long else (high, max(low, price))
    return high, low


@compiled
def _left_at_open(trade: Any, rules: Any, open: float) -> bool:
    """Whether the last fill of a trade was made at the open of its bar."""
    if trade.why == LIQUIDATED:  # the venue may have paid more than there was
        return bool((trade.last_price - open) * trade.side >= 0.0)
    side = SELL if trade.side > 0 else BUY
    return bool(trade.last_price == core.slipped(side, open, math.nan, rules.slippage, rules.tick))
