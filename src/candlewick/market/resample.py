"""Bars of a shorter timeframe become bars of a longer one."""

from __future__ import annotations

import numpy as np

from candlewick.core.errors import UsageError
from candlewick.core.interval import seconds
from candlewick.market.bars import Bars


def resample(bars: Bars, timeframe: str, *, unfinished: bool = True) -> Bars:
    """The same market in bars of `timeframe`, aligned to UTC midnight.

    A longer bar is made of the shorter ones there are: where some are missing, so are their trades. Where
    all of them are missing there is no bar.

    Args:
        unfinished: keep the last bar although its time goes on after the last of `bars`.

    Raises:
        UnknownInterval: there is no such timeframe.
        UsageError: `timeframe` is not a multiple of the bars' own.
    """
    length, shorter = seconds(timeframe), seconds(bars.timeframe)
    if length % shorter:
        raise UsageError(
            f"Bars of {bars.timeframe} cannot become bars of {timeframe}: choose a multiple of the former."
        )
    times = bars.time - bars.time % length
    starts = np.flatnonzero(np.diff(times, prepend=times[:1] - 1))
    longer = Bars(
        symbol=bars.symbol,
        timeframe=timeframe,
        time=times[starts],
        open=bars.open[starts],
        high=np.maximum.reduceat(bars.high, starts) if starts.size else bars.high,
        low=np.minimum.reduceat(bars.low, starts) if starts.size else bars.low,
        close=bars.close[np.append(starts[1:], len(bars)) - 1] if starts.size else bars.close,
        volume=np.add.reduceat(bars.volume, starts) if starts.size else bars.volume,
    )
    if not unfinished and len(bars) and bars.time[-1] + shorter < longer.time[-1] + length:
        return longer[:-1]
    return longer
