"""A strategy that says again what it said before: the same wishes, for other prices or at another time."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from candlewick.backtest.result import Result
from candlewick.core.errors import UsageError
from candlewick.market.bars import Bars
from candlewick.trading.strategy.signals import DISTANCES, WISHES, Signals
from candlewick.trading.strategy.strategy import Strategy

PER_BAR = (*WISHES, *DISTANCES, "size", "tag")


def recalled(result: Result, later: int = 0) -> Strategy:
    """The strategy of a run with the signals that it gave there, or those `later` bars later.

    It runs on bars of the same times as those of the run, and works nothing out anew.

    Raises:
        UsageError: it has orders of its own, which depend on what becomes of them.
    """
    strategy = result.strategy
    if not strategy.signals_only():
        raise UsageError(
            f"{type(strategy).__name__} gives orders of its own, which follow from what became of others: "
            "they cannot be recalled."
        )
    said: dict[str, Signals] = {}
    for market, signals, ind in zip(result.markets, result.signals, result.indicators, strict=True):
        assert signals is not None
        bars = market.bars
        said[market.symbol] = delayed(signals, len(bars), later, strategy.settled_from(bars, ind))
    again = copy.copy(strategy)
    again.warm_up = 0  # what it may not have traded on is no longer among the signals
    # its own methods would work everything out anew
    vars(again)["indicators"] = _nothing
    vars(again)["signals"] = _Said(said)
    return again


@dataclass(frozen=True, slots=True, eq=False)
class _Said:
    """Stands in for `Strategy.signals`, in other processes too."""

    by_symbol: dict[str, Signals]

    def __call__(self, bars: Bars, ind: Mapping[str, Any]) -> Signals:
        return self.by_symbol[bars.symbol]


def _nothing(bars: Bars) -> dict[str, Any]:
    return {}


def anew(strategy: Strategy) -> Strategy:
    """The strategy as it is before its first bar: one called at each bar may remember its last run."""
    return strategy if strategy.signals_only() else strategy.but()


def delayed(signals: Signals, bars: int, later: int, settled: int = 0) -> Signals:
    """Signals as they come `later` bars later; those before the bar `settled` are dropped first."""
    if later < 0:
        raise UsageError(f"Signals cannot come {later} bars later. Take 0 or more.")
    changes: dict[str, Any] = {}
    for name in PER_BAR:
        column = getattr(signals, name)
        if column is None:
            continue
        if name == "tag":
            if not isinstance(column, str):
                changes[name] = [""] * min(later, bars) + list(column[: max(bars - later, 0)])
            continue
        values = np.asarray(column)
        if name in WISHES:
            wished = np.broadcast_to(values, (bars,)).astype(np.uint8)
            wished[:settled] = 0
            changes[name] = _shifted(wished, later, 0)
        elif values.ndim:
            changes[name] = _shifted(values.astype(np.float64), later, 1.0 if name == "size" else np.nan)
    return replace(signals, **changes)


def _shifted(column: np.ndarray[Any, Any], later: int, missing: float) -> np.ndarray[Any, Any]:
    if not later:
        return column
    moved = np.full_like(column, missing)
    moved[later:] = column[:-later]
    return moved
