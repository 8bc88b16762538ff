"""What web processes may ask: answers from the heart's state, and sentences where there is none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import UnknownSymbol, UsageError, VenueUnavailable
from candlewick.core.events import BookChange, Funding
from candlewick.runtime.gateway.server import Gateway
from candlewick.runtime.health import HealthWatch
from candlewick.runtime.requests import Requests
from tests.runtime.ground import BTC, MINUTE, Ground, bar, ground, trade

NAMES = {"symbol": "BTCUSDT", "instrument": BTC}


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[tuple[Ground, Requests]]:
    async with ground(folder) as g:
        requests = Requests(
            live=g.live,
            health=HealthWatch([g.feed], g.lanes, g.market, g.clock, 1_000.0),
            market=g.market,
            writer=g.writer,
            gateway=lambda: gateway,
            primary="sim",
            clock=g.clock,
        )
        gateway = Gateway(
            folder,
            lanes=[g.lanes],
            welcome=dict,
            answer=requests.answer,
            on_demand=lambda channels, fresh: None,
        )
        yield g, requests


def book(snapshot: bool, last: int) -> BookChange:
    return BookChange(BTC, snapshot, [(99.0, 1.0), (98.0, 2.0)], [(101.0, 1.0)], last, last, None, 0, 0)


async def test_a_verb_that_does_not_exist_or_takes_other_arguments_is_a_sentence(tmp_path: Path) -> None:
    async with desk(tmp_path) as (_, requests):
        with pytest.raises(UsageError, match="no request 'sell'"):
            await requests.answer("sell", {})
        with pytest.raises(UsageError, match="depth"):
            await requests.answer("book", {"symbol": "BTCUSDT", "depth": 3})
        with pytest.raises(UnknownSymbol, match="NOPE"):
            await requests.answer("book", {"symbol": "NOPE"})


async def test_a_book_comes_from_our_own_while_it_is_whole_and_else_from_the_venue(tmp_path: Path) -> None:
    async with desk(tmp_path) as (g, requests):
        g.feed.snapshots = [book(True, 7)]
        asked = await requests.answer("book", {"symbol": "BTCUSDT", "levels": 1})
        assert asked == NAMES | {
            "bids": [(99.0, 1.0)], "asks": [(101.0, 1.0)], "synchronised": True, "update_id": 7
        }  # fmt: skip
        g.live.take(book(True, 9))
        own = await requests.answer("book", {"symbol": "BTC/USDT", "levels": 2})
        assert (len(own["bids"]), own["update_id"]) == (2, 9)
        assert len(g.feed.asked) == 1


async def test_funding_that_was_asked_for_is_in_the_lake_from_then_on(tmp_path: Path) -> None:
    async with desk(tmp_path) as (g, requests):
        times = [hours * 3_600 for hours in (0, 8, 16, 24)]
        g.feed.settled = [Funding(BTC, 0.0001, None, at * NS_PER_S, at * NS_PER_S) for at in times]
        asked = {"symbol": "BTCUSDT", "start": 0, "end": 30 * 3_600}
        told = await requests.answer("funding", asked)
        assert [each["rate"] for each in told] == [0.0001] * 4
        assert told[1]["time"] == "1970-01-01T08:00:00.000Z"
        assert [each.ts_exchange // NS_PER_S for each in g.lake.funding(BTC)] == times
        g.feed.down = True
        assert await requests.answer("funding", asked) == told
        with pytest.raises(VenueUnavailable):
            await requests.answer("funding", asked | {"end": 60 * 3_600})


async def test_a_venue_that_is_away_gives_no_book(tmp_path: Path) -> None:
    async with desk(tmp_path) as (_, requests):
        with pytest.raises(VenueUnavailable):
            await requests.answer("book", {"symbol": "BTCUSDT"})


async def test_the_newest_trades_come_first(tmp_path: Path) -> None:
    async with desk(tmp_path) as (g, requests):
        for id in (1, 2, 3):
            g.live.take(trade(id))
        trades = await requests.answer("trades", {"symbol": "BTCUSDT", "limit": 2})
        assert [each["id"] for each in trades] == ["3", "2"]
        assert trades[0].items() >= NAMES.items()


async def test_history_is_brought_into_the_lake_and_the_open_bar_is_told_beside(tmp_path: Path) -> None:
    async with desk(tmp_path) as (g, requests):
        g.feed.bars = [bar(MINUTE - 60), bar(MINUTE, 104.0, closed=False)]
        told = await requests.answer("history", {"symbol": "BTCUSDT", "interval": "1m", "limit": 3})
        assert (told["instrument"], told["fault"]) == (BTC, None)
        assert [(each["time"], each["close"], each["closed"]) for each in told["tail"]] == [
            (MINUTE, 104.0, False)
        ]
        assert g.lake.candles(BTC, "1m").time.tolist() == [MINUTE - 60]


async def test_a_range_of_the_past_has_no_open_bar(tmp_path: Path) -> None:
    async with desk(tmp_path) as (g, requests):
        past: dict[str, Any] = {
            "symbol": "BTCUSDT",
            "interval": "1m",
            "start": MINUTE - 600,
            "end": MINUTE - 300,
        }
        assert (await requests.answer("history", past))["tail"] == []
        assert g.feed.asked == [("candles", "1m", MINUTE - 600, MINUTE - 300)]


async def test_a_venue_that_does_not_answer_is_told_beside_what_the_lake_has(tmp_path: Path) -> None:
    async with desk(tmp_path) as (g, requests):
        g.feed.down = True
        told = await requests.answer("history", {"symbol": "BTCUSDT", "interval": "1m"})
        assert told["fault"] == "the venue does not answer"
        assert told["tail"] == []


async def test_figures_say_what_the_engine_has_done(tmp_path: Path) -> None:
    async with desk(tmp_path) as (g, requests):
        g.live.take(trade(1))
        g.feed.health.latency_ms = 38.0
        figures = await requests.answer("metrics", {})
        assert figures["engine_events_total"] == 1
        assert figures["feed_latency_seconds"] == {"sim": 0.038}


async def test_tickers_tell_only_of_what_is_known(tmp_path: Path) -> None:
    async with desk(tmp_path) as (g, requests):
        assert await requests.answer("tickers", {}) == []
        g.live.take(trade(1, 100.0))
        (ticker,) = await requests.answer("tickers", {})
        assert (ticker["symbol"], ticker["last"], ticker["bid"]) == ("BTCUSDT", 100.0, None)
