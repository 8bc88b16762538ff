"""Indicators one bar at a time: the same values as over the whole column."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.market import indicators as ta
from candlewick.market.live_indicators import EmaLive, RsiLive

prices = st.lists(st.floats(0.01, 100_000), max_size=80)


@given(prices, st.integers(2, 20))
def test_the_live_ema_is_that_of_the_column(values: list[float], period: int) -> None:
    live = EmaLive(period)
    np.testing.assert_allclose([live.closed(value) for value in values], ta.ema(values, period), rtol=1e-9)


@given(prices, st.integers(2, 20))
def test_the_live_rsi_is_that_of_the_column(values: list[float], period: int) -> None:
    live = RsiLive(period)
    made = [live.closed(value) for value in values]
    np.testing.assert_allclose(made, ta.rsi(values, period), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("live", [EmaLive(3), RsiLive(3)])
def test_peeking_changes_nothing(live: EmaLive | RsiLive) -> None:
    for value in (1.0, 2.0, 1.5, 3.0, 2.0, 2.5):
        peeked = [live.peek(value), live.peek(99.0), live.peek(value)]
        assert peeked[0] == peeked[2] or isnan(peeked[0])
        now = live.closed(value)
        assert now == peeked[0] or isnan(now)
    assert not isnan(now)


def test_a_market_that_does_not_move_has_the_columns_rsi() -> None:
    live = RsiLive(3)
    values = [5.0] * 6
    np.testing.assert_array_equal([live.closed(value) for value in values], ta.rsi(values, 3))
