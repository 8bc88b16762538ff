"""Binance's feed on the simulated exchange, whose protocol was written down independently."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator

import pytest

from candlewick.core.events import (
    BookChange,
    Candle,
    Connected,
    Derivative,
    Disconnected,
    OpenInterest,
    Quote,
    Trade,
)
from candlewick.core.instrument import Venue
from candlewick.market.book import OrderBook
from candlewick.venues.binance.feed import BinanceFeed, simulated
from candlewick.venues.connection import Policy
from candlewick.venues.contract import Topic
from candlewick.venues.sim.server.app import Settings
from candlewick.venues.sim.server.misbehave import Faults
from tests.venues.conformance import Audience, listening, until
from tests.venues.sim.server.conftest import Running, run_exchange

SPOT, PERP = "sim:BTCUSDT", "sim:BTCUSDT-PERP"
ALL: frozenset[Topic] = frozenset(("trades", "quotes", "book", "derivative", "ticker", "liquidations"))
IMPATIENT = Policy(backoff_base_s=0.01, backoff_cap_s=0.05)


@pytest.fixture(scope="module")
def exchange() -> Iterator[Running]:
    """One well-behaved exchange for all tests that ask no faults of it."""
    with run_exchange(Settings(port=0, venues=("sim", "sim-east"), pace=5.0)) as exchange:
        yield exchange


def _feed(exchange: Running, venue: str = "sim") -> BinanceFeed:
    path = "" if venue == "sim" else f"/{venue}"
    title = Venue(id=venue, title="Simulated", simulated=True)
    return BinanceFeed(title, simulated(exchange.http + path), policy=IMPATIENT)


@contextlib.asynccontextmanager
async def _feed_on(*faults: str) -> AsyncIterator[BinanceFeed]:
    """A feed on an exchange that misbehaves."""
    settings = Settings(port=0, venues=("sim",), faults=Faults.parse(faults), pace=5.0)
    with run_exchange(settings) as exchange:
        yield _feed(exchange)


async def test_it_lists_coins_perpetuals_and_equities_with_their_sectors(exchange: Running) -> None:
    feed = _feed(exchange)
    listed = {instrument.id: instrument for instrument in await feed.instruments()}
    await feed.close()
    assert listed[SPOT].kind == "spot"
    assert listed[PERP].kind == "perp"
    assert (listed["sim:AAPL"].kind, listed["sim:AAPL"].sector) == ("equity", "Technology")
    assert all(i.tick and i.lot and i.sector for i in listed.values())


@pytest.mark.parametrize("instrument", [SPOT, PERP])
async def test_its_book_agrees_with_the_quotes_at_the_same_update(exchange: Running, instrument: str) -> None:
    book, quotes, compared = OrderBook(), dict[int | None, Quote](), 0

    def fold(change: BookChange) -> None:
        nonlocal compared
        book.apply(change)
        quote = quotes.get(book.last_id)
        if book.synchronised and quote is not None:
            assert book.best_bid == (quote.bid, quote.bid_quantity)
            assert book.best_ask == (quote.ask, quote.ask_quantity)
            compared += 1

    feed = _feed(exchange)
    async with listening(feed) as audience:
        feed.subscribe(instrument, frozenset({"book", "quotes"}))
        await audience.until(lambda: bool(audience.of(BookChange)))
        while compared < 5:
            await audience.until(lambda: bool(audience.events))
            fresh, audience.events = audience.events, []
            quotes.update({event.update_id: event for event in fresh if isinstance(event, Quote)})
            for event in fresh:
                if isinstance(event, BookChange):
                    fold(event)
            if not book.synchronised:
                fold(await feed.book_snapshot(instrument))
    assert book.gaps <= 1  # no diff before the first snapshot


@pytest.mark.parametrize("instrument", [SPOT, PERP])
async def test_its_trades_are_the_ones_that_rest_tells_of(exchange: Running, instrument: str) -> None:
    feed = _feed(exchange)
    async with listening(feed) as audience:
        feed.subscribe(instrument, frozenset({"trades"}))
        await audience.until(lambda: len(audience.of(Trade)) >= 20)
        live = _trades(audience)
        ids = [int(trade.id) for trade in live]
        assert ids == list(range(ids[0], ids[-1] + 1))
        again = await feed.trades(instrument, from_id=ids[0], to_id=ids[-1])
    assert [_figures(trade) for trade in again] == [_figures(trade) for trade in live]


async def test_what_a_lost_connection_swallowed_can_be_fetched() -> None:
    async with _feed_on("disconnect=700ms") as feed, listening(feed) as audience:
        feed.subscribe(SPOT, frozenset({"trades"}))
        await audience.until(lambda: any(SPOT in lost.instruments for lost in _lost(audience)))
        lost = next(lost for lost in _lost(audience) if SPOT in lost.instruments)
        lost_at = audience.events.index(lost)
        await audience.until(lambda: any(isinstance(e, Trade) for e in audience.events[lost_at:]))
        live = _trades(audience)
        first, last = int(live[0].id), int(live[-1].id)
        known = {int(trade.id): trade for trade in live}
        fetched = await feed.trades(SPOT, from_id=first, to_id=last)
        assert [trade.id for trade in fetched] == list(range(first, last + 1))
        assert all(_figures(known[int(t.id)]) == _figures(t) for t in fetched if int(t.id) in known)
        assert PERP not in lost.instruments  # another connection carries it
        await until(lambda: feed.health.reconnects >= 1)
        assert len(audience.of(Connected)) > 2


async def test_it_survives_a_venue_that_sends_rubbish() -> None:
    async with _feed_on("malformed=0.2", "duplicate=0.1", "reorder=0.1") as feed, listening(feed) as audience:
        for instrument in (SPOT, PERP):
            feed.subscribe(instrument, ALL)
        await until(lambda: sum(feed.health.malformed.values()) >= 20)
        await audience.until(lambda: len(audience.of(Trade)) >= 20 and len(audience.of(Quote)) >= 20)
        prices = defaultdict[str, list[float]](list)
        for trade in _trades(audience):
            prices[trade.instrument].append(trade.price)
        assert all(max(seen) < 1.2 * min(seen) for seen in prices.values())  # never a wrong number


async def test_it_estimates_a_skewed_clock() -> None:
    async with _feed_on("skew=1500ms") as feed, listening(feed):
        await until(lambda: feed.health.clock_skew_ms is not None)
        assert feed.health.clock_skew_ms == pytest.approx(1500, abs=700)


async def test_it_tells_all_of_a_perpetual(exchange: Running) -> None:
    feed = _feed(exchange)
    async with listening(feed) as audience:
        feed.subscribe(PERP, frozenset({"derivative"}))
        await audience.until(lambda: bool(audience.of(Derivative)) and bool(audience.of(OpenInterest)))
        told = audience.of(Derivative)[0]
        assert isinstance(told, Derivative)
        assert None not in (told.mark, told.index, told.funding_rate, told.next_funding)
        interest = await feed.open_interest(PERP)
        assert interest.quantity > 0
        now_s = told.ts_exchange // 1_000_000_000
        settled = await feed.funding(PERP, now_s - 10 * 86_400, now_s)
    assert len(settled) >= 29  # every eight hours
    assert [funding.ts_exchange for funding in settled] == sorted(funding.ts_exchange for funding in settled)


@pytest.mark.parametrize("instrument", [SPOT, PERP])
async def test_its_candles_are_made_of_its_trades(exchange: Running, instrument: str) -> None:
    feed = _feed(exchange)
    async with listening(feed) as audience:
        feed.subscribe(instrument, frozenset({"trades"}))
        await audience.until(lambda: bool(audience.of(Trade)))
        minute = _trades(audience)[0].ts_exchange // 60_000_000_000 * 60 - 60
        (candle,) = await feed.candles(instrument, "1m", minute, minute + 60)
        trades = await feed.trades_between(instrument, minute * 10**9, (minute + 60) * 10**9)
    assert isinstance(candle, Candle)
    assert candle.closed
    prices = [trade.price for trade in trades]
    assert (candle.open, candle.high, candle.low, candle.close) == (
        prices[0], max(prices), min(prices), prices[-1],
    )  # fmt: skip
    assert candle.volume == pytest.approx(sum(trade.quantity for trade in trades), rel=1e-9)


async def test_a_further_venue_stands_under_its_own_path(exchange: Running) -> None:
    feed = _feed(exchange, "sim-east")
    async with listening(feed) as audience:
        feed.subscribe("sim-east:BTCUSDT", frozenset({"quotes"}))
        await audience.until(lambda: bool(audience.of(Quote)))
        assert {getattr(event, "instrument", "") for event in audience.of(Quote)} == {"sim-east:BTCUSDT"}


def _lost(audience: Audience) -> list[Disconnected]:
    return [each for each in audience.events if isinstance(each, Disconnected)]


def _trades(audience: Audience) -> list[Trade]:
    return [event for event in audience.events if isinstance(event, Trade)]


def _figures(trade: Trade) -> tuple[object, ...]:
    return (trade.id, trade.price, trade.quantity, trade.side, trade.ts_exchange)
