"""The spot REST endpoints, `/api/v3/…`: each function reads its parameters and gives the body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from candlewick.venues.sim.server import errors, exchange_info
from candlewick.venues.sim.server.bodies import (
    Ask,
    best_prices,
    day_ticker,
    levels,
)
from candlewick.venues.sim.server.candles import average
from candlewick.venues.sim.server.front import Front, Line
from candlewick.venues.sim.server.market_data import last_price
from candlewick.venues.sim.server.parameters import Parameters

MOST_LEVELS = 5_000
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


def depth_weight(parameters: Parameters) -> int:
    limit = parameters.limit(default=100, most=MOST_LEVELS, strict=False)
    return next(weight for most, weight in ((100, 5), (500, 25), (1000, 50), (5000, 250)) if limit <= most)


def daily_weight(parameters: Parameters) -> int:
    if parameters.symbol() is not None:
        return 2
    symbols = parameters.symbols()
    if symbols is None or len(symbols) > 100:
        return 80
    return 2 if len(symbols) <= 20 else 40


def price_weight(parameters: Parameters) -> int:
    return 2 if parameters.symbol() is not None else 4
