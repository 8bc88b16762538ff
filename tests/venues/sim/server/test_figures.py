"""Ticks and lots as the venue's strings."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.venues.sim.model import Listing, Market
from candlewick.venues.sim.server.figures import Figures, fixed, percent


def listing(market: Market = "spot", tick: str = "0.01", lot: str = "0.00001") -> Listing:
    return Listing(
        symbol="BTCUSDT",
        market=market,
        base="BTC",
        quote="USDT",
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_notional=Decimal(5),
        sector="Store of value",
        equity=False,
        listed_ms=0,
    )


def test_it_writes_spot_prices_and_quantities_with_eight_decimals() -> None:
    figures = Figures(listing())
    assert figures.price(6_543_210) == "65432.10000000"
    assert figures.quantity(1) == "0.00001000"
    assert figures.quote(6_543_210 * 7) == "4.58024700"


def test_it_writes_futures_with_the_decimals_of_tick_and_lot() -> None:
    figures = Figures(listing("perp", "0.10", "0.001"))
    assert figures.price(654_321) == "65432.1"
    assert figures.quantity(5) == "0.005"
    assert figures.quote(654_321 * 5) == "327.1605"


def test_it_writes_whole_lots_without_a_point() -> None:
    assert Figures(listing("perp", "0.00001", "1")).quantity(1234) == "1234"


@given(
    ticks=st.integers(0, 10**12),
    lots=st.integers(0, 10**12),
    tick=st.sampled_from(["1", "0.1", "0.05", "0.01", "0.0001", "0.00000001"]),
    lot=st.sampled_from(["1", "0.1", "0.001", "0.00001"]),
    market=st.sampled_from(["spot", "perp"]),
)
def test_it_loses_nothing_of_any_number(ticks: int, lots: int, tick: str, lot: str, market: Market) -> None:
    figures = Figures(listing(market, tick, lot))
    assert Decimal(figures.price(ticks)) == ticks * Decimal(tick)
    assert Decimal(figures.quantity(lots)) == lots * Decimal(lot)
    assert Decimal(figures.quote(ticks * lots)) == ticks * lots * Decimal(tick) * Decimal(lot)


@given(units=st.integers(-(10**15), 10**15), decimals=st.integers(0, 12))
def test_it_writes_any_sign_and_size(units: int, decimals: int) -> None:
    text = fixed(units, decimals)
    assert Decimal(text) == Decimal(units).scaleb(-decimals)
    assert len(text.partition(".")[2]) == decimals


@pytest.mark.parametrize(
    ("change", "base", "expected"),
    [(-209, 100_000, "-0.209"), (1, 3, "33.333"), (2, 3, "66.667"), (0, 5, "0.000"), (5, 0, "0.000")],
)
def test_it_writes_a_change_in_percent_with_three_decimals(change: int, base: int, expected: str) -> None:
    assert percent(change, base) == expected


def test_it_averages_to_the_nearest_step() -> None:
    figures = Figures(listing("perp", "0.1", "0.001"))
    assert figures.mean_price(100 * 1 + 103 * 3, 4) == "10.2"
    assert figures.mean_price(0, 0) == "0.0"
