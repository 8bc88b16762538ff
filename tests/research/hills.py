"""Strategies whose best parameters are known, and bars to run them on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

import candlewick as cw
from candlewick import Param, Strategy, ta
from candlewick.core.errors import UsageError

START = 1_704_067_200  # 2024-01-01


def wave(bars: int = 24 * 60, period: float = 24.0) -> cw.Bars:
    """Hours of a price that goes up and down by the clock, on its way up."""
    at = np.arange(bars)
    close = 100 + 10 * np.sin(2 * np.pi * at / period) + 0.01 * at
    return bars_of(close)


def walk(bars: int = 24 * 40, seed: int = 7, symbol: str = "X") -> cw.Bars:
    """Hours of a price that goes where it likes."""
    steps = np.random.default_rng(seed).normal(0, 0.01, bars)
    return bars_of(100 * np.exp(np.cumsum(steps)), symbol)


def bars_of(close: Any, symbol: str = "X") -> cw.Bars:
    opened = np.concatenate((close[:1], close[:-1]))
    return cw.Bars.from_arrays(
        symbol=symbol, timeframe="1h", time=START + 3600 * np.arange(len(close)), open=opened,
        high=np.maximum(opened, close), low=np.minimum(opened, close), close=close,
        volume=np.full(len(close), 1e6),
    )  # fmt: skip


class Clock(Strategy):
    """Buys at one hour of each day and sells at another: on `wave` the best are known."""

    buy = Param(3, low=0, high=23)
    sell = Param(9, low=0, high=23)

    def signals(self, bars: cw.Bars, ind: cw.Indicators) -> cw.Signals:
        hour = (bars.time // 3600) % 24
        return cw.Signals(enter_long=hour == self.buy, exit_long=hour == self.sell)


class Cross(Strategy):
    """Long while the fast mean is above the slow one."""

    fast = Param(3, low=2, high=10)
    slow = Param(8, low=3, high=30)
    shorts = Param(False)

    def indicators(self, bars: cw.Bars) -> cw.Indicators:
        return {"fast": ta.sma(bars.close, self.fast), "slow": ta.sma(bars.close, self.slow)}

    def signals(self, bars: cw.Bars, ind: cw.Indicators) -> cw.Signals:
        up, down = cw.crossed_above(ind["fast"], ind["slow"]), cw.crossed_below(ind["fast"], ind["slow"])
        return cw.Signals(
            enter_long=up, exit_long=down,
            enter_short=down if self.shorts else None, exit_short=up if self.shorts else None,
        )  # fmt: skip


class Stopped(Cross):
    """The same with a stop, a target, and a part that is closed on the way."""

    partial_exits = ((0.01, 0.4),)

    def signals(self, bars: cw.Bars, ind: cw.Indicators) -> cw.Signals:
        return replace(super().signals(bars, ind), stop_loss=0.02, take_profit=0.05)


class Scribe(Cross):
    """Writes into its indicators, as some people do."""

    def indicators(self, bars: cw.Bars) -> cw.Indicators:
        made = dict(super().indicators(bars))
        made["fast"][: self.slow] = np.nan
        return made


class Picky(Cross):
    """Cannot be run with every set of its parameters."""

    def signals(self, bars: cw.Bars, ind: cw.Indicators) -> cw.Signals:
        if self.fast >= self.slow:
            raise UsageError(f"fast is {self.fast}, slow {self.slow}: give a slow one above the fast one.")
        return super().signals(bars, ind)


class Broken(Cross):
    """Has a mistake in it."""

    def signals(self, bars: cw.Bars, ind: cw.Indicators) -> cw.Signals:
        if self.fast == 4:
            raise ZeroDivisionError("division by zero")
        return super().signals(bars, ind)


class Fixed(Strategy):
    """Has nothing to search."""

    length = Param(5)

    def signals(self, bars: cw.Bars, ind: cw.Indicators) -> cw.Signals:
        return cw.Signals(enter_long=bars.close > bars.open)


class Wide(Strategy):
    """Has a number without a step, a whole number and a word."""

    part = Param(0.5, low=0.0, high=1.0)
    hour = Param(3, low=0, high=23)
    side = Param("long", choices=("long", "short", "both"))

    def signals(self, bars: cw.Bars, ind: cw.Indicators) -> cw.Signals:
        hour = (bars.time // 3600) % 24
        enters, leaves = hour == self.hour, hour == (self.hour + 6) % 24
        return cw.Signals(
            enter_long=enters if self.side != "short" else None,
            exit_long=leaves if self.side != "short" else None,
            enter_short=leaves if self.side != "long" else None,
            exit_short=enters if self.side != "long" else None,
            size=max(self.part, 0.01),
        )


def net_by_day(result: cw.Result) -> float | None:
    """An objective of our own."""
    return float(result.equity[-1] - result.account.cash) / 60
