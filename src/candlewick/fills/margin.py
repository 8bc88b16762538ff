"""Where an isolated position ends: the price at which its margin is used up, and what is left then."""

from __future__ import annotations

import math
from typing import Any, Final

from candlewick.fills import core
from candlewick.fills.compiled import compiled
from candlewick.fills.state import BUY, SELL, Levels

LIQUIDATION_FEE: Final = 0.0125
"""Of the notional that is liquidated, as far as the margin goes (Binance's `liquidationFee`)."""


@compiled
def initial(size: float, price: float, leverage: float, rules: Any) -> float:
    """The margin that an entry sets aside."""
    worth: float = core.notional(abs(size), price, rules.contract_size, rules.inverse)
    return worth / leverage


@compiled
def liquidation_price(size: float, entry: float, margin: float, tiers: Levels, rules: Any) -> float:
    """The mark at which `margin` falls to the maintenance margin, on the next tick beyond; NaN: none does.

    x = (s·C - margin - a) / (s - r), in the tier that x itself is in: `ledger.margin.liquidation_price`.
    """
    if len(tiers) == 0 or size == 0.0:
        return math.nan
    cost = core.notional(abs(size), entry, rules.contract_size, rules.inverse)
    side = 1.0 if (size > 0.0) != rules.inverse else -1.0
    for row in range(len(tiers)):
        worth = (side * cost - margin - tiers[row, 2]) / (side - tiers[row, 1])
        beyond = row + 1 < len(tiers) and worth > tiers[row + 1, 0]
        if worth > tiers[row, 0] and not beyond:
            at = abs(size) * rules.contract_size / worth if rules.inverse else worth / abs(size)
            return core.tick_down(at, rules.tick) if size > 0.0 else core.tick_up(at, rules.tick)
    return math.nan


@compiled
def met_at(end: float, high: float, low: float) -> float:
    """Where a bar trades as its mark comes to the end of a margin: there, or as near to it as it trades."""
    return min(max(end, low), high)


@compiled
def liquidated_at(size: float, entry: float, margin: float, market: float, rules: Any) -> float:
    """The price for which a position is closed that trades at `market`: never for less than nothing."""
    left = margin + core.profit(size, entry, market, rules.contract_size, rules.inverse)
    end = core.bankruptcy(size, market, left, rules.contract_size, rules.inverse, rules.tick)
    side = SELL if size > 0.0 else BUY
    if not core.can_trade(side, end, market):
        return end
    return core.slipped(side, market, end, rules.slippage, rules.tick)


@compiled
def liquidation_fee(size: float, entry: float, margin: float, price: float, rules: Any) -> float:
    """What the venue takes of a liquidation: its share of the notional, as far as the margin goes."""
    left = margin + core.profit(size, entry, price, rules.contract_size, rules.inverse)
    share = LIQUIDATION_FEE * core.notional(abs(size), price, rules.contract_size, rules.inverse)
    return min(share, max(left, 0.0))
