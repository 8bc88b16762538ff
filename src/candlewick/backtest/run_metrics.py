"""The metrics of a run, from its track record: which arrays, at which annualisation; None where undefined."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from candlewick.backtest import distribution, metrics, relative, statistics, trade_metrics
from candlewick.backtest.track_record import YEAR_S, TrackRecord

# --- what it made ---


def net_profit(run: TrackRecord) -> float | None:
    return float(run.equity[-1]) - run.initial if len(run.equity) else None


def total_return(run: TrackRecord) -> float | None:
    return float(run.equity[-1]) / run.initial - 1.0 if len(run.equity) else None


def benchmark_return(run: TrackRecord) -> float | None:
    if run.benchmark is None:
        return None
    known = run.benchmark > 0  # a market may have begun after the run did
    if not known.any():
        return None
    first, last = int(np.argmax(known)), len(known) - 1 - int(np.argmax(known[::-1]))
    return float(run.benchmark[last]) / float(run.benchmark[first]) - 1.0


def cagr(run: TrackRecord) -> float | None:
    return metrics.growth(float(run.equity[-1]) / run.initial, run.years) if len(run.equity) else None


# --- at which risk ---


def volatility(run: TrackRecord) -> float | None:
    return metrics.volatility(run.returns, periods_a_year=run.periods_a_year)


def sharpe(run: TrackRecord) -> float | None:
    return metrics.sharpe(run.returns, run.risk_free_return, periods_a_year=run.periods_a_year)


def sortino(run: TrackRecord) -> float | None:
    return metrics.sortino(run.returns, run.risk_free_return, periods_a_year=run.periods_a_year)


def calmar(run: TrackRecord) -> float | None:
    return metrics.growth_by_fall(cagr(run), max_drawdown(run))


def omega(run: TrackRecord) -> float | None:
    return metrics.omega(run.returns, run.risk_free_return)


def max_drawdown(run: TrackRecord) -> float | None:
    return None if run.deepest is None else run.deepest.depth


def ulcer_index(run: TrackRecord) -> float | None:
    return metrics.ulcer_index(run.drawdowns)


# --- beside its market ---


def beta(run: TrackRecord) -> float | None:
    other = run.benchmark_returns
    return None if other is None else relative.beta(run.returns, other)


def alpha(run: TrackRecord) -> float | None:
    other = run.benchmark_returns
    if other is None:
        return None
    return relative.alpha(run.returns, other, run.risk_free_return, periods_a_year=run.periods_a_year)


def information_ratio(run: TrackRecord) -> float | None:
    other = run.benchmark_returns
    if other is None:
        return None
    return relative.information_ratio(run.returns, other, periods_a_year=run.periods_a_year)


# --- whether it is luck ---


def probabilistic_sharpe(run: TrackRecord) -> float | None:
    known = _period_sharpe(run)
    return None if known is None else statistics.probabilistic_sharpe(*known)


def deflated_sharpe(run: TrackRecord) -> float | None:
    known = _period_sharpe(run)
    if known is None or run.trial_sharpes is None:
        return None
    trials = np.asarray(run.trial_sharpes, dtype=np.float64)
    trials = trials[np.isfinite(trials)] / math.sqrt(run.periods_a_year)
    if not len(trials):
        return None
    ratio, periods, lean, tails = known
    spread = float(np.std(trials, ddof=1)) if len(trials) > 1 else 0.0
    count = len(trials) if run.independent_trials is None else run.independent_trials
    return statistics.deflated_sharpe(ratio, periods, trials=count, spread=spread, skew=lean, kurtosis=tails)


def min_track_record(run: TrackRecord) -> float | None:
    known = _period_sharpe(run)
    if known is None:
        return None
    ratio, _, lean, tails = known
    periods = statistics.min_track_record(ratio, lean, tails)
    return None if periods is None else periods / run.periods_a_year * YEAR_S


def _period_sharpe(run: TrackRecord) -> tuple[float, int, float, float] | None:
    """The Sharpe ratio of a period, with how many there are, their skew and their kurtosis."""
    ratio = metrics.sharpe(run.returns, run.risk_free_return, periods_a_year=1.0)
    lean, tails = distribution.skew(run.returns), distribution.kurtosis(run.returns)
    if ratio is None or lean is None or tails is None:
        return None
    return ratio, int(np.count_nonzero(np.isfinite(run.returns))), lean, tails


# --- how much it did ---


def exposure(run: TrackRecord) -> float | None:
    if run.held is not None:
        return float(np.count_nonzero(run.held)) / len(run.held) if len(run.held) else None
    if run.trade_entry is None or run.trade_exit is None or not len(run.time):
        return None
    start = int(run.time[0])
    return metrics.exposure(run.trade_entry, run.trade_exit, start, start + run.elapsed_s)


def turnover(run: TrackRecord) -> float | None:
    traded = _sum(run.turnover)
    if traded is None or not run.years:
        return None
    worth = float(np.mean(run.equity))
    return traded / worth / run.years if worth > 0 else None


def fees(run: TrackRecord) -> float | None:
    return _sum(run.trade_fees if run.fees is None else run.fees)


def funding(run: TrackRecord) -> float | None:
    return _sum(run.funding)


# --- trade by trade ---


def average_duration(run: TrackRecord) -> float | None:
    if run.trade_entry is None or run.trade_exit is None:
        return None
    return trade_metrics.mean(run.trade_exit - run.trade_entry)


def average_r(run: TrackRecord) -> float | None:
    if run.trade_pnl is None or run.trade_risk is None:
        return None
    return trade_metrics.mean(trade_metrics.r_multiples(run.trade_pnl, run.trade_risk))


def _sum(values: ArrayLike | None) -> float | None:
    return None if values is None else float(np.sum(np.asarray(values, dtype=np.float64)))
