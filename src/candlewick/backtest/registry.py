"""Every metric with its name, unit, formula and source, in the order in which people read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike

from candlewick.backtest import distribution, run_metrics, trade_metrics
from candlewick.backtest.track_record import TrackRecord

Unit = Literal["fraction", "ratio", "money", "count", "duration"]
Better = Literal["higher", "lower", "neither"]
Figure = float | int | None
Of = Callable[[TrackRecord], Figure]


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure, and all that is to be said of it.

    Attributes:
        name: what programs call it.
        label: what people call it.
        unit: `fraction` (0.01 is one per cent), `ratio`, `money` (of the account's currency), `count`, or
            `duration` (seconds).
        better: the direction in which it is better.
        of: computes it; None where it is undefined.
        formula: how it comes about. r are the periods' returns, n is their number, P how many make a year,
            f what idle money earns in one, b the benchmark's returns, s() a sample's standard deviation.
        undefined: when there is none.
        source: where the formula stands.
        annual: whether it is brought to a year.
    """

    name: str
    label: str
    unit: Unit
    better: Better
    of: Of
    formula: str
    undefined: str
    source: str = ""
    annual: bool = False


def _returns(figure: Callable[[ArrayLike], Figure]) -> Of:
    return lambda run: figure(run.returns)


def _trades(column: str, figure: Callable[[ArrayLike], Figure]) -> Of:
    def of(run: TrackRecord) -> Figure:
        values = getattr(run, f"trade_{column}")
        return None if values is None else figure(values)

    return of


_NO_BAR: Final = "no bar"
_NO_TRADE: Final = "no trade"
_FEW: Final = "fewer than two returns"
_STILL: Final = "fewer than two returns, or all alike"
_ALONE: Final = "no benchmark, or one that never moves"
_PSR: Final = "(SR − SR*) √(n − 1) / √(1 − γ₃ SR + (γ₄ − 1)/4 · SR²)"

_ALL: Final = (
    # what it made
    Metric("net_profit", "Net profit", "money", "higher", run_metrics.net_profit,
           "last equity − initial", _NO_BAR),
    Metric("total_return", "Return", "fraction", "higher", run_metrics.total_return,
           "last equity / initial − 1", _NO_BAR),
    Metric("benchmark_return", "Buy and hold", "fraction", "neither", run_metrics.benchmark_return,
           "last close / first close − 1", "no benchmark"),
    Metric("cagr", "CAGR", "fraction", "higher", run_metrics.cagr,
           "(last equity / initial)^(1 / years) − 1, years of 365 days from the first bar's open",
           "no bar, or too large for a number", annual=True),
    # at which risk
    Metric("volatility", "Volatility", "fraction", "lower", run_metrics.volatility,
           "s(r) · √P", _FEW, annual=True),
    Metric("sharpe", "Sharpe", "ratio", "higher", run_metrics.sharpe,
           "mean(r − f) / s(r − f) · √P", _STILL, "Sharpe 1994, eq. 1–4", annual=True),
    Metric("sortino", "Sortino", "ratio", "higher", run_metrics.sortino,
           "mean(r − f) / √(Σ min(r − f, 0)² / n) · √P", "fewer than two returns, or none below f",
           "Sortino and Price 1994", annual=True),
    Metric("calmar", "Calmar", "ratio", "higher", run_metrics.calmar,
           "CAGR / −maximum drawdown, over the whole run", "it never fell", "Young 1991", annual=True),
    Metric("omega", "Omega", "ratio", "higher", run_metrics.omega,
           "Σ max(r − f, 0) / Σ max(f − r, 0)", "no return below f", "Keating and Shadwick 2002"),
    # how far it fell
    Metric("max_drawdown", "Maximum drawdown", "fraction", "higher", run_metrics.max_drawdown,
           "min(equity / highest equity so far − 1), at the bars' closes", _NO_BAR,
           "Magdon-Ismail and Atiya 2004"),
    Metric("max_drawdown_duration", "Maximum drawdown's duration", "duration", "lower",
           lambda run: run.fall_s,
           "from the high before the maximum drawdown until it was reached again, or to the end", _NO_BAR),
    Metric("max_drawdown_recovery", "Maximum drawdown's recovery", "duration", "lower",
           lambda run: run.recovery_s,
           "from its lowest point until the high was reached again", "not reached yet"),
    Metric("longest_drawdown", "Longest drawdown", "duration", "lower", lambda run: run.longest_fall_s,
           "the longest time from a high until it was reached again, or to the end", _NO_BAR),
    Metric("ulcer_index", "Ulcer index", "fraction", "lower", run_metrics.ulcer_index,
           "√(Σ drawdown² / bars)", _NO_BAR, "Martin and McCann 1989"),
    # how its returns are spread
    Metric("value_at_risk", "Value at risk, 95 %", "fraction", "higher",
           _returns(distribution.value_at_risk),
           "the 5 % quantile of r", "no return", "Hyndman and Fan 1996, type 7"),
    Metric("expected_shortfall", "Expected shortfall, 95 %", "fraction", "higher",
           _returns(distribution.expected_shortfall),
           "mean of the ⌊0.05 (n − 1)⌋ + 1 lowest r", "no return", "Rockafellar and Uryasev 2002"),
    Metric("normal_value_at_risk", "Value at risk, normal", "fraction", "higher",
           _returns(distribution.normal_value_at_risk),
           "mean(r) + s(r) · Φ⁻¹(0.05)", _FEW, "RiskMetrics 1996"),
    Metric("normal_expected_shortfall", "Expected shortfall, normal", "fraction", "higher",
           _returns(distribution.normal_expected_shortfall),
           "mean(r) − s(r) · φ(Φ⁻¹(0.05)) / 0.05", _FEW, "Rockafellar and Uryasev 2000"),
    Metric("tail_ratio", "Tail ratio", "ratio", "higher", _returns(distribution.tail_ratio),
           "95 % quantile of r / 5 % quantile, both without their sign", "no return, or a quantile of 0"),
    Metric("skew", "Skew", "ratio", "higher", _returns(distribution.skew),
           "m₃ / m₂^1.5 of central moments", _STILL, "Fisher 1930 (g₁)"),
    Metric("kurtosis", "Kurtosis (normal: 3)", "ratio", "lower", _returns(distribution.kurtosis),
           "m₄ / m₂² of central moments", _STILL, "Pearson 1905 (β₂)"),
    # beside its market
    Metric("alpha", "Alpha", "fraction", "higher", run_metrics.alpha,
           "((mean(r) − f) − β (mean(b) − f)) · P", _ALONE, "Jensen 1968", annual=True),
    Metric("beta", "Beta", "ratio", "neither", run_metrics.beta,
           "cov(r, b) / var(b)", _ALONE, "Sharpe 1964"),
    Metric("information_ratio", "Information ratio", "ratio", "higher", run_metrics.information_ratio,
           "mean(r − b) / s(r − b) · √P", "no benchmark, or never apart from it", "Grinold and Kahn 1999",
           annual=True),
    # whether it is luck
    Metric("probabilistic_sharpe", "Probabilistic Sharpe", "fraction", "higher",
           run_metrics.probabilistic_sharpe,
           f"Φ({_PSR}), SR of a period, SR* = 0", _STILL, "Bailey and López de Prado 2012"),
    Metric("deflated_sharpe", "Deflated Sharpe", "fraction", "higher", run_metrics.deflated_sharpe,
           "the same with SR* = s(SR of the N trials) · ((1 − γ) Φ⁻¹(1 − 1/N) + γ Φ⁻¹(1 − 1/(N e)))",
           "how many were tried is not known", "Bailey and López de Prado 2014"),
    Metric("min_track_record", "Minimum track record, 95 %", "duration", "lower",
           run_metrics.min_track_record,
           "1 + (1 − γ₃ SR + (γ₄ − 1)/4 · SR²) (Φ⁻¹(0.95) / SR)² periods", "SR is not above 0",
           "Bailey and López de Prado 2012"),
    # how much it did
    Metric("exposure", "Exposure", "fraction", "neither", run_metrics.exposure,
           "bars in which anything was held / bars", _NO_BAR),
    Metric("turnover", "Turnover", "ratio", "neither", run_metrics.turnover,
           "Σ notional of all fills / mean equity / years", "no bar, or mean equity is not above 0",
           annual=True),
    Metric("fees", "Fees", "money", "lower", run_metrics.fees, "Σ fees of all fills", "not known"),
    Metric("funding", "Funding", "money", "higher", run_metrics.funding,
           "Σ funding received − Σ paid", "not known"),
    # trade by trade
    Metric("trades", "Trades", "count", "neither", _trades("pnl", np.size), "closed trades", "not known"),
    Metric("win_rate", "Win rate", "fraction", "higher", _trades("pnl", trade_metrics.win_rate),
           "trades with P&L > 0 / trades", _NO_TRADE),
    Metric("profit_factor", "Profit factor", "ratio", "higher", _trades("pnl", trade_metrics.profit_factor),
           "Σ of the winners / −Σ of the losers", "none has lost"),
    Metric("payoff_ratio", "Payoff ratio", "ratio", "higher", _trades("pnl", trade_metrics.payoff_ratio),
           "mean win / −mean loss", "none has won, or none has lost"),
    Metric("expectancy", "Expectancy", "money", "higher", _trades("pnl", trade_metrics.expectancy),
           "Σ P&L / trades", _NO_TRADE, "Tharp 1998"),
    Metric("sqn", "SQN", "ratio", "higher", _trades("pnl", trade_metrics.sqn),
           "√trades · mean(P&L) / s(P&L)", "fewer than two trades, or all alike", "Tharp 2008"),
    Metric("average_win", "Average win", "money", "higher", _trades("pnl", trade_metrics.average_win),
           "mean P&L of the winners", "none has won"),
    Metric("average_loss", "Average loss", "money", "higher", _trades("pnl", trade_metrics.average_loss),
           "mean P&L of the losers", "none has lost"),
    Metric("average_trade", "Average trade", "fraction", "higher", _trades("return", trade_metrics.mean),
           "mean return of the trades", _NO_TRADE),
    Metric("best_trade", "Best trade", "fraction", "higher", _trades("return", trade_metrics.highest),
           "highest return of a trade", _NO_TRADE),
    Metric("worst_trade", "Worst trade", "fraction", "higher", _trades("return", trade_metrics.lowest),
           "lowest return of a trade", _NO_TRADE),
    Metric("longest_losing_streak", "Longest losing streak", "count", "lower",
           _trades("pnl", trade_metrics.longest_losing_streak),
           "most trades in a row with P&L < 0", _NO_TRADE),
    Metric("average_duration", "Average time held", "duration", "neither", run_metrics.average_duration,
           "mean(exit − entry)", _NO_TRADE),
    Metric("average_mae", "Average MAE", "fraction", "higher", _trades("mae", trade_metrics.mean),
           "mean of min(low) / entry − 1, a short's turned round", _NO_TRADE, "Sweeney 1996"),
    Metric("worst_mae", "Worst MAE", "fraction", "higher", _trades("mae", trade_metrics.lowest),
           "the lowest of them", _NO_TRADE, "Sweeney 1996"),
    Metric("average_mfe", "Average MFE", "fraction", "higher", _trades("mfe", trade_metrics.mean),
           "mean of max(high) / entry − 1, a short's turned round", _NO_TRADE, "Sweeney 1996"),
    Metric("average_r", "Average R", "ratio", "higher", run_metrics.average_r,
           "mean(P&L / money at risk at the entry), of trades with a stop", "no trade had a stop",
           "Tharp 1998"),
)  # fmt: skip

METRICS: Final[Mapping[str, Metric]] = MappingProxyType({metric.name: metric for metric in _ALL})
