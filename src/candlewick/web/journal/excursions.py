"""How far a trade was behind and ahead while it was open, from the bars of its time.

Minutes for the first and the last hour, whole hours between them: the lowest low of an hour is that of its
minutes, and a trade of a year needs no half million of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import numpy as np

from candlewick.backtest.excursion import excursion
from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import CandlewickError
from candlewick.core.instrument import Instrument
from candlewick.core.interval import SECONDS
from candlewick.ledger.trips import RoundTrip
from candlewick.market.bars import Bars
from candlewick.runtime.accounts.shapes import PERCENT, tidy
from candlewick.store.journal.rows import cost_of
from candlewick.web.api import history
from candlewick.web.api.history import Range
from candlewick.web.services import Services

MINUTE: Final = 60
HOUR: Final = 3_600
MOST_MINUTES: Final = 3_000  # a longer trade is read by the hour between its ends
BARS_SHOWN: Final = 120  # about, between entry and exit on the chart
_UNKNOWN: Final = {"mae": None, "mae_pct": None, "mfe": None, "mfe_pct": None}


def excursion_of(
    services: Services, trip: RoundTrip, instrument: Instrument, now_s: int
) -> dict[str, Decimal | None]:
    """MAE and MFE in the trade's currency, on the most that was held, and in per cent of the entry price.

    None where the bars do not reach from the entry to the exit.
    """
    first, last = trip.entered_at // NS_PER_S, _end(trip, now_s)
    lows, highs = [], []
    for interval, start, end in _pieces(first, last):
        bars = _bars(services, trip.instrument, interval, start, end)
        if not _reach(bars, interval, start, end):
            return dict(_UNKNOWN)
        lows.append(bars.low)
        highs.append(bars.high)
    found = excursion(
        float(trip.entry_price), np.concatenate(lows), np.concatenate(highs), long=trip.side == "long"
    )
    if found is None:
        return dict(_UNKNOWN)
    cost = cost_of(trip, instrument)
    adverse, favourable = Decimal(repr(found.adverse)), Decimal(repr(found.favourable))
    return {
        "mae": tidy(adverse * cost),
        "mae_pct": tidy(adverse * 100, PERCENT),
        "mfe": tidy(favourable * cost),
        "mfe_pct": tidy(favourable * 100, PERCENT),
    }


def chart_of(trip: RoundTrip, symbol: str, now_s: int) -> dict[str, Any]:
    """Which candles show the trade: an interval that gives it some width, and room on both sides."""
    first, last = trip.entered_at // NS_PER_S, _end(trip, now_s)
    choices = ("1m", "5m", "15m", "1h", "4h", "1d")
    interval = next((each for each in choices if (last - first) / SECONDS[each] <= BARS_SHOWN), "1d")
    length = SECONDS[interval]
    room = max((last - first) // 2, 30 * length)
    start, end = (first - room) // length * length, (last + room) // length * length
    return {"symbol": symbol, "interval": interval, "start": start, "end": min(end, now_s + length)}


def _pieces(first: int, last: int) -> Iterator[tuple[str, int, int]]:
    """Intervals with ranges [start, end) that tile the time from entry to exit, both of their minutes in."""
    start, end = first // MINUTE * MINUTE, last // MINUTE * MINUTE + MINUTE
    if end - start <= MOST_MINUTES * MINUTE:
        yield "1m", start, end
        return
    hours, until = -(-start // HOUR) * HOUR, end // HOUR * HOUR
    if start < hours:
        yield "1m", start, hours
    for begin in range(hours, until, HOUR * history.MOST):
        yield "1h", begin, min(begin + HOUR * history.MOST, until)
    if until < end:
        yield "1m", until, end


def _bars(services: Services, instrument: str, interval: str, start: int, end: int) -> Bars:
    kept = services.lake.candles(instrument, interval, start, end)
    if _reach(kept, interval, start, end):
        return kept
    try:
        return history.bars(services, Range(instrument, interval, start, end, history.MOST))
    except CandlewickError:
        return kept


def _reach(bars: Bars, interval: str, start: int, end: int) -> bool:
    """Whether the first and the last bar of a range are there; a quiet minute between them may have none."""
    return len(bars) > 0 and bars.time[0] == start and bars.time[-1] == end - SECONDS[interval]


def _end(trip: RoundTrip, now_s: int) -> int:
    return now_s if trip.exited_at is None else trip.exited_at // NS_PER_S
