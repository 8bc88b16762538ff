"""REST answers of a running exchange, as any HTTP client sees them."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from tests.venues.sim.server.conftest import Running, one_venue, run_exchange

MINUTE = 60_000


async def get(client: aiohttp.ClientSession, path: str, status: int = 200, **query: Any) -> Any:
    async with client.get(path, params=query) as response:
        body = await response.json(content_type=None)
        assert response.status == status, body
        return body


async def test_it_says_that_it_is_simulated(client: aiohttp.ClientSession) -> None:
    page = await get(client, "/")
    assert page["simulated"] is True
    assert page["notice"].startswith("SIMULATED")
    assert list(page["venues"]) == ["sim", "sim-east", "sim-west"]


@pytest.mark.parametrize("prefix", ["", "/sim-east", "/sim-west"])
@pytest.mark.parametrize("market", ["/api/v3", "/fapi/v1"])
async def test_it_lists_instruments_with_steps_that_its_prices_keep(
    client: aiohttp.ClientSession, prefix: str, market: str
) -> None:
    info = await get(client, f"{prefix}{market}/exchangeInfo")
    symbols = {each["symbol"]: each for each in info["symbols"]}
    assert {"BTCUSDT", "ETHUSDT", "SOLUSDT"} <= symbols.keys()
    filters = {each["filterType"]: each for each in symbols["BTCUSDT"]["filters"]}
    tick, lot = Decimal(filters["PRICE_FILTER"]["tickSize"]), Decimal(filters["LOT_SIZE"]["stepSize"])
    for trade in await get(client, f"{prefix}{market}/trades", symbol="BTCUSDT", limit=50):
        assert Decimal(trade["price"]) % tick == 0
        assert Decimal(trade["qty"]) % lot == 0
        assert Decimal(trade["quoteQty"]) == Decimal(trade["price"]) * Decimal(trade["qty"])


async def test_it_tells_equities_and_sectors(client: aiohttp.ClientSession) -> None:
    info = await get(client, "/api/v3/exchangeInfo", symbols='["AAPL","BTCUSDT"]')
    apple, bitcoin = info["symbols"]
    assert (apple["underlyingType"], apple["quoteAsset"]) == ("EQUITY", "USD")
    assert bitcoin["underlyingType"] == "COIN"
    assert apple["underlyingSubType"] == ["Technology"]


async def test_it_lists_what_is_asked_for_alone(client: aiohttp.ClientSession) -> None:
    one = await get(client, "/api/v3/exchangeInfo", symbol="ETHUSDT")
    assert [each["symbol"] for each in one["symbols"]] == ["ETHUSDT"]
    assert (await get(client, "/api/v3/exchangeInfo", permissions="LEVERAGED"))["symbols"] == []
    assert (await get(client, "/dapi/v1/exchangeInfo"))["symbols"] == []


@pytest.mark.parametrize("market", ["/api/v3", "/fapi/v1"])
async def test_its_book_is_sorted_and_not_crossed(client: aiohttp.ClientSession, market: str) -> None:
    book = await get(client, f"{market}/depth", symbol="BTCUSDT", limit=50)
    bids, asks = ([Decimal(price) for price, _ in book[side]] for side in ("bids", "asks"))
    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))
    assert bids[0] < asks[0]
    assert 5 < len(bids) <= 50
    assert ("E" in book) == (market == "/fapi/v1")


@pytest.mark.parametrize(
    ("path", "name", "price"),
    [("markPriceKlines", "symbol", "markPrice"), ("indexPriceKlines", "pair", "indexPrice")],
)
async def test_candles_of_a_reference_price_lead_to_the_price_of_now(
    client: aiohttp.ClientSession, path: str, name: str, price: str
) -> None:
    query: dict[str, Any] = {name: "BTCUSDT", "interval": "1m"}
    rows = await get(client, f"/fapi/v1/{path}", limit=60, **query)
    premium = await get(client, "/fapi/v1/premiumIndex", symbol="BTCUSDT")
    assert [row[0] - rows[0][0] for row in rows] == [n * MINUTE for n in range(60)]
    for row in rows:
        open_, high, low, close = (Decimal(value) for value in row[1:5])
        assert low <= min(open_, close) <= max(open_, close) <= high
    assert float(rows[-1][4]) == pytest.approx(float(premium[price]), rel=0.002)
    upto = await get(client, f"/fapi/v1/{path}", endTime=rows[9][6], limit=10, **query)
    assert upto == rows[:10]


@pytest.mark.parametrize("market", ["/api/v3", "/fapi/v1"])
async def test_its_candles_are_the_fold_of_its_trades(client: aiohttp.ClientSession, market: str) -> None:
    now = (await get(client, f"{market}/time"))["serverTime"]
    start = now - now % MINUTE - 3 * MINUTE
    rows = await get(client, f"{market}/klines", symbol="ETHUSDT", interval="1m", startTime=start, limit=3)
    assert [row[0] for row in rows] == [start, start + MINUTE, start + 2 * MINUTE]
    for row in rows:
        trades: list[dict[str, Any]] = []
        query: dict[str, Any] = {"startTime": row[0], "endTime": row[6]}
        while page := await get(client, f"{market}/aggTrades", symbol="ETHUSDT", limit=1000, **query):
            trades += [each for each in page if each["T"] <= row[6]]
            if len(page) < 1000:
                break
            query = {"fromId": page[-1]["a"] + 1}
        prices = [Decimal(each["p"]) for each in trades]
        sizes = [Decimal(each["q"]) for each in trades]
        bought = [size for size, each in zip(sizes, trades, strict=True) if not each["m"]]
        assert [each["a"] for each in trades] == list(range(trades[0]["a"], trades[0]["a"] + len(trades)))
        assert [Decimal(value) for value in row[1:6]] == [
            prices[0],
            max(prices),
            min(prices),
            prices[-1],
            sum(sizes),
        ]
        assert Decimal(row[7]) == sum(p * q for p, q in zip(prices, sizes, strict=True))
        assert row[8] == len(trades)
        assert Decimal(row[9]) == sum(bought)


async def test_candles_follow_start_end_and_limit_as_the_venue_has_it(client: aiohttp.ClientSession) -> None:
    now = (await get(client, "/api/v3/time"))["serverTime"]
    hour = now - now % 3_600_000

    async def opens(**query: int) -> list[int]:
        rows = await get(client, "/api/v3/klines", symbol="BTCUSDT", interval="1h", **query)
        return [row[0] for row in rows]

    assert await opens(limit=3) == [hour - 2 * 3_600_000, hour - 3_600_000, hour]
    assert await opens(startTime=hour - 9 * 3_600_000, limit=2) == [
        hour - 9 * 3_600_000,
        hour - 8 * 3_600_000,
    ]
    assert await opens(endTime=hour - 1, limit=1) == [hour - 3_600_000]
    assert await opens(startTime=hour, endTime=hour - 1) == []


async def test_years_of_days_in_pieces_are_the_days_asked_for_alone(client: aiohttp.ClientSession) -> None:
    rows = await get(client, "/api/v3/klines", symbol="LTCUSDT", interval="1d", limit=100)
    assert len(rows) == 100
    assert [b[0] - a[0] for a, b in itertools.pairwise(rows)] == [86_400_000] * 99
    for row in (rows[0], rows[57]):
        query = {"symbol": "LTCUSDT", "interval": "1d", "startTime": row[0], "limit": 1}
        assert await get(client, "/api/v3/klines", **query) == [row]


async def test_longer_candles_hold_shorter_ones(client: aiohttp.ClientSession) -> None:
    week, before = await get(client, "/api/v3/klines", symbol="XRPUSDT", interval="1w", limit=2)
    days = await get(
        client, "/api/v3/klines", symbol="XRPUSDT", interval="1d", startTime=week[0], endTime=week[6]
    )
    assert len(days) == 7
    assert week[1:5] == [
        days[0][1],
        max(day[2] for day in days),
        min(day[3] for day in days),
        days[-1][4],
    ]
    assert Decimal(week[5]) == sum(Decimal(day[5]) for day in days)
    assert before[0] == week[6] + 1


async def test_the_newest_trades_go_on_from_an_id(client: aiohttp.ClientSession) -> None:
    newest = await get(client, "/api/v3/trades", symbol="BTCUSDT", limit=5)
    first = newest[0]["id"]
    again = await get(client, "/api/v3/historicalTrades", symbol="BTCUSDT", fromId=first, limit=5)
    assert again == newest
    assert [each["id"] for each in newest] == list(range(first, first + 5))


async def test_the_day_agrees_with_its_candles(client: aiohttp.ClientSession) -> None:
    day = await get(client, "/api/v3/ticker/24hr", symbol="MKRUSDT")
    rows = await get(
        client, "/api/v3/klines", symbol="MKRUSDT", interval="1m", startTime=day["openTime"], limit=1000
    )
    rows += await get(
        client, "/api/v3/klines", symbol="MKRUSDT", interval="1m", startTime=rows[-1][0] + MINUTE, limit=1000
    )
    closed = [row for row in rows if row[6] < day["closeTime"] - 30_000]
    assert day["openPrice"] == closed[0][1]
    assert Decimal(day["highPrice"]) >= max(Decimal(row[2]) for row in closed)
    assert Decimal(day["volume"]) >= sum(Decimal(row[5]) for row in closed)
    assert day["count"] == day["lastId"] - day["firstId"] + 1
    change = Decimal(day["lastPrice"]) - Decimal(day["openPrice"])
    assert Decimal(day["priceChange"]) == change
    mini = await get(client, "/api/v3/ticker/24hr", symbol="MKRUSDT", type="MINI")
    assert "priceChange" not in mini
    assert mini["openPrice"] == day["openPrice"]


async def test_tickers_come_for_one_some_and_all(client: aiohttp.ClientSession) -> None:
    listed = {each["symbol"] for each in (await get(client, "/api/v3/exchangeInfo"))["symbols"]}
    for path in ("price", "bookTicker", "24hr"):
        one = await get(client, f"/api/v3/ticker/{path}", symbol="BTCUSDT")
        some = await get(client, f"/api/v3/ticker/{path}", symbols='["ETHUSDT","BTCUSDT"]')
        everyone = await get(client, f"/api/v3/ticker/{path}")
        assert one["symbol"] == "BTCUSDT"
        assert [each["symbol"] for each in some] == ["ETHUSDT", "BTCUSDT"]
        assert {each["symbol"] for each in everyone} == listed


async def test_the_average_price_lies_within_its_minutes(client: aiohttp.ClientSession) -> None:
    rows = await get(client, "/api/v3/klines", symbol="BTCUSDT", interval="1m", limit=6)
    average = await get(client, "/api/v3/avgPrice", symbol="BTCUSDT")
    assert average["mins"] == 5
    low, high = min(Decimal(row[3]) for row in rows), max(Decimal(row[2]) for row in rows)
    assert low <= Decimal(average["price"]) <= high


async def test_funding_settles_at_its_hours_and_follows_the_premium_index(
    client: aiohttp.ClientSession,
) -> None:
    hours = {"": 8, "/sim-west": 4}
    for prefix, each in hours.items():
        info = await get(client, f"{prefix}/fapi/v1/fundingInfo")
        assert {row["fundingIntervalHours"] for row in info} == {each}
        rates = await get(client, f"{prefix}/fapi/v1/fundingRate", symbol="BTCUSDT", limit=5)
        times = [row["fundingTime"] for row in rates]
        assert [b - a for a, b in itertools.pairwise(times)] == [each * 3_600_000] * 4
        premium = await get(client, f"{prefix}/fapi/v1/premiumIndex", symbol="BTCUSDT")
        assert premium["nextFundingTime"] == times[-1] + each * 3_600_000
        assert float(premium["markPrice"]) == pytest.approx(float(premium["indexPrice"]), rel=0.01)
    everyone = await get(client, "/fapi/v1/fundingRate", limit=60)
    assert len(everyone) == 60
    assert len({row["symbol"] for row in everyone}) > 20


async def test_open_interest_has_a_history_that_leads_to_now(client: aiohttp.ClientSession) -> None:
    now = await get(client, "/fapi/v1/openInterest", symbol="BTCUSDT")
    rows = await get(client, "/futures/data/openInterestHist", symbol="BTCUSDT", period="5m", limit=12)
    assert len(rows) == 12
    assert Decimal(rows[-1]["sumOpenInterest"]) == pytest.approx(
        Decimal(now["openInterest"]), rel=Decimal("0.1")
    )
    price = Decimal(rows[-1]["sumOpenInterestValue"]) / Decimal(rows[-1]["sumOpenInterest"])
    last = Decimal((await get(client, "/fapi/v2/ticker/price", symbol="BTCUSDT"))["price"])
    assert price == pytest.approx(last, rel=Decimal("0.05"))


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("/api/v3/depth", {}, 400, -1102),
        ("/api/v3/depth", {"symbol": "NOSUCH"}, 400, -1121),
        ("/api/v3/depth", {"symbol": "bad symbol"}, 400, -1100),
        ("/api/v3/klines", {"symbol": "BTCUSDT"}, 400, -1102),
        ("/api/v3/klines", {"symbol": "BTCUSDT", "interval": "2m"}, 400, -1120),
        ("/api/v3/klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": "x"}, 400, -1100),
        ("/api/v3/klines", {"symbol": "BTCUSDT", "interval": "1m", "zone": "1"}, 400, -1104),
        ("/api/v3/ping", {"hello": "1"}, 400, -1101),
        ("/api/v3/ticker/24hr", {"symbol": "BTCUSDT", "symbols": '["ETHUSDT"]'}, 400, -1128),
        ("/api/v3/ticker/24hr", {"symbol": "BTCUSDT", "type": "HUGE"}, 400, -1139),
        ("/api/v3/aggTrades", {"symbol": "BTCUSDT", "fromId": 1, "startTime": 1}, 400, -1128),
        ("/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "1s"}, 400, -1120),
        ("/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": 1501}, 400, -1130),
        ("/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": 7}, 400, -4021),
        ("/fapi/v1/depth", {"symbol": "AAPL"}, 400, -1121),
        ("/futures/data/openInterestHist", {"symbol": "BTCUSDT", "period": "7m"}, 400, -1130),
        ("/fapi/v1/nosuch", {}, 404, -5000),
    ],
)
async def test_it_refuses_in_the_venues_own_codes(
    client: aiohttp.ClientSession, path: str, query: dict[str, Any], status: int, code: int
) -> None:
    body = await get(client, path, status, **query)
    assert body["code"] == code
    assert body["msg"]


async def test_it_tells_the_used_weight_and_refuses_beyond_it() -> None:
    with run_exchange(one_venue()) as alone:
        async with aiohttp.ClientSession(alone.http) as client:
            async with client.get("/api/v3/depth?symbol=BTCUSDT&limit=5000") as response:
                assert response.headers["x-mbx-used-weight-1m"] == "250"
            statuses = []
            for _ in range(100):  # enough for a refusal even if the minute turns half-way
                async with client.get("/api/v3/depth?symbol=BTCUSDT&limit=5000") as response:
                    statuses.append(response.status)
                    if response.status == 429:
                        assert 0 < int(response.headers["Retry-After"]) <= 60
                        assert (await response.json(content_type=None))["code"] == -1003
            assert 429 in statuses
            async with client.get("/fapi/v1/ping") as response:
                assert response.status == 200  # futures keep their own count


async def test_venues_side_by_side_share_the_path_but_not_the_prints(
    client: aiohttp.ClientSession, exchange: Running
) -> None:
    prices = {}
    trades = {}
    for prefix in ("", "/sim-east", "/sim-west"):
        prices[prefix] = float(
            (await get(client, f"{prefix}/api/v3/ticker/price", symbol="BTCUSDT"))["price"]
        )
        trades[prefix] = await get(client, f"{prefix}/api/v3/trades", symbol="BTCUSDT", limit=20)
    assert max(prices.values()) / min(prices.values()) < 1.01
    assert trades[""] != trades["/sim-east"] != trades["/sim-west"]
    status = await get(client, "/sim/status")
    fees = [venue["fees_bps"]["spot"]["maker"] for venue in status["venues"].values()]
    assert len(set(fees)) == 3


async def test_it_refuses_microseconds(client: aiohttp.ClientSession) -> None:
    async with client.get("/api/v3/time", headers={"X-MBX-TIME-UNIT": "MICROSECOND"}) as response:
        assert response.status == 400
        assert (await response.json(content_type=None))["code"] == -1130
