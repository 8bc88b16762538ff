"""What was missed comes back: from the venue's trades, or else from its candles."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import RateLimited
from candlewick.core.events import BookChange, Connected, Disconnected, Trade
from candlewick.trading.effects import ResyncBook
from tests.runtime.ground import BTC, MINUTE, bar, ground, trade, until


async def test_trades_that_the_venue_no_longer_has_are_mended_from_its_candles(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        g.clock.set((MINUTE + 70) * NS_PER_S)
        g.live.follow_always(BTC, frozenset({"trades"}))
        g.feed.past_trades = [trade(10, 101.0, 60.0)]
        g.feed.bars = [bar(MINUTE, 177.0)]
        g.live.take(trade(1, 100.0, 1.0))
        g.live.take(trade(10, 101.0, 60.0))
        await until(lambda: len(g.lake.candles(BTC, "1m")) == 1)
        assert g.lake.candles(BTC, "1m").close.tolist() == [177.0]
        await until(lambda: g.engine.watch(BTC).candles.seeded("1m"))


async def test_trades_that_the_venue_refuses_to_give_are_mended_from_its_candles(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        g.clock.set((MINUTE + 70) * NS_PER_S)
        g.live.follow_always(BTC, frozenset({"trades"}))
        g.feed.refuses_trades = True
        g.feed.bars = [bar(MINUTE, 177.0)]
        g.live.take(trade(1, 100.0, 1.0))
        g.live.take(trade(10, 101.0, 60.0))
        await until(lambda: len(g.lake.candles(BTC, "1m")) == 1)
        assert g.lake.candles(BTC, "1m").close.tolist() == [177.0]


async def test_open_bars_are_seeded_again_when_a_lost_connection_is_back(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        g.live.take(trade(1, 100.0, 1.0))
        g.live.look_at({BTC: {"trades"}})
        await until(lambda: g.engine.watch(BTC).candles.seeded("1m"))
        asked = sum(each[0] == "trades_between" for each in g.feed.asked)
        g.live.take(Disconnected("sim", "spot stream 1", "reset", (BTC,), NS_PER_S))
        g.feed.past_trades = [trade(1, 100.0, 1.0), trade(2, 133.0, 2.0)]
        g.live.take(Connected("sim", "spot stream 1", 2 * NS_PER_S))
        await until(lambda: sum(each[0] == "trades_between" for each in g.feed.asked) > asked)
        await until(lambda: g.engine.watch(BTC).last == 133.0)


async def test_seeding_is_tried_again_until_the_venue_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("candlewick.runtime.mending.RETRY_WAITS_S", (0.01,) * 50)
    async with ground(tmp_path) as g:
        g.live.take(trade(1, 100.0, 1.0))
        g.feed.down = True
        g.live.look_at({BTC: {"trades"}})
        await until(lambda: len(g.feed.asked) > 2)
        assert not g.engine.watch(BTC).candles.seeded("1m")
        g.feed.down = False
        await until(lambda: g.engine.watch(BTC).candles.seeded("1m"))


async def test_a_snapshot_is_not_asked_for_once_nobody_wants_the_book(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("candlewick.runtime.live.LINGER_S", 0.0)
    monkeypatch.setattr("candlewick.runtime.mending.BOOK_WAITS_S", (0.0, 0.01))
    async with ground(tmp_path) as g:
        g.live.look_at({BTC: {"book"}})
        g.live.take(BookChange(BTC, False, [(98.0, 1.0)], [], 10, 11, None, 0, 0))
        await until(lambda: g.feed.asked)
        g.live.look_at({})
        await until(lambda: not g.engine.watch(BTC).snapshot_wanted)
        await until(lambda: not g.live._tasks)
        asked = len(g.feed.asked)
        g.live.take(BookChange(BTC, False, [(98.0, 1.0)], [], 12, 13, None, 0, 0))
        await until(lambda: len(g.feed.asked) > asked)  # somebody's diffs come again


async def test_what_is_being_fetched_is_not_asked_for_beside(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        g.feed.snapshots = [BookChange(BTC, True, [(99.0, 1.0)], [(101.0, 1.0)], None, 10, None, 0, 0)]
        mender = g.live._mender
        g.live.take(BookChange(BTC, False, [(98.0, 1.0)], [], 10, 11, None, 0, 0))
        for _ in range(3):
            mender.resync_book(ResyncBook(BTC, "again"))
        assert len(g.live._tasks) == 1
        await until(lambda: g.engine.watch(BTC).book.synchronised)


async def test_a_gap_too_long_for_trades_is_mended_from_candles_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("candlewick.runtime.mending.MOST_TRADES", 5)
    async with ground(tmp_path) as g:
        g.clock.set((MINUTE + 70) * NS_PER_S)
        g.feed.bars = [bar(MINUTE, 177.0)]
        g.live.take(trade(1, 100.0, 1.0))
        g.live.take(trade(10, 101.0, 60.0))
        await until(lambda: len(g.lake.candles(BTC, "1m")) == 1)
        assert not [each for each in g.feed.asked if each[0] == "trades"]


async def test_the_open_minute_is_seeded_anew_when_trades_of_it_were_lost(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        g.live.follow_always(BTC, frozenset({"trades"}))
        g.live.take(trade(1, 100.0, 1.0))
        g.live.look_at({BTC: {"trades"}})
        await until(lambda: g.engine.watch(BTC).candles.seeded("1m"))
        g.feed.refuses_trades = True  # by number; by time it gives them
        g.feed.past_trades = [trade(1, 100.0, 1.0), trade(2, 133.0, 2.0), trade(3, 101.0, 3.0)]
        g.live.take(trade(3, 101.0, 3.0))
        await until(lambda: g.engine.watch(BTC).candles.seeded("1m"))
        current = g.engine.watch(BTC).candles.current("1m")
        assert current is not None
        assert current.high == 133.0


async def test_a_venue_that_names_its_pause_is_not_asked_before_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused: list[float] = []

    async def note(seconds: float) -> None:
        paused.append(seconds)

    async def busy(instrument: str, *, from_id: int, to_id: int) -> list[Trade]:
        if not paused:
            raise RateLimited("too many requests", 17.0)
        return [trade(2, 150.0, 2.0)]

    async with ground(tmp_path) as g:
        monkeypatch.setattr(g.feed, "trades", busy)
        monkeypatch.setattr("candlewick.runtime.mending.asyncio", SimpleNamespace(sleep=note))
        g.live.take(trade(1, 100.0, 1.0))
        g.live.take(trade(3, 100.0, 3.0))
        await until(lambda: [t.id for t in g.engine.watch(BTC).tape.newest(3)] == [3, 2, 1])
        assert paused == [17.0]
