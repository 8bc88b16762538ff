"""Every metric with its name, unit, formula and source, in the order in which people read them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike

from candlewick.backtest import distribution, metrics, relative, statistics, trade_metrics
from candlewick.backtest.track_record import TrackRecord

Unit = Literal["fraction", "ratio", "money", "count", "duration"]
Better = Literal["higher", "lower", "neither"]
Figure = float | int | None


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure, and all that is to be said of it.

    Attributes:
        name: what programs call it.
        label: what people call it.
        unit: `fraction` (0.01 is one per cent), `ratio`, `money` (of the account's currency), `count`, or
            `duration` (seconds).
        better: the direction in which it is better.
        formula: how it comes about; r are the period's returns, n their number, P the periods a year.
        source: where the formula stands.
        of: computes it; None where it is undefined.
    """

    name: str
    label: str
    unit: Unit
    better: Better
    formula: str
    source: str
    of: Callable[[TrackRecord], Figure]


# --- what takes more than a line ---


def _benchmark_return(run: TrackRecord) -> Figure:
    if run.benchmark is None or not len(run.benchmark) or not run.benchmark[0] > 0:
        return None
    return float(run.benchmark[-1] / run.benchmark[0]) - 1.0


def _cagr(run: TrackRecord) -> Figure:
    return metrics.growth(float(run.equity[-1]) / run.initial, run.years) if len(run.equity) else None


def _calmar(run: TrackRecord) -> Figure:
    return metrics.growth_by_fall(_cagr(run), run.deepest.depth if run.deepest else None)


def _omega(run: TrackRecord) -> Figure:
    return metrics.omega(run.returns, run.risk_free_return)


def _beta(run: TrackRecord) -> Figure:
    other = run.benchmark_returns
    return None if other is None else relative.beta(run.returns, other)


def _alpha(run: TrackRecord) -> Figure:
    other = run.benchmark_returns
    if other is None:
        return None
    return relative.alpha(run.returns, other, run.risk_free_return, periods_a_year=run.periods_a_year)


def _information_ratio(run: TrackRecord) -> Figure:
    other = run.benchmark_returns
    if other is None:
        return None
    return relative.information_ratio(run.returns, other, periods_a_year=run.periods_a_year)


def _exposure(run: TrackRecord) -> Figure:
    if run.held is not None:
        return float(np.count_nonzero(run.held)) / len(run.held) if len(run.held) else None
    if run.trade_entry is None or run.trade_exit is None or not len(run.time):
        return None
    start = int(run.time[0])
    return metrics.exposure(run.trade_entry, run.trade_exit, start, start + run.elapsed_s)


def _turnover(run: TrackRecord) -> Figure:
    traded = _sum(run.turnover)
    if traded is None or not run.years:
        return None
    worth = float(np.mean(run.equity))
    return traded / worth / run.years if worth > 0 else None


def _fees(run: TrackRecord) -> Figure:
    return _sum(run.fees if run.fees is not None else run.trade_fees)


def _net_profit(run: TrackRecord) -> Figure:
    return float(run.equity[-1]) - run.initial if len(run.equity) else None


def _total_return(run: TrackRecord) -> Figure:
    return float(run.equity[-1]) / run.initial - 1.0 if len(run.equity) else None


def _period_sharpe(run: TrackRecord) -> tuple[float, int, float, float] | None:
    """The Sharpe ratio of a period, with how many there are, their skew and their kurtosis."""
    ratio = metrics.sharpe(run.returns, run.risk_free_return, periods_a_year=1.0)
    lean, tails = distribution.skew(run.returns), distribution.kurtosis(run.returns)
    if ratio is None or lean is None or tails is None:
        return None
    return ratio, int(np.count_nonzero(np.isfinite(run.returns))), lean, tails


def _probabilistic_sharpe(run: TrackRecord) -> Figure:
    known = _period_sharpe(run)
    return None if known is None else statistics.probabilistic_sharpe(*known)


def _deflated_sharpe(run: TrackRecord) -> Figure:
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


def _min_track_record(run: TrackRecord) -> Figure:
    known = _period_sharpe(run)
    if known is None:
        return None
    ratio, _, lean, tails = known
    periods = statistics.min_track_record(ratio, lean, tails)
    return None if periods is None else periods * _YEAR_S / run.periods_a_year


def _trade_duration(run: TrackRecord) -> Figure:
    if run.trade_entry is None or run.trade_exit is None or not len(run.trade_entry):
        return None
    return float(np.mean(run.trade_exit - run.trade_entry))


def _average_r(run: TrackRecord) -> Figure:
    if run.trade_pnl is None or run.trade_risk is None:
        return None
    return trade_metrics.mean(trade_metrics.r_multiples(run.trade_pnl, run.trade_risk))


def _sum(values: ArrayLike | None) -> Figure:
    return None if values is None else float(np.sum(np.asarray(values, dtype=np.float64)))


def _depth(run: TrackRecord) -> Figure:
    return None if run.deepest is None else run.deepest.depth


def _of_returns(figure: Callable[[ArrayLike], Figure]) -> Callable[[TrackRecord], Figure]:
    return lambda run: figure(run.returns)


def _of_trades(column: str, figure: Callable[[ArrayLike], Figure]) -> Callable[[TrackRecord], Figure]:
    def of(run: TrackRecord) -> Figure:
        values = getattr(run, f"trade_{column}")
        return None if values is None else figure(values)

    return of


_YEAR_S: Final = metrics.DAYS_A_YEAR * 86_400

_ALL: Final = (
    # what it made
    Metric("net_profit", "Net profit", "money", "higher", "last equity − initial", "", _net_profit),
    Metric(
        "total_return", "Return", "fraction", "higher",
        "last equity / initial − 1", "GIPS 2020", _total_return,
    ),
    Metric(
        "benchmark_return", "Buy and hold", "fraction", "neither",
        "last close / first close − 1", "", _benchmark_return,
    ),
    Metric(
        "cagr", "CAGR", "fraction", "higher",
        "(last equity / initial)^(1 / years) − 1, years of 365 days from the first bar's open", "", _cagr,
    ),
    # at which risk
    Metric(
        "volatility", "Volatility", "fraction", "lower",
        "s(r) · √P, s of a sample (n − 1)", "",
        lambda run: metrics.volatility(run.returns, periods_a_year=run.periods_a_year),
    ),
    Metric(
        "sharpe", "Sharpe", "ratio", "higher",
        "mean(r − f) / s(r − f) · √P", "Sharpe 1994, eq. 1–4",
        lambda run: metrics.sharpe(run.returns, run.risk_free_return, periods_a_year=run.periods_a_year),
    ),
    Metric(
        "sortino", "Sortino", "ratio", "higher",
        "mean(r − f) / √(Σ min(r − f, 0)² / n) · √P", "Sortino and Price 1994",
        lambda run: metrics.sortino(run.returns, run.risk_free_return, periods_a_year=run.periods_a_year),
    ),
    Metric(
        "calmar", "Calmar", "ratio", "higher", "CAGR / −maximum drawdown, over the whole run", "Young 1991",
        _calmar,
    ),
    Metric(
        "omega", "Omega", "ratio", "higher",
        "Σ max(r − f, 0) / Σ max(f − r, 0)", "Keating and Shadwick 2002", _omega,
    ),
    # how far it fell
    Metric(
        "max_drawdown", "Maximum drawdown", "fraction", "higher",
        "min(equity / highest equity so far − 1), at bars' closes", "Magdon-Ismail and Atiya 2004", _depth,
    ),
    Metric(
        "max_drawdown_duration", "Its duration", "duration", "lower",
        "from the high before the maximum drawdown until it was reached again, or to the end", "",
        lambda run: run.fall_s,
    ),
    Metric(
        "max_drawdown_recovery", "Its recovery", "duration", "lower",
        "from its lowest point until the high was reached again", "", lambda run: run.recovery_s,
    ),
    Metric(
        "longest_drawdown", "Longest drawdown", "duration", "lower",
        "the longest time from a high until it was reached again, or to the end", "",
        lambda run: run.longest_fall_s,
    ),
    Metric(
        "ulcer_index", "Ulcer index", "fraction", "lower",
        "√(Σ drawdown² / bars)", "Martin and McCann 1989",
        lambda run: metrics.ulcer_index(run.drawdowns),
    ),
    # how its returns are spread
    Metric(
        "value_at_risk", "Value at risk, 95 %", "fraction", "higher",
        "the 5 % quantile of r", "Hyndman and Fan 1996, type 7", _of_returns(distribution.value_at_risk),
    ),
    Metric(
        "expected_shortfall", "Expected shortfall, 95 %", "fraction", "higher",
        "mean of the ⌊0.05 (n − 1)⌋ + 1 lowest r", "Rockafellar and Uryasev 2002",
        _of_returns(distribution.expected_shortfall),
    ),
    Metric(
        "normal_value_at_risk", "Value at risk, normal", "fraction", "higher",
        "mean(r) + s(r) · Φ⁻¹(0.05)", "RiskMetrics 1996", _of_returns(distribution.normal_value_at_risk),
    ),
    Metric(
        "normal_expected_shortfall", "Expected shortfall, normal", "fraction", "higher",
        "mean(r) − s(r) · φ(Φ⁻¹(0.05)) / 0.05", "Rockafellar and Uryasev 2000",
        _of_returns(distribution.normal_expected_shortfall),
    ),
    Metric(
        "tail_ratio", "Tail ratio", "ratio", "higher",
        "|95 % quantile of r| / |5 % quantile|", "", _of_returns(distribution.tail_ratio),
    ),
    Metric(
        "skew", "Skew", "ratio", "higher", "m₃ / m₂^1.5", "Fisher 1930 (g₁)", _of_returns(distribution.skew)
    ),
    Metric(
        "kurtosis", "Kurtosis (normal: 3)", "ratio", "lower",
        "m₄ / m₂²", "Pearson 1905 (β₂)", _of_returns(distribution.kurtosis),
    ),
    # beside its market
    Metric(
        "alpha", "Alpha", "fraction", "higher",
        "((mean(r) − f) − β (mean(b) − f)) · P", "Jensen 1968, eq. 6", _alpha,
    ),
    Metric("beta", "Beta", "ratio", "neither", "cov(r, b) / var(b)", "Sharpe 1964", _beta),
    Metric(
        "information_ratio", "Information ratio", "ratio", "higher",
        "mean(r − b) / s(r − b) · √P", "Grinold and Kahn 1999", _information_ratio,
    ),
    # whether it is luck
    Metric(
        "probabilistic_sharpe", "Probabilistic Sharpe", "fraction", "higher",
        "Φ(SR √(n − 1) / √(1 − γ₃ SR + (γ₄ − 1)/4 · SR²)), SR of a period, against 0",
        "Bailey and López de Prado 2012", _probabilistic_sharpe,
    ),
    Metric(
        "deflated_sharpe", "Deflated Sharpe", "fraction", "higher",
        "the same against the best that as many trials without skill would show",
        "Bailey and López de Prado 2014", _deflated_sharpe,
    ),
    Metric(
        "min_track_record", "Minimum track record, 95 %", "duration", "lower",
        "1 + (1 − γ₃ SR + (γ₄ − 1)/4 · SR²) (Φ⁻¹(0.95) / SR)² periods",
        "Bailey and López de Prado 2012", _min_track_record,
    ),
    # how much it did
    Metric(
        "exposure", "Exposure", "fraction", "neither", "bars in which anything was held / bars", "", _exposure
    ),
    Metric(
        "turnover", "Turnover a year", "ratio", "neither",
        "Σ notional of all fills / mean equity / years", "", _turnover,
    ),
    Metric("fees", "Fees", "money", "lower", "Σ fees", "", _fees),
    Metric("funding", "Funding", "money", "higher", "Σ funding received − paid", "",
           lambda run: _sum(run.funding)),
    # trade by trade
    Metric("trades", "Trades", "count", "neither", "closed trades", "", _of_trades("pnl", np.size)),
    Metric(
        "win_rate", "Win rate", "fraction", "higher",
        "trades with P&L > 0 / trades", "", _of_trades("pnl", trade_metrics.win_rate),
    ),
    Metric(
        "profit_factor", "Profit factor", "ratio", "higher",
        "Σ of the winners / −Σ of the losers", "", _of_trades("pnl", trade_metrics.profit_factor),
    ),
    Metric(
        "payoff_ratio", "Payoff ratio", "ratio", "higher",
        "mean win / −mean loss", "", _of_trades("pnl", trade_metrics.payoff_ratio),
    ),
    Metric(
        "expectancy", "Expectancy", "money", "higher",
        "Σ P&L / trades", "Tharp 1998", _of_trades("pnl", trade_metrics.expectancy),
    ),
    Metric(
        "sqn", "SQN", "ratio", "higher",
        "√trades · mean(P&L) / s(P&L)", "Tharp 2008", _of_trades("pnl", trade_metrics.sqn),
    ),
    Metric(
        "average_win", "Average win", "money", "higher",
        "mean P&L of the winners", "", _of_trades("pnl", trade_metrics.average_win),
    ),
    Metric(
        "average_loss", "Average loss", "money", "higher",
        "mean P&L of the losers", "", _of_trades("pnl", trade_metrics.average_loss),
    ),
    Metric(
        "average_trade", "Average trade", "fraction", "higher",
        "mean return of a trade", "", _of_trades("return", trade_metrics.mean),
    ),
    Metric(
        "best_trade", "Best trade", "fraction", "higher",
        "highest return of a trade", "", _of_trades("return", trade_metrics.highest),
    ),
    Metric(
        "worst_trade", "Worst trade", "fraction", "higher",
        "lowest return of a trade", "", _of_trades("return", trade_metrics.lowest),
    ),
    Metric(
        "longest_losing_streak", "Longest losing streak", "count", "lower",
        "most trades in a row with P&L < 0", "", _of_trades("pnl", trade_metrics.longest_losing_streak),
    ),
    Metric(
        "average_duration", "Average time held", "duration", "neither", "mean(exit − entry)", "",
        _trade_duration,
    ),
    Metric(
        "average_mae", "Average MAE", "fraction", "higher",
        "mean of min(low) / entry − 1, a short's turned round", "Sweeney 1996",
        _of_trades("mae", trade_metrics.mean),
    ),
    Metric(
        "worst_mae", "Worst MAE", "fraction", "higher", "the lowest of them", "Sweeney 1996",
        _of_trades("mae", trade_metrics.lowest),
    ),
    Metric(
        "average_mfe", "Average MFE", "fraction", "higher",
        "mean of max(high) / entry − 1, a short's turned round", "Sweeney 1996",
        _of_trades("mfe", trade_metrics.mean),
    ),
    Metric(
        "average_r", "Average R", "ratio", "higher",
        "mean(P&L / money at risk at the entry), of trades with a stop", "Tharp 1998", _average_r,
    ),
)  # fmt: skip

METRICS: Final[Mapping[str, Metric]] = MappingProxyType({metric.name: metric for metric in _ALL})
