"""A simulated venue's whole market: every listing, its history, its live book, and what has printed."""

from __future__ import annotations

from heapq import heapify, heapreplace
from itertools import islice
from pathlib import Path as FilePath
from typing import NamedTuple

import msgspec
import numpy as np

from candlewick.core.errors import UsageError
from candlewick.venues.sim.character import character_of
from candlewick.venues.sim.derivatives import Derivative
from candlewick.venues.sim.history import History
from candlewick.venues.sim.klines import klines, seconds
from candlewick.venues.sim.live import Best, LiveMarket, Outbox
from candlewick.venues.sim.minutes import CLOSE, COUNT, HIGH, LOW, OPEN, QUOTE, VOLUME
from candlewick.venues.sim.model import Depth, DepthDiff, ForcedOrder, Kline, Listing, Market, Premium, Print
from candlewick.venues.sim.noise import Ints
from candlewick.venues.sim.path import DAY_MINUTES, HOUR_MS, MINUTE_MS, path_of
from candlewick.venues.sim.tape import Tape

SLEEP_MS = 5_000  # a longer silence is not simulated but generated
_SECOND_MS = 1000
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


class News(NamedTuple):
    """What happened since the last collection, in order: (listing, …) pairs."""

    prints: list[tuple[Listing, Print]]
    bests: list[tuple[Listing, Best]]
    forced: list[tuple[Listing, ForcedOrder]]


class _Listed:
    """One listing and all that belongs to it."""

    __slots__ = ("derivative", "history", "index", "listing", "tape", "window", "window_minute")

    def __init__(self, index: int, listing: Listing, history: History, derivative: Derivative | None) -> None:
        self.index = index
        self.listing = listing
        self.history = history
        self.tape = Tape(history)
        self.derivative = derivative
        self.window: Ints | None = None
        self.window_minute = 0


class World:
    """The market of `venue` in the world of `seed`, live from `origin_ms`.

    `data_dir` keeps what really printed (None: memory only). `pace` multiplies the live activity.
    The live market is a function of the seed, the venue and the times at which it was (re)started; how
    often `advance` is called does not matter.
    """

    def __init__(
        self,
        *,
        seed: int,
        venue: str = "sim",
        data_dir: FilePath | None = None,
        origin_ms: int,
        pace: float = 1.0,
    ) -> None:
        self.seed = seed
        self.character = character_of(venue)
        self.venue = venue
        self.now_ms = origin_ms
        self._pace = pace
        self._outbox = Outbox()
        path = path_of(seed)
        self.listings = tuple(each for each in self.character.listings() if each.listed_ms < origin_ms)
        self._listed: list[_Listed] = []
        for listing in self.listings:
            history = History(path, self.character, listing)
            derivative = (
                Derivative(history, self.character.funding_hours, seed) if listing.market == "perp" else None
            )
            self._listed.append(_Listed(len(self._listed), listing, history, derivative))
        self._by_name = {(each.listing.market, each.listing.symbol): each for each in self._listed}
        self._perps = [(n, each.derivative) for n, each in enumerate(self._listed) if each.derivative]
        self._markets: list[LiveMarket] = []
        self._due: list[tuple[float, int]] = []
        self._next_second = 0
        self._open(origin_ms)

    @property
    def funding_hours(self) -> int:
        """Hours between two settlements of funding."""
        return self.character.funding_hours

    # the clock ---------------------------------------------------------------------------------

    def advance(self, now_ms: int) -> None:
        """Move the live market up to `now_ms`.

        An earlier time changes nothing; after a long silence the market starts anew where it would be.
        """
        if now_ms - self.now_ms > SLEEP_MS:
            for each in self._listed:
                each.tape.close_session(self.now_ms)
            self._open(now_ms)
            return
        due = self._due
        while due[0][0] < now_ms or self._next_second <= now_ms:
            ts_ms, index = due[0]
            if self._next_second <= ts_ms:
                self._second(self._next_second)
                continue
            market = self._markets[index]
            market.step(ts_ms)
            heapreplace(due, (ts_ms + market.wait_ms(), index))
        self.now_ms = max(self.now_ms, now_ms)

    def _open(self, now_ms: int) -> None:
        """Start the live market at `now_ms`, where the generated one stands."""
        self.now_ms = now_ms
        self._next_second = (now_ms // _SECOND_MS + 1) * _SECOND_MS
        self._due = []
        before, self._markets = self._markets, []
        for index, each in enumerate(self._listed):
            session, last, candle = each.tape.open_session(now_ms)
            each.window = None
            market = LiveMarket(each.history, index, self._outbox, session, last=last, pace=self._pace)
            market.candle = candle
            market.book.watch(bool(before) and before[index].book.watched)
            self._markets.append(market)
            if each.derivative:
                each.derivative.open(market, now_ms)
            self._due.append((now_ms + market.wait_ms(), index))
        heapify(self._due)

    def _second(self, ts_ms: int) -> None:
        """What happens on whole seconds: minutes end, premiums are sampled, positions are liquidated."""
        self._next_second += _SECOND_MS
        if ts_ms % MINUTE_MS == 0:
            minute = ts_ms // MINUTE_MS
            for each, market in zip(self._listed, self._markets, strict=True):
                each.tape.keep(minute - 1, market.candle)
                market.roll(minute)
        for index, derivative in self._perps:
            market = self._markets[index]
            forced = derivative.second(market, ts_ms)
            if forced:
                order = market.force(*forced, ts_ms)
                if order:
                    derivative.liquidated(order)

    # what is new -------------------------------------------------------------------------------

    def collect(self) -> News:
        """Prints, changes of best bid and ask, and forced orders since the last call."""
        box, listings = self._outbox, self.listings
        news = News(
            [(listings[n], trade) for n, trade in box.prints],
            [(listings[n], best) for n, best in box.bests],
            [(listings[n], order) for n, order in box.forced],
        )
        box.clear()
        return news

    def watch_depth(self, listing: Listing, on: bool = True) -> None:
        """Begin, or end, to keep the changes of a book for `depth_diff`."""
        self._market(listing).book.watch(on)

    def depth_diff(self, listing: Listing) -> DepthDiff | None:
        """What changed in a watched book since the last call; None when nothing did."""
        return self._market(listing).book.cut(self.now_ms)

    # what is -----------------------------------------------------------------------------------

    def listing(self, market: Market, symbol: str) -> Listing | None:
        """The listing of `symbol`, if there is one."""
        each = self._by_name.get((market, symbol))
        return each.listing if each else None

    def _market(self, listing: Listing) -> LiveMarket:
        return self._markets[self._by_name[listing.market, listing.symbol].index]

    def _derivative(self, listing: Listing) -> Derivative:
        derivative = self._by_name[listing.market, listing.symbol].derivative
        if derivative is None:
            raise UsageError(f"{listing.symbol} is listed here for spot trading only: it has no funding.")
        return derivative

    def depth(self, listing: Listing, levels: int) -> Depth:
        """The best `levels` of each side of the book."""
        return self._market(listing).book.depth(levels, self.now_ms)

    def best(self, listing: Listing) -> Best:
        """Best bid and ask."""
        best = self._market(listing).book.best()
        return Best(best[0], self.now_ms, *best[1:])

    def last(self, listing: Listing) -> int:
        """The last price that printed, in ticks."""
        return self._market(listing).last

    def premium(self, listing: Listing) -> Premium:
        """Mark, index and funding estimate of a perpetual."""
        return self._derivative(listing).premium(self._market(listing), self.now_ms)

    def open_interest(self, listing: Listing) -> int:
        """Open contracts of a perpetual, in lots."""
        return self._derivative(listing).open_interest(self.now_ms)

    def day(self, listing: Listing) -> Day:
        """Statistics of the last 24 hours."""
        each = self._by_name[listing.market, listing.symbol]
        market = self._market(listing)
        minute = market.minute
        if each.window is None or each.window_minute != minute:
            if each.window is not None and each.window_minute == minute - 1:
                each.window = np.roll(each.window, -1, axis=1)
                each.window[:, -1] = each.tape.bar(minute - 1)
            else:
                each.window = each.tape.minutes(minute - DAY_MINUTES, minute)
            each.window_minute = minute
        window, candle = each.window, market.candle
        high, low = int(window[HIGH].max()), int(window[LOW].min())
        volume, quote, count = (int(window[row].sum()) for row in (VOLUME, QUOTE, COUNT))
        if candle:
            high, low = max(high, candle[HIGH]), min(low, candle[LOW])
            volume, quote, count = volume + candle[VOLUME], quote + candle[QUOTE], count + candle[COUNT]
        last_id = market.session.next_id - 1
        return Day(
            open_ms=(minute - DAY_MINUTES) * MINUTE_MS,
            close_ms=self.now_ms,
            previous=each.tape.bar(minute - DAY_MINUTES - 1)[CLOSE],
            open=int(window[OPEN, 0]),
            high=high,
            low=low,
            last=market.last,
            last_lots=market.last_lots,
            volume=volume,
            quote=quote,
            count=count,
            first_id=last_id - count + 1,
            last_id=last_id,
        )

    # what was ----------------------------------------------------------------------------------

    def klines(
        self,
        listing: Listing,
        interval_ms: int,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
    ) -> list[Kline]:
        """Candles opening in [start_ms, end_ms]: the first `limit` from a start, else the last ones.

        The running candle is included. Weeks begin on Monday; seconds come from the trades themselves.
        """
        each = self._by_name[listing.market, listing.symbol]
        shift = _MONDAY_MS if interval_ms == _WEEK_MS else 0
        end_ms = self.now_ms if end_ms is None else min(end_ms, self.now_ms)
        last = end_ms - (end_ms - shift) % interval_ms
        listed = listing.listed_ms
        earliest = listed - (listed - shift) % interval_ms
        if start_ms is None:
            first = max(last - (limit - 1) * interval_ms, earliest)
        else:
            first = max(start_ms + (shift - start_ms) % interval_ms, earliest)
            last = min(last, first + (limit - 1) * interval_ms)
        if last < first or limit < 1:
            return []
        market = self._market(listing)
        if interval_ms < MINUTE_MS:
            return seconds(each.tape, first, last, interval_ms, self.now_ms)
        return klines(each.tape, market, first, last, interval_ms)

    def agg_trades(
        self,
        listing: Listing,
        *,
        from_id: int | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
    ) -> list[Print]:
        """Trades, oldest first: from an id on, from a time on, or the last ones up to a time."""
        tape = self._by_name[listing.market, listing.symbol].tape
        until = self.now_ms if end_ms is None else min(end_ms, self.now_ms)
        if from_id is not None:
            if from_id >= self._market(listing).session.next_id:
                return []
            from_id = max(from_id, 1)
            trades = tape.trades_from(tape.minute_of_id(from_id), until)
            return list(islice((trade for trade in trades if trade.id >= from_id), limit))
        if start_ms is not None:
            start_ms = max(start_ms, listing.listed_ms)
            trades = tape.trades_from(start_ms // MINUTE_MS, until)
            return list(islice((trade for trade in trades if trade.ts_ms >= start_ms), limit))
        return tape.latest(until, limit)

    def funding_history(
        self, listing: Listing, start_ms: int | None = None, end_ms: int | None = None, limit: int = 100
    ) -> list[tuple[int, float, float]]:
        """Settlements of a perpetual, (time, rate, mark in ticks): the first from a start, else the last."""
        derivative = self._derivative(listing)
        until = self.now_ms if end_ms is None else min(end_ms, self.now_ms)
        if start_ms is None:
            start_ms = until - limit * derivative.hours * HOUR_MS + 1
        return derivative.history(start_ms, until, limit)

    def open_interest_history(
        self,
        listing: Listing,
        period_ms: int,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 30,
    ) -> list[tuple[int, int]]:
        """Open interest (time, lots) at whole periods."""
        until = self.now_ms if end_ms is None else min(end_ms, self.now_ms)
        last = until - until % period_ms
        first = last - (limit - 1) * period_ms if start_ms is None else -(-start_ms // period_ms) * period_ms
        first = max(first, listing.listed_ms)
        times = list(range(first, last + 1, period_ms))[:limit]
        if not times:
            return []
        lots = self._derivative(listing).open_interest_at(np.array(times) / MINUTE_MS)
        return [(ts_ms, int(each)) for ts_ms, each in zip(times, lots, strict=True)]

    def forced_orders(
        self, listing: Listing, start_ms: int = 0, end_ms: int | None = None, limit: int = 100
    ) -> list[ForcedOrder]:
        """The last liquidations in [start_ms, end_ms], oldest first; since the market was started."""
        until = self.now_ms if end_ms is None else end_ms
        orders = [each for each in self._derivative(listing).orders if start_ms <= each.ts_ms <= until]
        return orders[-limit:]
