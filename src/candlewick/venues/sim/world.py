"""A simulated venue's whole market: every listing, its history, its live book, and what has printed."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heapreplace
from pathlib import Path as FilePath
from typing import NamedTuple

from candlewick.core.errors import UsageError
from candlewick.venues.sim.book import Resting
from candlewick.venues.sim.character import character_of
from candlewick.venues.sim.derivatives import Derivative
from candlewick.venues.sim.listed import Day, Listed
from candlewick.venues.sim.live import Best, LiveMarket, Outbox
from candlewick.venues.sim.model import Depth, DepthDiff, ForcedOrder, Kline, Listing, Market, Premium, Print
from candlewick.venues.sim.path import DAY_MS, HOUR_MS, MINUTE_MS, path_of
from candlewick.venues.sim.prints import Ended, Hour, Interest, PrintStore, Settled, Started
from candlewick.venues.sim.recovery import recover
from candlewick.venues.sim.references import ReferenceKline

GENERATION = 1  # counts changes after which the same seed makes another history
SLEEP_MS = 5_000  # a longer silence is not simulated but generated
INTEREST_MS = 300_000  # open interest is noted this often
_SECOND_MS = 1000


class News(NamedTuple):
    """What happened since the last collection, in order."""

    prints: list[tuple[Listing, Print]]
    bests: list[tuple[Listing, Best]]
    forced: list[tuple[Listing, ForcedOrder]]


class World:
    """The market of `venue` in the world of `seed`, live from `origin_ms`.

    `data_dir` keeps what really printed; without it prints are held in memory for a day and forgotten at
    the end. `pace` multiplies the live activity.
    The live market is a function of the seed, the venue, the times at which it was (re)started and of what
    users' orders did in it; how often `advance` is called does not matter.

    `openings` counts how often the live market began: each time the books are new, without users' orders.
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
        self.venue = venue
        self.character = character_of(venue)
        self.now_ms = origin_ms
        self._pace = pace
        self.listings = tuple(
            each for each in self.character.listings() if each.listed_ms + DAY_MS <= origin_ms
        )
        if not self.listings:
            raise UsageError(
                f"Nothing was listed at {venue} at {origin_ms} ms since 1970: the simulated markets begin in "
                "2017. Start one at a later time."
            )
        self._names = [f"{each.market}/{each.symbol}" for each in self.listings]
        self._store: PrintStore | None = None
        if data_dir is not None:
            self._store = PrintStore(data_dir / f"{venue}-{seed}-g{GENERATION}", self._names)
        path = path_of(seed)
        self._listed = [
            Listed(path, self.character, listing, index, self._store)
            for index, listing in enumerate(self.listings)
        ]
        self._by_name = {(each.listing.market, each.listing.symbol): each for each in self._listed}
        self._perps = [(each, each.perpetual) for each in self._listed if each.perpetual]
        self._outbox = Outbox()
        self._markets: list[LiveMarket] = []
        self._due: list[tuple[float, int]] = []
        self._next_second = 0
        self.openings = 0
        self._open(max(origin_ms, self._restore()))

    def _restore(self) -> int:
        """Take over what earlier processes printed; the time up to which they did."""
        if self._store is None:
            return 0
        past = recover(self._store, self._names)
        for each in self._listed:
            each.tape.restore([session for session in past.sessions if session.lists(each.index)])
        for each, derivative in self._perps:
            name = each.name
            derivative.restore(
                {entry.ts_ms: entry.rates[name] for entry in past.settled if name in entry.rates},
                {entry.ts_ms: entry.lots[name] for entry in past.interest if name in entry.lots},
            )
        return past.sessions[-1].end_ms if past.sessions else 0

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
            self._end()
            self._open(now_ms)
        else:
            self._play(now_ms)
        if self._store is not None:
            self._store.flush()
            self._store.tidy()

    def _play(self, now_ms: int) -> None:
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

    def close(self) -> None:
        """End the live market and release the files."""
        self._end()
        if self._store is not None:
            self._store.close()

    def _open(self, now_ms: int) -> None:
        """Start the live market at `now_ms`, where the generated one stands."""
        self.now_ms = now_ms
        self.openings += 1
        self._next_second = (now_ms // _SECOND_MS + 1) * _SECOND_MS
        self._due = []
        before, self._markets = self._markets, []
        for index, each in enumerate(self._listed):
            session, last, candle = each.tape.open_session(now_ms)
            market = LiveMarket(each.history, index, self._outbox, session, last=last, pace=self._pace)
            market.candle = candle
            market.book.watch(bool(before) and before[index].book.watched)
            each.market = market
            self._markets.append(market)
            if each.perpetual:
                each.perpetual.open(market, now_ms)
            self._due.append((now_ms + market.wait_ms(), index))
        heapify(self._due)
        if self._store is not None:
            self._store.note(Started(now_ms, self._next_ids()))
            self._store.begin(now_ms, now_ms)

    def _end(self) -> None:
        end_ms = self.now_ms + 1  # a liquidation may have printed at this very millisecond
        for each in self._listed:
            each.tape.close_session(end_ms)
        if self._store is not None:
            self._store.flush()
            self._store.note(Ended(end_ms, self._next_ids()))

    def _next_ids(self) -> dict[str, int]:
        return {each.name: each.market.session.next_id for each in self._listed}

    def _second(self, ts_ms: int) -> None:
        """What happens on whole seconds: minutes end, premiums are sampled, positions are liquidated."""
        self._next_second += _SECOND_MS
        if ts_ms % MINUTE_MS == 0:
            self._minute(ts_ms)
        second = ts_ms // _SECOND_MS % 60
        for market in self._markets[second::60]:
            market.prepare(market.minute + 1)
        for each, derivative in self._perps:
            forced = derivative.second(each.market, ts_ms)
            order = each.market.force(*forced, ts_ms) if forced else None
            if order:
                derivative.liquidated(order)

    def _minute(self, ts_ms: int) -> None:
        """A minute ends: its candles stand; on hours and settlements there is more to note."""
        store, minute = self._store, ts_ms // MINUTE_MS
        candles = []
        for each in self._listed:
            candles.append(each.tape.keep(minute - 1, each.market.candle))
            each.market.roll(minute)
        if store is not None:
            store.keep_bars(minute - 1, candles)
            if ts_ms % HOUR_MS == 0:
                store.flush()
                store.note(Hour(ts_ms, self._next_ids()))
                store.begin(self._markets[0].session.start_ms, ts_ms)
        if ts_ms % (self.funding_hours * HOUR_MS) == 0:
            rates = {each.name: derivative.settle(each.market, ts_ms) for each, derivative in self._perps}
            if store is not None:
                store.note(Settled(ts_ms, rates))
        if ts_ms % INTEREST_MS == 0:
            lots = {each.name: derivative.note_interest(ts_ms) for each, derivative in self._perps}
            if store is not None:
                store.note(Interest(ts_ms, lots))

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
        self._of(listing).market.book.watch(on)

    def depth_diff(self, listing: Listing) -> DepthDiff | None:
        """What changed in a watched book since the last call; None when nothing did."""
        return self._of(listing).market.book.cut(self.now_ms)

    # users -------------------------------------------------------------------------------------

    def trade(self, listing: Listing, sells: bool, lots: int, limit: int | None = None) -> list[Print]:
        """A user's order takes up to `lots` from the book, no further than `limit`; what printed."""
        return self._of(listing).market.trade(sells, lots, limit, self.now_ms)

    def rest(self, listing: Listing, sells: bool, ticks: int, lots: int, guest: object) -> Resting:
        """An order of `guest` joins the book, which it must not cross, behind what stands at its price."""
        return self._of(listing).market.rest(sells, ticks, lots, guest, self.now_ms)

    def pull(self, listing: Listing, resting: Resting, lots: int | None = None) -> None:
        """A user's order leaves the book, or `lots` of it; nothing happens if it is not in there."""
        market = self._of(listing).market
        if market.book.holds(resting):
            market.pull(resting, lots, self.now_ms)

    def queue(self, listing: Listing, sells: bool, limit: int | None = None) -> Iterator[Resting]:
        """The orders of one side of the book by priority, no further than `limit`."""
        return self._of(listing).market.book.queue(sells, limit)

    def struck(self, market: Market) -> list[tuple[Resting, Print]]:
        """Users' resting orders of that market hit since the last call, in order, each with its print."""
        struck, listings = self._outbox.struck, self.listings
        if not struck:
            return []
        self._outbox.struck = [each for each in struck if listings[each[0]].market != market]
        return [(resting, trade) for n, resting, trade in struck if listings[n].market == market]

    def liquidated(self, listing: Listing, order: ForcedOrder) -> None:
        """A user's position was liquidated: it is told and counted as any other liquidation is."""
        each = self._of(listing)
        each.derivative.liquidated(order)
        self._outbox.forced.append((each.index, order))

    # what is -----------------------------------------------------------------------------------

    def listing(self, market: Market, symbol: str) -> Listing | None:
        """The listing of `symbol`, if there is one."""
        each = self._by_name.get((market, symbol))
        return each.listing if each else None

    def _of(self, listing: Listing) -> Listed:
        return self._by_name[listing.market, listing.symbol]

    def _derivative(self, listing: Listing) -> Derivative:
        return self._of(listing).derivative

    def depth(self, listing: Listing, levels: int) -> Depth:
        """The best `levels` of each side of the book."""
        return self._of(listing).market.book.depth(levels, self.now_ms)

    def best(self, listing: Listing) -> Best:
        """Best bid and ask."""
        best = self._of(listing).market.book.best()
        return Best(best[0], self.now_ms, *best[1:])

    def last(self, listing: Listing) -> int:
        """The last price that printed, in ticks."""
        return self._of(listing).market.last

    def day(self, listing: Listing) -> Day:
        """Statistics of the last 24 hours."""
        return self._of(listing).day(self.now_ms)

    def premium(self, listing: Listing) -> Premium:
        """Mark, index and funding estimate of a perpetual."""
        return self._derivative(listing).premium(self._of(listing).market, self.now_ms)

    def open_interest(self, listing: Listing) -> int:
        """Open contracts of a perpetual, in lots."""
        return self._derivative(listing).open_interest(self.now_ms)

    # what was ----------------------------------------------------------------------------------

    def klines(
        self,
        listing: Listing,
        interval_ms: int,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
        ahead_ms: int = 0,
    ) -> list[Kline]:
        """Candles opening in [start_ms, end_ms]: the first `limit` from a start, else the last ones.

        The running candle is included. Weeks begin on Monday; seconds come from the trades themselves.
        They open, and are asked for, by a clock that is `ahead_ms` ahead of the true time.
        """
        return self._of(listing).klines(interval_ms, start_ms, end_ms, limit, self.now_ms, ahead_ms)

    def mark_klines(
        self,
        listing: Listing,
        interval_ms: int,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
    ) -> list[ReferenceKline]:
        """Candles of a perpetual's mark price, a minute or longer, chosen as `klines` does."""
        self._derivative(listing)
        return self._of(listing).references(True, interval_ms, start_ms, end_ms, limit, self.now_ms)

    def index_klines(
        self,
        listing: Listing,
        interval_ms: int,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
    ) -> list[ReferenceKline]:
        """Candles of the index, a minute or longer, chosen as `klines` does."""
        return self._of(listing).references(False, interval_ms, start_ms, end_ms, limit, self.now_ms)

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
        return self._of(listing).trades(from_id, start_ms, end_ms, limit, self.now_ms)

    def funding_history(
        self, listing: Listing, start_ms: int | None = None, end_ms: int | None = None, limit: int = 100
    ) -> list[tuple[int, float, float]]:
        """Settlements of a perpetual, (time, rate, mark in ticks): the first from a start, else the last."""
        return self._derivative(listing).history(start_ms, self._until(end_ms), limit)

    def open_interest_history(
        self,
        listing: Listing,
        period_ms: int,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 30,
    ) -> list[tuple[int, int]]:
        """Open interest (time, lots) at whole periods: the first from a start, else the last."""
        return self._derivative(listing).open_interest_history(
            period_ms, start_ms, self._until(end_ms), limit
        )

    def forced_orders(
        self, listing: Listing, start_ms: int = 0, end_ms: int | None = None, limit: int = 100
    ) -> list[ForcedOrder]:
        """The last liquidations in [start_ms, end_ms], oldest first; those since the market was started."""
        until = self._until(end_ms)
        orders = [each for each in self._derivative(listing).orders if start_ms <= each.ts_ms <= until]
        return orders[-limit:]

    def _until(self, end_ms: int | None) -> int:
        return self.now_ms if end_ms is None else min(end_ms, self.now_ms)


__all__ = ["Best", "Day", "News", "World"]
