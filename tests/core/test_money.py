"""Where a float becomes a price or a quantity: at the nearest tick, and never more than was asked for."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.instrument import Instrument
from candlewick.core.money import price, quantity

BTC = Instrument(
    id="sim:BTCUSDT", venue="sim", symbol="BTCUSDT", native="BTCUSDT", kind="spot", base="BTC", quote="USDT",
    settle="USDT", tick=Decimal("0.05"), lot=Decimal("0.001"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("value", "at"),
    [(100.07, "100.05"), (100.08, "100.10"), (100.125, "100.10"), (100.175, "100.20"), (0.1 + 0.2, "0.30")],
)
def test_a_price_lies_at_the_nearest_tick_and_ties_go_to_the_even_one(value: float, at: str) -> None:
    assert price(BTC, value) == Decimal(at)


@pytest.mark.parametrize(("value", "lots"), [(0.0019, "0.001"), (0.29, "0.290"), (-0.0019, "-0.001")])
def test_a_quantity_is_in_whole_lots_and_never_more_than_was_asked_for(value: float, lots: str) -> None:
    assert quantity(BTC, value) == Decimal(lots)


@given(st.decimals(min_value=0, max_value=10**9, places=6))
def test_what_lies_on_the_grid_stays_where_it_is(value: Decimal) -> None:
    once = price(BTC, value)
    assert price(BTC, once) == once
    assert abs(once - value) <= Decimal("0.025")


def test_an_instrument_without_a_tick_takes_the_float_as_it_reads() -> None:
    assert price(msgspec.structs.replace(BTC, tick=None), 0.1) == Decimal("0.1")
