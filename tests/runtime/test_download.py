"""History from a venue into the lake: only what is missing, kept piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from candlewick.core.clock import NS_PER_S, ManualClock
from candlewick.core.errors import RateLimited, UnknownInterval, VenueError, VenueUnavailable
from candlewick.core.events import Candle, Funding
from candlewick.runtime.download import ATTEMPTS, PIECE_BARS, Downloaded, download, download_funding
from candlewick.store.lake import Lake
from candlewick.venues.contract import MarketFeed

BTC = "sim:BTCUSDT"
NOW_S = 20_000 * 60 + 30


class ScriptedFeed:
    """A venue with every minute but the third; it fails as often as it is told to."""

    def __init__(self, *failures: VenueError) -> None:
        self.failures = list(failures)
        self.asked: list[tuple[int, int]] = []

    async def candles(self, instrument: str, interval: str, start_s: int, end_s: int) -> list[Candle]:
        self.asked.append((start_s // 60, end_s // 60))
        if self.failures:
            raise self.failures.pop(0)
        return [
            Candle(instrument, interval, time, 1.0, 1.0, 1.0, 1.0, 1.0, time + 60 <= NOW_S, 5, 5)
            for time in range(start_s, end_s, 60)
            if time != 180
        ]


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with Lake(tmp_path) as opened:
        yield opened


class Pauses(list[float]):
    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


async def fetch(
    lake: Lake, feed: ScriptedFeed, start: int, end: int, *, pauses: Pauses | None = None
) -> tuple[Downloaded, list[float]]:
    told: list[float] = []
    done = await download(
        lake,
        cast(MarketFeed, feed),
        BTC,
        "1m",
        start * 60,
        end * 60,
        clock=ManualClock(NOW_S * NS_PER_S),
        progress=told.append,
        pause=Pauses() if pauses is None else pauses,
    )
    return done, told


async def test_it_fetches_in_pieces_and_tells_how_far_it_is(lake: Lake) -> None:
    feed = ScriptedFeed()
    done, told = await fetch(lake, feed, 0, 2 * PIECE_BARS)
    assert feed.asked == [(0, PIECE_BARS), (PIECE_BARS, 2 * PIECE_BARS)]
    assert told == [0.5, 1.0]
    assert (done.bars, done.start_s, done.end_s) == (2 * PIECE_BARS - 1, 0, 2 * PIECE_BARS * 60)
    assert len(lake.candles(BTC, "1m")) == 2 * PIECE_BARS - 1


async def test_it_asks_only_for_what_is_missing_and_never_again_for_what_does_not_exist(lake: Lake) -> None:
    await fetch(lake, ScriptedFeed(), 0, 10)
    await fetch(lake, ScriptedFeed(), 20, 30)
    feed = ScriptedFeed()
    done, _ = await fetch(lake, feed, 0, 40)
    assert feed.asked == [(10, 20), (30, 40)]
    assert done.bars == 20
    assert (await fetch(lake, feed, 0, 40))[1] == []


async def test_the_bar_that_still_forms_is_left_for_later(lake: Lake) -> None:
    done, _ = await fetch(lake, ScriptedFeed(), 19_990, 20_100)
    assert (done.bars, done.end_s) == (10, 20_000 * 60)
    assert lake.coverage(BTC, "1m") == [(19_990 * 60, 20_000 * 60)]


async def test_a_venue_that_is_away_or_asks_for_patience_is_asked_again(lake: Lake) -> None:
    pauses = Pauses()
    feed = ScriptedFeed(VenueUnavailable("away"), RateLimited("slower", 30.0))
    done, _ = await fetch(lake, feed, 0, 10, pauses=pauses)
    assert done.bars == 9
    assert pauses == [1.0, 30.0]


async def test_a_venue_that_stays_away_ends_it_and_what_came_before_is_kept(lake: Lake) -> None:
    await fetch(lake, ScriptedFeed(), 0, 10)
    with pytest.raises(VenueUnavailable):
        await fetch(lake, ScriptedFeed(*(VenueUnavailable("away") for _ in range(ATTEMPTS))), 0, 20)
    assert lake.coverage(BTC, "1m") == [(0, 600)]


async def test_a_refusal_is_not_repeated(lake: Lake) -> None:
    feed = ScriptedFeed(VenueError("no"))
    with pytest.raises(VenueError, match="no"):
        await fetch(lake, feed, 0, 10)
    assert len(feed.asked) == 1


async def test_a_range_that_is_over_before_it_begins_asks_nothing(lake: Lake) -> None:
    feed = ScriptedFeed()
    done, _ = await fetch(lake, feed, 20_500, 20_600)
    assert (feed.asked, done.bars) == ([], 0)


async def test_an_unknown_interval_is_told(lake: Lake) -> None:
    with pytest.raises(UnknownInterval):
        await download(
            lake, cast(MarketFeed, ScriptedFeed()), BTC, "7m", 0, 60, clock=ManualClock(), progress=print
        )


class Settling:
    """A venue that settles funding each eight hours."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    async def funding(self, instrument: str, start_s: int, end_s: int) -> list[Funding]:
        self.asked.append((start_s // HOUR, end_s // HOUR))
        first = -(-start_s // (8 * HOUR)) * 8 * HOUR
        return [
            Funding(instrument, 0.0001, None, at * NS_PER_S, at * NS_PER_S)
            for at in range(first, end_s, 8 * HOUR)
        ]


HOUR = 3600


async def settle(lake: Lake, feed: Settling, start: int, end: int) -> int:
    asked = cast(MarketFeed, feed)
    return await download_funding(lake, asked, "sim:BTCUSDT-PERP", start * HOUR, end * HOUR)


async def test_it_fetches_the_settlements_that_are_not_there(lake: Lake) -> None:
    feed = Settling()
    assert await settle(lake, feed, 48, 96) == 6
    assert await settle(lake, feed, 48, 96) == 0
    assert feed.asked == [(48, 96)]
    assert await settle(lake, feed, 24, 120) == 6
    assert [rate.ts_exchange // NS_PER_S // HOUR for rate in lake.funding("sim:BTCUSDT-PERP")] == [
        *range(24, 120, 8)
    ]


async def test_a_hole_between_settlements_is_asked_for_again(lake: Lake) -> None:
    feed = Settling()
    await settle(lake, feed, 0, 40)
    await settle(lake, feed, 80, 120)
    feed.asked.clear()
    assert await settle(lake, feed, 0, 120) == 5
    assert feed.asked == [(32, 80)]
