"""The engine process: venue feeds → heart → effects, carried out in their order."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Coroutine
from typing import Any, Final

from candlewick.core.clock import NS_PER_MS, NS_PER_S, Clock
from candlewick.core.errors import CandlewickError, VenueError
from candlewick.core.events import (
    Candle,
    Connected,
    Disconnected,
    MarketEvent,
    OpenInterest,
    TimePassed,
    Trade,
)
from candlewick.core.instrument import Instrument
from candlewick.core.interval import open_time, seconds
from candlewick.core.reports import Report
from candlewick.runtime.history import Historian
from candlewick.runtime.mending import Mender
from candlewick.runtime.publish.lanes import Lanes
from candlewick.runtime.publish.market import MarketLane
from candlewick.store.lake import Lake, LakeWriter
from candlewick.trading.commands import Command
from candlewick.trading.effects import BackfillTrades, CandleClosed, Notice, ResyncBook, Updated
from candlewick.trading.engine import Engine
from candlewick.venues.contract import MarketFeed, Topic

log = logging.getLogger(__name__)

LINGER_S: Final = 30.0  # a topic nobody looks at any more is kept so long
KEPT_INTERVALS: Final = frozenset({"1m"})  # bars of our own that go to the lake; others follow from them
TRADES_BATCH_S: Final = 0.25
ORDER_TOPICS: Final[frozenset[Topic]] = frozenset({"trades", "quotes", "book"})  # what fills orders
PERP_TOPICS: Final[frozenset[Topic]] = frozenset({"derivative"})


class Live:
    """Runs the heart on live feeds; a recording is a feed that tells the time itself.

    Attributes:
        instruments: internal id → everything the venues list.
        events: market events the heart has folded.
        on_closed: called with each bar that has closed, and each correction of one.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        feeds: list[MarketFeed],
        lanes: Lanes,
        market: MarketLane,
        lake: Lake,
        writer: LakeWriter,
        clock: Clock,
        record_trades: bool,
        tell_time: bool = True,
    ) -> None:
        self.engine = engine
        self.feeds = {feed.venue.id: feed for feed in feeds}
        self.instruments: dict[str, Instrument] = {}
        self.historian = Historian(lake, self.feed_of, self.take, clock)
        self.events = 0
        self._process = engine.process
        self._lanes = lanes
        self._market = market
        self._writer = writer
        self._clock = clock
        self._tells_time = tell_time
        self._trades: defaultdict[str, list[Trade]] = defaultdict(list)
        self._always: dict[str, frozenset[Topic]] = {}
        self._looked_at: dict[str, set[Topic]] = {}
        self._down: dict[tuple[str, str], set[str]] = {}  # venue and stream → what it does not carry now
        self._tasks: set[asyncio.Task[None]] = set()
        self._seal: Callable[[], None] = lambda: None
        self._after: Callable[[MarketEvent], None] = lambda event: None
        self._notice: Callable[[str, str, str, int], None] = lambda severity, title, message, ts: None
        self.on_closed: Callable[[Candle], None] = lambda candle: None
        self._mender = mender = Mender(
            engine=engine,
            historian=self.historian,
            feed_of=self.feed_of,
            trades_flow=self.trades_flow,
            take=self.take,
            start=self.start,
            clock=clock,
        )
        # What is done with an event itself, beside the effects that the heart makes of it.
        self._beside: dict[type, Callable[[Any], None]] = {
            OpenInterest: writer.open_interest,
            Connected: self._seed_again,
            Disconnected: self._note_lost,
        }
        if record_trades:
            self._beside[Trade] = self._record
        self._carry_out: dict[type, Callable[[Any], None]] = {
            Updated: market.note,
            CandleClosed: self._keep_candle,
            ResyncBook: mender.resync_book,
            BackfillTrades: mender.backfill,
            Notice: self._tell,
        }

    def take(self, event: MarketEvent) -> None:
        """Fold one event and carry out its effects. Called synchronously by the feeds: the hot path."""
        self.events += 1
        carry_out = self._carry_out
        for effect in self._process(event):
            carry_out[type(effect)](effect)
        self._seal()
        beside = self._beside.get(type(event))
        if beside is not None:
            beside(event)
        self._after(event)

    def obey(self, event: Command | Report) -> None:
        """Hand the heart a command or a venue's report, and carry out its effects.

        Raises:
            CandlewickError: whatever the heart answers to a command.
        """
        for effect in self._process(event):
            self._carry_out[type(effect)](effect)
        self._seal()

    def keep_accounts(
        self,
        carry_out: dict[type, Callable[[Any], None]],
        seal: Callable[[], None],
        after: Callable[[MarketEvent], None],
        notice: Callable[[str, str, str, int], None],
    ) -> None:
        """Let accounts live on this heart: who carries out what it decides, and is told of every event.

        Args:
            seal: called when all effects of one event have been carried out.
            after: called with each market event once it is folded.
            notice: called with severity, title, message and time of what the system has to say.
        """
        self._carry_out |= carry_out
        self._seal, self._after, self._notice = seal, after, notice

    def feed_of(self, instrument: str) -> MarketFeed:
        return self.feeds[instrument.partition(":")[0]]

    def trades_flow(self, instrument: str) -> bool:
        """Whether every trade of an instrument comes to us: it is followed, and its stream stands."""
        wanted = self._always.get(instrument, frozenset()) | self._looked_at.get(instrument, set())
        return "trades" in wanted and not any(instrument in lost for lost in self._down.values())

    async def open_bar(self, instrument: str, interval: str) -> Candle | None:
        """The open bar: our own where its trades flow, else as the venue has it now.

        Raises:
            VenueError: the venue does not give what it takes.
        """
        if self.trades_flow(instrument):
            await self.historian.seed(instrument)
            candles = self.engine.watch(instrument).candles
            return candles.current(interval) if candles.seeded(interval) else None
        now_s = self.historian.venue_now_ns(instrument) // NS_PER_S
        begin = open_time(now_s, seconds(interval))
        found = await self.feed_of(instrument).candles(instrument, interval, begin, now_s + 1)
        return found[-1] if found and not found[-1].closed else None

    def list_instruments(self, listed: list[Instrument]) -> None:
        """Make instruments known; those a venue no longer lists stay known while we run."""
        for instrument in listed:
            self.instruments[instrument.id] = instrument
            self.engine.list_instrument(instrument)
            self.engine.watch(instrument.id)

    def follow_always(self, instrument: str, topics: frozenset[Topic]) -> None:
        """Follow an instrument whether anybody looks or not."""
        self._always[instrument] = topics
        self.feed_of(instrument).subscribe(instrument, topics)

    def follow_too(self, instrument: str) -> None:
        """Follow an instrument as long as we run: an account is in it, or has orders on it."""
        known = self.instruments.get(instrument)
        if known is None:
            return
        topics = ORDER_TOPICS if known.kind in ("spot", "equity") else ORDER_TOPICS | PERP_TOPICS
        already = self._always.get(instrument, frozenset())
        if not topics <= already:
            self.follow_always(instrument, already | topics)
            self._mender.seed(instrument)

    def look_at(self, wanted: dict[str, set[Topic]]) -> None:
        """Follow what people look at; what they leave is let go after a while."""
        for instrument, topics in wanted.items():
            fresh = topics - self._looked_at.get(instrument, set())
            if fresh:
                self.feed_of(instrument).subscribe(instrument, frozenset(fresh))
            if "trades" in topics:
                self._mender.seed(instrument)
        left = {i: topics - wanted.get(i, set()) for i, topics in self._looked_at.items()}
        self._looked_at = wanted
        for instrument, topics in left.items():
            if topics:
                asyncio.get_running_loop().call_later(LINGER_S, self._let_go, instrument, topics)

    async def run(self) -> None:
        """Tell the time and hand trades to the lake until cancelled; the feeds are run by who lists them."""
        async with asyncio.TaskGroup() as group:
            if self._tells_time:
                group.create_task(self._tell_time())
            group.create_task(self._hand_over_trades())

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for feed in self.feeds.values():
            await feed.close()
        self._hand_over()

    def _let_go(self, instrument: str, topics: set[Topic]) -> None:
        unwanted = topics - self._looked_at.get(instrument, set()) - self._always.get(instrument, frozenset())
        if unwanted:
            self.feed_of(instrument).unsubscribe(instrument, frozenset(unwanted))
        if "book" in unwanted:
            watch = self.engine.watch(instrument)
            watch.book.desynchronise("nobody looks at it")
            watch.snapshot_wanted = False
        if "quotes" in unwanted:
            # What is not followed any more is not known any more.
            watch = self.engine.watch(instrument)
            watch.quote = None
            for effect in watch.updated["quote"]:
                self._carry_out[type(effect)](effect)
        if "trades" in unwanted:
            # From here on silence says nothing about what was traded.
            self.engine.watch(instrument).candles.interrupt()
            self.historian.forget_seeds({instrument})

    def _record(self, trade: Trade) -> None:
        self._trades[trade.instrument].append(trade)

    def _note_lost(self, event: Disconnected) -> None:
        of_venue = (each for each in self.instruments if each.startswith(f"{event.venue}:"))
        lost = set(event.instruments or of_venue)
        self._down[event.venue, event.stream] = lost
        self.historian.forget_seeds(lost)

    def _seed_again(self, event: Connected) -> None:
        """What is looked at may have missed its last trades, and be silent since: nothing else would tell."""
        self._down.pop((event.venue, event.stream), None)
        for instrument, topics in self._looked_at.items():
            if "trades" in topics and instrument.startswith(f"{event.venue}:"):
                self._mender.seed(instrument)

    def _keep_candle(self, effect: CandleClosed) -> None:
        self._market.note_closed(effect.candle)
        self.on_closed(effect.candle)
        if effect.candle.interval in KEPT_INTERVALS:
            self._writer.candles(effect.candle)

    def _tell(self, notice: Notice) -> None:
        level = logging.INFO if notice.severity == "INFO" else logging.WARNING
        log.log(level, "%s: %s", notice.title, notice.message)
        self._lanes.notice(notice.severity, notice.title, notice.message, notice.ts)
        self._notice(notice.severity, notice.title, notice.message, notice.ts)

    def start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do work beside the stream. What it cannot do is logged if it is the venue's fault, else told."""

        async def guarded() -> None:
            try:
                await work()
            except VenueError as error:
                log.warning("A request to a venue failed: %s", error)
            except CandlewickError as error:
                self._tell(Notice("WARNING", "Something could not be done", str(error), self._clock.now_ns()))

        task = asyncio.create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell_time(self) -> None:
        while True:
            now_ns = self._clock.now_ns()
            await asyncio.sleep(1 - now_ns % NS_PER_S / NS_PER_S)
            # bars end by the clock of the venue that is furthest behind ours: none is closed too early
            skews_ms = [feed.health.clock_skew_ms or 0.0 for feed in self.feeds.values()]
            self.take(TimePassed(self._clock.now_ns() + round(min(0.0, *skews_ms) * NS_PER_MS)))

    async def _hand_over_trades(self) -> None:
        while True:
            await asyncio.sleep(TRADES_BATCH_S)
            self._hand_over()

    def _hand_over(self) -> None:
        trades, self._trades = self._trades, defaultdict(list)
        for instrument, batch in trades.items():
            self._writer.trades(instrument, *batch)
