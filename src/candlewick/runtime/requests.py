"""What web processes may ask the engine, verb by verb."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from candlewick.core.clock import NS_PER_S, Clock, iso
from candlewick.core.errors import UnknownSymbol, UsageError, VenueError
from candlewick.core.instrument import Instrument, parse_symbol, public_symbol
from candlewick.core.interval import open_time, seconds
from candlewick.runtime.gateway.server import Gateway
from candlewick.runtime.health import HealthWatch
from candlewick.runtime.history import MOST_BARS
from candlewick.runtime.live import Live
from candlewick.runtime.publish import bodies
from candlewick.runtime.publish.market import MarketLane
from candlewick.store.lake import LakeWriter
from candlewick.trading.watch import Watch

DEFAULT_BARS: Final = 500
DEEPEST_BOOK: Final = 1_000
Answer = Callable[..., Awaitable[Any]]


class Requests:
    """Answers requests from the state of the engine process."""

    def __init__(
        self,
        *,
        live: Live,
        health: HealthWatch,
        market: MarketLane,
        writer: LakeWriter,
        gateway: Callable[[], Gateway],
        primary: str,
        clock: Clock,
        accounts: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        """`accounts`: what is counted of accounts, for the metrics."""
        self._live = live
        self._health = health
        self._market = market
        self._writer = writer
        self._gateway = gateway
        self._primary = primary
        self._clock = clock
        self._count_accounts = accounts
        self.verbs: dict[str, Answer] = {
            "instruments": self._instruments,
            "tickers": self._tickers,
            "book": self._book,
            "trades": self._trades,
            "history": self._history,
            "funding": self._funding,
            "open_interest": self._open_interest,
            "feeds": self._feeds,
            "metrics": self._metrics,
        }

    async def answer(self, verb: str, arguments: dict[str, Any]) -> Any:
        """The answer to one request.

        Raises:
            UsageError: no such verb, or arguments it does not take.
        """
        handler = self.verbs.get(verb)
        if handler is None:
            raise UsageError(f"The engine knows no request {verb!r}.")
        try:
            awaitable = handler(**arguments)
        except TypeError as error:
            raise UsageError(f"Request {verb!r}: {error}") from None
        return await awaitable

    def instrument_json(self, instrument: Instrument) -> dict[str, Any]:
        """What people may know of an instrument."""
        venue = self._live.feed_of(instrument.id).venue
        return {
            "symbol": public_symbol(instrument.id, primary=self._primary),
            "instrument": instrument.id,
            "venue": instrument.venue,
            "venue_title": venue.title,
            "simulated": venue.simulated,
            "kind": instrument.kind,
            "base": instrument.base,
            "quote": instrument.quote,
            "settle": instrument.settle,
            "tick": _number(instrument.tick),
            "lot": _number(instrument.lot),
            "min_notional": _number(instrument.min_notional),
            "sector": instrument.sector,
        }

    async def _instruments(self) -> list[dict[str, Any]]:
        return [self.instrument_json(each) for each in self._live.instruments.values()]

    async def _tickers(self) -> list[dict[str, Any]]:
        found = (bodies.ticker(watch, self._primary) for watch in self._live.engine.watches.values())
        return [each for each in found if each is not None]

    async def _book(self, symbol: str, levels: int = bodies.BOOK_LEVELS) -> dict[str, Any]:
        watch = self._watch(symbol)
        if not watch.book.synchronised:
            snapshot = await self._live.feed_of(watch.id).book_snapshot(watch.id)
            depth = min(levels, DEEPEST_BOOK)
            data: dict[str, Any] = {
                "bids": snapshot.bids[:depth],
                "asks": snapshot.asks[:depth],
                "synchronised": True,
                "update_id": snapshot.last_id,
            }
        else:
            data = bodies.book_json(watch, min(levels, DEEPEST_BOOK))
        return self._named(watch, data)

    async def _trades(self, symbol: str, limit: int = 50) -> list[dict[str, Any]]:
        watch = self._watch(symbol)
        return [self._named(watch, bodies.trade_json(trade)) for trade in watch.tape.newest(limit)]

    async def _history(
        self,
        symbol: str,
        interval: str,
        start: int | None = None,
        end: int | None = None,
        limit: int = DEFAULT_BARS,
    ) -> dict[str, Any]:
        """Have the range in the lake, and give the bars that are newer than it.

        `start` and `end` are UTC seconds. A venue that does not answer is told as `fault`: what the
        lake has is still worth showing.
        """
        watch, length = self._watch(symbol), seconds(interval)
        now_s = self._clock.now_ns() // NS_PER_S
        end_s = now_s + length if end is None else end
        start_s = open_time(end_s, length) - min(limit, MOST_BARS) * length if start is None else start
        fault, tail = None, []
        try:
            await self._live.historian.ensure(watch.id, interval, start_s, end_s)
            if end_s > now_s:
                bar = await self._live.open_bar(watch.id, interval)
                if bar is not None and start_s <= bar.time < end_s:
                    tail = [bodies.candle_json(bar)]
        except VenueError as error:
            fault = str(error)
        return {"instrument": watch.id, "start": start_s, "end": end_s, "tail": tail, "fault": fault}

    async def _funding(self, symbol: str, start: int, end: int) -> list[dict[str, Any]]:
        watch = self._watch(symbol)
        rates = await self._live.historian.funding(watch.id, start, end)
        return [
            self._named(watch, {"time": iso(r.ts_exchange), "rate": r.rate, "mark": r.mark}) for r in rates
        ]

    async def _open_interest(self, symbol: str) -> dict[str, Any]:
        watch = self._watch(symbol)
        now = await self._live.feed_of(watch.id).open_interest(watch.id)
        return self._named(
            watch, {"time": iso(now.ts_exchange), "quantity": now.quantity, "value": now.value}
        )

    async def _feeds(self) -> dict[str, Any]:
        return self._health.state()

    async def _metrics(self) -> dict[str, Any]:
        """Counters and gauges by name, labels as in Prometheus; the web process prints them."""
        gateway = self._gateway()
        feeds = self._live.feeds.items()
        return {
            "engine_events_total": self._live.events,
            "engine_cpu_seconds_total": time.process_time(),
            "engine_process_id": os.getpid(),
            "engine_market_flushes_total": self._market.flushes,
            "engine_market_bodies_total": self._market.bodies,
            "engine_market_dropped_total": gateway.market_dropped,
            "engine_gateway_peers": gateway.peers,
            "engine_lake_queue_rows": self._writer.pending,
            "engine_lake_committed_rows_total": self._writer.committed,
            "engine_lake_dropped_trades_total": self._writer.dropped,
            "feed_messages_total": {venue: feed.health.messages for venue, feed in feeds},
            "feed_gaps_total": {venue: feed.health.gaps for venue, feed in feeds},
            "feed_reconnects_total": {venue: feed.health.reconnects for venue, feed in feeds},
            "feed_malformed_total": {venue: feed.health.malformed for venue, feed in feeds},
            "feed_latency_seconds": {
                venue: feed.health.latency_ms / 1000
                for venue, feed in feeds
                if feed.health.latency_ms is not None
            },
            **self._count_accounts(),
        }

    def _watch(self, symbol: str) -> Watch:
        watch = self._live.engine.watches.get(parse_symbol(symbol, primary=self._primary))
        if watch is None:
            raise UnknownSymbol(symbol)
        return watch

    def _named(self, watch: Watch, data: dict[str, Any]) -> dict[str, Any]:
        return {"symbol": public_symbol(watch.id, primary=self._primary), "instrument": watch.id} | data


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
