"""The market that a trade was entered in, told by the daily bars before the day of its entry.

Nothing of the day itself is used: it was not known yet. Definitions and reasons: `docs/performance.md`.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

Trend = Literal["up", "down", "sideways", "unknown"]
Calm = Literal["quiet", "usual", "wild", "unknown"]
TRENDS: Final[tuple[Trend, ...]] = get_args(Trend)
VOLATILITIES: Final[tuple[Calm, ...]] = get_args(Calm)

MEAN_DAYS: Final = 20  # of the moving average
SLOPE_DAYS: Final = 5  # over which it must have risen, or fallen
SPREAD_DAYS: Final = 14  # over which volatility is measured
RANK_DAYS: Final = 90  # among whose volatilities it is ranked
DAYS_NEEDED: Final = SPREAD_DAYS + RANK_DAYS + 1


def trend(close: ArrayLike) -> Trend:
    """Where a market goes, by its daily closes so far.

    `up`: the last close stands above the mean of 20 days, and that mean above the one five days before;
    `down`: the reverse; else `sideways`. `unknown` of fewer than 25 closes.
    """
    closes = np.asarray(close, dtype=np.float64)
    if len(closes) < MEAN_DAYS + SLOPE_DAYS or not np.isfinite(closes[-MEAN_DAYS - SLOPE_DAYS :]).all():
        return "unknown"
    mean = float(closes[-MEAN_DAYS:].mean())
    before = float(closes[-MEAN_DAYS - SLOPE_DAYS : -SLOPE_DAYS].mean())
    last = float(closes[-1])
    if last > mean > before:
        return "up"
    return "down" if last < mean < before else "sideways"


def calm(close: ArrayLike) -> Calm:
    """How wild a market is, by its daily closes so far.

    The standard deviation of 14 days' log returns, ranked among those of the 90 days up to now: the lowest
    third is `quiet`, the highest `wild`. `unknown` of fewer than 105 closes.
    """
    closes = np.asarray(close, dtype=np.float64)[-DAYS_NEEDED:]
    if len(closes) < DAYS_NEEDED or not (np.isfinite(closes).all() and (closes > 0).all()):
        return "unknown"
    windows = np.lib.stride_tricks.sliding_window_view(np.diff(np.log(closes)), SPREAD_DAYS)
    spreads = windows.std(axis=1, ddof=1)
    below = float(np.mean(spreads[:-1] < spreads[-1]))
    return "quiet" if below < 1 / 3 else "wild" if below >= 2 / 3 else "usual"
