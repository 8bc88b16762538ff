"""What a report draws of a run: its months, its deepest falls, the Sharpe ratio as it went."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from candlewick.backtest.metrics import DAYS_A_YEAR, Drawdown, Series
from candlewick.backtest.track_record import TrackRecord

_NOTHING: Final = 1e-12


class Month(NamedTuple):
    """What a calendar month of UTC returned, a fraction; the first and the last may be parts of one."""

    year: int
    month: int
    returned: float


def months(run: TrackRecord) -> list[Month]:
    """What each month returned, oldest first: Π(1 + r) - 1 of the periods that began in it.

    A month without a known return is not among them.
    """
    known = np.isfinite(run.returns)
    grown = 1.0 + run.returns[known]
    if not len(grown):
        return []
    place = run.period_time[known].astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    starts = np.flatnonzero(np.diff(place, prepend=place[0] - 1))
    found = np.multiply.reduceat(grown, starts) - 1.0
    return [
        Month(1970 + at // 12, at % 12 + 1, returned)
        for at, returned in zip(place[starts].tolist(), found.tolist(), strict=True)
    ]


def falls(below: ArrayLike, most: int = 10) -> list[Drawdown]:
    """The deepest falls from a high until it was reached again, of drawdowns; the deepest first.

    No two overlap. One that has not ended has `recovered` None.
    """
    depths = np.asarray(below, dtype=np.float64)
    edges = np.flatnonzero(np.diff(depths < 0, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return []
    deepest = np.minimum.reduceat(depths, starts)  # what lies between two falls is at a high, and no deeper
    found = []
    for fall in np.argsort(deepest, kind="stable")[:most].tolist():
        start, end = int(starts[fall]), int(ends[fall])
        trough = start + int(np.argmin(depths[start:end]))
        recovered = end if end < len(depths) else None
        found.append(Drawdown(float(deepest[fall]), start - 1, trough, recovered))
    return found


def rolling_sharpe(
    returns: ArrayLike, window: int, risk_free: float = 0.0, *, periods_a_year: float = DAYS_A_YEAR
) -> Series:
    """The Sharpe ratio of the `window` returns up to each period; NaN of fewer, or where it is undefined.

    A window with an unknown return is unknown. `risk_free` is a period's.
    """
    excess = np.asarray(returns, dtype=np.float64) - risk_free
    ratios = np.full(len(excess), np.nan)
    if window < 2 or len(excess) < window:
        return ratios
    windows = np.lib.stride_tricks.sliding_window_view(excess, window)
    spread = np.std(windows, axis=1, ddof=1)
    with np.errstate(invalid="ignore"):
        np.divide(np.mean(windows, axis=1), spread, out=ratios[window - 1 :], where=spread > _NOTHING)
    ratios *= math.sqrt(periods_a_year)
    return ratios
