"""A strategy before it is run: whether it can be, and what it says for the whole of a run."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.market import Market
from candlewick.core.errors import UsageError
from candlewick.fills.state import TERMS
from candlewick.trading.strategy.checking import check_terms
from candlewick.trading.strategy.protections import Cooldown, DrawdownPause
from candlewick.trading.strategy.signals import Signals
from candlewick.trading.strategy.sizing import Risk
from candlewick.trading.strategy.strategy import Strategy

Rows = NDArray[Any]


def strategy_of(given: Strategy | type[Strategy]) -> Strategy:
    """A strategy that can be run, from one or from its class.

    Of one with an `on_bar` a copy: what it keeps from bar to bar begins in each run as it was given.

    Raises:
        UsageError: it is none, or says something about itself that makes no sense.
    """
    kind = given if isinstance(given, type) else type(given)
    if not issubclass(kind, Strategy):
        raise UsageError(f"{given!r} is no strategy: give a class derived from cw.Strategy, or one of it.")
    kind.check()
    if isinstance(given, type):
        try:
            inspect.signature(given).bind()
        except TypeError as wrong:
            raise UsageError(
                f"{given.__name__} cannot be made by itself ({wrong}): make one and give that."
            ) from None
    run = given() if isinstance(given, type) else given
    check_terms(run)
    return run if run is not given or run.signals_only() else fresh(run)


def fresh(strategy: Strategy) -> Strategy:
    """A copy for one run, with all that was set on it."""
    try:
        return copy.deepcopy(strategy)
    except TypeError:  # it holds what cannot be copied, such as a lock or an open file: that is shared
        return copy.copy(strategy)


def refuse_timeframe(strategy: Strategy, markets: Sequence[Market]) -> None:
    """Say so where a strategy wants bars of another length.

    Raises:
        UsageError: it does.
    """
    if strategy.timeframe and strategy.timeframe != markets[0].bars.timeframe:
        raise UsageError(
            f"{type(strategy).__name__} wants bars of {strategy.timeframe}, these are of "
            f"{markets[0].bars.timeframe}: load or resample them, or clear its timeframe."
        )


def refuse_impossible(strategy: Strategy, market: Market, signals: Signals) -> None:
    """Say so where a strategy wants what cannot be done.

    Raises:
        UsageError: to be short in what cannot be sold short, or to risk a part of the equity without a stop.
    """
    name = type(strategy).__name__
    if market.is_spot and signals.shorts:
        raise UsageError(
            f"{name} wants to be short in {market.symbol}, which is spot: "
            "run it on the perpetual, or leave enter_short away."
        )
    if isinstance(strategy.sizing, Risk) and signals.stop_loss is None:
        raise UsageError(
            f"{name} sizes its entries by what they lose at their stop ({strategy.sizing!r}), and has none: "
            "give its Signals a stop_loss."
        )


def terms_of(strategy: Strategy, cash: float) -> Rows:
    """What holds for the whole run of a strategy that signals."""
    terms = np.zeros(1, TERMS)
    row = terms[0]
    row["cash"], row["size_mode"] = cash, strategy.sizing.mode
    row["kelly_part"] = getattr(strategy.sizing, "part", 1.0)
    row["kelly_least"] = getattr(strategy.sizing, "least", 0)
    row["time_exit"] = strategy.time_exit or 0
    row["break_even"] = strategy.break_even or 0.0
    for protection in strategy.protections:
        match protection:
            case Cooldown(bars):
                row["cooldown"] = bars
            case DrawdownPause(at, bars):
                row["pause_at"], row["pause_for"] = at, bars
    return terms


def partials_of(strategy: Strategy) -> NDArray[np.float64]:
    """Rows of (profit, part), rising."""
    return np.array(strategy.partial_exits, dtype=np.float64).reshape(-1, 2)
