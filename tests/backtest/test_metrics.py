"""The figures: by hand, against a slow and obvious reckoning, and where they are undefined."""

from __future__ import annotations

import math
import statistics
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.backtest import metrics

DAILY = st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=60)
WEEK = [0.10, -0.20, 0.05, 0.30]


def test_it_does_not_count_a_deposit_as_profit() -> None:
    assert metrics.time_weighted([100.0, 150.0, 165.0], [100.0, 50.0, 0.0]).tolist() == pytest.approx(
        [0.0, 0.0, 0.1]
    )


def test_it_does_not_count_a_withdrawal_as_loss() -> None:
    assert metrics.time_weighted([60.0], [-50.0], before=100.0).tolist() == pytest.approx([0.1])


def test_it_knows_no_return_of_an_account_that_is_empty_or_unknown() -> None:
    returns = metrics.time_weighted([0.0, 100.0, math.nan, 90.0], [0.0, 100.0, 0.0, 0.0])
    assert [math.isnan(each) for each in returns] == [True, False, True, True]


@given(DAILY, st.floats(1.0, 1e6))
def test_it_finds_the_returns_that_an_account_was_made_from(returns: list[float], start: float) -> None:
    worth, now = [], start
    for each in returns:
        now *= 1 + each
        worth.append(now)
    found = metrics.time_weighted(worth, [0.0] * len(worth), before=start)
    assert found.tolist() == pytest.approx(returns, abs=1e-9)


def test_it_compounds() -> None:
    total = 1.10 * 0.80 * 1.05 * 1.30 - 1
    assert metrics.total_return(WEEK) == pytest.approx(total)
    assert metrics.cagr(WEEK) == pytest.approx((1 + total) ** (365 / 4) - 1)
    assert metrics.cagr([0.0] * 365) == 0.0
    assert metrics.cagr([-1.0, 0.5]) == -1.0


def test_it_leaves_unknown_days_out() -> None:
    with_gaps = [math.nan, *WEEK, math.nan]
    assert metrics.total_return(with_gaps) == metrics.total_return(WEEK)
    assert metrics.sharpe(with_gaps) == metrics.sharpe(WEEK)
    assert metrics.volatility(with_gaps) == metrics.volatility(WEEK)


@given(DAILY)
def test_it_agrees_with_the_definitions(returns: list[float]) -> None:
    mean, spread = statistics.fmean(returns), statistics.stdev(returns)
    downside = math.sqrt(statistics.fmean([min(each, 0.0) ** 2 for each in returns]))
    volatility = metrics.volatility(returns)
    assert volatility == pytest.approx(spread * math.sqrt(365), abs=1e-9)
    if spread > 1e-6:
        assert metrics.sharpe(returns) == pytest.approx(mean / spread * math.sqrt(365), rel=1e-6, abs=1e-6)
    if downside > 1e-6:
        assert metrics.sortino(returns) == pytest.approx(mean / downside * math.sqrt(365), rel=1e-6, abs=1e-6)


def test_it_has_no_ratio_where_nothing_was_at_risk() -> None:
    steady = [0.01] * 10
    assert metrics.sharpe(steady) is None
    assert metrics.sortino(steady) is None
    assert metrics.calmar(steady) is None


def test_it_says_nothing_of_nothing() -> None:
    for figure in (metrics.total_return, metrics.cagr, metrics.volatility, metrics.sharpe, metrics.sortino,
                   metrics.calmar, metrics.max_drawdown):  # fmt: skip
        assert figure([]) is None
        assert figure([math.nan]) is None
    assert metrics.volatility([0.1]) is None


def test_it_measures_the_deepest_fall_and_the_way_back() -> None:
    deepest = metrics.max_drawdown([0.10, -0.50, 0.20, 0.70, -0.10])
    assert deepest is not None
    assert deepest.depth == pytest.approx(-0.5)
    assert (deepest.peak, deepest.trough, deepest.recovered) == (0, 1, 3)
    assert (deepest.recovery_days, deepest.days_below) == (2, 3)


def test_it_knows_a_fall_that_began_before_the_first_day_and_has_not_ended() -> None:
    deepest = metrics.max_drawdown([-0.10, -0.10, 0.05])
    assert deepest is not None
    assert (deepest.peak, deepest.trough, deepest.recovered, deepest.recovery_days) == (-1, 1, None, None)
    assert deepest.depth == pytest.approx(0.81 - 1)


@given(DAILY)
def test_it_falls_as_deep_as_the_worst_pair_of_days(returns: list[float]) -> None:
    index = [1.0]
    for each in returns:
        index.append(index[-1] * (1 + each))
    worst = min(later / index[at] - 1 for at in range(len(index)) for later in index[at:])
    deepest = metrics.max_drawdown(returns)
    assert deepest is not None
    assert deepest.depth == pytest.approx(worst, abs=1e-9)
    assert metrics.drawdowns(returns).min() == pytest.approx(worst, abs=1e-9)


def test_it_divides_growth_by_the_deepest_fall() -> None:
    growth, deepest = metrics.cagr(WEEK), metrics.max_drawdown(WEEK)
    assert growth is not None
    assert deepest is not None
    assert metrics.calmar(WEEK) == pytest.approx(growth / 0.2)


@given(DAILY, st.integers(2, 3000))
def test_it_takes_a_year_for_as_many_periods_as_it_is_told(returns: list[float], periods: int) -> None:
    root = math.sqrt(periods / 365)
    for figure in (metrics.sharpe, metrics.sortino, metrics.volatility):
        daily, other = figure(returns), figure(returns, periods_a_year=periods)
        assert other == (None if daily is None else pytest.approx(daily * root))
    grown, total = metrics.cagr(returns, periods_a_year=periods), metrics.total_return(returns)
    assert total is not None
    if grown is not None:
        assert grown == pytest.approx((1 + total) ** (periods / len(returns)) - 1, rel=1e-6, abs=1e-6)


@given(DAILY, st.floats(0.1, 1.9))
def test_it_has_the_same_ratios_at_any_leverage(returns: list[float], times: float) -> None:
    levered = [times * each for each in returns]
    for figure in (metrics.sharpe, metrics.sortino, metrics.omega):
        before, after = figure(returns), figure(levered)
        if before is not None and after is not None:
            assert after == pytest.approx(before, rel=1e-6, abs=1e-6)


def test_it_weighs_gains_against_losses() -> None:
    assert metrics.omega(WEEK) == pytest.approx(0.45 / 0.20)
    assert metrics.omega(WEEK, 0.05) == pytest.approx((0.05 + 0.25) / 0.25)
    assert metrics.omega([0.01, 0.0]) is None
    assert metrics.omega([math.nan]) is None


@given(DAILY)
def test_it_is_above_one_where_the_mean_is_above_the_threshold(returns: list[float]) -> None:
    ratio = metrics.omega(returns)
    if ratio is not None and abs(statistics.fmean(returns)) > 1e-9:
        assert (ratio > 1) == (statistics.fmean(returns) > 0)


def test_it_grows_by_the_year() -> None:
    assert metrics.growth(1.21, 2) == pytest.approx(0.1)
    assert metrics.growth(0.0, 2) == -1.0
    assert metrics.growth(1.1, 0) is None
    assert metrics.growth(math.inf, 1) is None
    assert metrics.growth(1e300, 1e-3) is None


@given(DAILY)
def test_it_hurts_as_long_and_as_deep_as_it_was_under_water(returns: list[float]) -> None:
    below = metrics.drawdowns(returns)
    slowly = math.sqrt(statistics.fmean([each**2 for each in below.tolist()]))
    assert metrics.ulcer_index(below) == pytest.approx(slowly, abs=1e-12)
    deepest = metrics.max_drawdown(returns)
    assert deepest is not None
    assert slowly <= -deepest.depth + 1e-12


@given(DAILY)
def test_it_recovers_where_the_high_is_first_reached_again(returns: list[float]) -> None:
    index = [1.0, *metrics.index_of(returns).tolist()]
    fall = metrics.max_drawdown(returns)
    assert fall is not None
    if fall.depth == 0.0:
        assert index == sorted(index)
        return
    high, over = index[fall.peak + 1], len(index) if fall.recovered is None else fall.recovered + 1
    assert high == max(index[: fall.trough + 2])
    assert all(each < high for each in index[fall.peak + 2 : over])
    assert over == len(index) or index[over] >= high


def test_it_measures_falls_from_what_was_there_before() -> None:
    assert metrics.below_high([90.0, 120.0, 60.0], 100.0).tolist() == pytest.approx([-0.1, 0.0, -0.5])
    assert metrics.deepest([]) is None
    assert metrics.deepest([0.0, math.nan]) is None
    assert metrics.ulcer_index([]) is None


def test_it_correlates_only_what_both_know() -> None:
    one = np.linspace(-0.02, 0.02, 30)
    assert metrics.correlation(one, 2 * one + 0.1) == pytest.approx(1.0)
    assert metrics.correlation(one, -one) == pytest.approx(-1.0)
    other = one.copy()
    other[:15] = np.nan
    assert metrics.correlation(one, other) is None
    assert metrics.correlation(one, np.zeros(30)) is None


def test_it_judges_trades_exactly() -> None:
    assert metrics.win_rate(3, 4) == 0.75
    assert metrics.profit_factor(Decimal("30.30"), Decimal("-10.10")) == 3
    assert metrics.expectancy(Decimal("20.20"), 4) == Decimal("5.05")
    assert metrics.average(Decimal("-10.10"), 1) == Decimal("-10.10")


def test_it_has_no_statistic_of_no_trades() -> None:
    assert metrics.win_rate(0, 0) is None
    assert metrics.profit_factor(Decimal(5), Decimal(0)) is None
    assert metrics.expectancy(Decimal(0), 0) is None
    assert metrics.average(Decimal(0), 0) is None


def test_it_counts_time_in_the_market_once_however_many_trades_are_open() -> None:
    assert metrics.exposure([10, 20, 60], [30, 40, 70], 0, 100) == pytest.approx(0.4)
    assert metrics.exposure([], [50], 0, 100, held=1) == pytest.approx(0.5)
    assert metrics.exposure([90], [], 0, 100) == pytest.approx(0.1)
    assert metrics.exposure([10, 20], [20, 30], 0, 100) == pytest.approx(0.2)
    assert metrics.exposure([], [], 5, 5) is None


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), max_size=12))
def test_it_counts_as_many_moments_as_a_calendar_has(trades: list[tuple[int, int]]) -> None:
    spans = [(begun, begun + lasted) for begun, lasted in trades]
    moments = {at for begun, over in spans for at in range(begun, min(over, 100))}
    found = metrics.exposure(sorted(b for b, _ in spans), sorted(o for _, o in spans), 0, 100)
    assert found == pytest.approx(len(moments) / 100)
