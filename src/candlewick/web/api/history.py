"""Candles of a range: the engine sees to it that the lake has them, the lake gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import orjson

from candlewick.core.errors import EngineAway, VenueUnavailable
from candlewick.core.instrument import parse_symbol
from candlewick.core.interval import seconds
from candlewick.market.bars import COLUMNS, Bars, tidy_sum
from candlewick.web.services import Services

MOST: Final = 5_000


@dataclass(frozen=True, slots=True)
class Range:
    """What is asked for: bars opening in [start, end), UTC seconds; of more than `limit`, the newest."""

    symbol: str
    interval: str
    start: int | None
    end: int | None
    limit: int


def bars(services: Services, wanted: Range) -> Bars:
    """The bars of a range, the open one included.

    Raises:
        UnknownSymbol, UnknownInterval: there is no such thing.
        EngineAway: the engine does not answer, and the lake has nothing of the range.
        VenueUnavailable: the same of the venue.
    """
    seconds(wanted.interval)
    try:
        ranged = {
            "interval": wanted.interval,
            "start": wanted.start,
            "end": wanted.end,
            "limit": wanted.limit,
        }
        told = orjson.loads(services.ask_about(wanted.symbol, "history", **ranged))
    except EngineAway:
        # What the lake has is worth showing, even if the engine was never seen since we started.
        primary = services.engine.link.primary or services.primary
        kept = _from_lake(services, parse_symbol(wanted.symbol, primary=primary), wanted)
        if len(kept) == 0:
            raise
        return kept
    found = _with_tail(_from_lake(services, told["instrument"], wanted), told["tail"])
    if told.get("fault") and len(found) == 0:
        raise VenueUnavailable(told["fault"])  # nobody knows whether there are none
    return _newest(found, wanted.limit)


def as_rows(bars: Bars) -> list[dict[str, Any]]:
    """Bars as the chart takes them. An unknown volume is null."""
    columns = [getattr(bars, name).tolist() for name in COLUMNS]
    return [
        {"time": time, "open": o, "high": h, "low": low, "close": c, "volume": tidy_sum(v)}
        for time, o, h, low, c, v in zip(bars.time.tolist(), *columns, strict=True)
    ]


def _from_lake(services: Services, instrument: str, wanted: Range) -> Bars:
    return services.lake.candles(instrument, wanted.interval, wanted.start, wanted.end, wanted.limit)


def _with_tail(bars: Bars, tail: list[dict[str, Any]]) -> Bars:
    """`bars` with newer ones behind them; of two versions of a bar the tail's is the newer."""
    if not tail:
        return bars
    kept = bars[: int(np.searchsorted(bars.time, tail[0]["time"]))]
    return Bars.from_arrays(
        symbol=bars.symbol,
        timeframe=bars.timeframe,
        time=np.concatenate([kept.time, [bar["time"] for bar in tail]]),
        **{name: np.concatenate([getattr(kept, name), [bar[name] for bar in tail]]) for name in COLUMNS},
    )


def _newest(bars: Bars, limit: int) -> Bars:
    return bars[-limit:] if len(bars) > limit else bars
