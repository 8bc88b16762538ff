"""What the market was like."""

from __future__ import annotations

import numpy as np

from candlewick.backtest.conditions import DAYS_NEEDED, calm, trend


def test_it_sees_where_a_market_goes() -> None:
    rising = np.arange(100.0, 140.0)
    assert trend(rising) == "up"
    assert trend(rising[::-1]) == "down"
    assert trend([100.0, 101.0] * 20) == "sideways"


def test_it_does_not_call_a_dip_in_a_rise_a_fall() -> None:
    assert trend([*np.arange(100.0, 140.0), 90.0]) == "sideways"


def test_it_knows_no_trend_of_a_young_market() -> None:
    assert trend(np.arange(100.0, 124.0)) == "unknown"
    assert trend(np.arange(100.0, 125.0)) == "up"


def test_it_ranks_volatility_among_the_days_before() -> None:
    chance = np.random.default_rng(3)
    steps = chance.normal(0, 0.01, DAYS_NEEDED)
    wild, quiet = steps.copy(), steps.copy()
    wild[-14:] *= 8
    quiet[-14:] /= 8
    assert calm(100 * np.exp(np.cumsum(wild))) == "wild"
    assert calm(100 * np.exp(np.cumsum(quiet))) == "quiet"


def test_it_ranks_nothing_without_enough_days() -> None:
    assert calm(np.full(DAYS_NEEDED - 1, 100.0)) == "unknown"
    assert calm([0.0] * DAYS_NEEDED) == "unknown"
