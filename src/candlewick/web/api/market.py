"""`/api/market/`: what the venues say now."""

from __future__ import annotations

import time
from typing import Annotated, Final

import orjson
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from candlewick.core.errors import EngineAway
from candlewick.web.api import market_schemas
from candlewick.web.api.paging import answer, page, passed_on
from candlewick.web.api.when import utc_seconds
from candlewick.web.services import services_of

router = Router(tags=["market"])
Limit = Annotated[int, Query(ge=1, le=1000)]
_FUNDING_SPAN_S: Final = 7 * 86_400


@router.get(
    "/instruments/", response={200: market_schemas.Instruments}, summary="Everything that can be watched"
)
def instruments(
    request: HttpRequest, q: str = "", limit: Limit = 100, cursor: str | None = None
) -> HttpResponse:
    """Instruments by symbol; `q` keeps those whose symbol or base holds it."""
    found = services_of(request).engine.link.instruments
    if not found:
        raise EngineAway("The engine has not told its instruments yet. Try again in a moment.")
    part = q.strip().upper()
    kept = [each for each in found.values() if part in each["symbol"].upper() or part in each["base"].upper()]
    return page(sorted(kept, key=lambda each: each["symbol"]), limit, cursor, lambda each: each["symbol"])


@router.get("/tickers/", response={200: market_schemas.Tickers}, summary="Last prices and the rolling day")
def tickers(
    request: HttpRequest,
    symbol: Annotated[str | None, Query(max_length=1_000)] = None,
    limit: Limit = 100,
    cursor: str | None = None,
) -> HttpResponse:
    """Tickers by symbol, of all instruments or of those named: `symbol=BTCUSDT,ETHUSDT`."""
    services = services_of(request)
    named = None if symbol is None else {*map(services.hub.directory.instrument, symbol.split(","))}
    found = orjson.loads(services.engine.request("tickers"))
    if named is not None:
        found = [each for each in found if each["instrument"] in named]
    return page(sorted(found, key=lambda each: each["symbol"]), limit, cursor, lambda each: each["symbol"])


@router.get("/book/", response={200: market_schemas.OrderBook}, summary="The order book")
def book(
    request: HttpRequest, symbol: str, levels: Annotated[int, Query(ge=1, le=1000)] = 25
) -> HttpResponse:
    """Bids and asks, best first. A book that is not synchronised has no levels, and says why."""
    return passed_on(services_of(request).ask_about(symbol, "book", levels=levels))


@router.get("/trades/", response={200: market_schemas.MarketTrades}, summary="The last trades")
def trades(
    request: HttpRequest, symbol: str, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> HttpResponse:
    """The newest trades of a symbol. There are no further pages."""
    found = services_of(request).ask_about(symbol, "trades", limit=limit)
    return passed_on(b'{"items":' + found + b',"next":null}')


@router.get("/funding/", response={200: market_schemas.FundingRates}, summary="Settled funding rates")
def funding(
    request: HttpRequest,
    symbol: str,
    start: str | None = None,
    end: str | None = None,
    limit: Limit = 100,
    cursor: str | None = None,
) -> HttpResponse:
    """Rates settled in [start, end), oldest first; the last seven days unless told otherwise.

    What is not here yet is fetched from the venue, and kept: a study of these days pays it.
    """
    end_s = utc_seconds(end, "end") or int(time.time())
    start_s = utc_seconds(cursor, "cursor") or utc_seconds(start, "start") or end_s - _FUNDING_SPAN_S
    found = orjson.loads(services_of(request).ask_about(symbol, "funding", start=start_s, end=end_s))
    following = found[limit]["time"] if len(found) > limit else None
    return answer({"items": found[:limit], "next": following})


@router.get("/open-interest/", response={200: market_schemas.OpenInterest}, summary="Open interest now")
def open_interest(request: HttpRequest, symbol: str) -> HttpResponse:
    """How much is open, in the venue's own unit, and its value in quote where the venue states it."""
    return passed_on(services_of(request).ask_about(symbol, "open_interest"))
