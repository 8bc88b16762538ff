"""Every metric of one small run, worked out beside it from the formula, with the standard library alone."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pytest

from candlewick.backtest.figures import Figures
from candlewick.backtest.registry import METRICS

DAY = 86_400
MONDAY = 1_704_067_200
NORMAL = statistics.NormalDist()

INITIAL = 1000.0
EQUITY = [1010.0, 1005.0, 1040.0, 990.0, 1000.0, 1050.0, 1045.0, 1080.0, 1060.0, 1075.0]
CLOSES = [50.0, 49.5, 52.0, 51.0, 51.5, 53.0, 53.5, 54.0, 52.0, 53.0]
HELD = [True, True, False, True, True, True, False, False, True, True]
PNL = [40.0, -50.0, 10.0, -5.0, 80.0]
RISK = [20.0, 25.0, math.nan, 5.0, 40.0]
TRIALS = [0.5, 1.5, -0.5, 2.5]

RUN = Figures(
    time=MONDAY + DAY * np.arange(10),
    equity=np.array(EQUITY),
    initial=INITIAL,
    bar_s=DAY,
    risk_free=0.0365,
    held=np.array(HELD),
    trade_pnl=np.array(PNL),
    trade_return=np.array([0.04, -0.05, 0.01, -0.005, 0.08]),
    trade_entry=MONDAY + DAY * np.array([0, 2, 4, 6, 8]),
    trade_exit=MONDAY + DAY * np.array([1, 4, 5, 8, 9]),
    trade_fees=np.array([1.0, 1.5, 1.0, 1.0, 0.5]),
    trade_mae=np.array([-0.01, -0.06, -0.005, math.nan, -0.02]),
    trade_mfe=np.array([0.05, 0.0, 0.02, 0.01, 0.09]),
    trade_risk=np.array(RISK),
    benchmark=np.array(CLOSES),
    funding=np.array([-1.25, 0.25]),
    turnover=9000.0,
    trial_sharpes=TRIALS,
)


def expected() -> dict[str, float]:
    returns = [b / a - 1 for a, b in pairwise([INITIAL, *EQUITY])]
    free = 0.0365 / 365
    excess = [each - free for each in returns]
    mean, spread = statistics.fmean(excess), statistics.stdev(excess)
    n, root, years = len(returns), math.sqrt(365), 10 / 365
    downside = math.sqrt(statistics.fmean(min(each, 0) ** 2 for each in excess))
    highs = list(accumulate(EQUITY, max, initial=INITIAL))[1:]
    below = [worth / high - 1 for worth, high in zip(EQUITY, highs, strict=True)]
    cagr = (EQUITY[-1] / INITIAL) ** (1 / years) - 1

    ordered = sorted(returns)
    worst = ordered[0] + 0.45 * (ordered[1] - ordered[0])  # place 9 · 0.05
    best = ordered[8] + 0.55 * (ordered[9] - ordered[8])
    normal = statistics.NormalDist(statistics.fmean(returns), statistics.stdev(returns))
    z = NORMAL.inv_cdf(0.05)
    centred = [each - normal.mean for each in returns]
    second, third, fourth = (statistics.fmean(each**power for each in centred) for power in (2, 3, 4))
    lean, tails = third / second**1.5, fourth / second**2

    market = [b / a - 1 for a, b in pairwise(CLOSES)]  # of the first day there is none
    beside = statistics.covariance(returns[1:], market) / statistics.variance(market)
    active = [a - b for a, b in zip(returns[1:], market, strict=True)]

    ratio = mean / spread
    error = math.sqrt((1 - lean * ratio + (tails - 1) / 4 * ratio**2) / (n - 1))
    euler = 0.5772156649015329
    luck = (
        statistics.stdev(TRIALS)
        / root
        * ((1 - euler) * NORMAL.inv_cdf(1 - 1 / 4) + euler * NORMAL.inv_cdf(1 - 1 / (4 * math.e)))
    )
    return {
        "net_profit": 75.0,
        "total_return": 0.075,
        "benchmark_return": 0.06,
        "cagr": cagr,
        "volatility": statistics.stdev(returns) * root,
        "sharpe": ratio * root,
        "sortino": mean / downside * root,
        "calmar": cagr / (1 - 990 / 1040),
        "omega": sum(max(e, 0) for e in excess) / sum(max(-e, 0) for e in excess),
        "max_drawdown": 990 / 1040 - 1,
        "max_drawdown_duration": 3 * DAY,
        "max_drawdown_recovery": 2 * DAY,
        "longest_drawdown": 3 * DAY,
        "ulcer_index": math.sqrt(statistics.fmean(each**2 for each in below)),
        "value_at_risk": worst,
        "expected_shortfall": ordered[0],
        "normal_value_at_risk": normal.inv_cdf(0.05),
        "normal_expected_shortfall": normal.mean - normal.stdev * NORMAL.pdf(z) / 0.05,
        "tail_ratio": abs(best) / abs(worst),
        "skew": lean,
        "kurtosis": tails,
        "alpha": 365 * ((statistics.fmean(returns[1:]) - free) - beside * (statistics.fmean(market) - free)),
        "beta": beside,
        "information_ratio": statistics.fmean(active) / statistics.stdev(active) * root,
        "probabilistic_sharpe": NORMAL.cdf(ratio / error),
        "deflated_sharpe": NORMAL.cdf((ratio - luck) / error),
        "min_track_record": DAY * (1 + error**2 * (n - 1) * (NORMAL.inv_cdf(0.95) / ratio) ** 2),
        "exposure": 0.7,
        "turnover": 9000 / statistics.fmean(EQUITY) / years,
        "fees": 5.0,
        "funding": -1.0,
        "trades": 5,
        "win_rate": 0.6,
        "profit_factor": 130 / 55,
        "payoff_ratio": (130 / 3) / (55 / 2),
        "expectancy": 15.0,
        "sqn": math.sqrt(5) * 15 / statistics.stdev(PNL),
        "average_win": 130 / 3,
        "average_loss": -27.5,
        "average_trade": 0.015,
        "best_trade": 0.08,
        "worst_trade": -0.05,
        "longest_losing_streak": 1,
        "average_duration": 1.4 * DAY,
        "average_mae": -0.02375,
        "worst_mae": -0.06,
        "average_mfe": 0.034,
        "average_r": (2 - 2 - 1 + 2) / 4,
    }


def test_it_has_worked_out_every_metric() -> None:
    assert set(expected()) == set(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_it_comes_to_what_the_formula_says(name: str) -> None:
    figure = RUN[name]
    assert figure == pytest.approx(expected()[name], rel=1e-12, abs=1e-15)
    assert isinstance(figure, int if METRICS[name].unit == "count" else (int, float))


def test_it_tells_what_each_is_called_and_how_it_comes_about() -> None:
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.label
        assert metric.formula
        assert metric.undefined
    labels = [metric.label for metric in METRICS.values()]
    assert len(labels) == len(set(labels))


def test_it_is_documented_word_for_word() -> None:
    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `") and line.count("|") == 7]
    assert rows == [
        f"| `{metric.name}` | {metric.label} | {metric.unit}{', a year' if metric.annual else ''} "
        f"| {metric.formula} | {metric.undefined} | {metric.source} |"
        for metric in METRICS.values()
    ]


def test_it_knows_nothing_of_what_it_was_not_given() -> None:
    bare = Figures(time=RUN.time, equity=RUN.equity, initial=INITIAL, bar_s=DAY)
    unknown = [name for name, figure in bare.items() if figure is None]
    assert unknown == [
        "benchmark_return", "alpha", "beta", "information_ratio", "deflated_sharpe", "exposure", "turnover",
        "fees", "funding", "trades", "win_rate", "profit_factor", "payoff_ratio", "expectancy", "sqn",
        "average_win", "average_loss", "average_trade", "best_trade", "worst_trade", "longest_losing_streak",
        "average_duration", "average_mae", "worst_mae", "average_mfe", "average_r",
    ]  # fmt: skip


def test_it_tells_exposure_by_the_trades_if_the_bars_do_not_say() -> None:
    run = Figures(
        time=RUN.time, equity=RUN.equity, initial=INITIAL, bar_s=DAY,
        trade_pnl=RUN.trade_pnl, trade_entry=RUN.trade_entry, trade_exit=RUN.trade_exit,
    )  # fmt: skip
    assert run["exposure"] == pytest.approx(0.7)


def test_it_takes_all_fees_before_those_of_closed_trades() -> None:
    run = Figures(
        time=RUN.time, equity=RUN.equity, initial=INITIAL, bar_s=DAY,
        trade_pnl=RUN.trade_pnl, trade_fees=RUN.trade_fees, fees=7.5,
    )  # fmt: skip
    assert run["fees"] == 7.5


def test_it_is_told_afterwards_how_many_were_tried() -> None:
    alone = replace(RUN, trial_sharpes=None)
    assert alone["deflated_sharpe"] is None
    searched = replace(alone, trial_sharpes=TRIALS)
    assert searched["deflated_sharpe"] == RUN["deflated_sharpe"]
    assert searched["sharpe"] == alone["sharpe"]


def test_it_deflates_less_where_the_trials_were_alike() -> None:
    def deflated(independent: float | None) -> float:
        run = Figures(
            time=RUN.time, equity=RUN.equity, initial=INITIAL, bar_s=DAY,
            trial_sharpes=TRIALS, independent_trials=independent,
        )  # fmt: skip
        figure = run["deflated_sharpe"]
        assert figure is not None
        return figure

    assert deflated(None) == deflated(4.0)
    assert deflated(2.0) > deflated(4.0)
    assert (
        deflated(1.0)
        == Figures(time=RUN.time, equity=RUN.equity, initial=INITIAL, bar_s=DAY)["probabilistic_sharpe"]
    )
