"""The USDⓈ-M REST endpoints, `/fapi/…` and `/futures/data/…`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from candlewick.venues.sim.model import ForcedOrder
from candlewick.venues.sim.references import ReferenceKline
from candlewick.venues.sim.server import errors, exchange_info
from candlewick.venues.sim.server.bodies import (
    Ask,
    best_prices,
    day_ticker,
    levels,
    reference_rows,
)
from candlewick.venues.sim.server.front import Front, Line
from candlewick.venues.sim.server.market_data import BOUNDS, candles_of, last_price
from candlewick.venues.sim.server.parameters import INTERVAL_MS, Parameters

LEVELS = (5, 10, 20, 50, 100, 500, 1000)
PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")


def info(front: Front, ask: Ask) -> object:
    """`exchangeInfo`."""
    return exchange_info.futures((line.listing for line in front.lines.values()), front.stamp(ask.now_ms))


def depth(front: Front, ask: Ask) -> object:
    """`depth`: the book's best levels; the limit must be one of seven."""
    line = front.line(ask.parameters.required_symbol())
    book = front.world.depth(line.listing, _levels(ask.parameters))
    return {
        "lastUpdateId": book.update_id,
        "E": front.stamp(ask.now_ms),
        "T": front.stamp(book.ts_ms),
        "bids": levels(line.figures, book.bids),
        "asks": levels(line.figures, book.asks),
    }


def _levels(parameters: Parameters) -> int:
    limit = parameters.number("limit") or 500
    if limit not in LEVELS:
        raise errors.Refusal(-4021, f"{limit} is not valid depth limit.")
    return limit


async def continuous_klines(front: Front, ask: Ask) -> object:
    """`continuousKlines`: of perpetuals, the only contracts there are."""
    pair, contract = ask.parameters.required("pair"), ask.parameters.required("contractType")
    if contract != "PERPETUAL":
        raise errors.invalid("contractType")
    return await candles_of(front, ask, pair)


def mark_price_klines(front: Front, ask: Ask) -> object:
    """`markPriceKlines`."""
    return _reference_candles(front, ask, ask.parameters.required_symbol(), front.world.mark_klines)


def index_price_klines(front: Front, ask: Ask) -> object:
    """`indexPriceKlines`."""
    return _reference_candles(front, ask, ask.parameters.required("pair"), front.world.index_klines)


def _reference_candles(
    front: Front, ask: Ask, symbol: str, candles: Callable[..., list[ReferenceKline]]
) -> object:
    line = front.line(symbol)
    _, length_ms = ask.parameters.interval(one_second=False)
    limit = ask.parameters.limit(default=500, most=BOUNDS["perp"].candles, strict=True)
    start, end = ask.parameters.number("startTime"), ask.parameters.number("endTime")  # true, as in `candles`
    return reference_rows(line.figures, candles(line.listing, length_ms, start, end, limit), length_ms)


def premium_index(front: Front, ask: Ask) -> object:
    """`premiumIndex`: mark, index and the funding estimate."""

    def row(front: Front, line: Line) -> dict[str, Any]:
        premium = front.world.premium(line.listing)
        fine = line.figures.fine_price
        return {
            "symbol": line.symbol,
            "markPrice": fine(premium.mark),
            "indexPrice": fine(premium.index),
            "estimatedSettlePrice": fine(premium.index),
            "lastFundingRate": f"{premium.funding_rate:.8f}",
            "interestRate": f"{premium.interest_rate:.8f}",
            "nextFundingTime": premium.next_funding_ms,
            "time": front.stamp(ask.now_ms),
        }

    return _one_or_all(front, ask, row)


def funding_rates(front: Front, ask: Ask) -> object:
    """`fundingRate`: settled rates, oldest first; without times the newest."""
    symbol = ask.parameters.symbol()
    start, end = ask.times(front)
    limit = ask.parameters.limit(default=100, most=1000, strict=True)
    lines = [front.line(symbol)] if symbol is not None else list(front.lines.values())
    # all settle at the same hours, so that of many symbols few rows of each are wanted
    most = -(-limit // len(lines)) + 1 if lines else 0
    rows = []
    for line in lines:
        for ts_ms, rate, mark in front.world.funding_history(line.listing, start, end, min(limit, most)):
            rows.append(
                {
                    "symbol": line.symbol,
                    "fundingTime": ts_ms,
                    "fundingRate": f"{rate:.8f}",
                    "markPrice": line.figures.fine_price(mark),
                }
            )
    rows.sort(key=lambda row: int(str(row["fundingTime"])))
    return rows[:limit] if start is not None else rows[-limit:]


def funding_info(front: Front, ask: Ask) -> object:
    """`fundingInfo`: how often each perpetual settles."""
    return [
        {
            "symbol": line.symbol,
            "adjustedFundingRateCap": "0.02000000",
            "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": front.world.character.funding_hours,
            "disclaimer": False,
        }
        for line in front.lines.values()
    ]


def open_interest(front: Front, ask: Ask) -> object:
    """`openInterest` now."""
    line = front.line(ask.parameters.required_symbol())
    lots = front.world.open_interest(line.listing)
    return {
        "symbol": line.symbol,
        "openInterest": line.figures.quantity(lots),
        "time": front.stamp(ask.now_ms),
    }


def open_interest_history(front: Front, ask: Ask) -> object:
    """`/futures/data/openInterestHist`: one row a period."""
    line = front.line(ask.parameters.required_symbol())
    period = ask.parameters.required("period")
    if period not in PERIODS:
        raise errors.invalid("period")
    limit = ask.parameters.limit(default=30, most=500, strict=True)
    start, end = ask.times(front)
    period_ms = INTERVAL_MS[period]
    found = front.world.open_interest_history(line.listing, period_ms, start, end, limit)
    if not found:
        return []
    candles = front.world.klines(line.listing, period_ms, found[0][0], found[-1][0], len(found))
    prices = {candle.open_ms: candle.open for candle in candles}
    return [
        {
            "symbol": line.symbol,
            "sumOpenInterest": line.figures.quantity(lots),
            "sumOpenInterestValue": line.figures.quote(lots * prices[ts_ms]),
            "timestamp": ts_ms,
        }
        for ts_ms, lots in found
        if ts_ms in prices
    ]


def forced_orders(front: Front, ask: Ask) -> object:
    """`allForceOrders`: the last liquidations of one or all symbols, oldest first, as the venue once told."""
    symbol = ask.parameters.symbol()
    start, end = ask.times(front)
    limit = ask.parameters.limit(default=100, most=1000, strict=True)
    lines = [front.line(symbol)] if symbol is not None else list(front.lines.values())
    found = [
        (order, line)
        for line in lines
        for order in front.world.forced_orders(line.listing, start or 0, end, limit)
    ]
    found.sort(key=lambda each: each[0].ts_ms)
    return [_forced_row(front, line, order) for order, line in found[-limit:]]


def _forced_row(front: Front, line: Line, order: ForcedOrder) -> dict[str, Any]:
    figures = line.figures
    return {
        "symbol": line.symbol,
        "price": figures.price(order.ticks),
        "origQty": figures.quantity(order.lots),
        "executedQty": figures.quantity(order.lots),
        "averagePrice": figures.fine_price(order.average, figures.price_decimals),
        "status": "FILLED",
        "timeInForce": "IOC",
        "type": "LIMIT",
        "side": "SELL" if order.sells else "BUY",
        "time": front.stamp(order.ts_ms),
    }


def daily(front: Front, ask: Ask) -> object:
    """`ticker/24hr`."""
    return _one_or_all(front, ask, day_ticker)


def price_ticker(front: Front, ask: Ask) -> object:
    """`ticker/price`."""

    def row(front: Front, line: Line) -> dict[str, Any]:
        return {**last_price(front, line), "time": front.stamp(ask.now_ms)}

    return _one_or_all(front, ask, row)


def book_ticker(front: Front, ask: Ask) -> object:
    """`ticker/bookTicker`."""

    def row(front: Front, line: Line) -> dict[str, Any]:
        return {"symbol": line.symbol, **best_prices(front, line), "time": front.stamp(ask.now_ms)}

    return _one_or_all(front, ask, row)


def _one_or_all(front: Front, ask: Ask, row: Callable[[Front, Line], dict[str, Any]]) -> object:
    symbol = ask.parameters.symbol()
    if symbol is not None:
        return row(front, front.line(symbol))
    return [row(front, line) for line in front.lines.values()]


def depth_weight(parameters: Parameters) -> int:
    limit = _levels(parameters)
    return next(weight for most, weight in ((50, 2), (100, 5), (500, 10), (1000, 20)) if limit <= most)


def candles_weight(parameters: Parameters) -> int:
    limit = parameters.limit(default=500, most=BOUNDS["perp"].candles, strict=True)
    return next(weight for most, weight in ((99, 1), (499, 2), (1000, 5), (1500, 10)) if limit <= most)


def by_symbol(one: int, every: int) -> Callable[[Parameters], int]:
    return lambda parameters: one if parameters.symbol() is not None else every
