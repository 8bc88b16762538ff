"""What was missed comes back: from the venue's trades, or else from its candles."""

from __future__ import annotations

from pathlib import Path

import pytest

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Connected, Disconnected
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
