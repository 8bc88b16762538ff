"""Candles of what does not trade: the index and the mark price of a perpetual."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from candlewick.venues.sim.fair import Fair
from candlewick.venues.sim.noise import Floats
from candlewick.venues.sim.path import DAY_MINUTES, MINUTE_MS

_AT_ONCE = 4  # days


class ReferenceKline(NamedTuple):
    """A candle of a reference price, in ticks that need not be whole."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float


def reference_klines(
    fair: Fair, tick: float, *, mark: bool, first_ms: int, last_ms: int, interval_ms: int, now_ms: int
) -> list[ReferenceKline]:
    """Candles opening at first, first + interval, … last: of the index, or of the mark price.

    Closed minutes are seen at their ends, the running one at each second that has passed. The mark is the
    index with the generated premium, which the live book follows.
    """
    now_minute = now_ms // MINUTE_MS
    first, minutes = first_ms // MINUTE_MS, interval_ms // MINUTE_MS
    count = (last_ms - first_ms) // interval_ms + 1
    last = min(first + count * minutes, now_minute)
    out: list[ReferenceKline] = []
    line = _minutes(fair, mark, first, last)
    if now_minute < first + count * minutes:
        line = np.append(line, _seconds(fair, mark, now_minute, now_ms))
    prices = np.exp(line) / tick
    for n in range(count):
        # an interval's first price is the last one of the interval before it
        part = prices[n * minutes : (n + 1) * minutes + 1] if n < count - 1 else prices[n * minutes :]
        open_ms = first_ms + n * interval_ms
        ends = float(part[0]), float(part.max()), float(part.min()), float(part[-1])
        out.append(ReferenceKline(open_ms, *ends))
    return out


def _minutes(fair: Fair, mark: bool, first: int, last: int) -> Floats:
    """Log prices at the beginnings of the minutes first … last."""
    parts = []
    for day in range(first // DAY_MINUTES, last // DAY_MINUTES + 1, _AT_ONCE):
        begin = day * DAY_MINUTES
        line, _ = fair.index(day, min(_AT_ONCE, last // DAY_MINUTES + 1 - day))
        end = begin + len(line) - 1
        # the last value is the next part's first
        parts.append(line[max(first - begin, 0) : min(last + 1, end) - begin])
    line = np.concatenate(parts)
    return line + np.log1p(fair.premium(np.arange(first, last + 1, dtype=np.float64))) if mark else line


def _seconds(fair: Fair, mark: bool, minute: int, now_ms: int) -> Floats:
    """Log prices at the seconds of the running minute that have passed, its beginning left out."""
    passed = (now_ms - minute * MINUTE_MS) // 1000
    line = fair.index_seconds(minute)[1 : passed + 1]
    if not mark or not passed:
        return line
    at = minute + np.arange(1, passed + 1, dtype=np.float64) / 60.0
    return line + np.log1p(fair.premium(at))
