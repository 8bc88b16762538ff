"""One listing with all that belongs to it, and the questions that can be asked of it."""

from __future__ import annotations

from itertools import islice

import msgspec

from candlewick.core.errors import UsageError
from candlewick.venues.sim.character import Character
from candlewick.venues.sim.derivatives import Derivative
from candlewick.venues.sim.history import History
from candlewick.venues.sim.klines import by_clock, klines, seconds
from candlewick.venues.sim.live import LiveMarket
from candlewick.venues.sim.minutes import COUNT, HIGH, LOW, QUOTE, VOLUME
from candlewick.venues.sim.model import Kline, Listing, Print
from candlewick.venues.sim.path import DAY_MINUTES, MINUTE_MS, Path
from candlewick.venues.sim.prints import PrintStore
from candlewick.venues.sim.references import ReferenceKline, reference_klines
from candlewick.venues.sim.tape import Tape
from candlewick.venues.sim.window import DayWindow

_WEEK_MS = 604_800_000
_MONDAY_MS = 4 * 86_400_000  # 1970-01-05


class Day(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Statistics of the last 24 hours, begun on a whole minute. Prices in ticks, volume in lots.

    `previous` is the price before them, `last` and `last_lots` are the last trade's.
    """

    open_ms: int
    close_ms: int
    previous: int
    open: int
    high: int
    low: int
    last: int
    last_lots: int
    volume: int
    quote: int
    count: int
    first_id: int
    last_id: int


class Listed:
    """A listing at a venue: its history, tape and live market."""

    market: LiveMarket

    def __init__(
        self, path: Path, venue: Character, listing: Listing, index: int, store: PrintStore | None
    ) -> None:
        self.listing = listing
        self.index = index
        self.name = f"{listing.market}/{listing.symbol}"
        self.history = History(path, venue, listing)
        self.tape = Tape(self.history, index, store)
        self.perpetual: Derivative | None = None
        if listing.market == "perp":
            self.perpetual = Derivative(self.history, venue.funding_hours, path.seed)
        self._window = DayWindow(self.tape, refill_after=30 + index % 31)

    @property
    def derivative(self) -> Derivative:
        """What it has as a perpetual.

        Raises:
            UsageError: it is not one.
        """
        if self.perpetual is None:
            raise UsageError(
                f"{self.listing.symbol} is a spot listing: funding, mark price and open interest belong "
                "to perpetuals."
            )
        return self.perpetual

    def day(self, now_ms: int) -> Day:
        """Statistics of the last 24 hours."""
        market = self.market
        minute = market.minute
        first, high, low, volume, quote, count = self._window.sums(minute)
        candle = market.candle
        if candle:
            high, low = max(high, candle[HIGH]), min(low, candle[LOW])
            volume, quote, count = volume + candle[VOLUME], quote + candle[QUOTE], count + candle[COUNT]
        last_id = market.session.next_id - 1
        return Day(
            open_ms=(minute - DAY_MINUTES) * MINUTE_MS,
            close_ms=now_ms,
            previous=self._window.previous,
            open=first,
            high=high,
            low=low,
            last=market.last,
            last_lots=market.last_lots,
            volume=volume,
            quote=quote,
            count=count,
            first_id=max(last_id - count + 1, 1),
            last_id=last_id,
        )

    def klines(
        self,
        interval_ms: int,
        start_ms: int | None,
        end_ms: int | None,
        limit: int,
        now_ms: int,
        ahead_ms: int = 0,
    ) -> list[Kline]:
        """Candles opening in [start_ms, end_ms]: the first `limit` from a start, else the last ones.

        All by a clock that is `ahead_ms` ahead of the true time, which is `now_ms`.
        """
        span = self._span(interval_ms, start_ms, end_ms, limit, now_ms, ahead_ms)
        if span is None:
            return []
        if interval_ms < MINUTE_MS:
            return seconds(self.tape, *span, interval_ms, now_ms, ahead_ms)
        if ahead_ms:
            return by_clock(self.tape, self.market, *span, interval_ms, ahead_ms, now_ms)
        return klines(self.tape, self.market, *span, interval_ms)

    def references(
        self, mark: bool, interval_ms: int, start_ms: int | None, end_ms: int | None, limit: int, now_ms: int
    ) -> list[ReferenceKline]:
        """Candles of the mark price or the index, of a minute or longer, chosen as `klines` does."""
        span = self._span(interval_ms, start_ms, end_ms, limit, now_ms)
        if span is None:
            return []
        generator = self.history.generator
        return reference_klines(
            generator.fair,
            generator.tick,
            mark=mark,
            first_ms=span[0],
            last_ms=span[1],
            interval_ms=interval_ms,
            now_ms=now_ms,
        )

    def _span(
        self,
        interval_ms: int,
        start_ms: int | None,
        end_ms: int | None,
        limit: int,
        now_ms: int,
        ahead_ms: int = 0,
    ) -> tuple[int, int] | None:
        """When the first and the last candle open; None when there is none."""
        shift = _MONDAY_MS if interval_ms == _WEEK_MS else 0
        now_ms += ahead_ms
        until = now_ms if end_ms is None else min(end_ms, now_ms)
        last = until - (until - shift) % interval_ms
        listed = self.listing.listed_ms + ahead_ms
        earliest = listed - (listed - shift) % interval_ms
        if start_ms is None:
            first = max(last - (limit - 1) * interval_ms, earliest)
        else:
            first = max(start_ms + (shift - start_ms) % interval_ms, earliest)
            last = min(last, first + (limit - 1) * interval_ms)
        return (first, last) if first <= last and limit >= 1 else None

    def trades(
        self, from_id: int | None, start_ms: int | None, end_ms: int | None, limit: int, now_ms: int
    ) -> list[Print]:
        """Trades, oldest first: from an id on, from a time on, or the last ones up to a time."""
        until = now_ms if end_ms is None else min(end_ms, now_ms)
        if from_id is not None:
            if from_id >= self.market.session.next_id:
                return []
            least = max(from_id, 1)
            following = self.tape.trades_from(self.tape.minute_of_id(least), until)
            return list(islice((trade for trade in following if trade.id >= least), limit))
        if start_ms is not None:
            begin = max(start_ms, self.listing.listed_ms)
            following = self.tape.trades_from(begin // MINUTE_MS, until)
            return list(islice((trade for trade in following if trade.ts_ms >= begin), limit))
        return self.tape.latest(until, limit)
