"""History from a venue into the lake: what is missing, piece by piece, so that a broken-off run goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from statistics import median
from typing import Final, TypeVar

from candlewick.core.clock import NS_PER_S, Clock
from candlewick.core.errors import VenueError
from candlewick.core.interval import open_time, seconds
from candlewick.store.lake import Lake
from candlewick.venues.contract import MarketFeed

PIECE_BARS: Final = 5_000
ATTEMPTS: Final = 5
FIRST_PAUSE_S: Final = 1.0
_T = TypeVar("_T")


@dataclass(slots=True)
class Downloaded:
    """`bars` fetched, and the closed part of the range that the lake now has, [start_s, end_s).

    `settlements` of funding that are new; None: the instrument has no funding.
    """

    instrument: str
    interval: str
    bars: int
    start_s: int
    end_s: int
    settlements: int | None = None


async def download(
    lake: Lake,
    feed: MarketFeed,
    instrument: str,
    interval: str,
    start_s: int,
    end_s: int,
    *,
    clock: Clock,
    progress: Callable[[float], None],
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Downloaded:
    """Fetch the closed bars opening in [start_s, end_s) that the lake does not know to be complete.

    Each piece is stored and marked as covered before the next is asked for. `progress` is told the part
    of the missing time that is done, 0 to 1. A venue that is away or asks for patience is asked again.

    Raises:
        UsageError: the venue does not list the instrument, or there is no such interval.
        VenueError: the venue refuses, or stays away.
    """
    length = seconds(interval)
    start_s = open_time(start_s, length)
    end_s = min(open_time(end_s + length - 1, length), open_time(clock.now_ns() // NS_PER_S, length))
    missing = lake.missing(instrument, interval, start_s, end_s) if start_s < end_s else []
    whole, done, bars = sum(end - start for start, end in missing), 0, 0
    for from_s, to_s in _pieces(missing, PIECE_BARS * length):
        ask = partial(feed.candles, instrument, interval, from_s, to_s)
        fetched = await _patiently(ask, pause)
        closed = [candle for candle in fetched if candle.closed]
        lake.put_candles(closed)
        lake.mark_covered(instrument, interval, from_s, to_s)
        bars += len(closed)
        done += to_s - from_s
        progress(done / whole)
    return Downloaded(instrument, interval, bars, start_s, max(start_s, end_s))


async def download_funding(
    lake: Lake,
    feed: MarketFeed,
    instrument: str,
    start_s: int,
    end_s: int,
    *,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> int:
    """Fetch the settlements of a perpetual in [start_s, end_s) that the lake does not have; how many are new.

    Raises:
        VenueError: the venue refuses, or stays away.
    """
    new = 0
    for from_s, to_s in unsettled(lake, instrument, start_s, end_s):
        rates = await _patiently(partial(feed.funding, instrument, from_s, to_s), pause)
        new += lake.put_funding(rates)
    return new


def unsettled(lake: Lake, instrument: str, start_s: int, end_s: int) -> list[tuple[int, int]]:
    """The stretches of [start_s, end_s) in which the lake may lack a settlement of a perpetual."""
    rates = lake.funding(instrument, start_s * NS_PER_S, end_s * NS_PER_S)
    return _between([rate.ts_exchange // NS_PER_S for rate in rates], start_s, end_s)


def _between(known: list[int], start_s: int, end_s: int) -> list[tuple[int, int]]:
    """Where one may be missing, by how far apart those that are known stand."""
    if len(known) < 3:
        return [(start_s, end_s)] if start_s < end_s else []
    usual = int(median(later - earlier for earlier, later in pairwise(known)))
    edges = [start_s - usual + 1, *known, end_s]
    return [
        (max(earlier + 1, start_s), later)
        for earlier, later in pairwise(edges)
        if later - earlier > usual + usual // 2 or (later == end_s and later - earlier > usual)
    ]


def _pieces(spans: list[tuple[int, int]], length_s: int) -> Iterator[tuple[int, int]]:
    for start, end in spans:
        for at in range(start, end, length_s):
            yield at, min(end, at + length_s)


async def _patiently(ask: Callable[[], Awaitable[_T]], pause: Callable[[float], Awaitable[None]]) -> _T:
    wait_s = FIRST_PAUSE_S
    for _ in range(ATTEMPTS - 1):
        try:
            return await ask()
        except VenueError as error:
            if not error.retry:
                raise
            await pause(max(wait_s, getattr(error, "retry_after_s", 0.0)))
            wait_s *= 2
    return await ask()
