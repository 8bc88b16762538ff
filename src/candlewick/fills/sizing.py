"""How much an entry is for: a size rule, the money there is, and the price of the moment."""

from __future__ import annotations

import math
from typing import Any, Final

from candlewick.fills import core
from candlewick.fills.compiled import compiled

# what a size says
FRACTION: Final = 0  # of equity, fee included
QUANTITY: Final = 1  # base or contracts
NOTIONAL: Final = 2  # quote
RISK: Final = 3  # of equity, lost where the stop stands
KELLY: Final = 4  # of equity, by the trades so far; the size caps it

DUST: Final = 1e-9
"""Of equity: what the rounding of floats leaves over buys nothing."""
NOISE: Final = 1e-14
"""Of a price: what the difference of two such prices may be off by."""


@compiled
def affordable(price: float, free: float, leverage: float, rules: Any) -> float:
    """The quantity whose initial margin and fee `free` pays."""
    worth = core.notional(1.0, price, rules.contract_size, rules.inverse)
    return float(max(free, 0.0) / (worth * (1.0 / leverage + rules.taker)))


@compiled
def entry_units(
    mode: int,
    size: float,
    price: float,
    stop: float,
    equity: float,
    free: float,
    leverage: float,
    rules: Any,
    market: float = 0.0,
) -> float:
    """Units of an entry at `price` (as it will be paid), never more than `free` pays for.

    Args:
        market: the price that the venue judges its margin by, where that is the dearer one.
        stop: where its stop will stand, NaN: nowhere. A RISK without a stop is no entry.
        equity: of the account, `free`: of it, what no position has as its margin.
    """
    if math.isnan(size) or not price > 0.0:
        return 0.0
    dear = max(price, market)
    most = affordable(dear, free, leverage, rules)
    worth = core.notional(1.0, price, rules.contract_size, rules.inverse)
    if mode == QUANTITY:
        wanted = size
    elif mode == NOTIONAL:
        wanted = size / worth
    elif mode == RISK:
        if math.isnan(stop):
            return 0.0
        lost = _lost(price, stop, rules)
        wanted = size * equity / lost if lost > 0.0 else 0.0
    else:
        wanted = affordable(dear, size * equity, leverage, rules)
    wanted = min(wanted, most)
    if wanted * worth <= DUST * equity:
        return 0.0
    return max(core.units(wanted, rules.lot), 0.0)


@compiled
def _lost(price: float, stop: float, rules: Any) -> float:
    """What one unit loses from `price` to its `stop`: of prices on ticks as their distance reads.

    Their difference is off by its last digits, which are a lot of a large position with a near stop.
    """
    lost = abs(core.profit(1.0, price, stop, rules.contract_size, rules.inverse))
    if rules.inverse:
        return lost
    even = core.on_tick(lost, rules.tick)
    return even if abs(even - lost) <= NOISE * price else lost


@compiled
def kelly(trades: int, wins: int, won: float, lost: float, least: int, part: float, cap: float) -> float:
    """The part of equity that Kelly's rule bets, times `part`, between 0 and `cap`.

    W - (1 - W) / R with W the share of winners and R the mean win by the mean loss (J. L. Kelly, "A New
    Interpretation of Information Rate", 1956). `cap` until there are `least` trades.

    Args:
        won, lost: sums of the winners' and of the losers' returns, both not below zero.
    """
    if trades < least:
        return cap
    if wins == trades or lost <= 0.0:
        return cap
    if wins == 0:
        return 0.0
    share = wins / trades
    ratio = (won / wins) / (lost / (trades - wins))
    return min(max(part * (share - (1.0 - share) / ratio), 0.0), cap)
