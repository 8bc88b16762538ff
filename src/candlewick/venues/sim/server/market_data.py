"""What both markets answer alike: trades, candles, prices, but for limits and a few fields."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple

from candlewick.venues.sim.model import Market, Print
from candlewick.venues.sim.server import errors
from candlewick.venues.sim.server.bodies import Ask, aggregate, candle_rows, single
from candlewick.venues.sim.server.front import Front, Line
from candlewick.venues.sim.server.parameters import Parameters

Handler = Callable[[Front, Ask], object | Awaitable[object]]
Weight = int | Callable[[Parameters], int]


class Bounds(NamedTuple):
    """How many rows a market gives: as many as asked, `strict`ly or at most.

    `historical` is (without a number, most) of old trades, `candles` the most candles.
    """

    strict: bool
    historical: tuple[int, int]
    candles: int


BOUNDS: dict[Market, Bounds] = {
    "spot": Bounds(strict=False, historical=(500, 1_000), candles=1_000),
    "perp": Bounds(strict=True, historical=(100, 500), candles=1_500),
}
MOST_TRADES = 1_000


def ping(front: Front, ask: Ask) -> object:
    """`ping`."""
    return {}


def time(front: Front, ask: Ask) -> object:
    """`time`."""
    return {"serverTime": front.stamp(ask.now_ms)}


def trades(front: Front, ask: Ask) -> object:
    """`trades`: the newest, oldest of them first."""
    line = front.line(ask.parameters.required_symbol())
    limit = ask.parameters.limit(default=500, most=MOST_TRADES, strict=BOUNDS[front.market].strict)
    return _singles(front, line, front.newest(line, limit))


def historical_trades(front: Front, ask: Ask) -> object:
    """`historicalTrades`: from an id onwards."""
    line, bounds = front.line(ask.parameters.required_symbol()), BOUNDS[front.market]
    default, most = bounds.historical
    limit = ask.parameters.limit(default=default, most=most, strict=bounds.strict)
    from_id = ask.parameters.number("fromId")
    if from_id is None:
        return _singles(front, line, front.newest(line, limit))
    return _singles(front, line, front.world.agg_trades(line.listing, from_id=from_id, limit=limit))


def _singles(front: Front, line: Line, prints: Iterable[Print]) -> list[dict[str, Any]]:
    more = {"isBestMatch": True} if line.spot else {}
    return [single(front, line, each) | more for each in prints]


def aggregate_trades(front: Front, ask: Ask) -> object:
    """`aggTrades`: by id, by time, or the newest."""
    line = front.line(ask.parameters.required_symbol())
    limit = ask.parameters.limit(default=500, most=MOST_TRADES, strict=BOUNDS[front.market].strict)
    more = {"M": True} if line.spot else {}
    return [aggregate(front, line, each) | more for each in ask.prints(front, line, limit)]


async def klines(front: Front, ask: Ask) -> object:
    """`klines`, and `uiKlines` on spot."""
    rows = await candles_of(front, ask, ask.parameters.required_symbol())
    if front.market == "spot" and ask.parameters.text("timeZone") not in (None, "0", "00:00", "+00:00"):
        raise errors.invalid("timeZone")
    return rows


async def candles_of(front: Front, ask: Ask, symbol: str) -> list[list[Any]]:
    """The candles of a symbol that a request asks for."""
    line, bounds = front.line(symbol), BOUNDS[front.market]
    _, length_ms = ask.parameters.interval(one_second=line.spot)
    limit = ask.parameters.limit(default=500, most=bounds.candles, strict=bounds.strict)
    return candle_rows(line.figures, await ask.candles(front, line, length_ms, limit), length_ms)


def last_price(front: Front, line: Line) -> dict[str, Any]:
    """A symbol and what it last traded at."""
    return {"symbol": line.symbol, "price": line.figures.price(front.world.last(line.listing))}
