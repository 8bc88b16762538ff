"""Closed bars of a strategy's markets: each once, in order, and what did not come is asked for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.clock import NS_PER_S, ManualClock
from candlewick.core.errors import StrategyError, VenueUnavailable
from candlewick.core.events import Candle
from candlewick.market.bars import COLUMNS, Bars
from candlewick.runtime.strategies import feed as feed_module
from candlewick.runtime.strategies.feed import BarFeed, Closed

BTC, ETH = "sim:BTCUSDT", "sim:ETHUSDT"


def candle(instrument: str, time: int, close: float = 1.0) -> Candle:
    return Candle(instrument, "1m", time, 1.0, 2.0, 0.5, close, 3.0, True, time, time)


class Venue:
    """Answers with the bars that it has."""

    def __init__(self, *bars: Candle) -> None:
        self.bars = list(bars)
        self.asked: list[tuple[str, int]] = []
        self.refuses = 0

    async def fetch(self, instrument: str, timeframe: str, count: int) -> Bars:
        self.asked.append((instrument, count))
        if self.refuses:
            self.refuses -= 1
            raise VenueUnavailable("the venue does not answer")
        own = [each for each in self.bars if each.instrument == instrument][-count:]
        columns = {name: [getattr(each, name) for each in own] for name in ("time", *COLUMNS)}
        return Bars.from_arrays(symbol=instrument, timeframe=timeframe, **columns)


def made(venue: Venue, now: float, *instruments: str, told: list[str] | None = None) -> BarFeed:
    clock = ManualClock(int(now * NS_PER_S))
    tell = (told if told is not None else []).append
    return BarFeed(instruments or (BTC,), "1m", 0, fetch=venue.fetch, tell=tell, clock=clock)


async def soon(feed: BarFeed) -> Closed:
    return await asyncio.wait_for(feed.next(), 10)


async def test_bars_come_in_order_and_corrections_of_what_was_told_are_not_heard() -> None:
    feed = made(Venue(), 125.0)
    feed.take(candle(BTC, 60, 1.5))
    feed.take(candle(BTC, 120, 1.7))
    first = await soon(feed)
    assert (first.time, first.ended, first.rows) == (60, 120, {BTC: (1.0, 2.0, 0.5, 1.5, 3.0)})
    feed.take(candle(BTC, 60, 9.0))
    second = await soon(feed)
    assert (second.time, second.rows[BTC][3]) == (120, 1.7)


async def test_a_bar_waits_for_all_markets() -> None:
    feed = made(Venue(), 121.0, BTC, ETH)
    feed.take(candle(BTC, 60))
    waiting = asyncio.create_task(soon(feed))
    await asyncio.sleep(0)
    assert not waiting.done()
    feed.take(candle(ETH, 60))
    assert (await waiting).rows.keys() == {BTC, ETH}


async def test_what_does_not_come_in_time_is_asked_for_and_a_market_without_it_is_absent() -> None:
    venue = Venue(candle(ETH, 60, 1.9))
    feed = made(venue, 126.0, BTC, ETH)
    found = await soon(feed)
    assert (found.time, list(found.rows)) == (60, [ETH])
    assert {instrument for instrument, _ in venue.asked} == {BTC, ETH}


async def test_a_venue_that_does_not_answer_is_asked_again_and_that_is_told(monkeypatch: Any) -> None:
    monkeypatch.setattr(feed_module, "RETRY_S", 0.0)
    venue, told = Venue(candle(BTC, 60)), list[str]()
    venue.refuses = 2
    assert (await soon(made(venue, 126.0, told=told))).time == 60
    assert told == [f"Bars of {BTC} cannot be had now: the venue does not answer"] * 2


async def test_after_an_absence_every_bar_comes_late_in_one_question() -> None:
    venue = Venue(*(candle(BTC, time) for time in range(60, 600, 60)))
    feed = made(venue, 606.0)
    assert [(await soon(feed)).time for _ in range(9)] == list(range(60, 600, 60))
    assert venue.asked == [(BTC, 9)]


async def test_bars_that_nobody_has_are_passed_over() -> None:
    feed = made(Venue(candle(BTC, 240)), 306.0)
    assert (await soon(feed)).time == 240


@given(st.permutations(range(1, 7)), st.sets(st.integers(1, 6), max_size=5))
def test_however_bars_come_each_is_told_once_and_in_order(order: list[int], lost: set[int]) -> None:
    async def told() -> list[int]:
        there = [candle(BTC, 60 * number) for number in range(1, 7)]
        feed = made(Venue(*there), 7 * 60 + 10.0)
        for number in order:
            if number not in lost:
                feed.take(candle(BTC, 60 * number))
        return [(await soon(feed)).time for _ in range(6)]

    assert asyncio.run(told()) == [60 * number for number in range(1, 7)]


async def test_whoever_waits_for_a_bar_of_a_feed_that_ends_is_told_why() -> None:
    feed = made(Venue(), 121.0)
    waiting = asyncio.create_task(soon(feed))
    await asyncio.sleep(0)
    feed.end(StrategyError("the account does not trade"))
    with pytest.raises(StrategyError, match="does not trade"):
        await waiting
