"""The live shell: effects carried out in their order, on a venue that says what the test wants."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import (
    BookChange,
    Connected,
    Disconnected,
    MarketEvent,
    Quote,
    TimePassed,
    Trade,
    TradesKnown,
)
from tests.runtime.ground import BTC, MINUTE, bar, ground, trade, until


def diff(first: int, last: int) -> BookChange:
    return BookChange(BTC, False, [(98.0, 1.0)], [], first, last, None, 0, 0)


def snapshot(last: int) -> BookChange:
    return BookChange(BTC, True, [(99.0, 1.0)], [(101.0, 1.0)], None, last, None, 0, 0)


async def test_a_book_is_fetched_when_diffs_come_without_one(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        g.feed.snapshots = [snapshot(10)]
        g.live.take(diff(10, 11))
        await until(lambda: g.engine.watch(BTC).book.synchronised)
        assert g.feed.asked == [("book_snapshot", BTC)]


async def test_a_snapshot_that_is_too_old_is_asked_for_again(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        g.feed.snapshots = [snapshot(3), snapshot(10)]
        g.live.take(diff(10, 11))
        await until(lambda: g.engine.watch(BTC).book.synchronised)
        assert len(g.feed.asked) == 2


async def test_a_venue_that_refuses_a_snapshot_is_asked_until_it_gives_one(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        g.live.take(diff(10, 11))
        await until(lambda: len(g.feed.asked) == 1)
        g.feed.snapshots = [snapshot(10)]
        await until(lambda: g.engine.watch(BTC).book.synchronised)


async def test_trades_that_a_gap_has_swallowed_are_fetched_and_take_their_place(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        g.feed.past_trades = [trade(2, 150.0, 2.0), trade(3, 50.0, 3.0)]
        g.live.take(TradesKnown(BTC, MINUTE, 0))
        g.live.take(trade(1, 100.0, 1.0))
        g.live.take(trade(4, 100.0, 4.0))
        await until(lambda: ("trades", 2, 3) in g.feed.asked)
        await asyncio.sleep(0)
        current = g.engine.watch(BTC).candles.current("1m")
        assert current is not None
        assert (current.high, current.low, current.volume) == (150.0, 50.0, 4.0)
        assert g.feed.health.gaps == 1


async def test_a_gap_is_asked_for_again_when_the_venue_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("candlewick.runtime.mending.RETRY_WAITS_S", (0.01, 0.01, 0.01))
    async with ground(tmp_path) as g:
        g.feed.past_trades = [trade(2, 150.0, 2.0)]
        g.feed.down = True
        g.live.take(trade(1, 100.0, 1.0))
        g.live.take(trade(3, 100.0, 3.0))
        await until(lambda: g.feed.asked)
        g.feed.down = False
        await until(lambda: [t.id for t in g.engine.watch(BTC).tape.newest(3)] == [3, 2, 1])


async def test_closed_minutes_and_trades_reach_the_lake(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        g.live.take(trade(1, 100.0, 1.0))
        g.live.take(TradesKnown(BTC, MINUTE, 0))
        g.live.take(trade(2, 103.0, 59.0))
        g.live.take(TimePassed((MINUTE + 63) * NS_PER_S))
        await g.live.close()
        await until(lambda: len(g.lake.candles(BTC, "1m")) == 1)
        bars = g.lake.candles(BTC, "1m")
        assert (bars.time[0], bars.open[0], bars.high[0], bars.close[0]) == (MINUTE, 100.0, 103.0, 103.0)
        await until(lambda: [t.id for t in g.lake.trades(BTC)] == [1, 2])


async def test_a_lost_connection_is_told_and_numbered(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        g.live.take(Disconnected("sim", "spot stream 1", "reset", (BTC,), NS_PER_S))
        await until(lambda: g.told)
        assert g.told[0]["seq"] == 1
        assert g.told[0]["data"]["severity"] == "WARNING"
        assert "spot stream 1: reset" in g.told[0]["data"]["message"]


async def test_what_somebody_looks_at_is_followed_and_seeded_once(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        g.live.look_at({BTC: {"trades", "quotes", "book"}})
        assert g.feed.wanted[BTC] == {"trades", "quotes", "book"}
        await until(lambda: any(each[0] == "trades_between" for each in g.feed.asked))
        await asyncio.sleep(0.05)
        g.live.look_at({BTC: {"trades"}})
        g.live.look_at({BTC: {"trades", "book"}})
        await asyncio.sleep(0.05)
        assert sum(each[0] == "trades_between" for each in g.feed.asked) == 1


async def test_history_is_fetched_once_and_then_read_from_the_lake(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        g.feed.bars = [bar(MINUTE - 60 * n) for n in range(5, 0, -1)]
        start, end = MINUTE - 300, MINUTE
        await asyncio.gather(*(g.live.historian.ensure(BTC, "1m", start, end) for _ in range(5)))
        await g.live.historian.ensure(BTC, "1m", start, end)
        assert g.feed.asked == [("candles", "1m", start, end)]
        assert len(g.lake.candles(BTC, "1m")) == 5


async def test_only_the_missing_part_of_a_range_is_fetched(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        g.feed.bars = [bar(MINUTE - 60 * n) for n in range(10, 0, -1)]
        await g.live.historian.ensure(BTC, "1m", MINUTE - 300, MINUTE - 120)
        g.feed.asked.clear()
        await g.live.historian.ensure(BTC, "1m", MINUTE - 600, MINUTE)
        assert g.feed.asked == [
            ("candles", "1m", MINUTE - 600, MINUTE - 300),
            ("candles", "1m", MINUTE - 120, MINUTE),
        ]


async def test_an_open_bar_is_never_kept_as_history(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        g.feed.bars = [bar(MINUTE - 60), bar(MINUTE, closed=False)]
        await g.live.historian.ensure(BTC, "1m", MINUTE - 60, MINUTE + 600)
        assert g.lake.candles(BTC, "1m").time.tolist() == [MINUTE - 60]
        assert g.lake.missing(BTC, "1m", MINUTE - 60, MINUTE + 60) == [(MINUTE, MINUTE + 60)]


async def test_a_bar_is_open_until_the_clock_of_its_venue_says_otherwise(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        g.clock.set((MINUTE + 62) * NS_PER_S)
        g.feed.health.clock_skew_ms = -5_000.0
        g.feed.bars = [bar(MINUTE - 60), bar(MINUTE, closed=False)]
        await g.live.historian.ensure(BTC, "1m", MINUTE - 60, MINUTE + 60)
        assert g.lake.missing(BTC, "1m", MINUTE - 60, MINUTE + 60) == [(MINUTE, MINUTE + 60)]
        assert await g.live.open_bar(BTC, "1m") == g.feed.bars[-1]

        await g.live.historian.seed(BTC)
        assert ("trades_between", MINUTE * NS_PER_S, g.clock.now_ns()) in g.feed.asked
        assert g.lake.missing(BTC, "1m", MINUTE - 60, MINUTE + 60) == [(MINUTE, MINUTE + 60)]


async def test_silence_makes_no_candles_once_the_trades_are_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("candlewick.runtime.live.LINGER_S", 0.0)
    async with ground(tmp_path) as g:
        g.live.look_at({BTC: {"trades"}})
        g.live.take(trade(1, 100.0, 1.0))
        g.live.take(TradesKnown(BTC, MINUTE, 0))
        g.live.look_at({})
        await until(lambda: not g.feed.wanted[BTC])
        assert g.engine.process(TimePassed((MINUTE + 300) * NS_PER_S)) == ()


async def test_a_quote_that_nobody_follows_any_more_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("candlewick.runtime.live.LINGER_S", 0.0)
    async with ground(tmp_path) as g:
        g.market.demand({"ticker:BTCUSDT"})
        g.live.look_at({BTC: {"quotes"}})
        g.live.take(Quote(BTC, 99.0, 1.0, 101.0, 1.0, None, MINUTE, MINUTE))
        g.live.take(trade(1, 100.0, 1.0))
        assert g.bodies("ticker:BTCUSDT")[-1]["data"]["bid"] == 99.0
        g.live.look_at({})
        await until(lambda: not g.feed.wanted[BTC])
        assert g.bodies("ticker:BTCUSDT")[-1]["data"]["bid"] is None


async def test_silence_makes_no_candles_while_the_trades_are_cut_off_though_somebody_comes_to_look(
    tmp_path: Path,
) -> None:
    async with ground(tmp_path) as g:
        g.live.follow_always(BTC, frozenset({"trades"}))
        g.live.take(trade(1, 100.0, 1.0))
        g.live.take(Disconnected("sim", "spot stream 1", "reset", (BTC,), NS_PER_S))
        g.live.look_at({BTC: {"trades"}})
        assert await g.live.open_bar(BTC, "1m") is None  # the venue is asked, and has none
        assert g.engine.process(TimePassed((MINUTE + 300) * NS_PER_S)) == ()
        g.live.take(Connected("sim", "spot stream 1", 2 * NS_PER_S))
        await until(lambda: g.engine.watch(BTC).candles.seeded("1m"))


async def test_seconds_that_were_folded_from_trades_are_not_taken_for_all_that_was_asked(
    tmp_path: Path,
) -> None:
    async with ground(tmp_path) as g:
        g.clock.set((MINUTE + 5_000) * NS_PER_S)
        g.feed.has_seconds = False
        g.feed.past_trades = [trade(1, 100.0, 4_500.0), trade(2, 101.0, 4_990.0)]
        await g.live.historian.ensure(BTC, "1s", MINUTE, MINUTE + 5_000)
        assert len(g.lake.candles(BTC, "1s")) > 0
        assert g.lake.missing(BTC, "1s", MINUTE, MINUTE + 5_000) == [(MINUTE, MINUTE + 4_100)]


async def test_what_is_followed_always_or_is_looked_at_again_is_not_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("candlewick.runtime.live.LINGER_S", 0.01)
    async with ground(tmp_path) as g:
        g.live.follow_always(BTC, frozenset({"trades"}))
        g.live.look_at({BTC: {"trades", "quotes", "book"}})
        g.live.look_at({})
        g.live.look_at({BTC: {"quotes"}})
        await until(lambda: "book" not in g.feed.wanted[BTC])
        assert g.feed.wanted[BTC] == {"trades", "quotes"}


async def test_a_book_that_nobody_looks_at_goes_dark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("candlewick.runtime.live.LINGER_S", 0.0)
    async with ground(tmp_path) as g:
        g.live.look_at({BTC: {"book"}})
        g.feed.snapshots = [snapshot(10)]
        g.live.take(diff(10, 11))
        await until(lambda: g.engine.watch(BTC).book.synchronised)
        g.live.look_at({})
        await until(lambda: not g.feed.wanted[BTC])
        assert g.engine.watch(BTC).book.bids(5) == []


async def test_only_minutes_go_to_the_lake_for_the_longer_bars_follow_from_them(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        g.live.take(trade(1, 100.0, 1.0))
        g.live.take(TradesKnown(BTC, MINUTE, 0))
        g.live.take(TimePassed((MINUTE + 400) * NS_PER_S))
        await until(lambda: len(g.lake.candles(BTC, "1m")) == 6)
        assert len(g.lake.candles(BTC, "1s")) == len(g.lake.candles(BTC, "3m")) == 0


async def test_bars_end_by_the_clock_of_the_venue_that_is_furthest_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ground(tmp_path) as g:
        told: list[MarketEvent] = []
        monkeypatch.setattr(g.live, "take", told.append)
        g.clock.set((MINUTE + 30) * NS_PER_S - 1_000_000)
        g.feed.health.clock_skew_ms = -5_000.0
        running = asyncio.create_task(g.live.run())
        await until(lambda: told)
        running.cancel()
        await asyncio.wait([running])
        assert told[0] == TimePassed((MINUTE + 25) * NS_PER_S - 1_000_000)


async def test_bars_are_not_taken_for_exact_when_the_stream_broke_while_they_were_seeded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ground(tmp_path) as g:
        g.live.take(trade(1, 100.0, 1.0))

        async def broken_meanwhile(instrument: str, start_ns: int, end_ns: int) -> list[Trade]:
            g.live.take(Disconnected("sim", "spot stream 1", "reset", (BTC,), NS_PER_S))
            return []

        monkeypatch.setattr(g.feed, "trades_between", broken_meanwhile)
        await g.live.historian.seed(BTC)
        assert not g.live.historian.is_seeded(BTC)
        assert g.engine.process(TimePassed((MINUTE + 300) * NS_PER_S)) == ()
