"""The shape of returns, against formulas written out slowly."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from candlewick.backtest import distribution
from candlewick.core.errors import UsageError

RETURNS = st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=80)
TAILS = st.floats(0.01, 0.49)
NORMAL = statistics.NormalDist()
FIGURES: list[Callable[[ArrayLike], float | None]] = [
    distribution.value_at_risk,
    distribution.expected_shortfall,
    distribution.normal_value_at_risk,
    distribution.normal_expected_shortfall,
    distribution.tail_ratio,
    distribution.skew,
    distribution.kurtosis,
]


def _quantile(returns: list[float], part: float) -> float:
    """Type 7 of Hyndman and Fan: on the line between the two returns around place (n - 1) · part."""
    place = (len(returns) - 1) * part
    ordered = sorted(returns)
    low = math.floor(place)
    high = min(low + 1, len(returns) - 1)
    return ordered[low] * (1 - (place - low)) + ordered[high] * (place - low)


@given(RETURNS, TAILS)
def test_it_finds_the_quantile(returns: list[float], tail: float) -> None:
    assert distribution.value_at_risk(returns, tail) == pytest.approx(_quantile(returns, tail), abs=1e-12)
    assert distribution.value_at_risk(returns, tail) == pytest.approx(
        float(np.quantile(returns, tail)), abs=1e-12
    )


@given(RETURNS, TAILS)
def test_it_averages_what_lies_in_the_tail(returns: list[float], tail: float) -> None:
    worst = sorted(returns)[: math.floor((len(returns) - 1) * tail) + 1]
    shortfall, at_risk = (
        distribution.expected_shortfall(returns, tail),
        distribution.value_at_risk(returns, tail),
    )
    assert shortfall == pytest.approx(statistics.fmean(worst), abs=1e-12)
    assert shortfall is not None
    assert at_risk is not None
    assert shortfall <= at_risk + 1e-12


@given(RETURNS, TAILS)
def test_it_takes_returns_for_normal_if_told_to(returns: list[float], tail: float) -> None:
    mean, spread = statistics.fmean(returns), statistics.stdev(returns)
    fitted = statistics.NormalDist(mean, spread)
    quantile = mean if spread == 0 else fitted.inv_cdf(tail)
    assert distribution.normal_value_at_risk(returns, tail) == pytest.approx(quantile, abs=1e-9)
    beyond = distribution.normal_expected_shortfall(returns, tail)
    # the mean of a normal tail, by summing its quantiles
    slowly = statistics.fmean(NORMAL.inv_cdf(tail * (place + 0.5) / 2000) for place in range(2000))
    assert beyond == pytest.approx(mean + spread * slowly, abs=2e-3)


@given(RETURNS)
def test_it_agrees_with_the_definition_of_moments(returns: list[float]) -> None:
    mean = statistics.fmean(returns)
    second, third, fourth = (
        statistics.fmean((each - mean) ** power for each in returns) for power in (2, 3, 4)
    )
    if math.sqrt(second) < 1e-4:
        return
    assert distribution.skew(returns) == pytest.approx(third / second**1.5, rel=1e-6, abs=1e-6)
    assert distribution.kurtosis(returns) == pytest.approx(fourth / second**2, rel=1e-6)


@given(st.lists(st.floats(-0.5, 0.5), min_size=3, max_size=40), st.floats(0.01, 100))
def test_it_does_not_change_shape_with_leverage(returns: list[float], times: float) -> None:
    if statistics.stdev(returns) < 1e-4:
        return
    scaled = [times * each for each in returns]
    assert distribution.skew(scaled) == pytest.approx(distribution.skew(returns), rel=1e-6, abs=1e-6)
    assert distribution.kurtosis(scaled) == pytest.approx(distribution.kurtosis(returns), rel=1e-6)
    turned = distribution.skew([-each for each in returns])
    assert turned == pytest.approx(-(distribution.skew(returns) or 0.0), abs=1e-9)


def test_it_finds_a_normal_shape_in_normal_returns() -> None:
    returns = np.random.default_rng(0).normal(0.001, 0.02, 200_000)
    assert distribution.skew(returns) == pytest.approx(0.0, abs=0.02)
    assert distribution.kurtosis(returns) == pytest.approx(3.0, abs=0.05)
    assert distribution.value_at_risk(returns) == pytest.approx(0.001 - 1.6449 * 0.02, abs=3e-4)
    assert distribution.expected_shortfall(returns) == pytest.approx(0.001 - 2.0627 * 0.02, abs=3e-4)
    assert distribution.tail_ratio(returns) == pytest.approx(0.0339 / 0.0319, abs=0.02)


def test_it_weighs_the_best_against_the_worst() -> None:
    returns = [-0.02, -0.01, 0.0, 0.01, 0.06]
    assert distribution.tail_ratio(returns, 0.25) == pytest.approx(1.0)
    assert distribution.tail_ratio(returns, 0.01) == pytest.approx(_quantile(returns, 0.99) / 0.0196)


@pytest.mark.parametrize("figure", FIGURES)
def test_it_says_nothing_of_nothing(figure: Callable[[ArrayLike], float | None]) -> None:
    assert figure([]) is None
    assert figure([math.nan, math.inf]) is None


@pytest.mark.parametrize("figure", FIGURES)
def test_it_leaves_unknown_periods_out(figure: Callable[[ArrayLike], float | None]) -> None:
    returns = [0.01, -0.03, 0.02, 0.0, -0.01]
    assert figure([math.nan, *returns, math.nan]) == figure(returns)
    assert figure(returns) is not None


def test_it_has_no_shape_where_nothing_moved() -> None:
    assert distribution.skew([0.01] * 5) is None
    assert distribution.kurtosis([0.01] * 5) is None
    assert distribution.tail_ratio([0.0] * 5) is None
    assert distribution.normal_value_at_risk([0.01]) is None
    assert distribution.normal_expected_shortfall([0.01]) is None


def test_it_refuses_a_tail_that_is_none() -> None:
    for tail in (0.0, 0.5, 5.0, -0.1, math.nan):
        with pytest.raises(UsageError, match=r"between 0 and 0\.5"):
            distribution.value_at_risk([0.01, 0.02], tail)
