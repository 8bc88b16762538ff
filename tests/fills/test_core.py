"""The decisions one by one: each against what its words say, in Decimals where money is meant."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core import money
from candlewick.core.instrument import Instrument
from candlewick.fills import core, state
from candlewick.ledger import margin

TICKS = ["0.00001", "0.0001", "0.01", "0.05", "0.1", "0.25", "0.5", "1", "5", "10"]
ticks = st.sampled_from(TICKS)
sides = st.sampled_from([state.BUY, state.SELL])


def instrument(tick: str) -> Instrument:
    return Instrument(
        id="sim:X", venue="sim", symbol="X", native="X", kind="perp", base="X", quote="Y", settle="Y",
        tick=Decimal(tick),
    )  # fmt: skip


@given(ticks, st.integers(1, 10**7))
def test_a_price_that_is_on_a_tick_is_the_float_of_its_digits(tick: str, steps: int) -> None:
    price = Decimal(tick) * steps
    assert core.on_tick(float(price), float(tick)) == float(price)
    assert core.on_tick(float(price) * (1 + 1e-12), float(tick)) == float(price)


@given(ticks, st.floats(1e-3, 1e6))
def test_it_rounds_to_the_tick_that_money_is_rounded_to(tick: str, price: float) -> None:
    nearest = float(money.price(instrument(tick), price))
    # a price in the middle of two ticks is not exactly there as a float: either is right
    assert core.on_tick(price, float(tick)) == pytest.approx(nearest, abs=float(tick) * 1.000001)
    exact = Decimal(repr(price)) / Decimal(tick)
    if abs(exact % 1 - Decimal("0.5")) > Decimal("1e-6"):
        assert core.on_tick(price, float(tick)) == nearest


@given(ticks, st.floats(1, 1e6))
def test_it_rounds_up_and_down_without_passing_the_price(tick: str, price: float) -> None:
    exact, step = Decimal(repr(price)), Decimal(tick)
    up = (exact / step).to_integral_value(ROUND_CEILING) * step
    down = (exact / step).to_integral_value(ROUND_FLOOR) * step
    assert core.tick_up(price, float(tick)) == float(up)
    assert core.tick_down(price, float(tick)) == float(down)


def test_without_a_tick_a_price_stays_as_it_is() -> None:
    assert core.on_tick(1.23456789, 0.0) == 1.23456789


@given(st.sampled_from(["0.001", "0.01", "0.1", "1", "10"]), st.integers(0, 10**8))
def test_it_counts_whole_lots_exactly(lot: str, lots: int) -> None:
    assert core.units(float(Decimal(lot) * lots), float(lot)) == lots


def test_it_never_counts_a_part_of_a_lot() -> None:
    assert core.units(0.2999, 0.1) == 2.0
    assert core.units(0.7 - 0.4, 0.1) == 3.0  # 0.29999999999999993
    assert core.units(0.25, 0.0) == 0.25


@pytest.mark.parametrize(
    ("kind", "side", "met_at", "not_at"),
    [
        (state.STOP, state.BUY, 100.0, 99.9),
        (state.STOP, state.SELL, 100.0, 100.1),
        (state.STOP_LIMIT, state.SELL, 99.0, 100.1),
        (state.TAKE_PROFIT, state.BUY, 100.0, 100.1),
        (state.TAKE_PROFIT, state.SELL, 100.0, 99.9),
    ],
)
def test_a_trigger_is_met_on_its_own_side(kind: int, side: int, met_at: float, not_at: float) -> None:
    assert core.is_met(kind, side, 100.0, met_at)
    assert not core.is_met(kind, side, 100.0, not_at)


def test_a_trailing_stop_stands_its_distance_behind_the_best_price() -> None:
    assert core.trail_at(state.SELL, 120.0, 5.0, 0.0, 0.1) == 115.0
    assert core.trail_at(state.BUY, 120.0, 5.0, 0.0, 0.1) == 125.0
    assert core.trail_at(state.SELL, 120.0, math.nan, 0.015, 0.1) == 118.2


@given(sides, st.integers(1000, 2000), st.integers(0, 50), st.floats(0, 0.01))
def test_slippage_hurts_and_stays_within_the_limit(side: int, steps: int, room: int, slippage: float) -> None:
    price = steps / 10
    limit = (steps + side * room) / 10
    paid = core.slipped(side, price, limit, slippage, 0.1)
    assert (paid - price) * side >= 0.0
    assert (limit - paid) * side >= 0.0
    assert paid == core.on_tick(paid, 0.1)


def test_slippage_is_a_part_of_the_price() -> None:
    assert core.slipped(state.BUY, 1000.0, math.nan, 0.0005, 0.1) == 1000.5
    assert core.slipped(state.SELL, 1000.0, math.nan, 0.0005, 0.1) == 999.5


def test_worth_and_profit_of_linear_and_inverse_contracts() -> None:
    assert core.notional(2.0, 100.0, 1.0, False) == 200.0
    assert core.notional(3.0, 50_000.0, 100.0, True) == 3.0 * 100.0 / 50_000.0
    assert core.profit(-2.0, 100.0, 90.0, 1.0, False) == 20.0
    assert core.profit(3.0, 50_000.0, 60_000.0, 100.0, True) == pytest.approx(300 / 50_000 - 300 / 60_000)


def test_longs_pay_a_positive_rate_and_shorts_receive_it() -> None:
    assert core.funding(2.0, 100.0, 0.0001, 1.0, False) == pytest.approx(-0.02)
    assert core.funding(-2.0, 100.0, 0.0001, 1.0, False) == pytest.approx(0.02)


@given(st.floats(0, 1e9))
def test_maintenance_is_the_ledgers(worth: float) -> None:
    tiers = margin.default_tiers(instrument("0.1"))
    rows = np.array([[float(each.floor), float(each.rate), float(each.amount)] for each in tiers])
    assert core.maintenance(worth, rows) == pytest.approx(
        float(margin.maintenance(tiers, Decimal(repr(worth)))), rel=1e-9, abs=1e-9
    )


def test_an_account_is_lost_at_its_maintenance_and_never_without_one() -> None:
    assert core.is_lost(5.0, 5.0)
    assert not core.is_lost(5.1, 5.0)
    assert not core.is_lost(-1.0, 0.0)


@given(st.floats(0.01, 100), sides, st.floats(10, 1e5), st.floats(0, 0.2), st.booleans())
def test_at_the_bankruptcy_price_what_answers_for_a_position_is_just_used_up(
    size: float, side: int, mark: float, share: float, inverse: bool
) -> None:
    quantity = size * side
    equity = core.notional(size, mark, 100.0, inverse) * share
    price = core.bankruptcy(quantity, mark, equity, 100.0, inverse, 0.001)
    left = equity + core.profit(quantity, mark, price, 100.0, inverse)
    a_tick = abs(core.profit(quantity, price, price + 0.001, 100.0, inverse))
    assert -1e-6 * equity - 1e-9 <= left <= 1.01 * a_tick + 1e-6 * equity + 1e-9
