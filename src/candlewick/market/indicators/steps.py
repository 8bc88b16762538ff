"""Steps that TA-Lib lacks: a delay, sessions, sums since an anchor, the profile of a window."""

from __future__ import annotations

import itertools
from collections import deque
from math import nan
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from candlewick.market.bars import Column
from candlewick.market.indicators.profile import levels_of

Times = NDArray[np.int64]
DAY: Final = 86_400
# Sessions of several days begin with a Monday: 1970-01-05 was one.
MONDAY: Final = 4 * DAY


def session_of(time: Any, days: int) -> Any:
    """Number of the UTC session of `days` days in which a time, or a column of times, lies."""
    return (time - MONDAY) // (days * DAY)


def begins_session(time: int, days: int) -> bool:
    """Whether a session begins with the bar that opens at `time`."""
    return (time - MONDAY) % (days * DAY) == 0


class Delayed:
    """The value `rows` rows ago."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._kept: deque[float] = deque([nan] * rows, maxlen=rows)

    def columns(self, values: Column) -> Column:
        rows = min(self._rows, values.size)
        return np.concatenate([np.full(rows, nan), values[: values.size - rows]])

    def peek(self, value: float) -> float:
        return self._kept[0] if self._rows else value

    def remember(self, value: float) -> None:
        self._kept.append(value)


class SessionMean:
    """Mean price weighted by volume since the session began.

    Unknown until something was traded, and in a first session whose beginning is not among the bars.
    """

    def __init__(self, days: int) -> None:
        self._days = days
        self._session: int | None = None
        self._is_whole = False
        self._value = self._volume = 0.0

    def columns(self, time: Times, price: Column, volume: Column) -> Column:
        mean = np.full(price.size, nan)
        value = price * volume
        for first, end in sessions(time, self._days):
            if first or begins_session(int(time[0]), self._days):
                mean[first:end] = _mean(np.cumsum(value[first:end]), np.cumsum(volume[first:end]))
        return mean

    def peek(self, time: int, price: float, volume: float) -> float:
        is_whole, value, bought = self._with(time, price, volume)
        return value / bought if is_whole and bought > 0.0 else nan

    def remember(self, time: int, price: float, volume: float) -> None:
        self._is_whole, self._value, self._volume = self._with(time, price, volume)
        self._session = session_of(time, self._days)

    def _with(self, time: int, price: float, volume: float) -> tuple[bool, float, float]:
        session = session_of(time, self._days)
        if session == self._session:
            return self._is_whole, self._value + price * volume, self._volume + volume
        is_whole = self._session is not None or begins_session(time, self._days)
        return is_whole, price * volume, volume


class AnchoredMean:
    """Mean price weighted by volume since `anchor`; of an anchor of 0 since the first bar.

    Unknown throughout where the bars begin after the anchor: what was traded between is not among them.
    """

    def __init__(self, anchor: int) -> None:
        self._anchor = anchor
        self._first: int | None = None
        self._value = self._volume = 0.0

    def columns(self, time: Times, price: Column, volume: Column) -> Column:
        begin = int(np.searchsorted(time, self._anchor))
        mean = np.full(price.size, nan)
        if time.size and time[0] > self._anchor > 0:
            return mean
        mean[begin:] = _mean(np.cumsum(price[begin:] * volume[begin:]), np.cumsum(volume[begin:]))
        return mean

    def peek(self, time: int, price: float, volume: float) -> float:
        bought = self._volume + volume
        first = time if self._first is None else self._first
        reaches = first <= self._anchor <= time or self._anchor == 0
        return (self._value + price * volume) / bought if reaches and bought > 0.0 else nan

    def remember(self, time: int, price: float, volume: float) -> None:
        self._first = time if self._first is None else self._first
        if time >= self._anchor:
            self._value += price * volume
            self._volume += volume


class SessionBefore:
    """High, low and close of the last whole session, in the rows of the one after it."""

    def __init__(self, days: int) -> None:
        self._days = days
        self._session: int | None = None
        self._is_whole = False
        self._now: tuple[float, ...] = (nan, nan, nan)
        self._before: tuple[float, ...] = (nan, nan, nan)

    def columns(self, time: Times, high: Column, low: Column, close: Column) -> tuple[Column, ...]:
        before = np.full((3, time.size), nan)
        found = sessions(time, self._days)
        for (first, end), (_, last) in itertools.pairwise(found):
            if first or begins_session(int(time[0]), self._days):
                before[:, end:last] = [[high[first:end].max()], [low[first:end].min()], [close[end - 1]]]
        return tuple(before)

    def peek(self, time: int, high: float, low: float, close: float) -> tuple[float, ...]:
        if session_of(time, self._days) == self._session:
            return self._before
        return self._now if self._is_whole else (nan, nan, nan)

    def remember(self, time: int, high: float, low: float, close: float) -> None:
        session = session_of(time, self._days)
        self._before = self.peek(time, high, low, close)
        if session != self._session:
            self._is_whole = self._session is not None or begins_session(time, self._days)
            self._now = (high, low, close)
        else:
            self._now = (max(self._now[0], high), min(self._now[1], low), close)
        self._session = session


class Profile:
    """Point of control and value area of the last `period` bars."""

    def __init__(self, period: int, bins: int, share: float) -> None:
        self._period = period
        self._bins = bins
        self._share = share
        self._kept: deque[tuple[float, ...]] = deque(maxlen=period)

    def columns(self, high: Column, low: Column, volume: Column) -> tuple[Column, ...]:
        return levels_of(high, low, volume, self._period, self._bins, self._share)

    def peek(self, high: float, low: float, volume: float) -> tuple[float, ...]:
        if len(self._kept) + 1 < self._period:
            return (nan, nan, nan)
        rows = [*self._kept, (high, low, volume)][-self._period :]
        columns = (np.array(column) for column in zip(*rows, strict=True))
        return tuple(float(level[-1]) for level in self.columns(*columns))

    def remember(self, high: float, low: float, volume: float) -> None:
        self._kept.append((high, low, volume))


def sessions(time: Times, days: int) -> list[tuple[int, int]]:
    """First row and end of every session that has rows."""
    if not time.size:
        return []
    begin = np.flatnonzero(np.diff(session_of(time, days))) + 1
    edges = [0, *begin.tolist(), time.size]
    return list(itertools.pairwise(edges))


def _mean(value: Column, volume: Column) -> Column:
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Column = np.where(volume > 0.0, value / volume, nan)
    return mean
