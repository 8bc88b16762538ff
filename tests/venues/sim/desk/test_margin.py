"""Positions, and the margin behind them."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.venues.sim.catalogue import BY_SYMBOL, listings_of
from candlewick.venues.sim.desk.brackets import bracket_of, brackets_of, most_value
from candlewick.venues.sim.desk.margin import PerpTrader, Position
from candlewick.venues.sim.desk.orders import ZERO, amount

BTC = listings_of(BY_SYMBOL["BTCUSDT"])[1]
SOL = listings_of(BY_SYMBOL["SOLUSDT"])[1]
TRADES = st.lists(
    st.tuples(st.integers(-50_000, 50_000).filter(bool), st.integers(1, 10**6)), min_size=1, max_size=30
)


@given(trades=TRADES)
def test_profit_and_cost_together_are_what_was_paid(trades: list[tuple[int, int]]) -> None:
    position = Position(SOL)
    realized = ZERO
    for lots, ticks in trades:
        realized += position.trade(lots, ticks)
    paid = sum((amount(SOL, lots * ticks) for lots, ticks in trades), ZERO)
    assert position.lots == sum(lots for lots, _ in trades)
    # whatever was realised and whatever is still in the cost is the money that changed hands, exactly
    assert position.cost - realized == paid
    assert position.realized == realized
    if not position.lots:
        assert position.cost == 0


@given(trades=TRADES)
def test_the_entry_is_the_mean_of_what_is_held(trades: list[tuple[int, int]]) -> None:
    position = Position(SOL)
    held, mean = 0, 0.0
    for lots, ticks in trades:
        position.trade(lots, ticks)
        if held == 0 or (held > 0) == (lots > 0):
            mean = (mean * abs(held) + ticks * abs(lots)) / abs(held + lots)
        elif abs(lots) > abs(held):
            mean = ticks
        held += lots
        if held:
            assert float(position.entry) == pytest.approx(mean * float(SOL.tick), rel=1e-6)
        else:
            assert position.entry == 0


def test_a_long_wins_when_the_mark_rises_and_a_short_when_it_falls() -> None:
    long, short = Position(BTC), Position(BTC)
    long.trade(100, 600_000)
    short.trade(-100, 600_000)
    mark = Decimal(61_000)
    assert long.unrealized(mark) == 100
    assert short.unrealized(mark) == -100
    assert long.initial(mark) == Decimal(6100) / 20


@pytest.mark.parametrize("listing", [BTC, SOL])
def test_maintenance_margin_never_jumps(listing: object) -> None:
    rows = brackets_of(BTC if listing is BTC else SOL)
    for low, high in pairwise(rows):
        assert low.maintenance(low.cap) == high.maintenance(high.floor)
        assert low.leverage > high.leverage
        assert low.ratio < high.ratio
        # who may open there can also keep: the initial margin covers the maintenance margin
        assert high.cap / high.leverage > high.maintenance(high.cap)


def test_brackets_grant_less_leverage_to_larger_positions() -> None:
    assert bracket_of(BTC, Decimal(1)).leverage == 125
    assert bracket_of(BTC, Decimal(10**12)).leverage == 1
    assert most_value(BTC, 125) < most_value(BTC, 20) < most_value(BTC, 1)
    assert most_value(SOL, 125) == 0


@pytest.mark.parametrize("lots", [100, -100])
@pytest.mark.parametrize("isolated", [True, False])
def test_at_the_liquidation_price_the_margin_is_just_the_maintenance(lots: int, isolated: bool) -> None:
    trader = PerpTrader("alice")
    trader.pay("USDT", Decimal(500))
    position = trader.position(BTC)
    position.isolated = isolated
    position.trade(lots, 600_000)
    if isolated:
        position.wallet = Decimal(300)
    price = trader.liquidation_price(position, lambda listing: Decimal(60_000))
    behind = position.wallet if isolated else trader.cross_wallet("USDT")
    left = behind + position.unrealized(price) - position.maintenance(price)
    assert abs(left) < Decimal("0.000001")
    assert (price < 60_000) == (lots > 0)


def test_what_is_isolated_stands_for_itself() -> None:
    trader = PerpTrader("alice")
    trader.pay("USDT", Decimal(1000))
    position = trader.position(BTC)
    position.isolated = True
    position.trade(10, 600_000)
    position.wallet = Decimal(100)
    mark = {BTC: Decimal(50_000)}.__getitem__
    assert trader.cross_wallet("USDT") == 900
    assert trader.available("USDT", mark) == 900  # its loss is none of the others' business
    assert trader.unrealized("USDT", mark) == -100
