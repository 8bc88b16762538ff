"""Makes sure that the lake holds the history somebody asks for, fetching what is missing from the venue."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Final

from candlewick.core.clock import NS_PER_MS, NS_PER_S, Clock
from candlewick.core.errors import VenueError
from candlewick.core.events import Candle, Funding, History, MarketEvent, TradesKnown
from candlewick.core.interval import open_time, seconds
from candlewick.market.bars import Bars
from candlewick.market.candles import CandleLadder
from candlewick.runtime.download import unsettled
from candlewick.store.lake import Lake
from candlewick.venues.contract import MarketFeed

log = logging.getLogger(__name__)

MOST_BARS: Final = 5_000  # fetched for one request
SECONDS_FROM_TRADES: Final = 900  # how far back 1 s bars are folded from trades where a venue has none


class Historian:
    """Fetches candles and funding into the lake, what is missing once, however many people ask at a time.

    Args:
        feed_of: the feed of an instrument.
        take: hands events to the heart.
    """

    def __init__(
        self,
        lake: Lake,
        feed_of: Callable[[str], MarketFeed],
        take: Callable[[MarketEvent], None],
        clock: Clock,
    ) -> None:
        self._lake = lake
        self._feed_of = feed_of
        self._take = take
        self._clock = clock
        self._locks: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._seeded: set[str] = set()
        self._breaks: Counter[str] = Counter()

    async def ensure(self, instrument: str, interval: str, start_s: int, end_s: int) -> None:
        """Have all closed bars opening in [start_s, end_s) in the lake.

        Raises:
            VenueError: the venue does not give them; what the lake has stays readable.
        """
        length = seconds(interval)
        last_closed_end = open_time(self.venue_now_ns(instrument) // NS_PER_S, length)
        end_s = min(end_s, last_closed_end)
        start_s = max(open_time(max(start_s, 0), length), end_s - MOST_BARS * length)
        if start_s >= end_s:
            return
        async with self._locks[instrument, interval]:
            missing = await asyncio.to_thread(self._lake.missing, instrument, interval, start_s, end_s)
            for from_s, to_s in missing:
                known_s, candles = await self._fetch(instrument, interval, from_s, to_s)
                closed = [candle for candle in candles if candle.closed]
                await asyncio.to_thread(self._keep, instrument, interval, known_s, to_s, closed)

    async def funding(self, instrument: str, start_s: int, end_s: int) -> list[Funding]:
        """The settlements of a perpetual in [start_s, end_s), oldest first; from here on the lake has them.

        Raises:
            UsageError: it has no funding.
            VenueError: the venue does not give them; what the lake has stays readable.
        """
        async with self._locks[instrument, "funding"]:
            for from_s, to_s in await asyncio.to_thread(unsettled, self._lake, instrument, start_s, end_s):
                rates = await self._feed_of(instrument).funding(instrument, from_s, to_s)
                await asyncio.to_thread(self._lake.put_funding, rates)
        span_ns = start_s * NS_PER_S, end_s * NS_PER_S
        return await asyncio.to_thread(self._lake.funding, instrument, *span_ns)

    async def closed_bars(self, instrument: str, interval: str, count: int) -> Bars:
        """The newest `count` closed bars, or as many as there are.

        Raises:
            VenueError: the lake lacks some and the venue does not give them.
        """
        length = seconds(interval)
        end_s = open_time(self._clock.now_ns() // NS_PER_S, length)
        await self.ensure(instrument, interval, end_s - count * length, end_s)
        return await asyncio.to_thread(self._lake.candles, instrument, interval, None, end_s, count)

    async def seed(self, instrument: str) -> None:
        """Make the open bars of a followed instrument exact, from the second to the day: once a connection.

        The day's closed hours, the hour's closed minutes and the minute's trades come from the venue;
        trades that have come live meanwhile are the same trades, known by their ids.
        """
        async with self._locks[instrument, "seed"]:
            if instrument in self._seeded:
                return
            breaks = self._breaks[instrument]
            now_ns, venue_now_s = self._clock.now_ns(), self.venue_now_ns(instrument) // NS_PER_S
            minute, hour, day = (open_time(venue_now_s, length) for length in (60, 3600, 86400))
            feed = self._feed_of(instrument)
            for trade in await feed.trades_between(instrument, minute * NS_PER_S, now_ns):
                self._take(trade)
            if breaks != self._breaks[instrument]:
                return  # the stream broke meanwhile: what was fetched may not reach to what comes next
            self._take(TradesKnown(instrument, minute, now_ns))
            for interval, start_s, end_s in (("1m", hour, minute), ("1h", day, hour)):
                if start_s < end_s:
                    closed = [c for c in await feed.candles(instrument, interval, start_s, end_s) if c.closed]
                    self._take(History(instrument, interval, closed, self._clock.now_ns()))
                    await asyncio.to_thread(self._keep, instrument, interval, start_s, end_s, closed)
            if breaks == self._breaks[instrument]:
                self._seeded.add(instrument)

    def venue_now_ns(self, instrument: str) -> int:
        """Now by our clock, or by the venue's where that is behind: a bar that still forms there is open."""
        skew_ms = self._feed_of(instrument).health.clock_skew_ms or 0.0
        return self._clock.now_ns() + round(min(0.0, skew_ms) * NS_PER_MS)

    def is_seeded(self, instrument: str) -> bool:
        """Whether the open bars of an instrument were made exact, and nothing broke since."""
        return instrument in self._seeded

    def forget_seeds(self, instruments: set[str]) -> None:
        """What these instruments' open bars were built on is broken: seed them again when next wanted."""
        self._seeded -= instruments
        self._breaks.update(instruments)

    async def _fetch(
        self, instrument: str, interval: str, start_s: int, end_s: int
    ) -> tuple[int, list[Candle]]:
        """The candles of [start_s, end_s), and from when on these are all there are."""
        feed = self._feed_of(instrument)
        try:
            return start_s, await feed.candles(instrument, interval, start_s, end_s)
        except VenueError as refusal:
            if refusal.retry or interval != "1s":
                raise
            known_s = max(start_s, end_s - SECONDS_FROM_TRADES)
            return known_s, await self._fold_seconds(feed, instrument, known_s, end_s)

    async def _fold_seconds(
        self, feed: MarketFeed, instrument: str, start_s: int, end_s: int
    ) -> list[Candle]:
        ladder = CandleLadder(instrument)
        ladder.know_from(start_s)
        candles = []
        for trade in await feed.trades_between(instrument, start_s * NS_PER_S, end_s * NS_PER_S):
            candles += [c for c in ladder.add(trade) if c.interval == "1s"]
        return candles + [c for c in ladder.close_until(end_s) if c.interval == "1s"]

    def _keep(self, instrument: str, interval: str, start_s: int, end_s: int, candles: list[Candle]) -> None:
        self._lake.put_candles(candles)
        self._lake.mark_covered(instrument, interval, start_s, end_s)
