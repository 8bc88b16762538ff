"""Binance's feed against a scripted venue on the loopback: the contract's conformance, and its own rules."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from candlewick.core.clock import NS_PER_S, ManualClock
from candlewick.core.errors import UsageError, VenueError, VenueUnavailable
from candlewick.core.events import Disconnected, MarketEvent, OpenInterest, Quote, Ticker
from candlewick.core.instrument import Venue
from candlewick.venues.binance.endpoints import REAL, simulated
from candlewick.venues.binance.feed import BinanceFeed
from candlewick.venues.connection import Policy
from candlewick.venues.contract import Topic
from tests.venues.binance.loopback import BTCUSDT, Loopback
from tests.venues.conformance import QUOTES, MarketFeedConformance, listening, until

IMPATIENT = Policy(backoff_base_s=0.001, backoff_cap_s=0.01, idle_s=2, answer_s=2, connect_s=5)
VENUE = Venue(id="binance", title="Binance")


def _quote(bid: str, ask: str, update_id: int) -> tuple[bytes, Quote]:
    raw = (
        f'{{"stream":"btcusdt@bookTicker","data":{{"u":{update_id},"s":"BTCUSDT","b":"{bid}","B":"3.0",'
        f'"a":"{ask}","A":"31.5"}}}}'
    )
    return raw.encode(), Quote("binance:BTCUSDT", float(bid), 3.0, float(ask), 31.5, update_id, 0, 0)


def _change(first: int, last: int) -> bytes:
    return (
        b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1700000000000,"s":"BTCUSDT",'
        b'"U":%d,"u":%d,"b":[["2683.80","3.0"]],"a":[]}}' % (first, last)
    )


class BinanceStage(Loopback):
    """The loopback and the feed on it."""

    instrument = "binance:BTCUSDT"
    quote = _quote("2683.80", "2683.81", 35346513501)
    later_quote = _quote("2683.90", "2683.91", 35346513508)
    changes = (_change(1, 5), _change(6, 9), _change(10, 12))
    malformed = (_change(1, 5).replace(b'"3.0"', b'"-3.0"'), "out_of_range")

    def __init__(self) -> None:
        super().__init__()
        self.feed: BinanceFeed

    def start(self, **changed: Any) -> BinanceFeed:
        self.feed = BinanceFeed(VENUE, (self.endpoints(**changed),), policy=IMPATIENT)
        return self.feed


@pytest.fixture
async def stage() -> AsyncIterator[BinanceStage]:
    stage = BinanceStage()
    async with stage.running():
        stage.start()
        yield stage
        await stage.feed.close()


class TestConformance(MarketFeedConformance):
    """The contract, on Binance's protocol."""


async def test_it_spreads_streams_over_connections_of_the_venues_limit(stage: BinanceStage) -> None:
    symbols = [{**BTCUSDT, "symbol": f"A{n}USDT"} for n in range(7)]
    stage.routes["/exchangeInfo"] = lambda query: {"symbols": symbols}
    feed = stage.start(streams_per_connection=3)
    async with listening(feed):
        for n in range(7):
            feed.subscribe(f"binance:A{n}USDT", QUOTES)
        await until(lambda: len(stage.streams()) == 8)  # with the tickers
        assert sorted(stage.loads()) == [2, 3, 3]


async def test_it_asks_for_many_streams_in_few_messages(stage: BinanceStage) -> None:
    symbols = [{**BTCUSDT, "symbol": f"A{n}USDT"} for n in range(150)]
    stage.routes["/exchangeInfo"] = lambda query: {"symbols": symbols}
    feed = stage.start()
    await feed.instruments()
    for n in range(150):
        feed.subscribe(f"binance:A{n}USDT", QUOTES)
    async with listening(feed):
        await until(lambda: len(stage.streams()) == 151)
        assert len(stage.control) == 2


async def test_it_sends_books_and_quotes_of_usdm_over_a_route_of_their_own(stage: BinanceStage) -> None:
    url = f"ws://{stage.base}/stream"
    perp = {**BTCUSDT, "contractType": "PERPETUAL", "marginAsset": "USDT"}
    stage.routes["/exchangeInfo"] = lambda query: {"symbols": [perp]}
    stage.routes["/openInterest"] = lambda query: {"openInterest": "5.5", "time": 1_700_000_000_000}
    feed = stage.start(market="usdm", routes={"public": url, "market": url})
    async with listening(feed) as audience:
        topics: frozenset[Topic] = frozenset(
            ("trades", "quotes", "book", "derivative", "liquidations", "ticker")
        )
        feed.subscribe("binance:BTCUSDT-PERP", topics)
        await until(lambda: len(stage.streams()) == 6)
        assert sorted(stage.loads()) == [2, 4]
        await audience.until(
            lambda: bool(audience.of(OpenInterest))
        )  # there is no stream of it: it is polled
        (interest,) = audience.of(OpenInterest)
        assert isinstance(interest, OpenInterest)
        assert (interest.instrument, interest.quantity) == ("binance:BTCUSDT-PERP", 5.5)


async def test_it_goes_on_when_one_subscription_is_refused(stage: BinanceStage) -> None:
    stage.routes["/exchangeInfo"] = lambda query: {"symbols": [{**BTCUSDT, "symbol": "BADUSDT"}]}
    feed = stage.start()
    async with listening(feed) as audience:
        await audience.until(lambda: feed.health.state == "live")
        feed.subscribe("binance:BADUSDT", QUOTES)
        await until(lambda: feed.health.last_error is not None)
        assert (
            feed.health.last_error == "A subscription was refused: Invalid request: unknown stream (code 2)"
        )
        assert feed.health.state == "live"


async def test_it_does_not_trust_a_connection_that_answers_no_subscription(stage: BinanceStage) -> None:
    stage.answers_control = False
    feed = stage.start()
    async with listening(feed) as audience:
        await until(lambda: stage.upgrades >= 2)
        assert feed.health.state == "connecting"
        assert "not answered" in (feed.health.last_error or "")
        assert not audience.of(Disconnected)  # it never stood
        stage.answers_control = True
        await audience.until(lambda: feed.health.state == "live")


async def test_it_leaves_a_connection_that_is_dead_though_it_may_be_silent(stage: BinanceStage) -> None:
    url = f"ws://{stage.base}/stream"
    stage.pongs = False
    policy = replace(IMPATIENT, ping_s=0.1, idle_s=60)
    routes = {"public": url, "market": url}
    stage.routes["/exchangeInfo"] = lambda query: {"symbols": [{**BTCUSDT, "contractType": "PERPETUAL"}]}
    feed = BinanceFeed(VENUE, (stage.endpoints(market="usdm", routes=routes),), policy=policy)
    async with listening(feed) as audience:
        feed.subscribe("binance:BTCUSDT-PERP", QUOTES)  # quotes of a quiet market may pause; pongs may not
        await audience.until(lambda: bool(audience.of(Disconnected)))


async def test_it_does_not_swallow_a_fault_of_whoever_listens(stage: BinanceStage) -> None:
    def emit(event: MarketEvent) -> None:
        if isinstance(event, Ticker):
            raise ZeroDivisionError("a fault of ours")

    await stage.feed.instruments()
    with pytest.raises(ExceptionGroup) as caught:
        await stage.feed.run(emit)
    assert caught.value.subgroup(ZeroDivisionError) is not None


async def test_a_lost_connection_names_what_is_known_by_tickers_alone(stage: BinanceStage) -> None:
    policy = Policy(backoff_base_s=0.001, backoff_cap_s=0.01, lifetime_s=0.2)
    feed = BinanceFeed(VENUE, (stage.endpoints(),), policy=policy)
    async with listening(feed) as audience:  # nothing is subscribed
        await audience.until(lambda: bool(audience.of(Disconnected)))
        (lost, *_) = audience.of(Disconnected)
        assert isinstance(lost, Disconnected)
        assert lost.instruments == (stage.instrument,)


async def test_it_renews_a_connection_before_the_venue_ends_it(stage: BinanceStage) -> None:
    policy = Policy(backoff_base_s=0.001, backoff_cap_s=0.01, lifetime_s=0.2)
    feed = BinanceFeed(VENUE, (stage.endpoints(),), policy=policy)
    async with listening(feed) as audience:
        feed.subscribe(stage.instrument, QUOTES)
        await audience.until(lambda: bool(audience.of(Disconnected)))
        assert "limit of its life" in str(audience.of(Disconnected)[0])
        await until(lambda: stage.upgrades >= 2 and feed.health.state == "live")


async def test_it_reads_a_message_that_comes_in_fragments(stage: BinanceStage) -> None:
    feed = stage.start()
    async with listening(feed) as audience:
        await audience.until(lambda: feed.health.state == "live")
        await stage.say_in_fragments(stage.quote[0])
        await audience.until(lambda: bool(audience.of(Quote)))


async def test_it_breaks_with_a_venue_that_sends_a_frame_beyond_all_measure(stage: BinanceStage) -> None:
    feed = stage.start()
    async with listening(feed) as audience:
        feed.subscribe(stage.instrument, QUOTES)
        await audience.until(lambda: feed.health.state == "live")
        await until(lambda: len(stage.streams()) == 2)
        await stage.say(b'{"x":"' + b"y" * 10_000_000 + b'"}')
        await audience.until(lambda: bool(audience.of(Disconnected)))
        await until(lambda: feed.health.state == "live")


async def test_it_gives_tickers_of_all_that_is_listed_unasked(stage: BinanceStage) -> None:
    feed = stage.start()
    async with listening(feed) as audience:
        await audience.until(lambda: bool(audience.of(Ticker)))
        assert getattr(audience.of(Ticker)[0], "instrument", None) == "binance:BTCUSDT"


async def test_it_estimates_the_venues_clock_against_its_own(stage: BinanceStage) -> None:
    clock = ManualClock(1_700_000_000 * NS_PER_S)
    stage.routes["/time"] = lambda query: {"serverTime": 1_700_000_001_270}
    feed = BinanceFeed(VENUE, (stage.endpoints(),), clock=clock, policy=IMPATIENT)
    async with listening(feed):
        await until(lambda: feed.health.clock_skew_ms is not None)
        assert feed.health.clock_skew_ms == 1270


async def test_it_is_not_misled_by_a_round_trip_that_was_held_up(stage: BinanceStage) -> None:
    clock = ManualClock(1_700_000_000 * NS_PER_S)
    held_up_s = iter((4.0, 0.0, 0.0, 0.0))

    def now(query: Mapping[str, str]) -> dict[str, int]:
        clock.advance(next(held_up_s, 0.0))  # on its way to the venue, not back
        return {"serverTime": clock.now_ns() // 1_000_000 + 1270}

    stage.routes["/time"] = now
    feed = BinanceFeed(VENUE, (stage.endpoints(),), clock=clock, policy=IMPATIENT)
    async with listening(feed):
        await until(lambda: feed.health.clock_skew_ms == 1270)


async def test_it_forgets_what_it_measured_before_a_clock_was_set(
    stage: BinanceStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("candlewick.venues.binance.feed.CLOCK_EVERY_S", 0.01)
    monkeypatch.setattr("candlewick.venues.binance.feed.CLOCK_AT_FIRST_S", 0.01)
    told_s = iter((-5, -5, -5, 4, 4))
    stage.routes["/time"] = lambda query: {"serverTime": (1_700_000_000 + next(told_s)) * 1000}
    feed = BinanceFeed(
        VENUE, (stage.endpoints(),), clock=ManualClock(1_700_000_000 * NS_PER_S), policy=IMPATIENT
    )
    async with listening(feed):
        await until(lambda: feed.health.clock_skew_ms == 4_000)


async def test_it_takes_the_skew_out_of_the_latency(stage: BinanceStage) -> None:
    clock = ManualClock(1_700_000_000 * NS_PER_S)
    stage.routes["/time"] = lambda query: {"serverTime": 1_700_000_001_270}
    feed = BinanceFeed(VENUE, (stage.endpoints(),), clock=clock, policy=IMPATIENT)
    stage.fall_silent()
    async with listening(feed) as audience:
        await audience.until(lambda: feed.health.state == "live")
        await until(lambda: feed.health.clock_skew_ms is not None)
        sent = _change(1, 2).replace(b"1700000000000", b"1700000001250")  # 20 ms ago by the venue's clock
        for _ in range(40):
            await stage.say(sent)
        await until(lambda: feed.health.latency_ms is not None)
        assert feed.health.latency_ms == pytest.approx(20)


async def test_it_does_not_list_what_does_not_trade(stage: BinanceStage) -> None:
    listed = await stage.feed.instruments()
    assert [instrument.symbol for instrument in listed] == ["BTCUSDT"]


async def test_it_goes_without_a_market_that_may_not_serve_us(stage: BinanceStage) -> None:
    refusing = stage.endpoints(market="coinm", rest=f"http://{stage.base}/nothing-here")
    feed = BinanceFeed(VENUE, (refusing, stage.endpoints()), policy=IMPATIENT)
    async with listening(feed) as audience:
        assert "404" in (feed.health.last_error or "")
        await audience.until(lambda: feed.health.state == "live")
        assert len(stage.loads()) == 1  # no connection for the market that refused
    feed = BinanceFeed(VENUE, (refusing,), policy=IMPATIENT)
    with pytest.raises(VenueError, match="404"):
        await feed.instruments()
    await feed.close()


async def test_it_does_not_take_a_market_that_is_away_for_one_that_refuses(stage: BinanceStage) -> None:
    away = stage.endpoints(market="coinm", rest="http://127.0.0.1:9")
    feed = BinanceFeed(VENUE, (stage.endpoints(), away), policy=IMPATIENT)
    with pytest.raises(VenueUnavailable):
        await feed.instruments()
    await feed.close()


async def test_it_has_no_funding_nor_open_interest_of_spot(stage: BinanceStage) -> None:
    await stage.feed.instruments()
    with pytest.raises(UsageError, match="no funding"):
        await stage.feed.funding(stage.instrument, 0, 60)
    with pytest.raises(UsageError, match="no open interest"):
        await stage.feed.open_interest(stage.instrument)


async def test_it_says_that_nobody_answers(stage: BinanceStage) -> None:
    feed = BinanceFeed(VENUE, simulated("http://127.0.0.1:9"))
    with pytest.raises(VenueUnavailable, match="cannot be reached"):
        await feed.instruments()
    await feed.close()


def test_it_builds_a_simulated_venues_addresses_below_its_base() -> None:
    spot, perpetuals = simulated("http://127.0.0.1:8100/sim-east")
    assert spot.rest == "http://127.0.0.1:8100/sim-east/api/v3"
    assert spot.routes == {"all": "ws://127.0.0.1:8100/sim-east/stream"}
    assert perpetuals.rest == "http://127.0.0.1:8100/sim-east/fapi/v1"
    assert perpetuals.routes == {"all": "ws://127.0.0.1:8100/sim-east/fapi/stream"}


@pytest.mark.parametrize(
    ("stream", "route"),
    [
        ("btcusdt@bookTicker", "public"),
        ("btcusdt@depth@100ms", "public"),
        ("btcusdt@aggTrade", "market"),
        ("btcusdt@markPrice@1s", "market"),
        ("btcusdt@forceOrder", "market"),
        ("!miniTicker@arr", "market"),
    ],
)
def test_it_routes_usdm_as_the_venue_has_it_since_2026(stream: str, route: str) -> None:
    usdm = {endpoints.market: endpoints for endpoints in REAL}["usdm"]
    assert usdm.route(stream) == route
