"""Binance's market data: spot, USDⓈ-M and COIN-M under one venue id."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from statistics import median
from typing import Final

from candlewick.core.clock import NS_PER_MS, Clock, SystemClock
from candlewick.core.errors import MalformedMessage, RateLimited, UnknownSymbol, UsageError, VenueError
from candlewick.core.events import (
    BookChange,
    Candle,
    Connected,
    Disconnected,
    Funding,
    MarketEvent,
    OpenInterest,
    Quote,
    Trade,
)
from candlewick.core.instrument import Instrument, Venue
from candlewick.venues.binance.dialect import TICKERS, BinanceDialect, streams
from candlewick.venues.binance.endpoints import REAL, Endpoints, MarketEndpoints, simulated
from candlewick.venues.binance.history import RestHistory
from candlewick.venues.binance.listing import instruments as read_listing
from candlewick.venues.binance.mapper import Mapper
from candlewick.venues.connection import Connection, Policy
from candlewick.venues.contract import Emit, FeedHealth, Topic
from candlewick.venues.pool import Pool

__all__ = ["REAL", "BinanceFeed", "simulated"]

OPEN_INTEREST_EVERY_S: Final = 30.0  # each instrument
LEAST_POLL_S: Final = 0.2  # between two instruments
CLOCK_EVERY_S: Final = 20.0
CLOCK_AT_FIRST_S: Final = 0.25
CLOCK_SAMPLES: Final = 9
CLOCK_QUICKEST: Final = 3
CLOCK_DRIFT_MS: Final = 50.0  # what two good clocks may part by while samples are kept
LATENCY_EVERY: Final = 32  # messages
LATENCY_SMOOTHING: Final = 0.1
TICKERS_SILENT_S: Final = 15.0  # they come every second


class _Side:
    """One market of the feed: its mapper, its REST side, its connections by route."""

    def __init__(self, endpoints: MarketEndpoints, venue: str, clock: Clock) -> None:
        self.endpoints = endpoints
        self.market = endpoints.market
        self.mapper = Mapper(venue, endpoints.market)
        self.history = RestHistory(endpoints, self.mapper, clock)
        self.pools: dict[str, Pool] = {}
        self.refusal: VenueError | None = None
        self.native: dict[str, str] = {}  # stream name's part before @ → instrument
        self.round_trips: deque[tuple[int, float]] = deque(maxlen=CLOCK_SAMPLES)  # (duration ns, offset ms)

    def pool(self, stream: str) -> Pool:
        return self.pools[self.endpoints.route(stream)]

    def carried_by(self, connection: Connection) -> set[str]:
        """The instruments that have streams of their own on a connection."""
        native = self.native
        names = (stream.partition("@")[0] for stream in connection.wanted)
        return {native[name] for name in names if name in native}

    def note_round_trip(self, duration_ns: int, offset_ms: float) -> None:
        """Take a measurement of the clocks in; those it contradicts are forgotten, since a clock was set."""
        for measured in list(self.round_trips):
            # each is wrong by half its duration at most
            most_ms = (duration_ns + measured[0]) / 2 / NS_PER_MS + CLOCK_DRIFT_MS
            if abs(offset_ms - measured[1]) > most_ms:
                self.round_trips.remove(measured)
        self.round_trips.append((duration_ns, offset_ms))

    @property
    def skew_ms(self) -> float | None:
        """The venue's clock minus ours, by the quickest round trips: the slow ones were held up one way."""
        quickest = sorted(self.round_trips)[:CLOCK_QUICKEST]
        return median(offset_ms for _, offset_ms in quickest) if quickest else None


class BinanceFeed:
    """`MarketFeed` of Binance, or of the simulated exchange, which speaks its protocol.

    Of all instruments it gives tickers; trades, quotes, books, marks with funding, liquidations and
    open interest (polled: there is no stream of it) of those that are subscribed.
    """

    def __init__(
        self,
        venue: Venue,
        endpoints: Endpoints,
        *,
        clock: Clock | None = None,
        random: Random | None = None,
        policy: Policy | None = None,
    ) -> None:
        self.venue = venue
        self.health = FeedHealth()
        self._clock = clock or SystemClock()
        self._random = random or Random()
        self._policy = policy or Policy()
        self._sides = [_Side(each, venue.id, self._clock) for each in endpoints]
        self._listed: dict[str, tuple[_Side, Instrument]] = {}
        self._poll_at: dict[str, float] = {}  # instrument → when, by the loop's clock
        self._up: set[str] = set()
        self._seen: set[str] = set()
        self._emit: Emit = _nobody
        for side in self._sides:
            side.pools = {route: self._pool(side, route) for route in side.endpoints.routes}
            side.pool(TICKERS).want(TICKERS)

    async def instruments(self) -> list[Instrument]:
        """Everything listed for trading now, spot first.

        A market that refuses us (451 where it may not serve the country) is left out, if another serves.

        Raises:
            VenueError: a market does not answer, or every one refuses.
        """
        found: list[Instrument] = []
        for side in self._sides:
            try:
                body = await side.history.listing()
            except VenueError as refusal:
                if refusal.retry:
                    raise
                side.refusal = refusal
                if not self._serving():
                    raise
                self.health.last_error = str(refusal)
                continue
            side.refusal = None
            listed = read_listing(self.venue.id, side.market, body)
            self._listed.update({instrument.id: (side, instrument) for instrument in listed})
            side.native.update({instrument.native.lower(): instrument.id for instrument in listed})
            found += listed
        return found

    def subscribe(self, instrument: str, topics: frozenset[Topic]) -> None:
        side, listed = self._find(instrument)
        for stream in streams(listed, topics):
            side.pool(stream).want(stream)
        if "derivative" in topics and listed.kind in ("perp", "future"):
            self._poll_at.setdefault(instrument, 0.0)

    def unsubscribe(self, instrument: str, topics: frozenset[Topic]) -> None:
        side, listed = self._find(instrument)
        for stream in streams(listed, topics):
            side.pool(stream).forget(stream)
        if "derivative" in topics:
            self._poll_at.pop(instrument, None)

    async def run(self, emit: Emit) -> None:
        """Connect, keep connected, and call `emit` for every event until cancelled."""
        self._emit = emit
        async with asyncio.TaskGroup() as group:
            for side in self._serving():
                for pool in side.pools.values():
                    group.create_task(pool.run())
                group.create_task(self._compare_clocks(side))
            group.create_task(self._poll_open_interest())

    async def book_snapshot(self, instrument: str) -> BookChange:
        side, listed = self._find(instrument)
        return await side.history.book(listed.native)

    async def candles(self, instrument: str, interval: str, start_s: int, end_s: int) -> list[Candle]:
        side, listed = self._find(instrument)
        return await side.history.candles(listed.native, interval, start_s, end_s)

    async def trades(self, instrument: str, *, from_id: int, to_id: int) -> list[Trade]:
        side, listed = self._find(instrument)
        return await side.history.trades(listed.native, from_id, to_id)

    async def trades_between(self, instrument: str, start_ns: int, end_ns: int) -> list[Trade]:
        side, listed = self._find(instrument)
        return await side.history.trades_between(listed.native, start_ns, end_ns)

    async def funding(self, instrument: str, start_s: int, end_s: int) -> list[Funding]:
        side, listed = self._find(instrument)
        if listed.kind != "perp":
            raise UsageError(f"{instrument} has no funding: only perpetuals have.")
        return await side.history.funding(listed.native, start_s, end_s)

    async def open_interest(self, instrument: str) -> OpenInterest:
        side, listed = self._find(instrument)
        if listed.kind not in ("perp", "future"):
            raise UsageError(f"{instrument} has no open interest: only perpetuals and futures have.")
        return await side.history.open_interest(listed.native)

    async def close(self) -> None:
        """Release connections; `run` is ended by cancelling it."""
        for side in self._sides:
            await side.history.rest.close()

    def _find(self, instrument: str) -> tuple[_Side, Instrument]:
        try:
            return self._listed[instrument]
        except KeyError:
            raise UnknownSymbol(instrument) from None

    # Connections and how they do.

    def _pool(self, side: _Side, route: str) -> Pool:
        endpoints = side.endpoints
        carries_tickers = endpoints.route(TICKERS) == route

        def connect(n: int) -> Connection:
            # what is subscribed may have nothing to say for long; the tickers may not
            silent_s = min(self._policy.idle_s or TICKERS_SILENT_S, TICKERS_SILENT_S)
            label = side.market if route == "all" else f"{side.market} {route}"
            return Connection(
                f"{label} stream {n + 1}",
                endpoints.routes[route],
                BinanceDialect(),
                on_message=self._reader(side),
                on_up=self._came_up,
                on_down=lambda connection, reason: self._went_down(side, connection, reason),
                on_refused=self._refused,
                clock=self._clock,
                random=self._random,
                policy=replace(
                    self._policy,
                    control_interval_s=endpoints.control_interval_s,
                    idle_s=silent_s if carries_tickers and n == 0 else None,
                ),
            )

        return Pool(connect, endpoints.streams_per_connection)

    def _reader(self, side: _Side) -> Callable[[bytes, int], None]:
        """The hot path: bytes → events → `emit`."""
        health, events_of = self.health, side.mapper.events

        def read(raw: bytes, ts_received: int) -> None:
            health.messages += 1
            try:
                events = events_of(raw, ts_received)
            except MalformedMessage as error:
                health.malformed[error.reason] = health.malformed.get(error.reason, 0) + 1
                health.last_error = str(error)
                return
            emit = self._emit
            for event in events:
                emit(event)
            if not health.messages % LATENCY_EVERY and events:
                self._note_latency(side, events[0])

        return read

    def _came_up(self, connection: Connection) -> None:
        if connection.name in self._seen:
            self.health.reconnects += 1
        self._seen.add(connection.name)
        self._up.add(connection.name)
        self._judge()
        self._emit(Connected(self.venue.id, connection.name, self._clock.now_ns()))

    def _went_down(self, side: _Side, connection: Connection, reason: str) -> None:
        self.health.last_error = f"{connection.name}: {reason}"
        was_up = connection.name in self._up
        self._up.discard(connection.name)
        self._judge()
        carried = side.carried_by(connection)
        if TICKERS in connection.wanted:
            # all that is known of most instruments; what has streams of its own elsewhere stays fresh by them
            others = (each for pool in side.pools.values() for each in pool if each is not connection)
            carried |= set(side.native.values()).difference(*map(side.carried_by, others))
        instruments = tuple(sorted(carried))
        if was_up and instruments:  # an empty tuple would say "all of the venue"
            now_ns = self._clock.now_ns()
            self._emit(Disconnected(self.venue.id, connection.name, reason, instruments, now_ns))

    def _refused(self, error: str) -> None:
        self.health.last_error = f"A subscription was refused: {error}"

    def _judge(self) -> None:
        wanted = {connection.name for connection in self._connections() if connection.wanted}
        if wanted <= self._up:
            self.health.state = "live"
        elif self._up & wanted:
            self.health.state = "stale" if wanted - self._up <= self._seen else "connecting"
        else:
            self.health.state = "disconnected" if self._seen else "connecting"

    def _serving(self) -> list[_Side]:
        return [side for side in self._sides if side.refusal is None]

    def _connections(self) -> Iterator[Connection]:
        for side in self._serving():
            for pool in side.pools.values():
                yield from pool

    # Figures beside the stream.

    def _note_latency(self, side: _Side, event: MarketEvent) -> None:
        """Smoothed age of messages on arrival, by the venue's clock."""
        if not isinstance(event, Trade | Quote | BookChange) or event.ts_exchange == event.ts_received:
            return
        age_ms = (event.ts_received - event.ts_exchange) / NS_PER_MS + (side.skew_ms or 0.0)
        before = self.health.latency_ms
        smoothed = age_ms if before is None else before + LATENCY_SMOOTHING * (age_ms - before)
        self.health.latency_ms = max(0.0, smoothed)

    async def _compare_clocks(self, side: _Side) -> None:
        """Estimate the venue's clock minus ours: half-way through a request it read what it answers."""
        while True:
            try:
                asked_ns = self._clock.now_ns()
                venue_ms = await side.history.time_ms()
                answered_ns = self._clock.now_ns()
            except VenueError as error:
                self.health.last_error = str(error)
            else:
                offset_ms = venue_ms - (asked_ns + answered_ns) / 2 / NS_PER_MS
                side.note_round_trip(answered_ns - asked_ns, offset_ms)
                side.history.behind_ns = max(0, round(-(side.skew_ms or 0.0) * NS_PER_MS))
                skews = [each.skew_ms for each in self._sides if each.skew_ms is not None]
                self.health.clock_skew_ms = max(skews, key=abs)
            # a single round trip may have been held up: be sure soon, then look now and then
            settled = len(side.round_trips) >= CLOCK_QUICKEST
            await asyncio.sleep(CLOCK_EVERY_S if settled else CLOCK_AT_FIRST_S)

    async def _poll_open_interest(self) -> None:
        """Ask for one instrument after the other, each so often, the new ones first."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LEAST_POLL_S)
            instrument = min(self._poll_at, key=self._poll_at.__getitem__, default=None)
            if instrument is None or self._poll_at[instrument] > loop.time():
                continue
            self._poll_at[instrument] = loop.time() + OPEN_INTEREST_EVERY_S
            try:
                self._emit(await self.open_interest(instrument))
            except RateLimited as error:
                self.health.last_error = str(error)
                await asyncio.sleep(error.retry_after_s)
            except VenueError as error:
                self.health.last_error = str(error)


def _nobody(event: MarketEvent) -> None:
    """Nobody listens yet: `run` was not called."""
