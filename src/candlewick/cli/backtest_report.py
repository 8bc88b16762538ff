"""What `candlewick backtest` prints: for people as lines, for programs as one JSON document."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from typer import echo

from candlewick.backtest.registry import METRICS
from candlewick.backtest.report.figures import written
from candlewick.backtest.result import Result
from candlewick.core.clock import NS_PER_S, iso
from candlewick.market.bars import clock
from candlewick.runtime.jobs.kinds.results import TRADES, describe

POINTS: Final = 1_000  # of a thinned equity
KEY: Final = (
    "net_profit", "total_return", "benchmark_return", "cagr", "volatility", "sharpe", "sortino", "calmar",
    "max_drawdown", "longest_drawdown", "probabilistic_sharpe", "exposure", "turnover", "fees", "funding",
    "trades", "win_rate", "profit_factor", "expectancy", "average_trade", "longest_losing_streak",
)  # fmt: skip


def show(result: Result, *, every: bool = False) -> None:
    """A run as lines: what it was, its figures, and why not to believe them."""
    for line in heading(result):
        echo(line)
    echo("")
    for name in METRICS if every else KEY:
        told = written(name, result.metrics[name])
        echo(f"  {told.label:<28} {told.text:>14}")
    if result.warnings:
        echo("")
    for warning in result.warnings:
        echo(f"! {warning}")


def heading(result: Result) -> list[str]:
    """What was run, on what, and what it came to."""
    strategy, account = result.strategy, result.account
    given = ", ".join(f"{name}={value}" for name, value in strategy.values.items())
    first, last = clock(int(result.time[0])), clock(int(result.time[-1]))
    return [
        f"{type(strategy).__name__}({given}) on {', '.join(market.symbol for market in result.markets)}",
        f"{len(result.time):,} bars of {result.timeframe}, {first} to {last} UTC",
        f"{account.cash:,.2f} became {result.equity[-1]:,.2f}; fees {account.fee_maker:.4%} maker, "
        f"{account.fee_taker:.4%} taker, slippage {account.slippage_bps:g} bps, "
        f"leverage {account.leverage:g}",
    ]


def document(result: Result, *, whole: bool = False) -> dict[str, Any]:
    """A run as JSON has it; None is unknown.

    Args:
        whole: all trades and the equity of each bar, rather than the last trades and 1,000 points.
    """
    told = describe(result, None if whole else TRADES)
    at = np.arange(len(result.time))
    if not whole and len(at) > POINTS:
        at = np.unique(np.linspace(0, len(at) - 1, POINTS).round().astype(np.int64))
    told["equity"] = [
        {"time": iso(int(result.time[n]) * NS_PER_S), "value": float(result.equity[n])} for n in at
    ]
    return told
