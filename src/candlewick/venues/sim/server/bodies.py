"""Parts of REST answers that spot and futures share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from candlewick.venues.sim.model import Kline, Print
from candlewick.venues.sim.references import ReferenceKline
from candlewick.venues.sim.server import errors
from candlewick.venues.sim.server.candles import history
from candlewick.venues.sim.server.figures import Figures, percent
from candlewick.venues.sim.server.front import Front, Line
from candlewick.venues.sim.server.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: what was sent, and the true time."""

    parameters: Parameters
    now_ms: int

    def times(self, front: Front) -> tuple[int | None, int | None]:
        """`startTime` and `endTime` as true times."""
        start, end = self.parameters.number("startTime"), self.parameters.number("endTime")
        return (
            None if start is None else front.unstamp(start),
            None if end is None else front.unstamp(end),
        )

    def prints(self, front: Front, line: Line, limit: int) -> list[Print]:
        """The trades that `fromId`, `startTime` and `endTime` ask for; the newest without any."""
        from_id = self.parameters.number("fromId")
        start, end = self.times(front)
        if from_id is not None and (start is not None or end is not None):
            raise errors.bad_combination()
        if start is not None and end is not None and start > end:
            raise errors.invalid("startTime")
        if from_id is not None:
            return front.world.agg_trades(line.listing, from_id=from_id, limit=limit)
        return front.world.agg_trades(line.listing, start_ms=start, end_ms=end, limit=limit)

    async def candles(self, front: Front, line: Line, length_ms: int, limit: int) -> list[Kline]:
        """The candles that `startTime` and `endTime` ask for, the newest without them.

        They open by the venue's clock, as the trades in them are stamped.
        """
        start, end = self.parameters.number("startTime"), self.parameters.number("endTime")
        return await history(front.world, line.listing, length_ms, start, end, limit, front.stamp(0))


def levels(figures: Figures, side: Iterable[tuple[int, int]]) -> list[tuple[str, str]]:
    """One side of a book."""
    price, quantity = figures.price, figures.quantity
    return [(price(ticks), quantity(lots)) for ticks, lots in side]


def aggregate(front: Front, line: Line, trade: Print) -> dict[str, Any]:
    """A row of `aggTrades`; every print is an aggregate of one."""
    figures = line.figures
    return {
        "a": trade.id,
        "p": figures.price(trade.ticks),
        "q": figures.quantity(trade.lots),
        "f": trade.id,
        "l": trade.id,
        "T": front.stamp(trade.ts_ms),
        "m": trade.seller_is_taker,
    }


def single(front: Front, line: Line, trade: Print) -> dict[str, Any]:
    """A row of `trades`."""
    figures = line.figures
    return {
        "id": trade.id,
        "price": figures.price(trade.ticks),
        "qty": figures.quantity(trade.lots),
        "quoteQty": figures.quote(trade.ticks * trade.lots),
        "time": front.stamp(trade.ts_ms),
        "isBuyerMaker": trade.seller_is_taker,
    }


def candle_rows(figures: Figures, candles: Iterable[Kline], length_ms: int) -> list[list[Any]]:
    """Rows of `klines`."""
    price, quantity, quote = figures.price, figures.quantity, figures.quote
    return [
        [
            candle.open_ms,
            price(candle.open),
            price(candle.high),
            price(candle.low),
            price(candle.close),
            quantity(candle.volume),
            candle.open_ms + length_ms - 1,
            quote(candle.quote),
            candle.count,
            quantity(candle.taker_volume),
            quote(candle.taker_quote),
            "0",
        ]
        for candle in candles
    ]


def reference_rows(figures: Figures, candles: Iterable[ReferenceKline], length_ms: int) -> list[list[Any]]:
    """Rows of `markPriceKlines` and `indexPriceKlines`: nothing trades there, so volumes are zero."""
    fine = figures.fine_price
    return [
        [
            candle.open_ms,
            fine(candle.open),
            fine(candle.high),
            fine(candle.low),
            fine(candle.close),
            "0",
            candle.open_ms + length_ms - 1,
            "0",
            length_ms // 1000,
            "0",
            "0",
            "0",
        ]
        for candle in candles
    ]


def day_ticker(front: Front, line: Line) -> dict[str, Any]:
    """A row of `ticker/24hr`; spot adds the previous close and the best prices."""
    day, figures = front.world.day(line.listing), line.figures
    price, quantity = figures.price, figures.quantity
    change = day.last - day.open
    row: dict[str, Any] = {
        "symbol": line.symbol,
        "priceChange": price(change),
        "priceChangePercent": percent(change, day.open),
        "weightedAvgPrice": figures.mean_price(day.quote, day.volume),
    }
    if line.spot:
        row["prevClosePrice"] = price(day.previous)
    row |= {"lastPrice": price(day.last), "lastQty": quantity(day.last_lots)}
    if line.spot:
        row |= best_prices(front, line)
    return row | {
        "openPrice": price(day.open),
        "highPrice": price(day.high),
        "lowPrice": price(day.low),
        "volume": quantity(day.volume),
        "quoteVolume": figures.quote(day.quote),
        "openTime": front.stamp(day.open_ms),
        "closeTime": front.stamp(day.close_ms),
        "firstId": day.first_id,
        "lastId": day.last_id,
        "count": day.count,
    }


def best_prices(front: Front, line: Line) -> dict[str, Any]:
    """Best bid and ask with their quantities."""
    best, figures = front.world.best(line.listing), line.figures
    return {
        "bidPrice": figures.price(best.bid),
        "bidQty": figures.quantity(best.bid_lots),
        "askPrice": figures.price(best.ask),
        "askQty": figures.quantity(best.ask_lots),
    }
