"""Binance over REST: pages are joined without a hole or a double, units are ours."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from candlewick.core.clock import NS_PER_MS, NS_PER_S, ManualClock
from candlewick.core.errors import MalformedMessage
from candlewick.core.events import Funding
from candlewick.venues.binance.history import RestHistory, explain
from candlewick.venues.binance.mapper import Mapper
from tests.venues.binance.loopback import Loopback

NOW_S = 1_700_000_000
Query = Mapping[str, str]
MakeHistory = Callable[..., RestHistory]


@pytest.fixture
async def venue() -> AsyncIterator[Loopback]:
    async with Loopback().running() as venue:
        yield venue


@pytest.fixture
async def history(venue: Loopback) -> AsyncIterator[MakeHistory]:
    made: list[RestHistory] = []

    def make(market: Any = "spot") -> RestHistory:
        mapper = Mapper("binance", market)
        made.append(RestHistory(venue.endpoints(market=market), mapper, ManualClock(NOW_S * NS_PER_S)))
        return made[-1]

    yield make
    for each in made:
        await each.rest.close()


def _kline(open_s: int, length: int, price: str = "10.0") -> list[Any]:
    prices, close_ms = [price] * 4, (open_s + length) * 1000 - 1
    return [open_s * 1000, *prices, "2.5", close_ms, "25.0", 7, "1.0", "10.0", "0"]


def _klines_of(length: int, most: int) -> Callable[[Query], Any]:
    def klines(query: Query) -> list[list[Any]]:
        start, end = int(query["startTime"]) // 1000, int(query["endTime"]) // 1000
        limit = int(query["limit"])
        assert limit == most
        opens = range(-(-start // length) * length, end + 1, length)
        return [_kline(open_s, length) for open_s in opens][:limit]

    return klines


@pytest.mark.parametrize(("market", "most"), [("spot", 1000), ("usdm", 1500), ("coinm", 1500)])
async def test_it_joins_pages_of_candles(
    venue: Loopback, history: MakeHistory, market: str, most: int
) -> None:
    venue.routes["/klines"] = _klines_of(60, most)
    start_s = NOW_S // 60 * 60 - 4000 * 60
    native = "BTCUSD_PERP" if market == "coinm" else "BTCUSDT"
    candles = await history(market).candles(native, "1m", start_s, start_s + 4000 * 60)
    assert [candle.time for candle in candles] == [start_s + 60 * n for n in range(4000)]
    assert venue.asked["/klines"] == -(-4000 // most)


async def test_it_asks_coin_margined_futures_for_200_days_at_a_time(
    venue: Loopback, history: MakeHistory
) -> None:
    spans = []
    klines = _klines_of(86_400, 1500)

    def noted(query: Query) -> Any:
        spans.append(int(query["endTime"]) - int(query["startTime"]))
        return klines(query)

    venue.routes["/klines"] = noted
    start_s = NOW_S // 86_400 * 86_400 - 1000 * 86_400
    candles = await history("coinm").candles("BTCUSD_PERP", "1d", start_s, start_s + 1000 * 86_400)
    assert len(candles) == 1000
    assert max(spans) < 200 * 86_400_000


async def test_it_tells_a_closed_candle_from_one_that_still_forms(
    venue: Loopback, history: MakeHistory
) -> None:
    venue.routes["/klines"] = _klines_of(60, 1000)
    minute = NOW_S // 60 * 60
    closed, forming = await history().candles("BTCUSDT", "1m", minute - 60, minute + 60)
    assert (closed.time, closed.closed) == (minute - 60, True)
    assert (forming.time, forming.closed) == (minute, False)
    assert forming.ts_exchange <= forming.ts_received
    assert (closed.volume, closed.quote_volume, closed.trades) == (2.5, 25.0, 7)


async def test_it_turns_contracts_into_base_and_quote(venue: Loopback, history: MakeHistory) -> None:
    venue.routes["/klines"] = lambda query: [_kline(0, 60)]
    (bitcoin,) = await history("coinm").candles("BTCUSD_PERP", "1m", 0, 60)
    (other,) = await history("coinm").candles("ETHUSD_PERP", "1m", 0, 60)
    assert (bitcoin.volume, bitcoin.quote_volume) == (25.0, 250.0)  # 2.5 contracts of 100 USD
    assert (other.volume, other.quote_volume) == (25.0, 25.0)  # of 10 USD


async def test_it_refuses_a_candle_that_cannot_be(venue: Loopback, history: MakeHistory) -> None:
    bad = _kline(0, 60)
    bad[2] = "9.0"  # a high below the low
    venue.routes["/klines"] = lambda query: [bad]
    with pytest.raises(MalformedMessage, match="impossible_candle"):
        await history().candles("BTCUSDT", "1m", 0, 60)


class Tape:
    """`aggTrades` of a tape with several trades in one millisecond."""

    def __init__(self, count: int, *, start_ms: int, per_ms: int, apart_ms: int = 1) -> None:
        self.rows = [
            {
                "a": 100 + n,
                "p": "10.5",
                "q": "0.1",
                "f": n,
                "l": n,
                "T": start_ms + n // per_ms * apart_ms,
                "m": n % 2 == 0,
            }
            for n in range(count)
        ]

    def __call__(self, query: Query) -> list[dict[str, Any]]:
        rows = self.rows
        if "fromId" in query:
            assert "startTime" not in query
            rows = [row for row in rows if int(str(row["a"])) >= int(query["fromId"])]
        else:
            start, end = int(query["startTime"]), int(query["endTime"])
            assert end - start < 3_600_000
            rows = [row for row in rows if start <= int(str(row["T"])) <= end]
        return rows[: int(query["limit"])]


async def test_it_fetches_exactly_the_trades_that_a_gap_swallowed(
    venue: Loopback, history: MakeHistory
) -> None:
    venue.routes["/aggTrades"] = Tape(5000, start_ms=0, per_ms=3)
    trades = await history().trades("BTCUSDT", 150, 2649)
    assert [trade.id for trade in trades] == list(range(150, 2650))
    assert trades[0].side == "sell"
    assert trades[1].side == "buy"


async def test_it_stops_where_the_tape_ends(venue: Loopback, history: MakeHistory) -> None:
    venue.routes["/aggTrades"] = Tape(10, start_ms=0, per_ms=1)
    assert [trade.id for trade in await history().trades("BTCUSDT", 105, 10_000)] == list(range(105, 110))


async def test_it_loses_no_trade_where_a_page_ends_inside_a_millisecond(
    venue: Loopback, history: MakeHistory
) -> None:
    venue.routes["/aggTrades"] = Tape(7000, start_ms=1_000_000, per_ms=7)
    trades = await history().trades_between("BTCUSDT", 1_000_100 * NS_PER_MS, 1_000_900 * NS_PER_MS)
    assert [trade.id for trade in trades] == list(range(800, 6400))


async def test_it_crosses_hours_without_a_trade(venue: Loopback, history: MakeHistory) -> None:
    venue.routes["/aggTrades"] = Tape(4, start_ms=0, per_ms=1, apart_ms=5_000_000)
    trades = await history().trades_between("BTCUSDT", 0, 20_000_000 * NS_PER_MS)
    assert [trade.id for trade in trades] == [100, 101, 102, 103]


async def test_it_keeps_the_end_of_the_time_range_out(venue: Loopback, history: MakeHistory) -> None:
    venue.routes["/aggTrades"] = Tape(10, start_ms=0, per_ms=1)
    trades = await history().trades_between("BTCUSDT", 2 * NS_PER_MS, 5 * NS_PER_MS)
    assert [trade.ts_exchange // NS_PER_MS for trade in trades] == [2, 3, 4]


async def test_it_joins_pages_of_funding(venue: Loopback, history: MakeHistory) -> None:
    settled = [n * 28_800_000 + n % 3 for n in range(2500)]  # real stamps jitter by milliseconds

    def rates(query: Query) -> list[dict[str, Any]]:
        start, end = int(query["startTime"]), int(query["endTime"])
        inside = [ms for ms in settled if start <= ms <= end]
        return [
            {
                "symbol": "BTCUSDT",
                "fundingTime": ms,
                "fundingRate": "-0.0001",
                "markPrice": "" if ms < 9 else "5.0",
            }
            for ms in inside[: int(query["limit"])]
        ]

    venue.routes["/fundingRate"] = rates
    found = await history("usdm").funding("BTCUSDT", 0, 2500 * 28_800)
    assert [funding.ts_exchange // NS_PER_MS for funding in found] == settled
    received = NOW_S * NS_PER_S
    assert found[0] == Funding("binance:BTCUSDT-PERP", -0.0001, None, 0, received)
    assert found[-1].mark == 5.0


@pytest.mark.parametrize(
    "wrong", [{"markPrice": "many"}, {"markPrice": "-1"}, {"fundingRate": "NaN"}, {"fundingRate": "7"}]
)
async def test_it_refuses_a_settlement_that_cannot_be(
    venue: Loopback, history: MakeHistory, wrong: dict[str, str]
) -> None:
    row = {"fundingTime": 0, "fundingRate": "0.0001", "markPrice": "5.0"} | wrong
    venue.routes["/fundingRate"] = lambda query: [row]
    with pytest.raises(MalformedMessage, match="bad_answer"):
        await history("usdm").funding("BTCUSDT", 0, 60)


async def test_it_dates_a_spot_book_by_its_receipt_and_a_futures_book_by_the_venue(
    venue: Loopback, history: MakeHistory
) -> None:
    book = {"lastUpdateId": 7, "bids": [["1.0", "2.0"]], "asks": [["1.5", "0.5"]]}
    venue.routes["/depth"] = lambda query: book
    snapshot = await history().book("BTCUSDT")
    assert (snapshot.snapshot, snapshot.last_id, snapshot.bids) == (True, 7, [(1.0, 2.0)])
    assert snapshot.ts_exchange == snapshot.ts_received == NOW_S * NS_PER_S
    venue.routes["/depth"] = lambda query: {**book, "E": 1_600_000_000_000}
    assert (await history("usdm").book("BTCUSDT")).ts_exchange == 1_600_000_000_000 * NS_PER_MS


async def test_it_asks_for_the_venues_clock(venue: Loopback, history: MakeHistory) -> None:
    assert await history().time_ms() == 1_700_000_000_000


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"code":-1121,"msg":"Invalid symbol."}', "Invalid symbol. (code -1121)"),
        (b"<html>", "no reason that can be read."),
        (b"\xff", "no reason that can be read."),
        (b'{"code":"x"}', "no reason that can be read."),
    ],
)
def test_it_reads_the_venues_refusal_as_a_sentence(body: bytes, sentence: str) -> None:
    assert explain(body) == sentence


BASES = {"spot": "/api/v3", "usdm": "/fapi/v1", "coinm": "/dapi/v1"}


def _recorded(recordings: Path, market: str, path: str) -> list[Any]:
    """Every body that the real venue answered to `path`, refusals aside."""
    file = recordings / "wire/gocryptotrader_recorded/binance/testdata/http.json.gz"
    routes = json.loads(gzip.decompress(file.read_bytes()))["routes"]
    answers = routes[BASES[market] + path].get("GET", [])
    return [a["data"] for a in answers if a["data"] and "code" not in a["data"]]


def _always(body: Any) -> Callable[[Query], Any]:
    return lambda query: body


@pytest.mark.parametrize("market", ["spot", "usdm", "coinm"])
async def test_it_reads_what_the_real_venue_answered(
    venue: Loopback, history: MakeHistory, recordings: Path, market: str
) -> None:
    ours, native = history(market), "BTCUSD_PERP" if market == "coinm" else "BTCUSDT"
    read = 0
    for rows in _recorded(recordings, market, "/klines"):
        venue.routes["/klines"] = _always(rows)
        candles = await ours.candles(native, "1m", 0, 60)
        assert [candle.time * 1000 for candle in candles] == [row[0] for row in rows]
        read += len(rows)
    for rows in _recorded(recordings, market, "/aggTrades"):
        if "m" not in rows[0]:  # the recorder shortened some
            continue
        venue.routes["/aggTrades"] = _always(rows)
        trades = await ours.trades(native, 0, rows[-1]["a"])
        assert [trade.id for trade in trades][: len(rows)] == [row["a"] for row in rows]
        read += len(rows)
    for body in _recorded(recordings, market, "/depth"):
        venue.routes["/depth"] = _always(body)
        book = await ours.book(native)
        assert book.last_id == body["lastUpdateId"]
        assert book.bids[0][0] < book.asks[0][0]
        read += len(book.bids)
    assert read > 10


@pytest.mark.parametrize("market", ["usdm", "coinm"])
async def test_it_reads_what_the_real_venue_answered_of_perpetuals(
    venue: Loopback, history: MakeHistory, recordings: Path, market: str
) -> None:
    ours, native = history(market), "BTCUSD_PERP" if market == "coinm" else "BTCUSDT"
    for rows in _recorded(recordings, market, "/fundingRate"):
        venue.routes["/fundingRate"] = _always(rows)
        settled = await ours.funding(native, 0, 60)
        assert [f.ts_exchange // NS_PER_MS for f in settled] == [row["fundingTime"] for row in rows]
        assert [f.rate for f in settled] == [float(row["fundingRate"]) for row in rows]
    (body,) = _recorded(recordings, market, "/openInterest")
    venue.routes["/openInterest"] = lambda query: body
    interest = await ours.open_interest(native)
    assert interest.quantity == float(body["openInterest"])
    assert interest.ts_exchange == body["time"] * NS_PER_MS


async def test_a_candle_ends_by_the_clock_of_a_venue_that_is_behind(
    venue: Loopback, history: MakeHistory
) -> None:
    venue.routes["/klines"] = _klines_of(60, 1000)
    minute_s = NOW_S // 60 * 60 - 60  # the last one that has ended by our clock
    spot = history()
    assert (await spot.candles("BTCUSDT", "1m", minute_s, minute_s + 60))[0].closed
    spot.behind_ns = (NOW_S - minute_s - 60 + 1) * NS_PER_S
    assert not (await spot.candles("BTCUSDT", "1m", minute_s, minute_s + 60))[0].closed
