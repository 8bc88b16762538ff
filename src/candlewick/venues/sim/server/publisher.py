"""What happens in a world becomes stream messages: at once, or at the pace its stream promises."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from candlewick.venues.sim.live import Best
from candlewick.venues.sim.model import ForcedOrder, Kline, Print
from candlewick.venues.sim.server import messages
from candlewick.venues.sim.server.candles import average
from candlewick.venues.sim.server.depths import DepthStreams
from candlewick.venues.sim.server.front import Front, Line
from candlewick.venues.sim.server.parameters import INTERVAL_MS, floor_interval
from candlewick.venues.sim.server.streams import REALTIME, Kind, Stream

AVERAGE_MINUTES = 5
FORCED_MS = 1000
# A kline stream that slept longer than this (a suspended machine) does not tell every candle it missed.
MOST_CLOSED = 5


class Publisher:
    """Writes the streams of one market of one venue.

    `printed`, `quoted` and `forced` tell it what happened; `step` sends what is due at its pace.
    """

    def __init__(self, front: Front) -> None:
        self._front = front
        self._depths = DepthStreams(front)
        self._slots: dict[int, int] = {}
        self._second = 0
        self._sent: dict[str, dict[str, int]] = {}  # by stream, by symbol: the newest id it has told
        self._candles: dict[str, int] = {}  # by kline stream: open time of the candle it last told
        self._forced: dict[str, ForcedOrder] = {}
        self._writers: dict[Kind, Callable[[Stream, int], None]] = {
            "depth": self._depth,
            "partialDepth": self._partial_depth,
            "kline": self._kline,
            "continuousKline": self._kline,
            "miniTicker": self._tickers,
            "ticker": self._tickers,
            "avgPrice": self._average_price,
            "bookTicker": self._book_tickers,
            "markPrice": self._mark_prices,
            "forceOrder": self._forced_orders,
        }

    # at once -----------------------------------------------------------------------------------

    def printed(self, line: Line, trade: Print, now_ms: int) -> None:
        """A trade printed."""
        front, hub, names = self._front, self._front.hub, line.names
        line.printed(trade)
        if hub.wanted(names.aggregate_trade):
            event_ms, ts_ms = front.stamp(now_ms), front.stamp(trade.ts_ms)
            payload = messages.aggregate_trade(line.figures, line.symbol, line.spot, trade, event_ms, ts_ms)
            hub.publish(names.aggregate_trade, payload)
        if hub.wanted(names.trade):
            event_ms, ts_ms = front.stamp(now_ms), front.stamp(trade.ts_ms)
            payload = messages.trade(line.figures, line.symbol, line.spot, trade, event_ms, ts_ms)
            hub.publish(names.trade, payload)

    def quoted(self, line: Line, best: Best, now_ms: int) -> None:
        """The best bid or ask changed."""
        front, name = self._front, line.names.book_ticker
        if front.hub.wanted(name):
            event_ms, ts_ms = front.stamp(now_ms), front.stamp(best.ts_ms)
            payload = messages.book_ticker(line.figures, line.symbol, line.spot, best, event_ms, ts_ms)
            front.hub.publish(name, payload)

    def forced(self, line: Line, order: ForcedOrder) -> None:
        """A liquidation was executed; the venue tells at most the largest of each second."""
        hub = self._front.hub
        if not (hub.wanted(line.names.force_order) or hub.wanted("!forceOrder@arr")):
            return
        known = self._forced.get(line.symbol)
        if known is None or order.lots > known.lots:
            self._forced[line.symbol] = order

    # at its pace -------------------------------------------------------------------------------

    def step(self, now_ms: int) -> None:
        """Send what is due at `now_ms`."""
        hub = self._front.hub
        periods = hub.periods()
        depths = [s for s in chain.from_iterable(map(hub.every, periods)) if s.kind == "depth"]
        self._depths.gather(depths)
        for stream in depths:
            if stream.period_ms == REALTIME:
                self._depth(stream, now_ms)
        for period in periods:
            if period == REALTIME or self._slots.get(period) == now_ms // period:
                continue
            self._slots[period] = now_ms // period
            for stream in hub.every(period):
                self._writers[stream.kind](stream, now_ms)
            if period == FORCED_MS:
                self._forced.clear()
        if now_ms // 1000 != self._second:
            self._second = now_ms // 1000
            self._forget_unwanted()

    def _forget_unwanted(self) -> None:
        """A stream that nobody hears begins afresh for the next who subscribes."""
        wanted = self._front.hub.wanted
        for memory in (self._sent, self._candles):
            for name in [name for name in memory if not wanted(name)]:
                memory.pop(name)

    def _lines(self, stream: Stream) -> list[Line]:
        lines = self._front.lines
        return list(lines.values()) if stream.listing is None else [lines[stream.listing.symbol]]

    def _news(self, stream: Stream, line: Line, newest: int) -> bool:
        """Whether `newest` is later than what the stream told of the line before."""
        told = self._sent.setdefault(stream.name, {})
        if told.get(line.symbol) == newest:
            return False
        told[line.symbol] = newest
        return True

    def _depth(self, stream: Stream, now_ms: int) -> None:
        diff = self._depths.take(stream)
        if diff is None:
            return
        front, (line,) = self._front, self._lines(stream)
        event_ms, ts_ms = front.stamp(now_ms), front.stamp(diff.ts_ms)
        payload = messages.depth_update(line.figures, line.symbol, line.spot, diff, event_ms, ts_ms)
        front.hub.publish(stream.name, payload)

    def _partial_depth(self, stream: Stream, now_ms: int) -> None:
        front, (line,) = self._front, self._lines(stream)
        book = front.world.depth(line.listing, int(stream.detail))
        previous = self._sent.get(stream.name, {}).get(line.symbol, book.update_id - 1)
        if not self._news(stream, line, book.update_id):
            return
        ids = (min(previous + 1, book.update_id), book.update_id, previous)
        event_ms, ts_ms = front.stamp(now_ms), front.stamp(book.ts_ms)
        sides = (book.bids, book.asks)
        payload = messages.partial_depth(line.figures, line.symbol, line.spot, ids, sides, event_ms, ts_ms)
        front.hub.publish(stream.name, payload)

    def _kline(self, stream: Stream, now_ms: int) -> None:
        """First the candles that closed since it last told, each once, then the open one if it traded."""
        front, (line,) = self._front, self._lines(stream)
        length_ms = INTERVAL_MS[stream.detail]
        ahead_ms = front.stamp(0)
        open_ms = floor_interval(front.stamp(now_ms), length_ms)
        told_ms = self._candles.get(stream.name, open_ms)
        self._candles[stream.name] = open_ms
        closed_from_ms = max(told_ms, open_ms - MOST_CLOSED * length_ms)
        if closed_from_ms < open_ms:
            closed = front.world.klines(
                line.listing, length_ms, closed_from_ms, open_ms - 1, MOST_CLOSED, ahead_ms
            )
            for candle in closed:
                self._tell_kline(stream, line, candle, length_ms, now_ms, closed=True)
        if self._news(stream, line, line.last_id):
            for candle in front.world.klines(line.listing, length_ms, open_ms, limit=1, ahead_ms=ahead_ms):
                self._tell_kline(stream, line, candle, length_ms, now_ms, closed=False)

    def _tell_kline(
        self, stream: Stream, line: Line, candle: Kline, length_ms: int, now_ms: int, *, closed: bool
    ) -> None:
        end_ms = candle.open_ms + length_ms
        last = self._last_id_before(line, end_ms) if candle.count else -1
        # ids rise by one, so the first follows from the count
        ids = (last - candle.count + 1, last) if last >= 0 else (-1, -1)
        write = messages.kline if stream.kind == "kline" else messages.continuous_kline
        event_ms = self._front.stamp(now_ms)
        payload = write(line.figures, line.symbol, stream.detail, candle, end_ms - 1, ids, closed, event_ms)
        self._front.hub.publish(stream.name, payload)

    def _last_id_before(self, line: Line, end_ms: int) -> int:
        """The last trade before a time of the venue's clock."""
        true_ms = self._front.unstamp(end_ms)
        if true_ms == end_ms:
            return line.last_id_before(end_ms)  # whole seconds are remembered
        newest = self._front.world.agg_trades(line.listing, end_ms=true_ms - 1, limit=1)
        return newest[-1].id if newest else -1

    def _tickers(self, stream: Stream, now_ms: int) -> None:
        rows = [
            self._ticker(stream, line, now_ms)
            for line in self._lines(stream)
            if self._news(stream, line, line.last_id)
        ]
        if rows:
            self._front.hub.publish(stream.name, rows[0] if stream.listing else messages.array(rows))

    def _ticker(self, stream: Stream, line: Line, now_ms: int) -> bytes:
        front = self._front
        day, event_ms = front.world.day(line.listing), front.stamp(now_ms)
        if stream.kind == "miniTicker":
            return messages.mini_ticker(line.figures, line.symbol, day, event_ms)
        times = (front.stamp(day.open_ms), front.stamp(day.close_ms))
        best = front.world.best(line.listing) if line.spot else None
        return messages.ticker(line.figures, line.symbol, day, event_ms, times, best)

    def _average_price(self, stream: Stream, now_ms: int) -> None:
        front, (line,) = self._front, self._lines(stream)
        if self._news(stream, line, line.last_id):
            quote, volume = average(front.world, line.listing, AVERAGE_MINUTES)
            event_ms, last_ms = front.stamp(now_ms), front.stamp(line.last_ms)
            payload = messages.average_price(
                line.figures, line.symbol, AVERAGE_MINUTES, quote, volume, event_ms, last_ms
            )
            front.hub.publish(stream.name, payload)

    def _book_tickers(self, stream: Stream, now_ms: int) -> None:
        front = self._front
        for line in self._lines(stream):
            best = front.world.best(line.listing)
            if self._news(stream, line, best.update_id):
                event_ms = front.stamp(now_ms)
                payload = messages.book_ticker(line.figures, line.symbol, line.spot, best, event_ms, event_ms)
                front.hub.publish(stream.name, payload)

    def _mark_prices(self, stream: Stream, now_ms: int) -> None:
        front = self._front
        rows = []
        for line in self._lines(stream):
            premium = front.world.premium(line.listing)
            rows.append(messages.mark_price(line.figures, line.symbol, premium, front.stamp(now_ms)))
        front.hub.publish(stream.name, rows[0] if stream.listing else messages.array(rows))

    def _forced_orders(self, stream: Stream, now_ms: int) -> None:
        front = self._front
        for line in self._lines(stream):
            order = self._forced.get(line.symbol)
            if order is not None:
                event_ms, ts_ms = front.stamp(now_ms), front.stamp(order.ts_ms)
                payload = messages.forced_order(line.figures, line.symbol, order, event_ms, ts_ms)
                front.hub.publish(stream.name, payload)
