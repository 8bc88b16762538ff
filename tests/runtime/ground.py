"""A venue that says what a test tells it to, and an engine shell around the real heart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from candlewick.core.clock import NS_PER_S, ManualClock
from candlewick.core.errors import VenueError, VenueUnavailable
from candlewick.core.events import BookChange, Candle, Funding, OpenInterest, Trade
from candlewick.core.instrument import Instrument, Venue
from candlewick.core.interval import seconds
from candlewick.runtime.live import Live
from candlewick.runtime.publish.indicators import IndicatorSource
from candlewick.runtime.publish.lanes import Lanes
from candlewick.runtime.publish.market import MarketLane
from candlewick.store.lake import Lake, LakeWriter
from candlewick.store.lane_log import LaneLog
from candlewick.trading.engine import Engine
from candlewick.venues.contract import Emit, FeedHealth, Topic

BTC = "sim:BTCUSDT"
MINUTE = 1_760_000_040  # a full minute, UTC seconds
INSTRUMENT = Instrument(
    id=BTC, venue="sim", symbol="BTCUSDT", native="BTCUSDT", kind="spot", base="BTC", quote="USDT",
    settle="USDT", tick=Decimal("0.01"), lot=Decimal("0.001"),
)  # fmt: skip


def trade(id: int, price: float = 100.0, second: float = 0.0, quantity: float = 1.0) -> Trade:
    ts = int((MINUTE + second) * NS_PER_S)
    return Trade(BTC, id, price, quantity, "buy", ts, ts)


def bar(time: int, close: float = 100.0, interval: str = "1m", *, closed: bool = True) -> Candle:
    end_ns = (time + seconds(interval)) * NS_PER_S
    return Candle(
        BTC, interval, time, 100.0, max(100.0, close), min(100.0, close), close, 2.0, closed, end_ns, end_ns
    )


class ScriptedFeed:
    """`MarketFeed` whose answers a test lays out; it notes what it was asked."""

    def __init__(self) -> None:
        self.venue = Venue(id="sim", title="Sim", simulated=True)
        self.health = FeedHealth(state="live")
        self.wanted: dict[str, set[Topic]] = {}
        self.asked: list[tuple[Any, ...]] = []
        self.snapshots: list[BookChange] = []
        self.past_trades: list[Trade] = []
        self.bars: list[Candle] = []
        self.settled: list[Funding] = []
        self.down = False
        self.refuses_trades = False
        self.has_seconds = True

    async def instruments(self) -> list[Instrument]:
        return [INSTRUMENT]

    async def run(self, emit: Emit) -> None:
        await asyncio.Event().wait()

    def subscribe(self, instrument: str, topics: frozenset[Topic]) -> None:
        self.wanted.setdefault(instrument, set()).update(topics)

    def unsubscribe(self, instrument: str, topics: frozenset[Topic]) -> None:
        self.wanted[instrument] -= topics

    async def book_snapshot(self, instrument: str) -> BookChange:
        self._ask("book_snapshot", instrument)
        if not self.snapshots:
            raise VenueUnavailable("no snapshot now")
        return self.snapshots.pop(0)

    async def candles(self, instrument: str, interval: str, start_s: int, end_s: int) -> list[Candle]:
        self._ask("candles", interval, start_s, end_s)
        if interval == "1s" and not self.has_seconds:
            raise VenueError("the venue has no candles of 1 s")
        return [each for each in self.bars if each.interval == interval and start_s <= each.time < end_s]

    async def trades(self, instrument: str, *, from_id: int, to_id: int) -> list[Trade]:
        self._ask("trades", from_id, to_id)
        if self.refuses_trades:
            raise VenueError("the venue does not give old trades")
        return [each for each in self.past_trades if from_id <= int(each.id) <= to_id]

    async def trades_between(self, instrument: str, start_ns: int, end_ns: int) -> list[Trade]:
        self._ask("trades_between", start_ns, end_ns)
        return [each for each in self.past_trades if start_ns <= each.ts_exchange < end_ns]

    async def funding(self, instrument: str, start_s: int, end_s: int) -> list[Funding]:
        self._ask("funding", instrument, start_s, end_s)
        return [each for each in self.settled if start_s <= each.ts_exchange // NS_PER_S < end_s]

    async def open_interest(self, instrument: str) -> OpenInterest:
        raise VenueUnavailable("none")

    async def close(self) -> None:
        pass

    def _ask(self, *what: Any) -> None:
        self.asked.append(what)
        if self.down:
            raise VenueUnavailable("the venue does not answer")


class Ground:
    """The engine process's parts without sockets: frames and lane events are kept."""

    def __init__(self, folder: Path) -> None:
        self.feed = ScriptedFeed()
        self.clock = ManualClock((MINUTE + 30) * NS_PER_S)
        self.engine = Engine()
        self.lanes = Lanes(LaneLog(folder / "lanes.sqlite3"), ("alerts", "feeds"))
        self.told: list[dict[str, Any]] = []
        self.lanes.on_event = lambda channel, seq, message: self.told.append(orjson.loads(message))
        self.lake = Lake(folder / "lake")
        self.writer = LakeWriter(self.lake, interval_s=0.01)
        self.frames: list[tuple[str, Any]] = []
        self.warmed: list[IndicatorSource] = []
        self.market = MarketLane(self.engine, "sim", self._keep, self.warmed.append)
        self.live = Live(
            engine=self.engine,
            feeds=[self.feed],
            lanes=self.lanes,
            market=self.market,
            lake=self.lake,
            writer=self.writer,
            clock=self.clock,
            record_trades=True,
        )
        self.live.list_instruments([INSTRUMENT])

    def _keep(self, frames: list[bytes]) -> None:
        self.frames += [
            (channel.decode(), orjson.loads(body))
            for channel, body in zip(frames[::2], frames[1::2], strict=True)
        ]

    def bodies(self, channel: str) -> list[Any]:
        """What was sent on a channel so far, after flushing what is due."""
        self.market.flush()
        for name in ("prices", "tickers", "funding"):
            self.market.flush_map(name)
        return [body for name, body in self.frames if name == channel]


@asynccontextmanager
async def ground(folder: Path) -> AsyncIterator[Ground]:
    made = Ground(folder)
    try:
        yield made
    finally:
        await made.live.close()
        await made.lanes.close()
        made.writer.close()
        made.lake.close()


async def until(condition: Any, timeout_s: float = 60.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)
