"""Which bars there are to study, by symbol and timeframe, and of which markets some can be brought in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from candlewick.core.errors import UsageError
from candlewick.core.instrument import public_symbol
from candlewick.core.interval import SECONDS, open_time, seconds
from candlewick.market.bars import clock
from candlewick.store.lake import Lake
from candlewick.store.lake.kinds import CANDLES
from candlewick.store.lake.manifest import SeriesInfo
from candlewick.store.lake.reading import sources_of

WELL_KNOWN: Final = ("BTCUSDT-PERP", "BTCUSDT", "ETHUSDT-PERP", "ETHUSDT")
FEWEST: Final = 100
"""Bars of a series that is worth a study; the lake begins many that never grow."""
TIMEFRAMES: Final = ("1m", "5m", "15m", "30m", "1h", "4h", "1d")
SPANS: Final = ((30, "30 days"), (90, "90 days"), (365, "year"), (730, "2 years"), (1095, "3 years"))
"""What can be brought in: bars of these, of so many days back; and what is made of shorter ones unasked."""


@dataclass(frozen=True, slots=True)
class Series:
    """Bars of one market and timeframe: about how many, from when (UTC seconds) and until when."""

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
    def count(self) -> str:
        return f"{self.bars:,}"


def series(lake: Lake, *, primary: str, offered: Collection[str] = TIMEFRAMES) -> list[Series]:
    """What is worth a study, by symbol and timeframe; the primary venue's before others.

    Args:
        offered: timeframes that are told of also where their bars are still to be made of shorter ones.
    """
    found = []
    for id, kept in _candles(lake).items():
        for timeframe in SECONDS.keys() & {*kept, *offered}:
            one = _series(id, timeframe, kept, primary)
            if one is not None and one.bars >= FEWEST:
                found.append(one)
    found.sort(key=lambda each: (":" in each.symbol, each.symbol, SECONDS[each.timeframe]))
    return found


def find(lake: Lake, id: str, timeframe: str, *, primary: str) -> Series:
    """The bars of a market and timeframe, however few, kept or to be made of shorter ones.

    Raises:
        UsageError: there are none; says which there are.
    """
    kept = _candles(lake).get(id, {})
    found = _series(id, timeframe, kept, primary)
    if found is not None:
        return found
    there = ", ".join(each for each in SECONDS if each in kept)
    raise UsageError(
        f"There are no bars of {public_symbol(id, primary=primary)} of {timeframe}; "
        f"{f'there are bars of {there}' if there else 'there are none of any timeframe'}. Bring some in with "
        "`candlewick data download` or `candlewick data import`."
    )


def require_finer(lake: Lake, bars: Series, finer: str, start_s: int, end_s: int, *, primary: str) -> None:
    """Look for the bars that are to decide what came first inside those of [start_s, end_s).

    Raises:
        UsageError: they make no such bars, or do not reach so far; says which would, or how far they reach.
    """
    fitting = shorter_than(bars.timeframe)
    if finer not in fitting:
        remedy = f"choose one of {', '.join(fitting)}" if fitting else "leave it out"
        raise UsageError(f"Bars of {bars.timeframe} are not made of bars of {finer}: {remedy}.")
    there = find(lake, bars.id, finer, primary=primary)
    if there.first_s > start_s or there.last_s < end_s:
        spans = (there.first_s, there.last_s), (start_s, end_s)
        kept, wanted = (f"from {clock(a)} to {clock(b)}" for a, b in spans)
        raise UsageError(
            f"The bars of {bars.symbol} of {finer} reach {kept}, and those asked for {wanted}: "
            "choose days among them, or bring more in."
        )


def shorter_than(timeframe: str) -> list[str]:
    """The timeframes whose bars fill one of this, the shortest first."""
    length = seconds(timeframe)
    return [each for each, shorter in SECONDS.items() if shorter < length and length % shorter == 0]


def _candles(lake: Lake) -> dict[str, dict[str, SeriesInfo]]:
    """What candles there are, by market and timeframe."""
    found: dict[str, dict[str, SeriesInfo]] = {}
    for each in lake.series():
        if each.kind == CANDLES.name:
            found.setdefault(each.instrument, {})[each.interval] = each
    return found


def _series(id: str, timeframe: str, kept: Mapping[str, SeriesInfo], primary: str) -> Series | None:
    sources = [kept[each] for each in sources_of(kept, timeframe)]
    if not sources:
        return None
    length = seconds(timeframe)
    first = open_time(min(each.first_s for each in sources) + length - 1, length)
    last = open_time(max(each.last_s + seconds(each.interval) for each in sources), length)
    bars = max(each.rows * seconds(each.interval) for each in sources) // length
    if last <= first:
        return None
    return Series(id, public_symbol(id, primary=primary), timeframe, bars, first, last)


def listed(ids: Iterable[str], *, primary: str) -> list[str]:
    """Markets by their public names: those that a study is best begun with first, other venues' last."""
    symbols = [public_symbol(each, primary=primary) for each in ids]
    return sorted(symbols, key=lambda each: (rank_of(each), ":" in each, each))


def rank_of(symbol: str) -> int:
    """How well a study is begun with a market: one that everybody knows first."""
    return WELL_KNOWN.index(symbol) if symbol in WELL_KNOWN else len(WELL_KNOWN)


def _day(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d")
