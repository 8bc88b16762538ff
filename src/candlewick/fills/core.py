"""The decisions, one small function each. All compiled, all pure; every driver calls these same ones."""

from __future__ import annotations

import math

from candlewick.fills.compiled import compiled
from candlewick.fills.state import BUY, STOP, STOP_LIMIT, Levels


@compiled
def on_tick(price: float, tick: float) -> float:
    """`price` at the nearest tick, ties to even: the float that the price's digits read back as.

    Most ticks are 1/n. Dividing by n rounds once and gives exactly the float of the decimal; multiplying by
    the tick, itself rounded, would give 100.10000000000001. NaN stays: rounded it would be a number.
    """
    if tick <= 0.0 or math.isnan(price):
        return price
    steps = 1.0 / tick
    if tick < 1.0 and abs(steps - round(steps)) < 1e-6 * steps:
        return round(price * round(steps)) / round(steps)
    return round(price / tick) * tick


@compiled
def tick_down(price: float, tick: float) -> float:
    """The nearest tick that is not above `price`."""
    nearest = on_tick(price, tick)
    return on_tick(nearest - tick, tick) if nearest > price else nearest


@compiled
def tick_up(price: float, tick: float) -> float:
    """The nearest tick that is not below `price`."""
    nearest = on_tick(price, tick)
    return on_tick(nearest + tick, tick) if nearest < price else nearest


@compiled
def units(quantity: float, lot: float) -> float:
    """A market quantity in whole lots, rounded down but for the float's own error; as it is without a lot."""
    if lot <= 0.0 or math.isnan(quantity):
        return quantity
    lots = quantity / lot
    return math.floor(lots + 1e-9 + 1e-15 * lots)


@compiled
def is_met(kind: int, side: int, stop: float, price: float) -> bool:
    """Whether `price` sets off an order that waits at `stop`.

    A stop buys at or above its price and sells at or below it; a take-profit the other way round.
    """
    return (price - stop) * side >= 0.0 if kind in (STOP, STOP_LIMIT) else (price - stop) * side <= 0.0


@compiled
def trail_at(side: int, best: float, trail: float, rate: float, tick: float) -> float:
    """Where a trailing stop stands: its distance behind the best price since it began."""
    distance = best * rate if math.isnan(trail) else trail
    return on_tick(best + side * distance, tick)


@compiled
def can_trade(side: int, limit: float, price: float) -> bool:
    """Whether an order with this limit (NaN: none) may trade at `price`."""
    return math.isnan(limit) or (limit - price) * side >= 0.0


@compiled
def slipped(side: int, price: float, limit: float, slippage: float, tick: float) -> float:
    """What a taker pays after slippage: on a tick, never better than `price`, never past `limit`."""
    if slippage <= 0.0:
        return price
    worse = price * (1.0 + side * slippage)
    worse = tick_up(worse, tick) if side == BUY else tick_down(worse, tick)
    return limit if not can_trade(side, limit, worse) else worse


@compiled
def notional(quantity: float, price: float, contract_size: float, inverse: bool) -> float:
    """Worth of a quantity of base, or of so many inverse contracts, in what it settles in (quote; base)."""
    return quantity * contract_size / price if inverse else quantity * price


@compiled
def profit(quantity: float, entry: float, price: float, contract_size: float, inverse: bool) -> float:
    """Unrealised profit of a signed `quantity` in the settlement currency."""
    if inverse:
        return quantity * contract_size * (1.0 / entry - 1.0 / price)
    return quantity * (price - entry)


@compiled
def funding(quantity: float, mark: float, rate: float, contract_size: float, inverse: bool) -> float:
    """What a settlement brings to the holder of a signed `quantity`: longs pay a positive rate."""
    return -notional(quantity, mark, contract_size, inverse) * rate


@compiled
def maintenance(worth: float, tiers: Levels) -> float:
    """Maintenance margin of a position worth this much.

    Rows of `tiers` rise: notional from which the tier holds, rate, and the amount that is taken off so that
    the margin does not jump where tiers meet.
    """
    row = 0
    while row + 1 < len(tiers) and worth >= tiers[row + 1, 0]:
        row += 1
    return max(float(worth * tiers[row, 1] - tiers[row, 2]), 0.0)


@compiled
def is_lost(equity: float, margin: float) -> bool:
    """Whether a position or cross account is to be liquidated: its equity is no more than its maintenance."""
    return margin > 0.0 and equity <= margin


@compiled
def bankruptcy(
    quantity: float, mark: float, equity: float, contract_size: float, inverse: bool, tick: float
) -> float:
    """The price at which the `equity` behind a signed `quantity`, as of `mark`, is used up.

    On the tick that leaves it not negative. Where it is negative already, that is a price better than the
    mark: the venue's insurance bears the difference.
    """
    if inverse:
        inverted = 1.0 / mark + equity / (quantity * contract_size)
        price = 1.0 / inverted if inverted > 0.0 else math.inf
    else:
        price = max(mark - equity / quantity, 0.0)
    if math.isinf(price):
        return price
    return tick_up(price, tick) if quantity > 0.0 else tick_down(price, tick)
