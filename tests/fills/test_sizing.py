"""How much an entry is for, to the lot."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.fills import sizing, state

TICK, LOT = Decimal("0.1"), Decimal("0.00001")


def lots_at_risk(price: Decimal, stop: Decimal, part: float, equity: float) -> float:
    rules = np.zeros(1, state.RULES)[0]
    rules["tick"], rules["lot"], rules["contract_size"] = float(TICK), float(LOT), 1.0
    return float(
        sizing.entry_units(sizing.RISK, part, float(price), float(stop), equity, 1e12, 1.0, rules, 0.0)
    )


@pytest.mark.parametrize(
    ("price", "stop", "equity", "lots"),
    [("41885.5", "41872.7", 1e6, 78_125_000), ("68324.8", "68318.4", 1e4, 1_562_500)],
)
def test_the_risk_at_a_near_stop_is_not_a_lot_short(
    price: str, stop: str, equity: float, lots: float
) -> None:
    assert lots_at_risk(Decimal(price), Decimal(stop), 0.01, equity) == lots


@given(st.integers(1_000, 900_000), st.integers(1, 500), st.sampled_from([10_000, 100_000, 1_000_000]))
def test_the_risk_is_what_decimals_make_of_it(ticks: int, away: int, equity: int) -> None:
    price = ticks * TICK
    stop = price - min(away, ticks - 1) * TICK
    exact = Decimal("0.01") * equity / (price - stop) / LOT
    assert lots_at_risk(price, stop, 0.01, equity) == float(exact.to_integral_value(ROUND_FLOOR))


def test_prices_on_no_tick_keep_their_distance() -> None:
    price, stop = 100.013, 99.9871
    rules = np.zeros(1, state.RULES)[0]
    rules["tick"], rules["contract_size"] = 0.1, 1.0
    found = sizing.entry_units(sizing.RISK, 0.01, price, stop, 1_000.0, 1e12, 1.0, rules, 0.0)
    assert found == pytest.approx(10 / (price - stop))
