"""What every venue's `MarketFeed` must do, whatever the venue. A venue's test subclasses this.

The feed runs against a `Stage`: a loopback server of the venue's own protocol that a test can make
talk, fall silent, refuse and hang up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Protocol

import pytest

from candlewick.core.errors import MalformedMessage, RateLimited, UnknownSymbol, VenueError, VenueUnavailable
from candlewick.core.events import BookChange, Connected, Disconnected, MarketEvent, Quote
from candlewick.venues.contract import MarketFeed, Topic

QUOTES: frozenset[Topic] = frozenset({"quotes"})
BOOK: frozenset[Topic] = frozenset({"book"})
PATIENCE_S = 60.0


class Stage(Protocol):
    """A venue on the loopback, and a feed that talks to it.

    Attributes:
        instrument: an instrument that the venue lists.
        quote, later_quote: a message of its quotes and the event that it is, but for `ts_received`.
        changes: three consecutive messages of its book.
        malformed: a message that cannot be read, and the reason that is counted for it.
    """

    feed: MarketFeed
    instrument: str
    quote: tuple[bytes, Quote]
    later_quote: tuple[bytes, Quote]
    changes: tuple[bytes, bytes, bytes]
    malformed: tuple[bytes, str]

    def streams(self) -> set[str]:
        """What the feed is subscribed to over connections that stand now."""
        ...

    async def say(self, raw: bytes) -> None:
        """Send a message over every connection."""
        ...

    async def hang_up(self) -> None:
        """Break every connection."""
        ...

    def fall_silent(self) -> None:
        """Send nothing of its own accord any more."""
        ...

    def refuse_sockets(self, times: int) -> None:
        """Answer the next upgrades with an error."""
        ...

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Answer every REST request like this from now on."""
        ...

    @property
    def requests(self) -> int:
        """REST requests for market data that have arrived, other than for the venue's time."""
        ...


class Audience:
    """Collects what a feed emits, and waits for what a test expects."""

    def __init__(self) -> None:
        self.events: list[MarketEvent] = []
        self._news = asyncio.Event()

    def emit(self, event: MarketEvent) -> None:
        self.events.append(event)
        self._news.set()

    def of(self, *types: type) -> list[MarketEvent]:
        return [event for event in self.events if isinstance(event, types)]

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait until an event makes `happened` true."""
        async with asyncio.timeout(PATIENCE_S):
            while not happened():
                self._news.clear()
                await self._news.wait()


async def until(happened: Callable[[], bool]) -> None:
    """Wait until something outside the feed is true."""
    async with asyncio.timeout(PATIENCE_S):
        while not happened():  # noqa: ASYNC110 (a server's state has no event to wait for)
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def listening(feed: MarketFeed) -> AsyncIterator[Audience]:
    """Run `feed` on what it lists, and collect what it emits."""
    audience = Audience()
    try:
        await feed.instruments()
        running = asyncio.create_task(feed.run(audience.emit))
        try:
            yield audience
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    finally:
        await feed.close()


class MarketFeedConformance:
    """Subclass with a fixture `stage`: its feed has listed nothing yet, and the fixture closes it."""

    @pytest.fixture
    async def audience(self, stage: Stage) -> AsyncIterator[Audience]:
        """The feed runs, from being live until the test ends."""
        async with listening(stage.feed) as audience:
            await audience.until(lambda: stage.feed.health.state == "live")
            yield audience

    async def test_it_lists_instruments_under_the_venues_id(self, stage: Stage) -> None:
        listed = {instrument.id: instrument for instrument in await stage.feed.instruments()}
        assert stage.instrument in listed
        for id, instrument in listed.items():
            assert id == f"{stage.feed.venue.id}:{instrument.symbol}"
            assert instrument.native

    async def test_it_is_live_once_its_subscriptions_stand(self, stage: Stage, audience: Audience) -> None:
        assert audience.of(Connected)
        assert stage.feed.health.reconnects == 0

    async def test_it_emits_what_is_subscribed_in_the_order_of_arrival(
        self, stage: Stage, audience: Audience
    ) -> None:
        before = stage.streams()
        stage.feed.subscribe(stage.instrument, QUOTES)
        await until(lambda: len(stage.streams()) > len(before))
        for raw, _ in (stage.quote, stage.later_quote, stage.quote):
            await stage.say(raw)
        await audience.until(lambda: len(audience.of(Quote)) >= 3)
        told = [_without_receipt(event) for event in audience.of(Quote)][:3]
        assert told == [_without_receipt(event) for _, event in (stage.quote, stage.later_quote, stage.quote)]

    async def test_it_stamps_every_message_with_the_time_it_came(
        self, stage: Stage, audience: Audience
    ) -> None:
        await stage.say(stage.quote[0])
        await stage.say(stage.quote[0])
        await audience.until(lambda: len(audience.of(Quote)) >= 2)
        first, second = audience.of(Quote)[:2]
        assert audience.of(Connected)[0].ts_received <= first.ts_received <= second.ts_received

    async def test_it_unsubscribes(self, stage: Stage, audience: Audience) -> None:
        before = stage.streams()
        stage.feed.subscribe(stage.instrument, QUOTES)
        await until(lambda: len(stage.streams()) > len(before))
        stage.feed.unsubscribe(stage.instrument, QUOTES)
        await until(lambda: stage.streams() == before or stage.streams() < before)

    async def test_it_tells_of_a_loss_and_replays_every_subscription(
        self, stage: Stage, audience: Audience
    ) -> None:
        before = stage.streams()
        stage.feed.subscribe(stage.instrument, QUOTES | BOOK)
        await until(lambda: len(stage.streams()) >= len(before) + 2)
        before = stage.streams()
        await stage.hang_up()
        await audience.until(lambda: bool(audience.of(Disconnected)))
        (lost,) = audience.of(Disconnected)
        assert isinstance(lost, Disconnected)
        assert lost.instruments == (stage.instrument,)
        assert lost.reason
        await audience.until(
            lambda: audience.events.index(lost) < audience.events.index(audience.of(Connected)[-1])
        )
        await until(lambda: stage.streams() >= before)
        await until(lambda: stage.feed.health.state == "live")
        assert stage.feed.health.reconnects >= 1
        await stage.say(stage.later_quote[0])
        await audience.until(lambda: bool(audience.of(Quote)))

    async def test_it_keeps_trying_while_the_venue_refuses(self, stage: Stage, audience: Audience) -> None:
        stage.feed.subscribe(stage.instrument, QUOTES)
        stage.refuse_sockets(3)
        await stage.hang_up()
        await audience.until(lambda: stage.feed.health.state != "live")
        await until(lambda: stage.feed.health.state == "live")
        assert len(audience.of(Disconnected)) == 1  # told once, not at every try

    async def test_it_leaves_a_venue_that_has_fallen_silent_and_comes_back(
        self, stage: Stage, audience: Audience
    ) -> None:
        stage.feed.subscribe(stage.instrument, QUOTES)
        stage.fall_silent()
        await audience.until(lambda: bool(audience.of(Disconnected)))
        (lost, *_) = audience.of(Disconnected)
        assert isinstance(lost, Disconnected)
        assert "no message" in lost.reason

    async def test_it_counts_what_it_cannot_read_and_goes_on(self, stage: Stage, audience: Audience) -> None:
        raw, reason = stage.malformed
        await stage.say(raw)
        await stage.say(stage.quote[0])
        await audience.until(lambda: bool(audience.of(Quote)))
        assert stage.feed.health.malformed == {reason: stage.feed.health.malformed[reason]}
        assert stage.feed.health.malformed[reason] >= 1
        assert not audience.of(Disconnected)

    async def test_it_passes_a_gap_on_for_the_book_to_see(self, stage: Stage, audience: Audience) -> None:
        first, _, third = stage.changes
        await stage.say(first)
        await stage.say(third)
        await audience.until(lambda: len(audience.of(BookChange)) >= 2)
        before, after = audience.of(BookChange)[:2]
        assert isinstance(before, BookChange)
        assert isinstance(after, BookChange)
        assert (after.first_id or 0) > (before.last_id or 0) + 1

    async def test_it_knows_no_instrument_that_is_not_listed(self, stage: Stage) -> None:
        await stage.feed.instruments()
        nobody = f"{stage.feed.venue.id}:NOBODY"
        with pytest.raises(UnknownSymbol, match="NOBODY"):
            stage.feed.subscribe(nobody, QUOTES)
        with pytest.raises(UnknownSymbol, match="NOBODY"):
            await stage.feed.candles(nobody, "1m", 0, 60)

    @pytest.mark.parametrize("status", [429, 418])
    async def test_it_keeps_away_as_long_as_the_venue_asks(self, stage: Stage, status: int) -> None:
        await stage.feed.instruments()
        stage.answer(status, {"Retry-After": "7"}, b'{"code":-1003,"msg":"Too many requests."}')
        with pytest.raises(RateLimited, match="Too many requests") as caught:
            await stage.feed.book_snapshot(stage.instrument)
        assert caught.value.retry_after_s == 7
        asked = stage.requests
        with pytest.raises(RateLimited):
            await stage.feed.book_snapshot(stage.instrument)
        assert stage.requests == asked

    async def test_it_says_why_the_venue_refused(self, stage: Stage) -> None:
        await stage.feed.instruments()
        stage.answer(400, {}, b'{"code":-1121,"msg":"Invalid symbol."}')
        with pytest.raises(VenueError, match=r"Invalid symbol.*-1121") as caught:
            await stage.feed.book_snapshot(stage.instrument)
        assert not caught.value.retry

    @pytest.mark.parametrize("status", [500, 503])
    async def test_it_says_that_a_failing_venue_may_be_asked_again(self, stage: Stage, status: int) -> None:
        await stage.feed.instruments()
        stage.answer(status, {}, b"<html>")
        with pytest.raises(VenueUnavailable) as caught:
            await stage.feed.book_snapshot(stage.instrument)
        assert caught.value.retry

    async def test_it_refuses_an_answer_that_cannot_be_read(self, stage: Stage) -> None:
        await stage.feed.instruments()
        stage.answer(200, {}, b'{"surprise":1}')
        with pytest.raises(MalformedMessage):
            await stage.feed.book_snapshot(stage.instrument)
        with pytest.raises(MalformedMessage):
            await stage.feed.candles(stage.instrument, "1m", 0, 60)


def _without_receipt(event: MarketEvent) -> tuple[object, ...]:
    assert isinstance(event, Quote)
    return (event.instrument, event.bid, event.bid_quantity, event.ask, event.ask_quantity, event.update_id)
