"""python-binance against the simulated exchange, changed in nothing but its addresses."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.venues.sim.server.conftest import Running

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it imports old names of websockets
    from binance import AsyncClient, BinanceSocketManager
    from binance.exceptions import BinanceAPIException


@pytest.fixture
async def binance(exchange: Running, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """A client whose addresses are the exchange's."""
    monkeypatch.setattr(AsyncClient, "API_URL", f"{exchange.http}/api")
    monkeypatch.setattr(AsyncClient, "FUTURES_URL", f"{exchange.http}/fapi")
    monkeypatch.setattr(AsyncClient, "FUTURES_DATA_URL", f"{exchange.http}/futures/data")
    monkeypatch.setattr(BinanceSocketManager, "STREAM_URL", f"{exchange.ws}/")
    monkeypatch.setattr(BinanceSocketManager, "FSTREAM_URL", f"{exchange.ws}/fapi/")
    client = await AsyncClient.create()
    yield client
    await client.close_connection()


async def test_it_asks_for_spot_data(binance: Any) -> None:
    assert (await binance.get_symbol_info("BTCUSDT"))["baseAsset"] == "BTC"
    book = await binance.get_order_book(symbol="BTCUSDT", limit=20)
    assert float(book["bids"][0][0]) < float(book["asks"][0][0])
    ticker = await binance.get_ticker(symbol="BTCUSDT")
    assert float(ticker["lowPrice"]) <= float(ticker["lastPrice"]) <= float(ticker["highPrice"])
    assert len(await binance.get_all_tickers()) >= 40
    assert len(await binance.get_recent_trades(symbol="BTCUSDT", limit=7)) == 7
    assert float((await binance.get_avg_price(symbol="BTCUSDT"))["price"]) > 0


async def test_it_pages_through_history(binance: Any) -> None:
    rows = await binance.get_historical_klines("BTCUSDT", "1h", "60 days ago UTC", "1 day ago UTC")
    opens = [row[0] for row in rows]
    assert opens == list(range(opens[0], opens[0] + len(opens) * 3_600_000, 3_600_000))
    assert len(opens) in range(59 * 24 - 1, 59 * 24 + 2)


async def test_it_asks_for_futures_data(binance: Any) -> None:
    info = await binance.futures_exchange_info()
    assert "BTCUSDT" in {each["symbol"] for each in info["symbols"]}
    mark = await binance.futures_mark_price(symbol="BTCUSDT")
    assert float(mark["markPrice"]) == pytest.approx(float(mark["indexPrice"]), rel=0.01)
    assert len(await binance.futures_funding_rate(symbol="BTCUSDT", limit=5)) == 5
    assert float((await binance.futures_open_interest(symbol="BTCUSDT"))["openInterest"]) > 0
    assert len(await binance.futures_klines(symbol="BTCUSDT", interval="5m", limit=9)) == 9


async def test_it_raises_the_venues_error(binance: Any) -> None:
    with pytest.raises(BinanceAPIException) as refused:
        await binance.get_order_book(symbol="NOSUCH")
    assert (refused.value.code, refused.value.message) == (-1121, "Invalid symbol.")


async def test_it_listens_to_spot_and_futures_streams(binance: Any) -> None:
    manager = BinanceSocketManager(binance)
    sockets = {
        "trade": manager.trade_socket("BTCUSDT"),
        "kline": manager.kline_socket("BTCUSDT", "1m"),
        "depthUpdate": manager.depth_socket("BTCUSDT"),
        "aggTrade": manager.aggtrade_futures_socket("BTCUSDT"),
        "markPriceUpdate": manager.symbol_mark_price_socket("BTCUSDT"),
    }
    for event, connecting in sockets.items():
        async with asyncio.timeout(120), connecting as socket:
            message = await socket.recv()
        message = message.get("data", message)
        assert (message["e"], message["s"]) == (event, "BTCUSDT")


async def test_it_listens_to_many_streams_at_once(binance: Any) -> None:
    names = ["btcusdt@bookTicker", "ethusdt@bookTicker"]
    async with asyncio.timeout(120), BinanceSocketManager(binance).multiplex_socket(names) as socket:
        seen = {(await socket.recv())["stream"] for _ in range(40)}
    assert seen == set(names)
