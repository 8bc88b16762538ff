"""Candles of a range: the engine sees to it that the lake has them, the lake gives them.

Of a market that no venue of ours lists, as where somebody imported its history, the lake gives what it has.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import orjson

from candlewick.core.errors import CandlewickError, EngineAway, UnknownSymbol, UsageError, VenueUnavailable
from candlewick.core.instrument import parse_symbol
from candlewick.core.interval import SECONDS, open_time, seconds
from candlewick.market.bars import COLUMNS, Bars, followed_by, resample
from candlewick.store.lake.kinds import CANDLES
from candlewick.store.lake.reading import sources_of
from candlewick.web.api.written import Rows, as_row, as_rows, written
from candlewick.web.services import Services, Told

MOST: Final = 5_000
AGAIN_S: Final = 0.1  # who looks at a market live hears of its open bar as often
TOLD_KEPT: Final = 16  # of 5,000 candles each at most: 8 MB
_SHOWN: Final = ("time", *COLUMNS)
_Found = TypeVar("_Found", Bars, Rows)


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
    try:
        told = _ask(services, wanted)
    except UnknownSymbol as unknown:
        return _imported(services, wanted, unknown)
    found = services.lake.candles(told.instrument, wanted.interval, wanted.start, wanted.end, wanted.limit)
    newer = [tuple(bar[name] for name in _SHOWN) for bar in told.tail]
    return _newest(followed_by(told.checked(found), newer), wanted.limit)


def json(services: Services, wanted: Range) -> bytes:
    """The same as the chart takes them, as JSON; not older than what the live channel tells.

    Raises:
        As `bars`.
    """
    now = time.monotonic()
    found = services.candles_told.get(wanted)
    if found is not None and now - found.at < AGAIN_S:
        return found.json
    if len(services.candles_told) >= TOLD_KEPT:
        services.candles_told.clear()
    services.candles_told[wanted] = told = Told(now, _json(services, wanted))
    return told.json


def _json(services: Services, wanted: Range) -> bytes:
    try:
        told = _ask(services, wanted)
    except UnknownSymbol as unknown:
        return written(as_rows(_imported(services, wanted, unknown))).json()
    found = services.written_candles.rows(
        told.instrument, wanted.interval, wanted.start, wanted.end, wanted.limit
    )
    tail = written([as_row(*(bar[name] for name in _SHOWN)) for bar in told.tail])
    return told.checked(found).followed_by(tail, wanted.limit).json()


@dataclass(frozen=True, slots=True)
class _Told:
    """What the engine says of a range: the bars that are newer than the lake's, and what it could not do."""

    instrument: str
    tail: list[dict[str, Any]]
    failure: CandlewickError | None = None

    def checked(self, found: _Found) -> _Found:
        """What the lake has of the range, which is worth showing even if that may not be all.

        Raises:
            EngineAway, VenueUnavailable: it has nothing, and nobody knows whether there is nothing.
        """
        if self.failure is not None and not self.tail and len(found) == 0:
            raise self.failure
        return found


def _ask(services: Services, wanted: Range) -> _Told:
    """Have the engine see to it that the lake has the range."""
    seconds(wanted.interval)
    ranged = {
        "interval": wanted.interval,
        "start": wanted.start,
        "end": wanted.end,
        "limit": wanted.limit,
    }
    try:
        told = orjson.loads(services.ask_about(wanted.symbol, "history", **ranged))
    except EngineAway as away:
        return _Told(_as_written(services, wanted.symbol), [], away)
    fault = told.get("fault")
    return _Told(told["instrument"], told["tail"], VenueUnavailable(fault) if fault else None)


def _imported(services: Services, wanted: Range, unknown: UnknownSymbol) -> Bars:
    """What the lake has of a market that nobody lists; longer bars than it keeps are made of shorter ones.

    Raises:
        UnknownSymbol: it has nothing of it.
        UnknownInterval, UsageError: there are no such bars, or none that they can be made of.
    """
    lake, id = services.lake, _as_written(services, wanted.symbol)
    kept = {each.interval for each in lake.series() if (each.kind, each.instrument) == (CANDLES.name, id)}
    if not kept:
        raise unknown
    source = next(iter(sources_of(kept, wanted.interval)), None)
    if source is None:
        there = ", ".join(each for each in SECONDS if each in kept)
        raise UsageError(
            f"interval: the bars of {id} are of {there}; {wanted.interval} is no multiple of them."
        )
    length = seconds(wanted.interval)
    start, end = (
        None if each is None else open_time(each + length - 1, length) for each in (wanted.start, wanted.end)
    )
    found = lake.candles(id, source, start, end, wanted.limit * length // seconds(source))
    return _newest(resample(found, wanted.interval, unfinished=source == wanted.interval), wanted.limit)


def _as_written(services: Services, symbol: str) -> str:
    """The instrument that a symbol means by itself; the engine need not have been seen since we started."""
    return parse_symbol(symbol, primary=services.engine.link.primary or services.primary)


def _newest(bars: Bars, limit: int) -> Bars:
    return bars[-limit:] if len(bars) > limit else bars
