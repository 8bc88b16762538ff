"""What a strategy is told at each close: markets that rest, bars that come too late, funding."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Derivative, Funding
from tests.runtime.accounts import ground as accounts_ground
from tests.runtime.ground import BTC, INSTRUMENT, MINUTE, ScriptedFeed
from tests.runtime.strategies.ground import Floor, bought, following, until


async def test_a_market_rests_after_a_loss(floor: Floor) -> None:
    row = await bought(floor, following("protections = (cw.Cooldown(2),)"))
    await floor.close_bar(row, 99.0)
    await until(lambda: not floor.held)  # in the bar that is open now
    await floor.close_bar(row, 101.0)
    await floor.close_bar(row, 101.0)
    assert not floor.held
    await floor.close_bar(row, 101.0)
    await until(lambda: floor.held)
    assert any("rests" in line for line in await floor.lines(row, "state"))


async def test_nothing_is_entered_after_equity_fell_far_and_a_restart_knows_of_it(floor: Floor) -> None:
    row = await bought(floor, following("protections = (cw.DrawdownPause(0.05, 4),)"))
    await floor.close_bar(row, 90.0)  # a tenth is lost: four bars without entries, of which one has begun
    await until(lambda: not floor.held)
    await floor.again()
    await floor.runs(row)
    for _ in range(3):
        await floor.close_bar(row, 101.0)
        assert not floor.held
    await floor.close_bar(row, 101.0)
    await until(lambda: floor.held)


async def test_bars_that_were_missed_are_told_and_not_acted_on(floor: Floor) -> None:
    row = await floor.started()
    await floor.end()
    floor.bar(101.0)
    floor.bar(99.0)
    floor.house.clock.advance(45)
    await floor.again()
    await floor.runs(row)
    assert floor.placed() == []
    await floor.close_bar(row, 102.0)
    await until(lambda: floor.held)


async def test_a_bar_that_comes_too_late_is_not_acted_on_and_told_with_its_time(floor: Floor) -> None:
    row = await floor.started()
    floor.bar(101.0)
    floor.house.clock.advance(45)
    await until(lambda: floor.at_work(row).health.missed)
    assert floor.placed() == []
    assert await floor.lines(row, "missed") == [
        "The bar of 2025-10-09T08:54:00.000Z came too late to act on."
    ]


async def test_bars_missed_in_a_row_are_told_in_one_line(floor: Floor) -> None:
    row = await floor.started()
    for _ in range(3):
        floor.bar(101.0)
    floor.house.clock.advance(45)
    await until(lambda: floor.at_work(row).health.missed == 3)
    assert floor.placed() == []
    assert await floor.lines(row, "missed") == [
        "The 3 bars from 2025-10-09T08:54:00.000Z to 2025-10-09T08:56:00.000Z came too late to act on."
    ]


async def test_a_day_is_counted_from_its_first_moment(floor: Floor) -> None:
    row = await floor.started()
    await floor.close_bar(row, 101.0)
    await until(lambda: floor.held)
    await floor.close_bar(row, 110.0)
    told = floor.strategies.body(row.pk)
    assert told["pnl_today"] == round(told["pnl"], 2), "it began today"
    evening = told["equity"]
    floor.time += 86_400
    await floor.close_bar(row, 120.0)
    now = floor.strategies.body(row.pk)
    assert now["pnl_today"] == round(now["equity"] - evening, 2)


PERPETUAL = replace(INSTRUMENT, kind="perp", settle="USDT")
CARRY = """
import candlewick as cw


class Carry(cw.Strategy):
    '''Short while funding is received for that.'''

    warm_up = 0

    def on_bar(self, ctx):
        if ctx.funding_rate is not None and ctx.funding_rate > 0 and not ctx.position:
            ctx.sell(0.5)
        print(ctx.funding_rate, ctx.next_funding - ctx.time if ctx.next_funding else None, ctx.funding)
"""


@pytest.fixture
def perpetual(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is traded is a perpetual, whose venue has settled twice so far."""

    async def settled(feed: ScriptedFeed, instrument: str, start_s: int, end_s: int) -> list[Funding]:
        known = [(MINUTE - 3_480, 0.0001), (MINUTE + 120, 0.0003)]
        return [
            Funding(instrument, rate, None, time * NS_PER_S, time * NS_PER_S)
            for time, rate in known
            if start_s <= time < end_s
        ]

    monkeypatch.setattr(accounts_ground, "INSTRUMENT", PERPETUAL)
    monkeypatch.setattr(ScriptedFeed, "funding", settled)


async def test_it_sees_what_was_settled_and_what_it_has_received(perpetual: None, floor: Floor) -> None:
    row = await floor.started(CARRY)
    await floor.close_bar(row, 100.0)
    await until(lambda: floor.held)
    now = floor.house.clock.now_ns()
    floor.house.live.take(
        Derivative(BTC, now, now, mark=100.0, funding_rate=0.0003, next_funding=(MINUTE + 120) * NS_PER_S)
    )
    await floor.close_bar(row, 100.0)
    await floor.close_bar(row, 100.0)
    paid = await until(lambda: floor.house.state.book.positions[BTC].funding)
    await floor.close_bar(row, 100.0)
    seen = await floor.lines(row, "print")
    assert seen[0] == "0.0001 None 0.0"
    assert seen[-1] == f"0.0003 {3_600 - 60} {float(paid)}"
    assert paid > 0
