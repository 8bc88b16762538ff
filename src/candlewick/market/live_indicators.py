"""Indicators that follow the live bar: the same values as over the whole column, one bar at a time."""

from __future__ import annotations

from collections.abc import Callable
from math import nan
from typing import Final, Protocol


class Form(Protocol):
    """An indicator one bar at a time."""

    def peek(self, value: float) -> float: ...

    def closed(self, value: float) -> float: ...


class EmaLive:
    """Exponential moving average; equals `indicators.ema` over the closed values."""

    __slots__ = ("_mean", "_seen", "_sum", "_weight", "period")

    def __init__(self, period: int) -> None:
        self.period = period
        self._weight = 2.0 / (period + 1)
        self._sum = 0.0
        self._seen = 0
        self._mean = nan

    def peek(self, value: float) -> float:
        """What it would be if the bar closed at `value`; NaN while it has not seen enough."""
        if self._seen + 1 < self.period:
            return nan
        if self._seen + 1 == self.period:
            return (self._sum + value) / self.period
        return self._mean + self._weight * (value - self._mean)

    def closed(self, value: float) -> float:
        """Take the close of a bar; what it is now."""
        self._mean = self.peek(value)
        self._sum += value
        self._seen += 1
        return self._mean


class RsiLive:
    """Relative strength index; equals `indicators.rsi` over the closed values."""

    __slots__ = ("_gain", "_last", "_loss", "_seen", "period")

    # TA-Lib takes less than this for no movement at all.
    NOTHING = 1e-14

    def __init__(self, period: int = 14) -> None:
        self.period = period
        self._last = nan
        # Sums of gains and losses until there are `period` of them, then their smoothed means.
        self._gain = 0.0
        self._loss = 0.0
        self._seen = 0

    def peek(self, value: float) -> float:
        """What it would be if the bar closed at `value`; NaN while it has not seen enough."""
        if self._seen < self.period:
            return nan
        gain, loss = self._with(value)
        moved = gain + loss
        return 0.0 if -self.NOTHING < moved < self.NOTHING else 100.0 * gain / moved

    def closed(self, value: float) -> float:
        """Take the close of a bar; what it is now."""
        result = self.peek(value)
        if self._seen:
            self._gain, self._loss = self._with(value)
        self._seen += 1
        self._last = value
        return result

    def _with(self, value: float) -> tuple[float, float]:
        """Gains and losses with one more bar."""
        change = value - self._last
        gain, loss = max(change, 0.0), max(-change, 0.0)
        n = self.period
        if self._seen < n:
            return self._gain + gain, self._loss + loss
        if self._seen == n:
            return (self._gain + gain) / n, (self._loss + loss) / n
        return (self._gain * (n - 1) + gain) / n, (self._loss * (n - 1) + loss) / n


FORMS: Final[dict[str, Callable[[int], Form]]] = {"ema": EmaLive, "rsi": RsiLive}
