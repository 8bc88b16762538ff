"""python-binance trades on the simulated exchange, and listens to its user sockets."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.venues.sim.server.conftest import Running

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it imports old names of websockets
    from binance import AsyncClient, BinanceSocketManager
    from binance.exceptions import BinanceAPIException


@pytest.fixture
async def binance(
    exchange: Running,
    client: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> AsyncIterator[Any]:
    """A client with an account of its own, its addresses those of the exchange."""
    monkeypatch.setattr(AsyncClient, "API_URL", f"{exchange.http}/api")
    monkeypatch.setattr(AsyncClient, "FUTURES_URL", f"{exchange.http}/fapi")
    monkeypatch.setattr(AsyncClient, "WS_API_URL", f"{exchange.ws}/ws-api/v3")
    monkeypatch.setattr(BinanceSocketManager, "FSTREAM_URL", f"{exchange.ws}/fapi/")
    async with client.post("/sim/keys", json={"account": request.node.name}) as response:
        key = await response.json()
    found = await AsyncClient.create(key["apiKey"], key["secret"])
    yield found
    await found.close_connection()


async def test_it_orders_asks_and_cancels_on_spot(binance: Any) -> None:
    bought = await binance.order_market_buy(symbol="BNBUSDT", quantity=1)
    assert bought["status"] == "FILLED"
    assert sum(float(part["qty"]) for part in bought["fills"]) == 1
    price = f"{float(bought['fills'][0]['price']) * 1.2:.2f}"
    resting = await binance.order_limit_sell(symbol="BNBUSDT", quantity="0.5", price=price)
    assert [each["orderId"] for each in await binance.get_open_orders(symbol="BNBUSDT")] == [
        resting["orderId"]
    ]
    held = await binance.get_asset_balance(asset="BNB")
    assert (float(held["free"]), float(held["locked"])) == (0.499, 0.5)
    cancelled = await binance.cancel_order(symbol="BNBUSDT", orderId=resting["orderId"])
    assert cancelled["status"] == "CANCELED"
    with pytest.raises(BinanceAPIException) as refused:
        await binance.cancel_order(symbol="BNBUSDT", orderId=resting["orderId"])
    assert refused.value.code == -2011


async def test_a_stop_and_a_target_cancel_each_other(binance: Any) -> None:
    await binance.order_market_buy(symbol="BNBUSDT", quantity=1)
    last = float((await binance.get_symbol_ticker(symbol="BNBUSDT"))["price"])
    pair = await binance.create_oco_order(
        symbol="BNBUSDT",
        side="SELL",
        quantity="0.5",
        aboveType="LIMIT_MAKER",
        abovePrice=f"{last * 1.1:.2f}",
        belowType="STOP_LOSS",
        belowStopPrice=f"{last * 0.9:.2f}",
    )
    assert pair["listOrderStatus"] == "EXECUTING"
    assert float((await binance.get_asset_balance(asset="BNB"))["locked"]) == 0.5
    await binance.cancel_order(symbol="BNBUSDT", orderId=pair["orders"][0]["orderId"])
    assert await binance.get_open_orders(symbol="BNBUSDT") == []
    assert float((await binance.get_asset_balance(asset="BNB"))["locked"]) == 0


async def test_it_trades_perpetuals(binance: Any) -> None:
    await binance.futures_change_leverage(symbol="BNBUSDT", leverage=7)
    await binance.futures_create_order(symbol="BNBUSDT", side="BUY", type="MARKET", quantity="0.5")
    (position,) = await binance.futures_position_information(symbol="BNBUSDT")
    assert float(position["positionAmt"]) == 0.5
    stop = f"{float(position['entryPrice']) * 0.9:.2f}"
    placed = await binance.futures_create_order(
        symbol="BNBUSDT", side="SELL", type="STOP_MARKET", triggerPrice=stop, closePosition=True
    )
    assert placed["algoStatus"] == "NEW"
    balance = {row["asset"]: row for row in await binance.futures_account_balance()}
    assert float(balance["USDT"]["availableBalance"]) < 100_000
    assert len(await binance.futures_account_trades(symbol="BNBUSDT")) >= 1


async def _until(socket: Any, event: str) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = await socket.recv()
        if message.get("e") == event:
            return message


async def test_its_spot_user_socket_hears_orders_and_balances(binance: Any) -> None:
    async with asyncio.timeout(120), BinanceSocketManager(binance).user_socket() as socket:
        order = await binance.order_market_buy(symbol="BNBUSDT", quantity=1)
        accepted = await _until(socket, "executionReport")
        assert (accepted["x"], accepted["i"]) == ("NEW", order["orderId"])
        traded = await _until(socket, "executionReport")
        assert (traded["x"], traded["i"]) == ("TRADE", order["orderId"])
        changed = await _until(socket, "outboundAccountPosition")
        assert {row["a"] for row in changed["B"]} == {"BNB", "USDT"}


async def test_its_futures_user_socket_hears_orders_and_positions(binance: Any) -> None:
    async with asyncio.timeout(120), BinanceSocketManager(binance).futures_user_socket() as socket:
        order = await binance.futures_create_order(symbol="BNBUSDT", side="SELL", type="MARKET", quantity="1")
        accepted = await _until(socket, "ORDER_TRADE_UPDATE")
        assert (accepted["o"]["x"], accepted["o"]["i"]) == ("NEW", order["orderId"])
        changed = await _until(socket, "ACCOUNT_UPDATE")
        assert changed["a"]["P"][0]["s"] == "BNBUSDT"
