"""Which bars there are to study: what the lake holds, by symbol and timeframe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from candlewick.core.instrument import public_symbol
from candlewick.core.interval import SECONDS, seconds
from candlewick.store.lake import Lake

FEWEST: int = 100
"""Bars of a series that is worth a study; the lake begins many that never grow."""


@dataclass(frozen=True, slots=True)
class Series:
    """Bars of one market and timeframe: how many, from when (UTC seconds) and until when."""

    id: str
    symbol: str
    timeframe: str
    bars: int
    first_s: int
    last_s: int

    @property
    def first_day(self) -> str:
        return _day(self.first_s)

    @property
    def last_day(self) -> str:
        return _day(self.last_s)

    @property
    def days(self) -> float:
        return (self.last_s - self.first_s) / 86_400


def series(lake: Lake, *, primary: str) -> list[Series]:
    """All candles that there are, by symbol and timeframe; the primary venue's before others."""
    found = [
        Series(
            each.instrument,
            public_symbol(each.instrument, primary=primary),
            each.interval,
            each.rows,
            each.first_s,
            each.last_s + seconds(each.interval),
        )
        for each in lake.series()
        if each.kind == "candles" and each.rows >= FEWEST
    ]
    found.sort(key=lambda each: (":" in each.symbol, each.symbol, SECONDS[each.timeframe]))
    return found


def _day(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d")
