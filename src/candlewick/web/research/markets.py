"""Which bars there are to study, by symbol and timeframe, and of which markets some can be brought in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from candlewick.core.instrument import public_symbol
from candlewick.core.interval import SECONDS, seconds
from candlewick.store.lake import Lake

WELL_KNOWN: Final = ("BTCUSDT-PERP", "BTCUSDT", "ETHUSDT-PERP", "ETHUSDT")
FEWEST: Final = 100
"""Bars of a series that is worth a study; the lake begins many that never grow."""
TIMEFRAMES: Final = ("1m", "5m", "15m", "30m", "1h", "4h", "1d")
SPANS: Final = ((30, "30 days"), (90, "90 days"), (365, "year"), (730, "2 years"), (1095, "3 years"))
"""What can be brought in: bars of these, of so many days back."""


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


def listed(ids: Iterable[str], *, primary: str) -> list[str]:
    """Markets by their public names: those that a study is best begun with first, other venues' last."""
    symbols = [public_symbol(each, primary=primary) for each in ids]
    return sorted(symbols, key=lambda each: (rank_of(each), ":" in each, each))


def rank_of(symbol: str) -> int:
    """How well a study is begun with a market: one that everybody knows first."""
    return WELL_KNOWN.index(symbol) if symbol in WELL_KNOWN else len(WELL_KNOWN)


def _day(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d")
