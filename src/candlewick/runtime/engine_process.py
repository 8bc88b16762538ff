"""The engine as a process: its parts put together, started, and stopped in order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from candlewick.core.clock import Clock, SystemClock
from candlewick.core.errors import CandlewickError, UsageError, VenueError
from candlewick.core.instrument import Instrument, parse_symbol
from candlewick.runtime import wiring
from candlewick.runtime.accounts.accounts import Accounts
from candlewick.runtime.accounts.live_trading import LiveTrading
from candlewick.runtime.accounts.tail import TailRisk
from candlewick.runtime.gateway.server import Gateway
from candlewick.runtime.health import HealthWatch
from candlewick.runtime.live import Live
from candlewick.runtime.publish.indicators import IndicatorSource
from candlewick.runtime.publish.lanes import Lanes
from candlewick.runtime.publish.market import MarketLane
from candlewick.runtime.requests import Requests
from candlewick.runtime.settings import Settings
from candlewick.runtime.strategies.house import Strategies
from candlewick.runtime.strategies.requests import StrategyRequests
from candlewick.runtime.upkeep import compact_forever
from candlewick.store.journal.journal import Journal
from candlewick.store.journal.reader import Records
from candlewick.store.keys import audit_key
from candlewick.store.lake import Lake, LakeWriter
from candlewick.store.lake.listed import remember
from candlewick.store.lane_log import LaneLog
from candlewick.trading.engine import Engine
from candlewick.venues.contract import MarketFeed, Topic

LANES: Final = ("alerts", "feeds")
LISTING_EVERY_S: Final = 3_600.0
FIRST_RETRY_S: Final = 0.1
LAST_RETRY_S: Final = 5.0
TOLD_AFTER_S: Final = 10.0
WARM_UP_RETRY_S: Final = 2.0
SPOT_TOPICS: Final[frozenset[Topic]] = frozenset({"trades", "quotes"})
PERP_TOPICS: Final[frozenset[Topic]] = SPOT_TOPICS | {"derivative", "liquidations"}
MAJORS: Final = ("BTC", "ETH", "SOL", "BNB", "XRP", "DOGE", "ADA", "AVAX", "LINK", "LTC", "DOT", "TRX")
# What a channel needs to be followed, beyond what is followed always.
CHANNEL_TOPICS: Final[dict[str, set[Topic]]] = {
    "book": {"book"},
    "candles": {"trades", "quotes"},
    "indicators": {"trades", "quotes"},
    "prices": {"trades", "quotes"},
    "tape": {"trades"},
    "ticker": {"trades", "quotes"},
}


class EngineProcess:
    """Everything that lives in the engine process."""

    def __init__(self, settings: Settings, feeds: list[MarketFeed], clock: Clock, mode: str) -> None:
        self._settings = settings
        self._feeds = feeds
        self._clock = clock
        self._mode = mode
        self._primary = feeds[0].venue.id
        self._running_mark = settings.market_dir / "engine.running"
        self.engine = Engine()
        self.lanes = Lanes(LaneLog(settings.market_dir / "lanes.sqlite3"), LANES)
        self.lake = Lake(settings.market_dir / "lake")
        self._writer = LakeWriter(self.lake)
        self._market = MarketLane(
            self.engine, self._primary, lambda frames: self.gateway.send_market(frames), self._warm_up
        )
        self.live = Live(
            engine=self.engine,
            feeds=feeds,
            lanes=self.lanes,
            market=self._market,
            lake=self.lake,
            writer=self._writer,
            clock=clock,
            record_trades=settings.market.record_trades,
            tell_time=mode != "replay",
        )
        self._health = HealthWatch(
            feeds, self.lanes, self._market, clock, settings.market.clock_skew_warning_ms
        )
        self.accounts = Accounts(
            engine=self.engine,
            journal=Journal.open(settings.ledger, key=audit_key(settings.data_dir, settings.master_key_text)),
            records=Records(settings.ledger),
            take=self.live.obey,
            send=lambda frames: self.gateway.send_market(frames),
            start=self.live.start,
            follow=self.live.follow_too,
            live=lambda knows, tell: LiveTrading(settings, knows=knows, tell=tell, clock=clock),
            funding=lambda id, begin, end: self.live.feed_of(id).funding(id, begin, end),
            tell_all=self.lanes.notice,
            primary=self._primary,
            clock=clock,
        )
        execution = self.accounts.execution
        self.live.keep_accounts(execution.carry_out, execution.seal, self.accounts.on_event, execution.notice)
        self.requests = Requests(
            live=self.live,
            health=self._health,
            market=self._market,
            writer=self._writer,
            gateway=lambda: self.gateway,
            primary=self._primary,
            clock=clock,
            accounts=self.accounts.connections.metrics,
        )
        self.requests.verbs |= self.accounts.requests.verbs
        self.requests.verbs["readiness"] = self.accounts.disk.readiness
        self.requests.verbs["risk.tail"] = TailRisk(self.engine, self.live.historian, self._primary).answer
        self.strategies = self._strategies()
        self.gateway = Gateway(
            settings.data_dir,
            lanes=[self.lanes, self.accounts.lanes],
            welcome=self._welcome,
            answer=self.requests.answer,
            on_demand=self._demand,
        )

    async def run(self) -> None:
        """Run until cancelled; then stop in the order that loses nothing."""
        await self.gateway.start()
        self.accounts.begin()
        with self._marked_running():
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self.accounts.run())
                    for feed in self._feeds:
                        group.create_task(self._follow(feed))
                    group.create_task(self._health.run())
                    group.create_task(self.live.run())
                    if self.strategies is not None:
                        group.create_task(self.strategies.run())
                    if self._mode != "replay":
                        keep_days = self._settings.market.keep_trades_days
                        group.create_task(compact_forever(self._settings.market_dir, keep_days))
            finally:
                if self.strategies is not None:
                    await self.strategies.close()
                await self.live.close()
                await self.accounts.close()
                await self.lanes.close()
                await self.gateway.stop()
                await asyncio.to_thread(self._writer.close)
                self.lake.close()

    def _strategies(self) -> Strategies | None:
        """Strategies at work; none in a replay, whose market is not that of now."""
        if self._mode == "replay":
            return None
        accounts, live, settings = self.accounts, self.live, self._settings
        strategies = Strategies(
            engine=self.engine,
            place=settings.rows,
            data_dir=settings.data_dir,
            do=accounts.execution.do,
            set_leverage=accounts.leverage.set,
            fetch=live.historian.closed_bars,
            follow=live.follow_too,
            ready=accounts.ready,
            settled=accounts.execution.settled,
            past=accounts.booked,
            sent=accounts.sent,
            history=self.lake.candles,
            open_bar=live.open_bar,
            funding=lambda id, begin, end: live.feed_of(id).funding(id, begin, end),
            tell=accounts.execution.news,
            note=accounts.figures.note,
            primary=self._primary,
            clock=self._clock,
        )
        live.on_closed = strategies.take_candle
        accounts.execution.on_order = strategies.hear_order
        accounts.execution.on_booked = strategies.hear_booked
        accounts.bodies.strategies = strategies.of_account
        self.requests.verbs |= StrategyRequests(strategies, accounts.execution).verbs
        return strategies

    @contextlib.contextmanager
    def _marked_running(self) -> Iterator[None]:
        """Leave a mark while we run; finding one at start means that the last run was cut off."""
        if self._running_mark.exists():
            text = "It ended without stopping properly and has been started again; the lake is whole."
            self.lanes.notice("WARNING", "The engine was restarted", text, self._clock.now_ns())
        self._running_mark.touch()
        with contextlib.suppress(asyncio.CancelledError):  # how we are told to stop; anything else is a fault
            yield
        self._running_mark.unlink(missing_ok=True)

    async def _follow(self, feed: MarketFeed) -> None:
        """Learn what a venue lists, as soon as it answers; then follow it until cancelled."""
        listed = await self._listing(feed)
        self._take_listing(feed, listed)
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.to_thread(remember, self.lake.root, listed))
            group.create_task(feed.run(self.live.take))
            group.create_task(self._list_again(feed))

    async def _list_again(self, feed: MarketFeed) -> None:
        """Notice what a venue lists anew."""
        while True:
            await asyncio.sleep(LISTING_EVERY_S)
            try:
                listed = await feed.instruments()
            except VenueError as error:
                feed.health.last_error = str(error)
                continue
            if any(each.id not in self.live.instruments for each in listed):
                self._take_listing(feed, listed)
                await asyncio.to_thread(remember, self.lake.root, listed)

    async def _listing(self, feed: MarketFeed) -> list[Instrument]:
        loop = asyncio.get_running_loop()
        begun, wait_s, told = loop.time(), FIRST_RETRY_S, False
        while True:
            try:
                return await feed.instruments()
            except VenueError as error:
                feed.health.last_error = str(error)
                if not told and loop.time() - begun > TOLD_AFTER_S:
                    told = True
                    title = f"{feed.venue.title} cannot be reached"
                    self.lanes.notice("WARNING", title, f"{error}. Trying on.", self._clock.now_ns())
            await asyncio.sleep(wait_s)
            # one on this machine starts beside us: what it costs to ask it again is nothing
            wait_s = FIRST_RETRY_S if feed.venue.simulated else min(2 * wait_s, LAST_RETRY_S)

    def _take_listing(self, feed: MarketFeed, listed: list[Instrument]) -> None:
        self.live.list_instruments(listed)
        named = {parse_symbol(text, primary=self._primary) for text in self._settings.market.symbols}
        for instrument in listed:
            perp = instrument.kind == "perp"
            if named:
                always = instrument.id in named
            elif feed.venue.simulated:
                always = True
            else:
                always = instrument.base in MAJORS and instrument.quote == "USDT"
            if always:
                topics = PERP_TOPICS if perp else SPOT_TOPICS
                if feed.venue.id != self._primary:
                    topics -= {"trades"}
                self.live.follow_always(instrument.id, topics)
        self.accounts.follow_held()
        self.gateway.welcome_again()

    def _warm_up(self, source: IndicatorSource) -> None:
        async def warm() -> None:
            try:
                bars = await self.live.historian.closed_bars(
                    source.instrument, source.interval, source.study.lookback + 1
                )
            except CandlewickError:
                await asyncio.sleep(WARM_UP_RETRY_S)
                source.ask_again()
                raise
            source.take_history(bars)
            self._market.refresh(source)
            # The venue may not have had the newest bar yet: it is asked again, but not ten times a second.
            await asyncio.sleep(WARM_UP_RETRY_S)
            source.ask_again()

        self.live.start(warm)

    def _welcome(self) -> dict[str, Any]:
        return {
            "primary": self._primary,
            "mode": self._mode,
            "venues": {
                f.venue.id: {"title": f.venue.title, "simulated": f.venue.simulated} for f in self._feeds
            },
            "instruments": [self.requests.instrument_json(i) for i in self.live.instruments.values()],
        }

    def _demand(self, channels: frozenset[str], fresh: frozenset[str]) -> None:
        wanted: dict[str, set[Topic]] = {}
        for channel in channels:
            kind, _, rest = channel.partition(":")
            topics = CHANNEL_TOPICS.get(kind)
            if topics is None or not rest:
                continue
            symbol = rest if kind in {"book", "tape", "prices", "ticker"} else rest[: _symbol_end(kind, rest)]
            try:
                instrument = parse_symbol(symbol, primary=self._primary)
            except UsageError:
                continue
            if instrument in self.live.instruments:
                wanted.setdefault(instrument, set()).update(topics)
                if kind == "ticker" and self.live.instruments[instrument].kind == "perp":
                    wanted[instrument].add("derivative")
        self.live.look_at(wanted)
        self._market.demand(channels, fresh)
        self.accounts.figures.demand(channels, fresh)


def _symbol_end(kind: str, rest: str) -> int:
    """Where the symbol ends in `BTCUSDT:1m` or `sim-east:BTCUSDT:1m:ema-20`."""
    parts = rest.rsplit(":", 1 if kind == "candles" else 2)
    return len(parts[0])


async def _until_stopped(process: EngineProcess) -> None:
    running = asyncio.create_task(process.run())
    loop = asyncio.get_running_loop()

    def stop() -> None:
        # A Ctrl-C comes twice, from the terminal and from our supervisor: the second must not cut the
        # stop short.
        if not running.cancelling():
            running.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    gc.collect()
    gc.freeze()  # what was made at start lives as long as we do: no need to look at it again
    with contextlib.suppress(asyncio.CancelledError):
        await running


def run_replay(
    settings: Settings, paths: list[Path], venue: str | None, speed: float, *, paused: bool = False
) -> None:
    """Run the engine on recordings, at their own time, until SIGTERM or SIGINT.

    Raises:
        UsageError: a recording cannot be played.
    """
    import uvloop

    from candlewick.core.clock import ManualClock
    from candlewick.runtime.replay import player

    async def main() -> None:
        clock = ManualClock()
        feed = player(paths, clock, venue=venue, speed=speed)
        if paused:
            await feed.control("pause")
        process = EngineProcess(settings, [feed], clock, "replay")
        process.requests.verbs["replay"] = feed.control
        await _until_stopped(process)

    uvloop.run(main())


def run(settings: Settings) -> None:
    """Run the engine on the venues of `settings` until SIGTERM or SIGINT.

    Raises:
        CandlewickError: it cannot start; the sentence says why.
    """
    import uvloop

    mode = "sim" if settings.venues == ["sim"] else "live"

    async def main() -> None:
        await _until_stopped(EngineProcess(settings, wiring.feeds(settings), SystemClock(), mode))

    uvloop.run(main())
