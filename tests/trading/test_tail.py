"""Value at risk and expected shortfall, against figures worked out by hand."""

from __future__ import annotations

from math import exp, pi, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.trading.risk.tail import LEAST_DAYS, daily_pnl, tail

HUNDRED = [float(n) for n in range(-50, 50)]  # one day each at -50, -49, … 49


def test_the_historical_figures_are_the_kth_worst_day_and_the_mean_of_the_k_worst() -> None:
    found = tail(HUNDRED, 0.95)
    assert found is not None
    assert found.historical_var == 46  # the fifth worst of a hundred days
    assert found.historical_es == 48  # the mean of 50, 49, 48, 47, 46


def test_the_parametric_figures_are_those_of_a_normal_day_with_no_mean() -> None:
    found = tail([-10.0, 10.0] * 50, 0.99)
    assert found is not None
    assert found.parametric_var == pytest.approx(2.3263478740408408 * 10)
    density = exp(-(2.3263478740408408**2) / 2) / sqrt(2 * pi)
    assert found.parametric_es == pytest.approx(10 * density / 0.01)


def test_with_too_few_days_nothing_is_said() -> None:
    assert tail(HUNDRED[: LEAST_DAYS - 1], 0.95) is None


def test_only_the_days_count_that_every_instrument_has() -> None:
    returns = {"a": {1: 0.1, 2: -0.1, 3: 0.2}, "b": {2: 0.05, 3: -0.1, 4: 0.3}}
    assert daily_pnl({"a": 100.0, "b": -200.0}, returns) == pytest.approx([-20.0, 40.0])


def test_an_instrument_without_history_leaves_nothing_to_say() -> None:
    assert daily_pnl({"a": 100.0, "b": 1.0}, {"a": {1: 0.1}}) == []


@given(st.lists(st.floats(-1e6, 1e6), min_size=LEAST_DAYS, max_size=400))
def test_the_shortfall_is_never_less_than_the_value_at_risk_and_grows_with_confidence(
    pnl: list[float],
) -> None:
    at_95, at_99 = tail(pnl, 0.95), tail(pnl, 0.99)
    assert at_95 is not None
    assert at_99 is not None
    for each in (at_95, at_99):
        assert each.historical_es >= each.historical_var - 1e-6
        assert each.parametric_es >= each.parametric_var - 1e-6
    assert at_99.historical_var >= at_95.historical_var
