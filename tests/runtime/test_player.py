"""A recording played as a venue: in its order, at its own time, and nothing of its future told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from candlewick.core.clock import NS_PER_S, ManualClock, iso
from candlewick.core.errors import UsageError, VenueError
from candlewick.core.events import Connected, MarketEvent, TimePassed, Trade
from candlewick.core.instrument import Venue
from candlewick.core.interval import open_time
from candlewick.runtime import player as module
from candlewick.runtime.player import FASTEST, Player
from tests.runtime.ground import BTC, INSTRUMENT, MINUTE, trade, until

TRADES = [trade(n, 100.0 + n, float(n * 7)) for n in range(1, 31)]


async def played(player: Player) -> list[MarketEvent]:
    """All that a player emits."""
    emitted: list[MarketEvent] = []
    running = asyncio.create_task(player.run(emitted.append))
    try:
        await until(lambda: player.done)
    finally:
        running.cancel()
        await asyncio.wait([running])
    return emitted


class Stage:
    """A player and what it emitted."""

    def __init__(self, trades: Iterable[Trade] = TRADES, speed: float = FASTEST) -> None:
        self.clock = ManualClock()
        self.emitted: list[MarketEvent] = []
        moments = ((each.ts_received, (each,)) for each in trades)
        self.player = Player(Venue(id="sim", title="Sim"), [INSTRUMENT], moments, self.clock, speed)

    def emit(self, event: MarketEvent) -> None:
        self.emitted.append(event)

    @property
    def trades(self) -> list[Trade]:
        return [each for each in self.emitted if isinstance(each, Trade)]

    async def __aenter__(self) -> Stage:
        self._running = asyncio.create_task(self.player.run(self.emit))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._running.cancel()
        await asyncio.wait([self._running])


async def test_it_plays_all_in_order_at_the_recordings_own_time_and_then_says_that_it_has_ended() -> None:
    async with Stage() as stage:
        await until(lambda: stage.player.done)
        assert stage.trades == TRADES
        assert stage.clock.now_ns() == TRADES[-1].ts_received
        assert isinstance(stage.emitted[0], Connected)
        passed = [each.ts_received for each in stage.emitted if isinstance(each, TimePassed)]
        assert passed == [each.ts_received for each in TRADES]
        assert (stage.player.health.state, stage.player.state()["done"]) == ("stale", True)


async def test_it_waits_while_paused_and_plays_as_many_as_it_is_told_to_step() -> None:
    stage = Stage()
    await stage.player.control("pause")
    async with stage:
        await asyncio.sleep(0)
        assert stage.trades == []
        await stage.player.control("step")
        await until(lambda: len(stage.trades) == 1)
        await stage.player.control("step", 4)
        await until(lambda: len(stage.trades) == 5)
        await asyncio.sleep(0)
        assert len(stage.trades) == 5
        await stage.player.control("resume")
        await until(lambda: stage.player.done)
        assert stage.trades == TRADES


async def test_while_it_waits_to_begin_it_says_where_it_begins_and_has_told_nothing() -> None:
    stage = Stage()
    await stage.player.control("pause")
    async with stage:
        await until(lambda: stage.clock.now_ns() == TRADES[0].ts_received)
        assert stage.player.state()["position"] == iso(TRADES[0].ts_received)
        assert stage.emitted == []


async def test_a_new_speed_holds_at_once() -> None:
    async with Stage(speed=0.001) as stage:
        await until(lambda: len(stage.trades) == 1)
        await stage.player.control("speed", FASTEST)
        await until(lambda: stage.player.done)


@pytest.mark.parametrize(
    ("action", "value"), [("step", 0), ("speed", 0), ("speed", None), ("speed", 1e9), ("rewind", None)]
)
async def test_what_a_replay_cannot_do_is_a_sentence(action: str, value: float | None) -> None:
    with pytest.raises(UsageError):
        await Stage().player.control(action, value)


async def test_it_tells_what_has_been_played_and_nothing_of_what_comes() -> None:
    stage = Stage()
    await stage.player.control("pause")
    async with stage:
        await stage.player.control("step", 20)
        await until(lambda: len(stage.trades) == 20)
        player, end = stage.player, TRADES[-1].ts_exchange + 1
        assert [t.id for t in await player.trades(BTC, from_id=18, to_id=30)] == [18, 19, 20]
        assert await player.trades_between(BTC, TRADES[4].ts_exchange, end) == TRADES[4:20]
        minutes = await player.candles(BTC, "1m", MINUTE, MINUTE + 3_600)
        assert [(c.time, c.open, c.high, c.close, c.volume) for c in minutes] == [
            (MINUTE, 101.0, 108.0, 108.0, 8.0),
            (MINUTE + 60, 109.0, 117.0, 117.0, 9.0),
        ]


async def test_an_hour_of_which_it_holds_only_a_part_is_not_told() -> None:
    ten_minutes_apart = [trade(n, 100.0 + n, float(n * 600)) for n in range(1, 31)]
    async with Stage(ten_minutes_apart) as stage:
        await until(lambda: stage.player.done)
        hours = await stage.player.candles(BTC, "1h", 0, MINUTE * 2)
        begin = open_time(ten_minutes_apart[0].ts_exchange // NS_PER_S, 3_600)
        assert [each.time for each in hours] == [begin + 3_600 * n for n in range(1, len(hours) + 1)]
        assert [each.volume for each in hours] == [6.0] * len(hours)
        assert len(hours) >= 3
        assert all(each.closed for each in hours)


async def test_what_an_instrument_never_traded_is_empty() -> None:
    player = Stage().player
    assert await player.trades(BTC, from_id=0, to_id=9) == []
    assert await player.trades_between(BTC, 0, 9) == []
    assert await player.candles(BTC, "1m", 0, 9) == []


async def test_what_is_too_old_to_be_at_hand_is_refused_and_not_half_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "TRADES_KEPT", 10)
    monkeypatch.setattr(module, "SECONDS_KEPT", 10)
    async with Stage() as stage:
        await until(lambda: stage.player.done)
        player, end = stage.player, TRADES[-1].ts_exchange + 1
        assert len(await player.trades_between(BTC, TRADES[-10].ts_exchange, end)) == 10
        with pytest.raises(VenueError, match="newest 10 trades"):
            await player.trades_between(BTC, TRADES[0].ts_exchange, end)
        with pytest.raises(VenueError, match="newest 10 seconds"):
            await player.candles(BTC, "1s", MINUTE, MINUTE + 10)
        assert len(await player.candles(BTC, "1m", 0, MINUTE * 2)) == 3
