"""ccxt trades on the simulated exchange: orders, balances, positions and what it watches of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import ccxt
import ccxt.pro
import pytest

from tests.venues.sim.server.conftest import Running
from tests.venues.sim.server.test_ccxt import addresses

SPOT, PERP = "SOL/USDT", "SOL/USDT:USDT"


def private(running: Running) -> dict[str, Any]:
    """ccxt's `urls` for the private side too."""
    found = addresses(running)
    found["api"] |= {
        "private": f"{running.http}/api/v3",
        "fapiPrivate": f"{running.http}/fapi/v1",
        "fapiPrivateV2": f"{running.http}/fapi/v2",
        "fapiPrivateV3": f"{running.http}/fapi/v3",
    }
    return found


async def settings(running: Running, client: aiohttp.ClientSession, account: str) -> dict[str, Any]:
    """A ccxt client's settings, with a key of a new account."""
    wanted = {"account": account, "spot": {"USDT": "100000", "SOL": "100"}, "futures": {"USDT": "50000"}}
    async with client.post("/sim/keys", json=wanted) as response:
        key = await response.json()
    return {
        "urls": private(running),
        "apiKey": key["apiKey"],
        "secret": key["secret"],
        "options": {"fetchCurrencies": False, "fetchMargins": False},
    }


@pytest.fixture
async def spot(
    exchange: Running, client: aiohttp.ClientSession, request: pytest.FixtureRequest
) -> AsyncIterator[Any]:
    """ccxt's Binance with an account of its own."""
    venue = ccxt.pro.binance(await settings(exchange, client, request.node.name))
    await venue.load_markets()
    yield venue
    await venue.close()


@pytest.fixture
async def futures(
    exchange: Running, client: aiohttp.ClientSession, request: pytest.FixtureRequest
) -> AsyncIterator[Any]:
    """ccxt's Binance USDⓈ-M with an account of its own."""
    venue = ccxt.pro.binanceusdm(await settings(exchange, client, request.node.name))
    await venue.load_markets()
    yield venue
    await venue.close()


def rounded(venue: Any, symbol: str, price: float) -> float:
    """A price on the market's grid."""
    return float(venue.price_to_precision(symbol, price))


async def test_a_market_order_on_spot_moves_balances_by_its_fills_and_fees(spot: Any) -> None:
    order = await spot.create_order(SPOT, "market", "buy", 2)
    assert (order["status"], order["filled"]) == ("closed", 2)
    trades = await spot.fetch_my_trades(SPOT)
    assert sum(trade["amount"] for trade in trades) == pytest.approx(2)
    assert {trade["order"] for trade in trades} == {order["id"]}
    fees = sum(trade["fee"]["cost"] for trade in trades)
    assert fees == pytest.approx(2 * 0.001)
    balance = await spot.fetch_balance()
    assert balance["SOL"]["total"] == pytest.approx(102 - fees)
    assert balance["USDT"]["total"] == pytest.approx(100_000 - order["cost"])


async def test_a_limit_order_on_spot_is_placed_seen_edited_and_cancelled(spot: Any) -> None:
    last = (await spot.fetch_ticker(SPOT))["last"]
    order = await spot.create_order(SPOT, "limit", "buy", 1, rounded(spot, SPOT, last * 0.8))
    assert order["status"] == "open"
    assert [each["id"] for each in await spot.fetch_open_orders(SPOT)] == [order["id"]]
    held = (await spot.fetch_balance())["USDT"]["used"]
    assert held == pytest.approx(order["price"])
    edited = await spot.edit_order(order["id"], SPOT, "limit", "buy", 2, rounded(spot, SPOT, last * 0.7))
    assert (await spot.fetch_order(order["id"], SPOT))["status"] == "canceled"
    assert (await spot.fetch_order(edited["id"], SPOT))["amount"] == 2
    await spot.cancel_order(edited["id"], SPOT)
    assert await spot.fetch_open_orders(SPOT) == []
    assert (await spot.fetch_balance())["USDT"] == {"free": 100_000, "used": 0, "total": 100_000}
    assert {each["id"] for each in await spot.fetch_orders(SPOT)} == {order["id"], edited["id"]}


async def test_ccxt_raises_what_the_real_venue_makes_it_raise(spot: Any, futures: Any) -> None:
    last = (await spot.fetch_ticker(SPOT))["last"]
    with pytest.raises(ccxt.InsufficientFunds):
        await spot.create_order(SPOT, "market", "sell", 101)
    price = rounded(spot, SPOT, last * 1.05)
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        await spot.create_order(SPOT, "limit", "buy", 1, price, {"postOnly": True})
    with pytest.raises(ccxt.OrderNotFound):
        await spot.cancel_order("1", SPOT)
    with pytest.raises(ccxt.InvalidOrder):
        await spot.private_post_order(
            {"symbol": "SOLUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.0001"}
        )
    # its classes for futures go by the real venue's address: here the code must do
    with pytest.raises(ccxt.ExchangeError, match="-2019"):
        await futures.create_order(PERP, "market", "buy", 50_000)
    with pytest.raises(ccxt.ExchangeError, match="-2021"):
        await futures.create_order(PERP, "market", "buy", 1, None, {"stopLossPrice": last * 0.5})
    spot.secret = "somebody else's"
    with pytest.raises(ccxt.AuthenticationError):
        await spot.fetch_balance()


async def test_a_position_is_opened_read_and_closed_on_futures(futures: Any) -> None:
    await futures.set_leverage(5, PERP)
    order = await futures.create_order(PERP, "market", "sell", 10)
    assert (await futures.fetch_order(order["id"], PERP))["status"] == "closed"
    (position,) = await futures.fetch_positions([PERP])
    assert (position["side"], position["contracts"]) == ("short", 10)
    assert (await futures.fetch_leverage(PERP))["longLeverage"] == 5
    assert position["liquidationPrice"] > position["markPrice"]
    assert position["initialMargin"] == pytest.approx(position["notional"] / 5, rel=0.01)
    with pytest.raises(ccxt.ExchangeError, match="-2022"):
        await futures.create_order(PERP, "market", "sell", 1, None, {"reduceOnly": True})
    await futures.create_order(PERP, "market", "buy", 10, None, {"reduceOnly": True})
    assert [each for each in await futures.fetch_positions([PERP]) if each["contracts"]] == []
    trades = await futures.fetch_my_trades(PERP)
    paid = sum(trade["fee"]["cost"] for trade in trades)
    won = sum(float(trade["info"]["realizedPnl"]) for trade in trades)
    total = (await futures.fetch_balance())["USDT"]["total"]
    assert total == pytest.approx(50_000 + won - paid, abs=1e-6)


async def test_a_limit_order_on_futures_is_placed_edited_and_cancelled(futures: Any) -> None:
    last = (await futures.fetch_ticker(PERP))["last"]
    order = await futures.create_order(PERP, "limit", "buy", 3, rounded(futures, PERP, last * 0.9))
    price = rounded(futures, PERP, last * 0.85)
    await futures.edit_order(order["id"], PERP, "limit", "buy", 4, price)
    found = await futures.fetch_order(order["id"], PERP)
    assert (found["amount"], found["price"], found["status"]) == (4, price, "open")
    cancelled = await futures.cancel_order(order["id"], PERP)
    assert cancelled["status"] == "canceled"
    with pytest.raises(ccxt.OrderNotFound):
        await futures.cancel_order(order["id"], PERP)


async def test_conditional_orders_of_futures_wait_under_their_own_numbers(futures: Any) -> None:
    last = (await futures.fetch_ticker(PERP))["last"]
    await futures.create_order(PERP, "market", "buy", 5)
    stop = await futures.create_order(PERP, "market", "sell", 5, None, {"stopLossPrice": last * 0.9})
    waiting = await futures.fetch_open_orders(PERP, None, None, {"trigger": True})
    assert [each["id"] for each in waiting] == [stop["id"]]
    await futures.cancel_order(stop["id"], PERP, {"trigger": True})
    assert await futures.fetch_open_orders(PERP, None, None, {"trigger": True}) == []


async def test_margin_is_isolated_added_and_told(futures: Any) -> None:
    await futures.set_margin_mode("isolated", PERP, {"leverage": 10})
    await futures.set_leverage(10, PERP)
    await futures.create_order(PERP, "market", "buy", 10)
    (before,) = await futures.fetch_positions([PERP])
    assert before["marginMode"] == "isolated"
    await futures.add_margin(PERP, 100)
    (after,) = await futures.fetch_positions([PERP])
    assert after["collateral"] == pytest.approx(before["collateral"] + 100, abs=5)
    assert after["liquidationPrice"] < before["liquidationPrice"]


async def test_it_reads_fees_tiers_and_the_ledger(spot: Any, futures: Any) -> None:
    fees = await spot.private_get_account_commission({"symbol": "SOLUSDT"})
    assert float(fees["standardCommission"]["taker"]) == 0.001
    assert (await futures.fetch_trading_fee(PERP))["maker"] == 0.0002
    tiers = await futures.fetch_market_leverage_tiers(PERP)
    assert tiers[0]["maxLeverage"] == 75
    await futures.create_order(PERP, "market", "buy", 1)
    kinds = {row["info"]["incomeType"] for row in await futures.fetch_ledger("USDT")}
    assert {"TRANSFER", "COMMISSION"} <= kinds


@pytest.mark.parametrize("market", ["spot", "futures"])
async def test_it_watches_orders_trades_and_balances(spot: Any, futures: Any, market: str) -> None:
    venue, symbol = (spot, SPOT) if market == "spot" else (futures, PERP)
    async with asyncio.timeout(120):
        orders = asyncio.ensure_future(venue.watch_orders(symbol))
        trades = asyncio.ensure_future(venue.watch_my_trades(symbol))
        balance = asyncio.ensure_future(venue.watch_balance())
        await asyncio.sleep(0.5)
        placed = await venue.create_order(symbol, "market", "buy", 1)
        seen = await orders
        while seen[-1]["status"] != "closed":
            seen = await venue.watch_orders(symbol)
        assert (seen[-1]["id"], seen[-1]["filled"]) == (placed["id"], 1)
        assert (await trades)[-1]["order"] == placed["id"]
        assert (await balance)["USDT"]["total"] > 0


async def test_it_watches_positions(futures: Any) -> None:
    async with asyncio.timeout(120):
        assert await futures.watch_positions([PERP]) == []  # what it is at first
        watching = asyncio.ensure_future(futures.watch_positions([PERP]))
        await futures.create_order(PERP, "market", "sell", 2)
        positions = await watching
    assert (positions[-1]["side"], positions[-1]["contracts"]) == ("short", 2)


@pytest.mark.parametrize("market", ["spot", "futures"])
async def test_it_trades_over_the_websocket_api(spot: Any, futures: Any, market: str) -> None:
    venue, symbol = (spot, SPOT) if market == "spot" else (futures, PERP)
    last = (await venue.fetch_ticker(symbol))["last"]
    async with asyncio.timeout(120):
        order = await venue.create_order_ws(symbol, "limit", "buy", 1, rounded(venue, symbol, last * 0.9))
        assert (await venue.fetch_order_ws(order["id"], symbol))["status"] == "open"
        await venue.cancel_order_ws(order["id"], symbol)
        assert (await venue.fetch_order(order["id"], symbol))["status"] == "canceled"
        if market == "futures":  # of spot's answer, which lists balances, ccxt reads the assets
            assert (await venue.fetch_balance_ws())["USDT"]["total"] > 0


async def test_it_trades_without_asyncio_too(exchange: Running, client: aiohttp.ClientSession) -> None:
    given = await settings(exchange, client, "synchronous")

    def trade() -> tuple[str, float]:
        venue = ccxt.binance(given)
        order = venue.create_order(SPOT, "market", "sell", 3)
        return order["status"], venue.fetch_balance()["SOL"]["total"]

    assert await asyncio.to_thread(trade) == ("closed", 97)
