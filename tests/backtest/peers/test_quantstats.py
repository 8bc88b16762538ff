"""Equal to quantstats' to 1e-12 wherever the formulas agree; where they do not, the difference is named."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from candlewick.backtest import distribution, metrics, relative, statistics
from candlewick.backtest import trade_metrics as trades
from candlewick.backtest.figures import Figures
from candlewick.backtest.series import months

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]
PERIODS = [252, 365]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def same(number: float) -> object:
    return pytest.approx(float(number), rel=1e-12, abs=1e-12)


@pytest.fixture
def stats(peer: Callable[[str], ModuleType]) -> ModuleType:
    return peer("quantstats.stats")


@pytest.fixture
def series(peer: Callable[[str], ModuleType], pair: Pair) -> tuple[Any, Any]:
    pandas = peer("pandas")
    days = pandas.date_range("2020-01-01", periods=len(pair[0]))
    return pandas.Series(pair[0], index=days), pandas.Series(pair[1], index=days)


@pytest.mark.parametrize("year", PERIODS)
def test_it_agrees_on_what_a_year_brings(
    stats: ModuleType, pair: Pair, series: tuple[Any, Any], year: int
) -> None:
    own, theirs = pair[0], series[0]
    assert metrics.total_return(own) == same(stats.comp(theirs))
    assert metrics.cagr(own, periods_a_year=year) == same(stats.cagr(theirs, periods=year))
    assert metrics.volatility(own, periods_a_year=year) == same(stats.volatility(theirs, periods=year))
    assert metrics.sharpe(own, periods_a_year=year) == same(stats.sharpe(theirs, periods=year))
    assert metrics.sortino(own, periods_a_year=year) == same(stats.sortino(theirs, periods=year))
    assert metrics.calmar(own, periods_a_year=year) == same(stats.calmar(theirs, periods=year))


def test_it_agrees_on_tails_and_falls(stats: ModuleType, pair: Pair, series: tuple[Any, Any]) -> None:
    own, theirs = pair[0], series[0]
    count = len(own)
    fall = metrics.max_drawdown(own)
    assert fall is not None
    assert fall.depth == same(stats.max_drawdown(theirs))
    assert metrics.omega(own) == same(stats.omega(theirs))
    # quantstats divides by n - 1
    assert metrics.ulcer_index(metrics.drawdowns(own)) == same(
        stats.ulcer_index(theirs) * math.sqrt((count - 1) / count)
    )
    assert distribution.tail_ratio(own) == same(stats.tail_ratio(theirs))
    assert distribution.normal_value_at_risk(own) == same(stats.value_at_risk(theirs))
    assert distribution.normal_expected_shortfall(own) == same(stats.expected_shortfall(theirs))
    assert distribution.expected_shortfall(own) == same(stats.expected_shortfall(theirs, method="historical"))


def test_it_agrees_on_shape_but_for_the_correction_of_small_samples(
    stats: ModuleType, pair: Pair, series: tuple[Any, Any]
) -> None:
    own, theirs = pair[0], series[0]
    n = len(own)
    lean, tails = distribution.skew(own), distribution.kurtosis(own)
    assert lean is not None
    assert tails is not None
    assert lean * math.sqrt(n * (n - 1)) / (n - 2) == pytest.approx(stats.skew(theirs), rel=1e-9)
    corrected = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (tails - 3) + 6)
    assert corrected == pytest.approx(stats.kurtosis(theirs), rel=1e-9)
    ratio = metrics.sharpe(own, periods_a_year=1)
    assert ratio is not None
    sure = statistics.probabilistic_sharpe(ratio, n, stats.skew(theirs), stats.kurtosis(theirs) + 3)
    assert sure == same(stats.probabilistic_sharpe_ratio(theirs))


def test_it_agrees_beside_a_benchmark(stats: ModuleType, pair: Pair, series: tuple[Any, Any]) -> None:
    own, other = pair
    theirs, benchmark = series
    greeks = stats.greeks(theirs, benchmark, periods=365)
    assert relative.beta(own, other) == same(greeks["beta"])
    assert relative.alpha(own, other) == same(greeks["alpha"])
    # quantstats' is that of a period, ours of a year
    assert relative.information_ratio(own, other, periods_a_year=1) == same(
        stats.information_ratio(theirs, benchmark)
    )


def test_it_agrees_on_wins_and_losses(stats: ModuleType, pair: Pair, series: tuple[Any, Any]) -> None:
    """quantstats counts periods where we count trades; a trade a period is the same."""
    own, theirs = pair[0], series[0]
    assert trades.win_rate(own) == same(stats.win_rate(theirs))
    assert trades.profit_factor(own) == same(stats.profit_factor(theirs))
    assert trades.payoff_ratio(own) == same(stats.payoff_ratio(theirs))
    assert trades.average_win(own) == same(stats.avg_win(theirs))
    assert trades.average_loss(own) == same(stats.avg_loss(theirs))
    assert trades.longest_losing_streak(own) == stats.consecutive_losses(theirs)


@pytest.mark.parametrize(
    ("path", "bar_s", "year"),
    [
        ("ohlcv/backtesting_py/GOOG.csv", 86_400, 252),
        ("ohlcv/binance_perp_1h/BTC_USDT_USDT-1h-futures.feather", 3_600, 365),
    ],
)
def test_it_agrees_on_a_real_market_held_from_beginning_to_end(
    stats: ModuleType,
    peer: Callable[[str], ModuleType],
    recordings: Path,
    path: str,
    bar_s: int,
    year: int,
) -> None:
    """Bars to figures: pandas takes the days' ends, quantstats does the rest."""
    pandas = peer("pandas")
    file = recordings / path
    if file.suffix == ".csv":
        frame = pandas.read_csv(file, index_col=0, parse_dates=True)
        closes = frame["Close"].astype(float)
    else:
        frame = pandas.read_feather(file)
        closes = frame.set_index("date")["close"].astype(float)
    time = closes.index.tz_localize(None).astype("datetime64[s]").astype("int64").to_numpy()
    equity = 10_000 * closes.to_numpy() / closes.iloc[0]
    run = Figures(time=time, equity=equity, initial=10_000.0, bar_s=bar_s, days_a_year=year)

    worth = pandas.Series(equity, index=closes.index.tz_localize(None))
    daily = worth.resample("1D").last()
    daily = daily.ffill() if year == 365 else daily.dropna()
    before = pandas.Series([10_000.0], index=[daily.index[0] - pandas.Timedelta(days=1)])
    returns = pandas.concat([before, daily]).pct_change().dropna()
    assert run["volatility"] == same(stats.volatility(returns, periods=year))
    assert run["sharpe"] == same(stats.sharpe(returns, periods=year))
    assert run["sortino"] == same(stats.sortino(returns, periods=year))
    assert run["omega"] == same(stats.omega(returns))
    assert run["tail_ratio"] == same(stats.tail_ratio(returns))
    assert run["normal_value_at_risk"] == same(stats.value_at_risk(returns))
    assert run["expected_shortfall"] == same(stats.expected_shortfall(returns, method="historical"))
    assert run["total_return"] == same(stats.comp(returns))
    assert run["max_drawdown"] == same(stats.max_drawdown(worth))
    by_month = stats.monthly_returns(returns, eoy=False).rename(int)
    for year_of, month, returned in months(run):
        assert returned == pytest.approx(by_month.loc[year_of].iloc[month - 1], abs=1e-12)
