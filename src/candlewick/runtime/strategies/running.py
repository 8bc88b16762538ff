"""A strategy in its process: closed bars in, intents out, over a window of the bars so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np

from candlewick.core.errors import StrategyError
from candlewick.market.bars import COLUMNS, Bars
from candlewick.runtime.strategies.messages import Bar, Held
from candlewick.trading.strategy.blame import blamed
from candlewick.trading.strategy.checking import check_terms
from candlewick.trading.strategy.funding import Settled
from candlewick.trading.strategy.intents import Intent
from candlewick.trading.strategy.known import Clock
from candlewick.trading.strategy.runner import SignalRunner, contexts_of
from candlewick.trading.strategy.strategy import Strategy

WINDOW: Final = 2_000  # bars that a strategy sees at least, where there are so many
_KEPT: Final = 3 * WINDOW  # after which the oldest are let go, down to the window again
_NOTHING: Final = Held(0.0, None, [])


class Runner(Protocol):
    """What turns a closed bar into what a strategy wants."""

    def wants(self) -> int:
        """How many bars it needs before it can signal, if it has not enough; else 0."""
        ...

    def close(self, bar: Bar) -> list[Intent]:
        """What the strategy wants after a bar.

        Raises:
            StrategyError: it raised, or answered what cannot be used.
        """
        ...


def runner_of(strategy: Strategy, history: Sequence[Bars], spot: frozenset[str]) -> Runner:
    """The runner of a strategy, which has seen `history` so far; `spot` names what cannot be sold short.

    Raises:
        UsageError: it can be run in no way.
    """
    strategy.check()
    check_terms(strategy)
    windows = {bars.symbol: Window(bars) for bars in history}
    if strategy.signals_only():
        return SignalsAtWork(strategy, windows, spot)
    return OnBarAtWork(strategy, windows, spot)


class Window:
    """The bars of a market so far. What was handed out is never written to again."""

    def __init__(self, history: Bars) -> None:
        self.bars = history

    def add(self, time: int, row: Sequence[float]) -> None:
        """The next bar; one that is known already changes nothing."""
        bars = self.bars
        if len(bars) and time <= int(bars.time[-1]):
            return
        keep = slice(len(bars) - WINDOW, None) if len(bars) >= _KEPT else slice(None)
        columns = {
            name: np.append(getattr(bars, name)[keep], value)
            for name, value in zip(COLUMNS, row, strict=True)
        }
        self.bars = Bars(bars.symbol, bars.timeframe, np.append(bars.time[keep], time), **columns)


def _lacking(strategy: Strategy, windows: dict[str, Window]) -> int:
    lacking = 0
    for window in windows.values():
        with blamed(strategy, "indicators"):
            ind = strategy.indicators(window.bars) if len(window.bars) else {}
        settled = strategy.settled_from(window.bars, ind)
        if settled >= len(window.bars):
            lacking = max(lacking, settled + 1)
    return lacking


class SignalsAtWork:
    """Works out the signals over the whole window at each close; the last row is what the strategy wants."""

    def __init__(self, strategy: Strategy, windows: dict[str, Window], spot: frozenset[str]) -> None:
        self._strategy, self._windows, self._spot = strategy, windows, spot

    def wants(self) -> int:
        return _lacking(self._strategy, self._windows)

    def close(self, bar: Bar) -> list[Intent]:
        found: list[Intent] = []
        for symbol, window in self._windows.items():
            row = bar.rows.get(symbol)
            if row is None:
                continue
            window.add(bar.time, row)
            runner = SignalRunner(self._strategy, window.bars)
            if symbol in self._spot and runner.signals.shorts:
                raise StrategyError(
                    f"{type(self._strategy).__name__} wants to be short in {symbol}, which is spot: "
                    "put it to work on the perpetual, or leave enter_short away."
                )
            signal = runner.at(-1)
            if signal is not None:
                found.append(signal)
        return found


class OnBarAtWork:
    """Calls `on_bar` at each close, with the account as the engine tells it."""

    def __init__(self, strategy: Strategy, windows: dict[str, Window], spot: frozenset[str]) -> None:
        self._strategy, self._windows = strategy, windows
        self._spot = [symbol in spot for symbol in windows]

    def wants(self) -> int:
        return _lacking(self._strategy, self._windows)

    def close(self, bar: Bar) -> list[Intent]:
        for symbol, row in bar.rows.items():
            self._windows[symbol].add(bar.time, row)
        if self.wants():
            return []
        dealer = _Told(bar)
        bars = [window.bars for window in self._windows.values()]
        clocks = [Clock() for _ in bars]
        for clock, each in zip(clocks, bars, strict=True):
            clock.known = len(each)
        told = [bar.settled.get(symbol) for symbol in self._windows]
        settled = [None if each is None else _settled(each) for each in told]
        contexts = contexts_of(self._strategy, bars, dealer, spot=self._spot, clocks=clocks, settled=settled)
        with blamed(self._strategy, "on_bar"):
            self._strategy.on_bar(contexts[0])
        return dealer.intents


def _settled(told: Sequence[tuple[int, float]]) -> Settled:
    return Settled([time for time, _ in told], [rate for _, rate in told])


class _Told:
    """The account as the engine told it with the bar, and what the strategy asks for."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self.intents: list[Any] = []

    def position(self, symbol: str) -> float:
        return self._held(symbol).quantity

    def entry_price(self, symbol: str) -> float | None:
        return self._held(symbol).entry_price

    def funding(self, symbol: str) -> float:
        return self._held(symbol).funding

    def equity(self) -> float:
        return self._bar.equity

    def free(self) -> float:
        return self._bar.free

    def orders(self, symbol: str) -> Sequence[str]:
        return self._held(symbol).orders

    def take(self, intent: Intent) -> None:
        self.intents.append(intent)

    def _held(self, symbol: str) -> Held:
        return self._bar.held.get(symbol, _NOTHING)
