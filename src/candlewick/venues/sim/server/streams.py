"""Stream names: `btcusdt@kline_1m`, `!ticker@arr`, … and what each asks for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, NamedTuple

from candlewick.venues.sim.model import Listing, Market
from candlewick.venues.sim.server.parameters import INTERVAL_MS

Kind = Literal[
    "aggTrade",
    "trade",
    "bookTicker",
    "depth",
    "partialDepth",
    "kline",
    "continuousKline",
    "miniTicker",
    "ticker",
    "avgPrice",
    "markPrice",
    "forceOrder",
    "user",
]

REALTIME = 0
_DEPTH = re.compile(r"depth(5|10|20)?(?:@(0|100|250|500|1000)ms)?")
_DEPTH_SPEEDS: dict[Market, tuple[int, ...]] = {"spot": (1000, 100), "perp": (250, 100, 500, REALTIME)}
_LISTED = re.compile(r"[a-z0-9]{1,20}")


class Stream(NamedTuple):
    """One stream that can be subscribed to.

    Attributes:
        name: as the client wrote it.
        kind: what it carries.
        listing: of one instrument, or None for all (`!…`).
        period_ms: how often it is sent; 0 means at once, whenever something happens.
        detail: the interval of a kline, the number of levels of a partial book.
    """

    name: str
    kind: Kind
    listing: Listing | None
    period_ms: int
    detail: str = ""


def parse(name: str, market: Market, find: Callable[[str], Listing | None]) -> Stream | None:
    """The stream of that name, None if there is none in this market.

    `find` gives the listing of a symbol in capitals.
    """
    if name.startswith("!"):
        return _of_all(name, market)
    symbol, at, what = name.partition("@")
    if not at:
        return None
    if market == "perp" and symbol.endswith("_perpetual") and what.startswith("continuousKline_"):
        listing = find(symbol.removesuffix("_perpetual").upper())
        return _kline(name, "continuousKline", market, listing, what.removeprefix("continuousKline_"))
    if not _LISTED.fullmatch(symbol):
        return None
    listing = find(symbol.upper())
    if listing is None:
        return None
    if what.startswith("kline_"):
        return _kline(name, "kline", market, listing, what.removeprefix("kline_"))
    if depth := _DEPTH.fullmatch(what):
        return _depth(name, market, listing, depth)
    return _single(name, market, listing, what)


def _of_all(name: str, market: Market) -> Stream | None:
    if market == "spot":
        of_all: dict[str, tuple[Kind, int]] = {
            "!miniTicker@arr": ("miniTicker", 1000),
            "!ticker@arr": ("ticker", 1000),
        }
    else:
        of_all = {
            "!miniTicker@arr": ("miniTicker", 1000),
            "!ticker@arr": ("ticker", 1000),
            "!bookTicker": ("bookTicker", 5000),
            "!markPrice@arr": ("markPrice", 3000),
            "!markPrice@arr@1s": ("markPrice", 1000),
            "!forceOrder@arr": ("forceOrder", 1000),
        }
    found = of_all.get(name)
    return Stream(name, found[0], None, found[1]) if found else None


def _single(name: str, market: Market, listing: Listing, what: str) -> Stream | None:
    both: dict[str, tuple[Kind, int]] = {
        "aggTrade": ("aggTrade", REALTIME),
        "trade": ("trade", REALTIME),
        "bookTicker": ("bookTicker", REALTIME),
    }
    if market == "spot":
        one = both | {
            "miniTicker": ("miniTicker", 1000),
            "ticker": ("ticker", 1000),
            "avgPrice": ("avgPrice", 1000),
        }
    else:
        one = both | {
            "miniTicker": ("miniTicker", 500),
            "ticker": ("ticker", 500),
            "markPrice": ("markPrice", 3000),
            "markPrice@1s": ("markPrice", 1000),
            "forceOrder": ("forceOrder", 1000),
        }
    found = one.get(what)
    return Stream(name, found[0], listing, found[1]) if found else None


def _depth(name: str, market: Market, listing: Listing, match: re.Match[str]) -> Stream | None:
    speeds = _DEPTH_SPEEDS[market]
    speed = speeds[0] if match[2] is None else int(match[2])
    if speed not in speeds:
        return None
    if match[1] is None:
        return Stream(name, "depth", listing, speed)
    return Stream(name, "partialDepth", listing, speed or 100, match[1])


def _kline(name: str, kind: Kind, market: Market, listing: Listing | None, interval: str) -> Stream | None:
    if listing is None or interval not in INTERVAL_MS:
        return None
    if market == "perp":
        return None if interval == "1s" else Stream(name, kind, listing, 250, interval)
    return Stream(name, kind, listing, 1000 if interval == "1s" else 2000, interval)
