"""A strategy's rules at each close: time exits, break-even stops, partial exits."""

from __future__ import annotations

from decimal import Decimal

from candlewick.core.order import Order
from tests.runtime.strategies.ground import Floor, bought, following, until


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
