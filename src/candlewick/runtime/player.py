"""A recording played as a venue: the messages come when they came, or faster, or one by one."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from candlewick.core.clock import NS_PER_S, ManualClock, iso
from candlewick.core.errors import UsageError, VenueError
from candlewick.core.events import (
    BookChange,
    Candle,
    Connected,
    Funding,
    MarketEvent,
    OpenInterest,
    TimePassed,
    Trade,
)
from candlewick.core.instrument import Instrument, Venue
from candlewick.core.interval import SECONDS, open_time
from candlewick.market.candles import CandleLadder
from candlewick.venues.contract import Emit, FeedHealth, Topic

FASTEST: Final = 10_000.0
BATCH: Final = 500  # messages, before the loop may breathe
TRADES_KEPT: Final = 100_000  # of an instrument, to answer with; a day's recording holds millions
SECONDS_KEPT: Final = 20_000  # of its 1 s bars; the longer ones are few
LATE_S: Final = 0.05  # how far the play may fall behind before it drops its schedule and goes on from here


class _Past:
    """What has been played of one instrument: its closed candles and its newest trades."""

    def __init__(self, first: Trade) -> None:
        self._trades: deque[Trade] = deque(maxlen=TRADES_KEPT)
        self._closed: dict[str, dict[int, Candle]] = {}
        self._ladder = CandleLadder(first.instrument)
        # what traded before the recording cannot be known: its first second and minute count as whole
        begun_s = first.ts_exchange // NS_PER_S
        self._ladder.know_from(min(open_time(begun_s, length) for length in SECONDS.values()))

    def add(self, trade: Trade) -> None:
        self._trades.append(trade)
        self._keep(self._ladder.add(trade))

    def trades(self, from_ns: int) -> list[Trade]:
        """The trades from a moment on.

        Raises:
            VenueError: they are so old that not all of them are at hand.
        """
        if len(self._trades) == TRADES_KEPT and from_ns < self._trades[0].ts_exchange:
            raise VenueError(f"Of a recording the newest {TRADES_KEPT:,} trades are at hand.")
        return [trade for trade in self._trades if trade.ts_exchange >= from_ns]

    def numbered(self, from_id: int, to_id: int) -> list[Trade]:
        return [t for t in self._trades if isinstance(t.id, int) and from_id <= t.id <= to_id]

    def candles(self, interval: str, start_s: int, end_s: int, now_s: int) -> list[Candle]:
        """The candles opening in [start_s, end_s) that have closed by `now_s`.

        Raises:
            VenueError: they are so old that not all of them are at hand.
        """
        self._keep(self._ladder.close_until(now_s))
        closed = self._closed.get(interval, {})
        if interval == "1s" and len(closed) == SECONDS_KEPT and start_s < next(iter(closed)):
            raise VenueError(f"Of a recording the newest {SECONDS_KEPT:,} seconds are at hand.")
        return [closed[time] for time in sorted(closed) if start_s <= time < end_s]

    def _keep(self, closed: tuple[Candle, ...]) -> None:
        for candle in closed:
            bars = self._closed.setdefault(candle.interval, {})
            bars[candle.time] = candle
            if candle.interval == "1s" and len(bars) > SECONDS_KEPT:
                del bars[next(iter(bars))]


class Player:
    """Plays `(received ns, events)` in order, and stands in for a venue's feed.

    What a venue would be asked for (past trades and candles) is answered from what has been played:
    nothing of the recording's future is ever told.

    Args:
        venue: under whose name it is shown.
        listed: instruments that occur in the recording.
        messages: the recording, oldest first.
        clock: set to each message's time before it is emitted.
        speed: recorded seconds a second.
    """

    def __init__(
        self,
        venue: Venue,
        listed: list[Instrument],
        messages: Iterator[tuple[int, tuple[MarketEvent, ...]]],
        clock: ManualClock,
        speed: float = 1.0,
    ) -> None:
        self.venue = venue
        self.health = FeedHealth()
        self.done = False
        self._listed = listed
        self._messages = messages
        self._clock = clock
        self._speed = speed
        self._paused = False
        self._steps = 0
        # The moment on the loop's clock at which a recorded time was due; None: to be set anew.
        self._anchor: tuple[float, int] | None = None
        self._changed = asyncio.Event()
        self._played: dict[str, _Past] = {}
        self._second = 0

    async def instruments(self) -> list[Instrument]:
        return self._listed

    async def run(self, emit: Emit) -> None:
        """Play to the end, then stand there: the page goes on showing the last moment."""
        since_breath = 0
        for ts_ns, events in self._messages:
            if not self.health.messages:
                self._clock.set(ts_ns)  # while it waits to begin, it says where it begins
            waited = await self._until_due(ts_ns)
            since_breath = 0 if waited else since_breath + 1
            if since_breath >= BATCH:
                since_breath = 0
                await asyncio.sleep(0)
            self._play(ts_ns, events, emit)
        self.done = True
        self.health.state = "stale"
        self.health.last_error = "The recording has ended."
        await asyncio.Event().wait()

    async def control(self, action: str, value: float | None = None) -> dict[str, Any]:
        """`pause`, `resume`, `step` (value: messages, 1 unless given), `speed` (value) or `state`.

        Raises:
            UsageError: no such action, or a value out of range.
        """
        match action:
            case "pause":
                self._paused = True
            case "resume":
                self._paused, self._steps = False, 0
            case "step":
                count = 1 if value is None else int(value)
                if not 1 <= count <= 100_000:
                    raise UsageError("A step is of 1 to 100,000 messages.")
                self._paused = True
                self._steps += count
            case "speed":
                if value is None or not 0 < value <= FASTEST:
                    raise UsageError(f"A speed is above 0 and at most {FASTEST:,.0f} times real time.")
                self._speed, self._anchor = float(value), None
            case "state":
                return self.state()
            case _:
                raise UsageError(f"A replay cannot {action!r}: pause, resume, step, speed or state.")
        self._changed.set()
        return self.state()

    def state(self) -> dict[str, Any]:
        """How the play stands, for people."""
        return {
            "paused": self._paused,
            "speed": self._speed,
            "position": iso(self._clock.now_ns()),
            "messages": self.health.messages,
            "done": self.done,
        }

    def subscribe(self, instrument: str, topics: frozenset[Topic]) -> None:
        """A recording holds what it holds."""

    def unsubscribe(self, instrument: str, topics: frozenset[Topic]) -> None:
        """A recording holds what it holds."""

    async def book_snapshot(self, instrument: str) -> BookChange:
        raise VenueError("A recording cannot be asked for a snapshot: the book waits for a recorded one.")

    async def candles(self, instrument: str, interval: str, start_s: int, end_s: int) -> list[Candle]:
        """Closed candles of what has been played, folded from its trades."""
        past = self._played.get(instrument)
        return past.candles(interval, start_s, end_s, self._clock.now_ns() // NS_PER_S) if past else []

    async def trades(self, instrument: str, *, from_id: int, to_id: int) -> list[Trade]:
        past = self._played.get(instrument)
        return past.numbered(from_id, to_id) if past else []

    async def trades_between(self, instrument: str, start_ns: int, end_ns: int) -> list[Trade]:
        past = self._played.get(instrument)
        return [t for t in past.trades(start_ns) if t.ts_exchange < end_ns] if past else []

    async def funding(self, instrument: str, start_s: int, end_s: int) -> list[Funding]:
        return []

    async def open_interest(self, instrument: str) -> OpenInterest:
        raise VenueError("A recording cannot be asked for open interest.")

    async def close(self) -> None:
        """Nothing is held open."""

    def _play(self, ts_ns: int, events: tuple[MarketEvent, ...], emit: Emit) -> None:
        self._clock.set(ts_ns)
        if ts_ns // NS_PER_S > self._second:
            if not self._second:
                emit(Connected(self.venue.id, "recording", ts_ns))
            self._second = ts_ns // NS_PER_S
            emit(TimePassed(ts_ns))
        self.health.messages += 1
        for event in events:
            if type(event) is Trade:
                past = self._played.get(event.instrument)
                if past is None:
                    past = self._played[event.instrument] = _Past(event)
                past.add(event)
            emit(event)

    async def _until_due(self, ts_ns: int) -> bool:
        """Return when the message of `ts_ns` is to be played; True if that took waiting."""
        loop, waited = asyncio.get_running_loop(), False
        while True:
            if self._paused:
                if self._steps:
                    self._steps -= 1
                    return waited
                self._anchor = None
                self.health.state = "stale"
            else:
                self.health.state = "live"
                if self._anchor is None:
                    self._anchor = (loop.time(), ts_ns)
                at, begun_ns = self._anchor
                wait_s = at + (ts_ns - begun_ns) / NS_PER_S / self._speed - loop.time()
                if wait_s <= 0:
                    if wait_s < -LATE_S:
                        self._anchor = (loop.time(), ts_ns)
                    return waited
            waited = True
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if self._paused else wait_s):
                    await self._changed.wait()
