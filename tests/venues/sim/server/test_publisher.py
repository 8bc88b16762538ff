"""Streams of a running exchange, held against its REST answers."""

from __future__ import annotations

import itertools
import time
from decimal import Decimal
from typing import Any

import aiohttp
import orjson
import pytest

from candlewick.venues.sim.server import futures
from candlewick.venues.sim.server.bodies import Ask
from candlewick.venues.sim.server.front import Front, Wire
from candlewick.venues.sim.server.parameters import Parameters
from candlewick.venues.sim.server.publisher import Publisher
from candlewick.venues.sim.world import World

WAIT_S = 60.0


async def messages(client: aiohttp.ClientSession, path: str, count: int) -> list[Any]:
    async with client.ws_connect(path) as ws:
        return [await ws.receive_json(timeout=WAIT_S) for _ in range(count)]


@pytest.mark.parametrize(("path", "rest"), [("", "/api/v3"), ("/fapi", "/fapi/v1")])
async def test_trades_stream_by_rising_ids_and_rest_tells_the_same(
    client: aiohttp.ClientSession, path: str, rest: str
) -> None:
    streamed = await messages(client, f"{path}/ws/btcusdt@aggTrade", 12)
    ids = [each["a"] for each in streamed]
    assert ids == list(range(ids[0], ids[0] + 12))
    query = {"symbol": "BTCUSDT", "fromId": ids[0], "limit": 12}
    async with client.get(f"{rest}/aggTrades", params=query) as response:
        told = await response.json(content_type=None)
    for stream, row in zip(streamed, told, strict=True):
        assert {key: stream[key] for key in ("a", "p", "q", "f", "l", "T", "m")} == {
            key: row[key] for key in ("a", "p", "q", "f", "l", "T", "m")
        }
        assert 0 <= stream["E"] - stream["T"] < 10_000
        assert abs(stream["E"] - time.time() * 1000) < 30_000


@pytest.mark.parametrize(("path", "rest"), [("", "/api/v3"), ("/fapi", "/fapi/v1")])
@pytest.mark.parametrize("speed", ["@100ms", ""])
async def test_diffs_over_a_snapshot_give_the_venues_book(
    client: aiohttp.ClientSession, path: str, rest: str, speed: str
) -> None:
    async with client.ws_connect(f"{path}/ws/btcusdt@depth{speed}") as ws:
        diffs = [await ws.receive_json(timeout=WAIT_S)]
        book = await _snapshot(client, rest)
        levels = {side: dict(book[side]) for side in ("bids", "asks")}
        last = book["lastUpdateId"]
        while len(diffs) < 4:
            diffs.append(await ws.receive_json(timeout=WAIT_S))
        later = await _snapshot(client, rest)
        while diffs[-1]["u"] < later["lastUpdateId"]:
            diffs.append(await ws.receive_json(timeout=WAIT_S))
    for before, diff in itertools.pairwise(diffs):
        assert diff["U"] == before["u"] + 1
        assert diff.get("pu", before["u"]) == before["u"]
    for diff in diffs:
        if diff["u"] <= last:
            continue
        for side, key in (("bids", "b"), ("asks", "a")):
            for price, quantity in diff[key]:
                levels[side][price] = quantity
                if not Decimal(quantity):
                    del levels[side][price]
        bids, asks = ([Decimal(price) for price in levels[side]] for side in ("bids", "asks"))
        assert max(bids) < min(asks)
        if diff["u"] == later["lastUpdateId"]:
            assert levels == {side: dict(later[side]) for side in ("bids", "asks")}


async def _snapshot(client: aiohttp.ClientSession, rest: str) -> Any:
    async with client.get(f"{rest}/depth", params={"symbol": "BTCUSDT", "limit": 1000}) as response:
        return await response.json(content_type=None)


async def test_partial_books_hold_so_many_levels(client: aiohttp.ClientSession) -> None:
    for count in (5, 10, 20):
        (book,) = await messages(client, f"/ws/btcusdt@depth{count}@100ms", 1)
        assert (len(book["bids"]), len(book["asks"])) == (count, count)
    (book,) = await messages(client, "/fapi/ws/btcusdt@depth5@100ms", 1)
    assert (book["e"], len(book["b"]), len(book["a"])) == ("depthUpdate", 5, 5)


async def test_best_prices_stream_with_the_books_update_id(client: aiohttp.ClientSession) -> None:
    async with client.ws_connect("/stream?streams=btcusdt@bookTicker/btcusdt@depth@100ms") as ws:
        ids = []
        for _ in range(30):
            message = await ws.receive_json(timeout=WAIT_S)
            if message["stream"] == "btcusdt@bookTicker":
                ticker = message["data"]
                assert Decimal(ticker["b"]) < Decimal(ticker["a"])
                ids.append(ticker["u"])
        assert ids == sorted(set(ids))


async def test_a_closed_candle_is_told_once_and_equals_rest(client: aiohttp.ClientSession) -> None:
    closed: list[dict[str, Any]] = []
    async with client.ws_connect("/ws/btcusdt@kline_1s") as ws:
        while len(closed) < 3:
            candle = (await ws.receive_json(timeout=WAIT_S))["k"]
            if candle["x"]:
                closed.append(candle)
    opens = [candle["t"] for candle in closed]
    assert opens == [opens[0], opens[0] + 1000, opens[0] + 2000]
    query = {"symbol": "BTCUSDT", "interval": "1s", "startTime": opens[0], "limit": 3}
    async with client.get("/api/v3/klines", params=query) as response:
        rows = await response.json(content_type=None)
    for candle, row in zip(closed, rows, strict=True):
        assert [candle[key] for key in "tohlcvTqnVQ"] == row[:11]
        if candle["n"]:
            trades = {"symbol": "BTCUSDT", "startTime": candle["t"], "limit": 1}
            async with client.get("/api/v3/aggTrades", params=trades) as response:
                (first,) = await response.json(content_type=None)
            assert candle["f"] == first["a"]
            assert candle["L"] - candle["f"] + 1 == candle["n"]


async def test_open_candles_carry_the_latest_trade(client: aiohttp.ClientSession) -> None:
    (message,) = await messages(client, "/fapi/ws/btcusdt@kline_1h", 1)
    candle = message["k"]
    assert (message["e"], candle["i"], candle["x"]) == ("kline", "1h", False)
    assert Decimal(candle["l"]) <= Decimal(candle["c"]) <= Decimal(candle["h"])
    (message,) = await messages(client, "/fapi/ws/btcusdt_perpetual@continuousKline_1m", 1)
    assert (message["e"], message["ps"], message["ct"]) == ("continuous_kline", "BTCUSDT", "PERPETUAL")


async def test_tickers_stream_for_one_and_for_all_that_traded(client: aiohttp.ClientSession) -> None:
    (one,) = await messages(client, "/ws/btcusdt@ticker", 1)
    assert one["e"] == "24hrTicker"
    assert one["n"] == one["L"] - one["F"] + 1
    assert Decimal(one["p"]) == Decimal(one["c"]) - Decimal(one["o"])
    everyone = await messages(client, "/ws/!miniTicker@arr", 2)
    assert {each["e"] for each in everyone[0]} == {"24hrMiniTicker"}
    assert len(everyone[0]) >= len(everyone[1]) >= 1
    (futures,) = await messages(client, "/fapi/ws/btcusdt@ticker", 1)
    assert futures.keys() == one.keys() - set("xbBaA")


async def test_mark_prices_stream_for_all_perpetuals(client: aiohttp.ClientSession) -> None:
    async with client.get("/fapi/v1/premiumIndex") as response:
        premiums = {each["symbol"]: each for each in await response.json(content_type=None)}
    (marks,) = await messages(client, "/fapi/ws/!markPrice@arr@1s", 1)
    assert {each["s"] for each in marks} == premiums.keys()
    for each in marks:
        assert each["T"] == premiums[each["s"]]["nextFundingTime"]
        assert float(each["p"]) == pytest.approx(float(premiums[each["s"]]["markPrice"]), rel=0.01)


async def test_the_average_price_streams(client: aiohttp.ClientSession) -> None:
    (average,) = await messages(client, "/ws/btcusdt@avgPrice", 1)
    assert (average["e"], average["i"]) == ("avgPrice", "5m")


class Listener:
    """A subscriber that keeps what it is sent."""

    combined = False
    faulty = True  # so that it is given payloads, not frames

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, framed: bytes) -> None:
        raise AssertionError("a faulty wire is given payloads")

    def send_faulty(self, stream: str, payload: bytes) -> None:
        self.sent.append(orjson.loads(payload))


def test_a_second_tells_its_largest_liquidation_of_each_symbol_as_rest_does() -> None:
    now_ms = 1_700_000_000_000
    world = World(seed=7, venue="sim-west", origin_ms=now_ms)
    front = Front(world, "perp", Wire())
    publisher, listener = Publisher(front), Listener()
    everything = front.stream("!forceOrder@arr")
    assert everything is not None
    front.hub.subscribe(everything, listener)
    executed = []
    for _ in range(450):
        now_ms += 1000
        world.advance(now_ms)
        for listing, order in world.collect().forced:
            executed.append((listing.symbol, order))
            publisher.forced(front.line(listing.symbol), order)
        publisher.step(now_ms)
    assert executed
    told = [each["o"] for each in listener.sent]
    assert {(order["s"], order["T"]) for order in told} == {
        (symbol, order.ts_ms) for symbol, order in executed
    }
    rows: Any = futures.forced_orders(front, Ask(Parameters([("limit", "1000")]), now_ms))
    assert len(rows) == len(executed)
    for order in told:
        row = next(each for each in rows if (each["symbol"], each["time"]) == (order["s"], order["T"]))
        assert (row["side"], row["executedQty"], row["price"]) == (order["S"], order["z"], order["p"])
