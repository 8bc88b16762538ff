"""The spot REST endpoints, `/api/v3/…`: each function reads its parameters and gives the body."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from candlewick.venues.sim.model import Print
from candlewick.venues.sim.server import errors, exchange_info
from candlewick.venues.sim.server.bodies import (
    Ask,
    aggregate,
    best_prices,
    candle_rows,
    day_ticker,
    levels,
    single,
)
from candlewick.venues.sim.server.candles import average
from candlewick.venues.sim.server.front import Front, Line
from candlewick.venues.sim.server.parameters import Parameters

MOST_LEVELS = 5_000
MOST_ROWS = 1_000
AVERAGE_MINUTES = 5
_MINI = (
    "symbol",
    "openPrice",
    "highPrice",
    "lowPrice",
    "lastPrice",
    "volume",
    "quoteVolume",
    "openTime",
    "closeTime",
    "firstId",
    "lastId",
    "count",
)


def ping(front: Front, ask: Ask) -> object:
    """`ping`."""
    return {}


def time(front: Front, ask: Ask) -> object:
    """`time`."""
    return {"serverTime": front.stamp(ask.now_ms)}


def info(front: Front, ask: Ask) -> object:
    """`exchangeInfo`, filtered by `symbol`, `symbols` or `permissions`."""
    parameters = ask.parameters
    symbol, symbols = parameters.symbol(), parameters.symbols()
    permissions, status = parameters.text("permissions"), parameters.text("symbolStatus")
    parameters.text("showPermissionSets")
    if sum(each is not None for each in (symbol, symbols, permissions)) > 1:
        raise errors.bad_combination()
    names = symbols if symbols is not None else [symbol] if symbol is not None else list(front.lines)
    lines = [front.line(name) for name in names]
    spot_wanted = permissions is None or "SPOT" in permissions
    listed = [line.listing for line in lines] if spot_wanted and status in (None, "TRADING") else []
    return exchange_info.spot(listed, front.stamp(ask.now_ms))


def depth(front: Front, ask: Ask) -> object:
    """`depth`: the book's best levels."""
    line = front.line(ask.parameters.required_symbol())
    limit = ask.parameters.limit(default=100, most=MOST_LEVELS, strict=False)
    book = front.world.depth(line.listing, limit)
    return {
        "lastUpdateId": book.update_id,
        "bids": levels(line.figures, book.bids),
        "asks": levels(line.figures, book.asks),
    }


def trades(front: Front, ask: Ask) -> object:
    """`trades`: the newest, oldest of them first."""
    line = front.line(ask.parameters.required_symbol())
    limit = ask.parameters.limit(default=500, most=MOST_ROWS, strict=False)
    return _singles(front, line, front.newest(line, limit))


def historical_trades(front: Front, ask: Ask) -> object:
    """`historicalTrades`: from an id onwards."""
    line = front.line(ask.parameters.required_symbol())
    limit = ask.parameters.limit(default=500, most=MOST_ROWS, strict=False)
    from_id = ask.parameters.number("fromId")
    if from_id is None:
        return _singles(front, line, front.newest(line, limit))
    return _singles(front, line, front.world.agg_trades(line.listing, from_id=from_id, limit=limit))


def _singles(front: Front, line: Line, prints: Iterable[Print]) -> object:
    return [single(front, line, each) | {"isBestMatch": True} for each in prints]


def aggregate_trades(front: Front, ask: Ask) -> object:
    """`aggTrades`: by id, by time, or the newest."""
    line = front.line(ask.parameters.required_symbol())
    limit = ask.parameters.limit(default=500, most=MOST_ROWS, strict=False)
    return [aggregate(front, line, each) | {"M": True} for each in ask.prints(front, line, limit)]


async def klines(front: Front, ask: Ask) -> object:
    """`klines` and `uiKlines`."""
    line = front.line(ask.parameters.required_symbol())
    _, length_ms = ask.parameters.interval(one_second=True)
    limit = ask.parameters.limit(default=500, most=MOST_ROWS, strict=False)
    if ask.parameters.text("timeZone") not in (None, "0", "00:00", "+00:00"):
        raise errors.invalid("timeZone")
    return candle_rows(line.figures, await ask.candles(front, line, length_ms, limit), length_ms)


def average_price(front: Front, ask: Ask) -> object:
    """`avgPrice`: volume-weighted price of the last five minutes."""
    line = front.line(ask.parameters.required_symbol())
    quote, volume = average(front.world, line.listing, AVERAGE_MINUTES)
    return {
        "mins": AVERAGE_MINUTES,
        "price": line.figures.mean_price(quote, volume),
        "closeTime": front.stamp(ask.now_ms),
    }


def daily(front: Front, ask: Ask) -> object:
    """`ticker/24hr`, FULL or MINI, of one, some or all symbols."""
    kind = ask.parameters.text("type") or "FULL"
    if kind not in ("FULL", "MINI"):
        raise errors.Refusal(-1139, "Invalid ticker type.")
    return _each(front, ask, _mini if kind == "MINI" else day_ticker)


def price_ticker(front: Front, ask: Ask) -> object:
    """`ticker/price`."""
    return _each(front, ask, last_price)


def book_ticker(front: Front, ask: Ask) -> object:
    """`ticker/bookTicker`."""
    return _each(front, ask, lambda front, line: {"symbol": line.symbol, **best_prices(front, line)})


def last_price(front: Front, line: Line) -> dict[str, Any]:
    """A symbol and what it last traded at."""
    return {"symbol": line.symbol, "price": line.figures.price(front.world.last(line.listing))}


def _mini(front: Front, line: Line) -> dict[str, Any]:
    full = day_ticker(front, line)
    return {name: full[name] for name in _MINI}


def _each(front: Front, ask: Ask, row: Callable[[Front, Line], dict[str, Any]]) -> object:
    symbol, symbols = ask.parameters.symbol(), ask.parameters.symbols()
    if symbol is not None and symbols is not None:
        raise errors.bad_combination()
    if symbol is not None:
        return row(front, front.line(symbol))
    lines = front.lines.values() if symbols is None else [front.line(name) for name in symbols]
    return [row(front, line) for line in lines]


def _depth_weight(parameters: Parameters) -> int:
    limit = parameters.limit(default=100, most=MOST_LEVELS, strict=False)
    return next(weight for most, weight in ((100, 5), (500, 25), (1000, 50), (5000, 250)) if limit <= most)


def _daily_weight(parameters: Parameters) -> int:
    if parameters.symbol() is not None:
        return 2
    symbols = parameters.symbols()
    if symbols is None or len(symbols) > 100:
        return 80
    return 2 if len(symbols) <= 20 else 40


def _price_weight(parameters: Parameters) -> int:
    return 2 if parameters.symbol() is not None else 4


Handler = Callable[[Front, Ask], object | Awaitable[object]]
Weight = int | Callable[[Parameters], int]

ENDPOINTS: dict[str, tuple[Handler, Weight]] = {
    "/api/v3/ping": (ping, 1),
    "/api/v3/time": (time, 1),
    "/api/v3/exchangeInfo": (info, 20),
    "/api/v3/depth": (depth, _depth_weight),
    "/api/v3/trades": (trades, 25),
    "/api/v3/historicalTrades": (historical_trades, 25),
    "/api/v3/aggTrades": (aggregate_trades, 4),
    "/api/v3/klines": (klines, 2),
    "/api/v3/uiKlines": (klines, 2),
    "/api/v3/avgPrice": (average_price, 2),
    "/api/v3/ticker/24hr": (daily, _daily_weight),
    "/api/v3/ticker/price": (price_ticker, _price_weight),
    "/api/v3/ticker/bookTicker": (book_ticker, _price_weight),
}
