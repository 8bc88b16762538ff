"""What was missed is fetched from the venue: whole books, swallowed trades, the beginning of open bars."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final, TypeVar

from candlewick.core.clock import NS_PER_S, Clock
from candlewick.core.errors import RateLimited, VenueError
from candlewick.core.events import MarketEvent, Trade
from candlewick.core.interval import open_time
from candlewick.runtime.history import Historian
from candlewick.trading.effects import BackfillTrades, ResyncBook
from candlewick.trading.engine import Engine
from candlewick.venues.contract import MarketFeed

_T = TypeVar("_T")
log = logging.getLogger(__name__)

BOOK_WAITS_S: Final = (0.0, 0.3, 1.0, 2.0, 5.0)  # then every 5 s
RETRY_WAITS_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
MOST_TRADES: Final = 20_000  # a longer gap is mended from the venue's candles
HEALED_S: Final = 2 * 3_600  # how far back bars can still be corrected


class Mender:
    """Asks the venues for what is missing, each thing once at a time, again and again until it has it.

    Args:
        trades_flow: whether the trades of an instrument are followed, and their stream stands.
        start: runs work beside the stream.
        take: hands events to the heart.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        historian: Historian,
        feed_of: Callable[[str], MarketFeed],
        trades_flow: Callable[[str], bool],
        take: Callable[[MarketEvent], None],
        start: Callable[[Callable[[], Coroutine[Any, Any, None]]], None],
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._historian = historian
        self._feed_of = feed_of
        self._trades_flow = trades_flow
        self._take = take
        self._start = start
        self._clock = clock
        self._under_way: set[tuple[str, str]] = set()

    def resync_book(self, effect: ResyncBook) -> None:
        """Fetch snapshots until the book is whole, or nobody wants it any more."""
        self._once("book", effect.instrument, self._resync)

    def backfill(self, gap: BackfillTrades) -> None:
        """Fetch the trades of a gap; what the venue no longer gives is mended from its candles."""
        self._feed_of(gap.instrument).health.gaps += 1
        self._start(partial(self._backfill, gap))

    def seed(self, instrument: str) -> None:
        """Have the open bars of an instrument exact, as soon as its trades flow."""
        if not self._historian.is_seeded(instrument):
            self._once("seed", instrument, self._seed)

    def _once(self, what: str, instrument: str, work: Callable[[str], Coroutine[Any, Any, None]]) -> None:
        key = (what, instrument)
        if key in self._under_way:
            return
        self._under_way.add(key)

        async def noted() -> None:
            try:
                await work(instrument)
            finally:
                self._under_way.discard(key)

        self._start(noted)

    async def _resync(self, instrument: str) -> None:
        watch = self._engine.watch(instrument)
        attempt = 0
        while True:
            await asyncio.sleep(BOOK_WAITS_S[min(attempt, len(BOOK_WAITS_S) - 1)])
            attempt += 1
            if watch.book.synchronised or not watch.snapshot_wanted:
                return
            # a refusal is told by the feed's health, and the book says why it is dark
            with contextlib.suppress(VenueError):
                self._take(await self._feed_of(instrument).book_snapshot(instrument))

    async def _backfill(self, gap: BackfillTrades) -> None:
        instrument, count = gap.instrument, gap.to_id - gap.from_id + 1
        if count <= MOST_TRADES:
            feed = self._feed_of(instrument)
            trades: list[Trade] = []
            with contextlib.suppress(VenueError):  # what it refuses to give is as good as lost
                trades = await self._patiently(
                    lambda: feed.trades(instrument, from_id=gap.from_id, to_id=gap.to_id)
                )
            for trade in trades:
                self._take(trade)
            if len(trades) == count:
                return
        log.info("%s: trades %d to %d are mended from candles.", instrument, gap.from_id, gap.to_id)
        await self._heal(instrument)

    async def _heal(self, instrument: str) -> None:
        """Let the venue's own minutes stand where trades are lost; the open one is seeded anew."""
        minute = open_time(self._clock.now_ns() // NS_PER_S, 60)
        feed = self._feed_of(instrument)
        candles = await self._patiently(lambda: feed.candles(instrument, "1m", minute - HEALED_S, minute))
        for candle in candles:
            if candle.closed:
                self._take(candle)
        self._historian.forget_seeds({instrument})
        self.seed(instrument)

    async def _seed(self, instrument: str) -> None:
        while self._trades_flow(instrument) and not self._historian.is_seeded(instrument):
            await self._patiently(lambda: self._historian.seed(instrument))

    async def _patiently(self, ask: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """The answer, asked for again while the venue is away or wants us to slow down.

        Raises:
            VenueError: it refuses, or never answers.
        """
        for wait_s in RETRY_WAITS_S:
            try:
                return await ask()
            except VenueError as error:
                if not error.retry:
                    raise
                asked_s = error.retry_after_s if isinstance(error, RateLimited) else 0.0
            await asyncio.sleep(max(wait_s, asked_s))
        return await ask()
