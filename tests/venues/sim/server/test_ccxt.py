"""ccxt against the simulated exchange, changed in nothing but its addresses."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import ccxt.pro
import pytest

from candlewick.core.interval import SECONDS
from tests.venues.sim.server.conftest import Running

MINUTE = 60_000


def addresses(running: Running, prefix: str = "") -> dict[str, Any]:
    """ccxt's `urls` for the venue under `prefix`."""
    http, ws = running.http + prefix, running.ws + prefix
    return {
        "api": {
            "public": f"{http}/api/v3",
            "fapiPublic": f"{http}/fapi/v1",
            "fapiPublicV2": f"{http}/fapi/v2",
            "fapiData": f"{http}/futures/data",
            "dapiPublic": f"{running.http}/dapi/v1",
            # ccxt knows the spot market by "/stream" in the address, as the real venue's host name has it
            "ws": {
                "spot": f"{ws}/stream/ws",
                "future": f"{ws}/fapi/ws",
                "ws-api": {"spot": f"{ws}/ws-api/v3", "future": f"{ws}/ws-fapi/v1"},
            },
        }
    }


@pytest.fixture
async def spot(exchange: Running) -> AsyncIterator[Any]:
    """ccxt's Binance (spot first)."""
    venue = ccxt.pro.binance({"urls": addresses(exchange)})
    yield venue
    await venue.close()


@pytest.fixture
async def futures(exchange: Running) -> AsyncIterator[Any]:
    """ccxt's Binance USDⓈ-M."""
    venue = ccxt.pro.binanceusdm({"urls": addresses(exchange)})
    yield venue
    await venue.close()


async def test_it_loads_every_market_with_its_steps(spot: Any, futures: Any) -> None:
    markets = await spot.load_markets()
    assert markets["BTC/USDT"]["spot"]
    assert markets["BTC/USDT:USDT"]["swap"]
    assert markets["AAPL/USD"]["precision"] == {
        **markets["AAPL/USD"]["precision"],
        "price": 0.01,
        "amount": 0.01,
    }
    assert sum(1 for market in markets.values() if market["spot"]) >= 40
    perpetuals = await futures.load_markets()
    assert perpetuals["BTC/USDT:USDT"]["precision"]["price"] == 0.1
    assert perpetuals["BTC/USDT:USDT"]["linear"]
    assert perpetuals["BTC/USDT:USDT"]["active"]


@pytest.mark.parametrize("symbol", ["SOL/USDT", "SOL/USDT:USDT"])
async def test_its_candles_equal_the_fold_of_its_trades(spot: Any, futures: Any, symbol: str) -> None:
    venue = futures if ":" in symbol else spot
    now = await venue.fetch_time()
    start = now - now % MINUTE - 4 * MINUTE
    candles = await venue.fetch_ohlcv(symbol, "1m", since=start, limit=4)
    assert [candle[0] for candle in candles] == [start + n * MINUTE for n in range(4)]
    trades: list[Any] = []
    since: dict[str, Any] = {"since": start}
    while not trades or trades[-1]["timestamp"] < start + 4 * MINUTE:
        page = await venue.fetch_trades(symbol, limit=1000, **since)
        trades += page
        since = {"params": {"fromId": int(page[-1]["id"]) + 1}}
    for candle in candles:
        inside = [trade for trade in trades if candle[0] <= trade["timestamp"] < candle[0] + MINUTE]
        prices = [trade["price"] for trade in inside]
        assert candle[1:5] == [prices[0], max(prices), min(prices), prices[-1]]
        assert candle[5] == pytest.approx(sum(trade["amount"] for trade in inside), rel=1e-9)


async def test_every_timeframe_of_history_is_whole(spot: Any) -> None:
    for timeframe, seconds in SECONDS.items():
        candles = await spot.fetch_ohlcv("ETH/USDT", timeframe, limit=50)
        assert len(candles) == 50
        steps = {later[0] - earlier[0] for earlier, later in itertools.pairwise(candles)}
        assert steps == {seconds * 1000}
        assert all(
            low <= min(first, last) <= max(first, last) <= high for _, first, high, low, last, _ in candles
        )


async def test_it_fetches_books_tickers_and_quotes(spot: Any, futures: Any) -> None:
    for venue, symbol in ((spot, "BTC/USDT"), (futures, "BTC/USDT:USDT")):
        book = await venue.fetch_order_book(symbol, 50)
        assert book["bids"][0][0] < book["asks"][0][0]
        ticker = await venue.fetch_ticker(symbol)
        assert ticker["low"] <= ticker["last"] <= ticker["high"]
        assert ticker["percentage"] == pytest.approx(ticker["change"] / ticker["open"] * 100, abs=0.001)
        tickers = await venue.fetch_tickers([symbol])
        assert list(tickers) == [symbol]  # its figures are a rolling day's: a moment later they are others
        assert tickers[symbol]["low"] <= tickers[symbol]["last"] <= tickers[symbol]["high"]
        quotes = await venue.fetch_bids_asks([symbol])
        assert quotes[symbol]["bid"] < quotes[symbol]["ask"]


async def test_it_fetches_what_belongs_to_a_perpetual(futures: Any) -> None:
    symbol = "ETH/USDT:USDT"
    funding = await futures.fetch_funding_rate(symbol)
    assert abs(funding["fundingRate"]) < 0.01
    assert funding["markPrice"] == pytest.approx(funding["indexPrice"], rel=0.01)
    history = await futures.fetch_funding_rate_history(symbol, limit=10)
    assert len(history) == 10
    assert {later["timestamp"] - earlier["timestamp"] for earlier, later in itertools.pairwise(history)} == {
        8 * 3_600_000
    }
    interest = await futures.fetch_open_interest(symbol)
    assert interest["openInterestAmount"] > 0
    rows = await futures.fetch_open_interest_history(symbol, "5m", limit=6)
    assert len(rows) == 6
    intervals = await futures.fetch_funding_intervals([symbol])
    assert intervals[symbol]["interval"] == "8h"


async def test_it_raises_what_it_raises_for_the_real_venue(spot: Any) -> None:
    await spot.load_markets()
    with pytest.raises(ccxt.BadSymbol):
        await spot.public_get_depth({"symbol": "NOSUCH"})
    with pytest.raises(ccxt.BadRequest):
        await spot.public_get_klines({"symbol": "BTCUSDT", "interval": "7m"})


@pytest.mark.parametrize("symbol", ["BTC/USDT", "BTC/USDT:USDT"])
async def test_it_watches_trades_books_tickers_candles_and_quotes(
    spot: Any, futures: Any, symbol: str
) -> None:
    venue = futures if ":" in symbol else spot
    await venue.load_markets()
    async with asyncio.timeout(60):
        trades = await venue.watch_trades(symbol)
        assert trades[0]["symbol"] == symbol
        assert trades[0]["price"] > 0
        nonces = []
        for _ in range(5):
            book = await venue.watch_order_book(symbol)
            assert book["bids"][0][0] < book["asks"][0][0]
            nonces.append(book["nonce"])
        assert nonces == sorted(nonces)
        ticker = await venue.watch_ticker(symbol)
        assert ticker["low"] <= ticker["last"] <= ticker["high"]
        tickers = await venue.watch_tickers([symbol])
        assert tickers[symbol]["last"] > 0
        candles = await venue.watch_ohlcv(symbol, "1m")
        assert candles[-1][0] % MINUTE == 0
        quotes = await venue.watch_bids_asks([symbol])
        assert quotes[symbol]["bid"] < quotes[symbol]["ask"]


async def test_it_watches_mark_prices(futures: Any) -> None:
    await futures.load_markets()
    async with asyncio.timeout(120):
        mark = await futures.watch_mark_price("BTC/USDT:USDT")
    assert mark["markPrice"] == pytest.approx(mark["indexPrice"], rel=0.01)


async def test_it_uses_a_further_venue_by_its_path_alone(exchange: Running) -> None:
    venue = ccxt.pro.binance({"urls": addresses(exchange, "/sim-west")})
    try:
        async with asyncio.timeout(120):
            assert (await venue.fetch_ticker("BTC/USDT"))["last"] > 0
            intervals = await venue.fetch_funding_intervals(["BTC/USDT:USDT"])
            assert intervals["BTC/USDT:USDT"]["interval"] == "4h"
            assert (await venue.watch_trades("BTC/USDT"))[0]["price"] > 0
    finally:
        await venue.close()


async def test_it_asks_over_the_websocket_api(spot: Any, futures: Any) -> None:
    await futures.load_markets()
    # ccxt signs even what needs no signature; nobody looks at it here
    futures.apiKey, futures.secret = "anybody", "nothing"
    async with asyncio.timeout(120):
        book = await futures.fetch_order_book_ws("BTC/USDT:USDT", 10)
        assert book["bids"][0][0] < book["asks"][0][0]
        candles = await spot.fetch_ohlcv_ws("BTC/USDT", "1h", limit=5)
        assert len(candles) == 5
        ticker = await futures.fetch_ticker_ws("BTC/USDT:USDT", {"method": "ticker.price"})
        assert ticker["last"] > 0
