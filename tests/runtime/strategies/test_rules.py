"""What the engine keeps for a strategy: time exits, break-even stops, partial exits, pauses."""

from __future__ import annotations

from decimal import Decimal

import pytest

from candlewick.core.order import Order
from candlewick.runtime.strategies.rules import Pause, Point, Rules, rests
from candlewick.store.models import StrategyAtWork
from tests.runtime.strategies.ground import FOLLOW, Floor, until


def following(*lines: str) -> str:
    """`FOLLOW` with more attributes."""
    return FOLLOW.replace(
        "    warm_up = 0\n", "    warm_up = 0\n" + "".join(f"    {each}\n" for each in lines)
    )


async def bought(floor: Floor, source: str, **parameters: float) -> StrategyAtWork:
    """The strategy, once it has bought at 101.05."""
    row = await floor.started(source, parameters=parameters)
    await floor.close_bar(row, 101.0)
    await until(lambda: floor.held)
    return row


def sales(floor: Floor) -> list[Order]:
    return [each for each in floor.placed() if each.terms.side == "sell" and each.leg is None]


async def test_what_was_held_for_so_many_bars_is_closed(floor: Floor) -> None:
    row = await bought(floor, following("time_exit = 2"))
    await floor.close_bar(row, 102.0)
    assert floor.held, "bought in the bar that has just closed"
    await floor.close_bar(row, 102.0)
    await until(lambda: sales(floor))
    assert "time exit" in (await floor.lines(row, "order"))[1]


async def test_the_stop_moves_to_the_entry_once_the_profit_is_there(floor: Floor) -> None:
    row = await bought(floor, following("break_even = 0.03"), stop=0.1)
    (stop,) = await until(lambda: list(floor.house.state.orders.values()))
    await floor.close_bar(row, 103.0)
    assert floor.house.state.orders[stop.id].terms.stop_price == Decimal("90.94")
    await floor.close_bar(row, 105.0)
    await until(lambda: floor.house.state.orders[stop.id].terms.stop_price == Decimal("101.05"))
    await floor.close_bar(row, 106.0)
    assert len(floor.house.state.orders) == 1


async def test_where_the_venue_changes_no_stop_another_is_sent_in_its_place(floor: Floor) -> None:
    row = await bought(floor, following("break_even = 0.03"), stop=0.1)
    (leg,) = floor.house.state.orders.values()
    floor.house.state.kind, floor.house.state.venue = "live", "sim"
    await floor.close_bar(row, 106.0)
    await until(lambda: [*floor.house.state.orders] not in ([leg.id], []))
    (stop,) = floor.house.state.orders.values()
    assert (stop.id, stop.terms.order_type, stop.terms.quantity) == (f"{leg.id}-m", "stop", floor.held)
    assert stop.terms.stop_price == Decimal("101.05")
    await floor.close_bar(row, 107.0)
    assert list(floor.house.state.orders) == [stop.id], "it stands there already"


async def test_where_it_has_no_stop_one_is_placed_at_the_entry(floor: Floor) -> None:
    row = await bought(floor, following("break_even = 0.03"))
    await floor.close_bar(row, 105.0)
    (stop,) = await until(lambda: list(floor.house.state.orders.values()))
    assert (stop.terms.order_type, stop.terms.stop_price) == ("stop", Decimal("101.05"))
    await floor.close_bar(row, 106.0)
    assert list(floor.house.state.orders) == [stop.id]


async def test_parts_are_closed_once_each_as_the_profit_grows(floor: Floor) -> None:
    row = await bought(floor, following("partial_exits = ((0.02, 0.25), (0.05, 0.5))"))
    whole = floor.held
    await floor.close_bar(row, 104.0)
    await until(lambda: len(sales(floor)) == 1)
    await floor.close_bar(row, 104.5)
    await floor.close_bar(row, 107.0)
    await until(lambda: len(sales(floor)) == 2)
    await floor.close_bar(row, 108.0)
    quarter, half = (each.terms.quantity for each in sales(floor))
    assert quarter == (whole / 4).quantize(Decimal("0.001"), "ROUND_DOWN")
    assert half == (whole / 2).quantize(Decimal("0.001"), "ROUND_DOWN")


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


def test_a_pause_is_counted_anew_from_where_it_began() -> None:
    pause = Pause(Rules(pause_at=0.1, pause_for=2), 100.0, 60)
    pause.close([Point(60, 110.0), Point(120, 99.5)])
    assert not pause.holds(120)
    pause.close([Point(180, 99.0)])
    assert pause.holds(180)
    assert pause.holds(299)
    assert not pause.holds(300)
    pause.close([Point(240, 90.0), Point(300, 89.0)])  # from 99 on
    assert pause.holds(300)


@pytest.mark.parametrize(("opens", "expected"), [(60, True), (120, True), (180, False)])
def test_two_bars_of_rest_are_two_bars_without_an_entry(opens: int, expected: bool) -> None:
    assert rests(Rules(cooldown=2), 0, opens, 60) is expected
