"""What protects a strategy's positions: stops and targets follow its entries, and stand again if gone."""

from __future__ import annotations

from decimal import Decimal

import pytest

from candlewick.core.events import Trade
from candlewick.core.order import Order
from candlewick.runtime.strategies import at_work, desk
from candlewick.store.models import StrategyAtWork
from tests.runtime.strategies.ground import ACCOUNT, BTC, Floor, until


async def protected(floor: Floor, **parameters: float) -> StrategyAtWork:
    """A strategy that holds something, with what it asked for to protect it."""
    row = await floor.started(parameters=parameters)
    await floor.close_bar(row, 101.0)
    working = floor.house.state.orders
    await until(lambda: [each.status for each in working.values()] == ["OPEN"] * len(parameters))
    await followed_up(floor, row)
    return row


def trade_at(floor: Floor, price: float) -> None:
    """The market goes there, and trades."""
    floor.house.book(price - 0.05, price + 0.05)
    now = floor.house.clock.now_ns()
    floor.house.live.take(Trade(BTC, 1, price, 1.0, "sell", now, now))


async def followed_up(floor: Floor, row: StrategyAtWork) -> None:
    """Return once the strategy has looked at all that became of its orders."""
    await floor.house.execution.settled()
    await until(lambda: not floor.at_work(row)._following)


async def take_back(floor: Floor, *ids: str) -> None:
    """A person cancels orders."""
    for id in ids:
        await floor.house.accounts.requests.verbs["order.cancel"](account=ACCOUNT, order_id=id, actor="ann")


async def resumed(floor: Floor, row: StrategyAtWork) -> None:
    await until(lambda: floor.at_work(row).health.phase == "paused")
    desk.resume(floor.row(row), "ann")
    floor.strategies.look()
    await until(lambda: floor.at_work(row).health.phase == "running")


async def test_stop_and_target_stand_at_the_distances_that_it_asked_for(floor: Floor) -> None:
    row = await floor.started(parameters={"stop": 0.02, "target": 0.05})
    await floor.close_bar(row, 101.0)
    await until(lambda: len(floor.house.state.orders) == 2)
    stop, target = (floor.house.state.orders[f"{floor.placed()[0].id}-{leg}"].terms for leg in ("sl", "tp"))
    assert (stop.stop_price, target.stop_price) == (Decimal("99.03"), Decimal("106.10"))


async def test_legs_stand_at_their_distances_from_what_was_paid(floor: Floor) -> None:
    row = await floor.started(parameters={"stop": 0.02, "target": 0.05}, fraction=Decimal("0.01"))
    await floor.close_bar(row, 101.0)
    (entry,) = floor.placed()[:1]
    expected = Decimal("99.03")  # of the best ask, which is not enough for all of it
    assert entry.stop_loss == expected

    def stop() -> Decimal | None:
        order = floor.house.state.orders.get(f"{entry.id}-sl")
        return None if order is None else order.terms.stop_price

    await until(lambda: stop() not in (None, expected))
    paid = floor.house.state.find(entry.id).average_price
    assert paid > Decimal("101.05")
    assert stop() == round(paid * Decimal("0.98"), 2)
    target = floor.house.state.orders[f"{entry.id}-tp"]
    await until(
        lambda: floor.house.state.orders[target.id].terms.stop_price == round(paid * Decimal("1.05"), 2)
    )


async def test_what_was_filled_while_it_did_not_run_is_followed_when_it_does(floor: Floor) -> None:
    row = await floor.started(parameters={"stop": 0.02, "trail": 0.03}, fraction=Decimal("0.01"))
    protection = floor.at_work(row)._protection

    async def too_late(order: Order) -> None:
        """The engine dies before it gets there."""

    protection.follow = too_late  # type: ignore[method-assign, assignment]
    await floor.close_bar(row, 101.0)
    await until(lambda: len(floor.house.state.orders) == 1)
    await floor.again()
    await floor.runs(row)
    await until(lambda: len(floor.house.state.orders) == 2)
    entry = floor.placed()[0]
    trailing = floor.house.state.orders[f"{entry.id}-tr"]
    assert trailing.terms.order_type == "trailing_stop"
    assert trailing.terms.quantity == floor.held


async def test_a_stop_trails_what_it_bought(floor: Floor) -> None:
    row = await floor.started(parameters={"trail": 0.02})
    await floor.close_bar(row, 101.0)
    await until(lambda: floor.house.state.orders)
    (trailing,) = floor.house.state.orders.values()
    assert trailing.terms.order_type == "trailing_stop"
    assert (trailing.terms.trail_percent, trailing.terms.quantity) == (Decimal(2), floor.held)


async def test_the_kill_switch_pauses_it_at_once_and_resumed_its_stop_and_target_stand_again(
    floor: Floor,
) -> None:
    row = await protected(floor, stop=0.02, target=0.05)
    stood = {order.leg: order.terms for order in floor.house.state.orders.values()}
    await floor.house.accounts.requests.verbs["risk.kill"](account=ACCOUNT, flatten=False, actor="ann")
    await until(lambda: floor.state(row) == "paused")
    reason = "The account does not trade: Paper is halted: the kill switch was used."
    assert floor.row(row).reason == reason
    await until(lambda: not floor.house.state.orders)
    await floor.house.accounts.requests.verbs["risk.state"](account=ACCOUNT, state="ACTIVE", actor="ann")
    await resumed(floor, row)
    await until(lambda: len(floor.house.state.orders) == 2)
    entry = floor.placed()[0]
    again = list(floor.house.state.orders.values())
    assert [order.terms for order in again] == [stood["stop_loss"], stood["take_profit"]]
    assert {order.oco for order in again} == {order.parent for order in again} == {entry.id}
    assert [order.leg for order in again] == ["stop_loss", "take_profit"]
    await floor.again()  # nothing is sent a third time
    await floor.runs(row)
    assert len(floor.placed()) == 5
    trade_at(floor, 98.0)
    await until(lambda: not floor.held and not floor.house.state.orders)


async def test_a_stop_that_somebody_takes_back_pauses_it_and_resumed_it_stands_again(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_work, "REPLACED_S", 0.0)
    row = await protected(floor, stop=0.02, target=0.05)
    entry = floor.placed()[0]
    await take_back(floor, f"{entry.id}-sl")
    await until(lambda: floor.state(row) == "paused")
    assert floor.row(row).reason == (
        "Somebody took back its stop of sim:BTCUSDT: what it holds is not protected. "
        "Resumed, it places the stop again."
    )
    await resumed(floor, row)
    await take_back(floor, f"{entry.id}-sl2")
    await until(lambda: floor.state(row) == "paused")
    await resumed(floor, row)
    stop = floor.house.state.orders[f"{entry.id}-sl3"]
    assert (stop.terms.stop_price, stop.terms.quantity) == (Decimal("99.03"), floor.held)
    assert "its stop was gone" in (await floor.lines(row, "order"))[-1]


async def test_a_stop_that_was_moved_stands_again_where_it_stood(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_work, "REPLACED_S", 0.0)
    row = await protected(floor, stop=0.02)
    (stop,) = floor.house.state.orders
    await floor.house.accounts.requests.verbs["order.amend"](
        account=ACCOUNT, order_id=stop, stop_price="98.5", actor="ann"
    )
    await until(lambda: floor.house.state.orders[stop].terms.stop_price == Decimal("98.5"))
    await take_back(floor, stop)
    await until(lambda: floor.state(row) == "paused")
    await resumed(floor, row)
    (again,) = await until(lambda: list(floor.house.state.orders.values()))
    assert again.terms.stop_price == Decimal("98.5")


async def test_where_the_price_is_beyond_a_stop_that_was_taken_back_the_position_is_closed(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_work, "REPLACED_S", 0.0)
    row = await protected(floor, stop=0.02)
    await take_back(floor, *floor.house.state.orders)
    await until(lambda: floor.state(row) == "paused")
    floor.house.book(95.0, 95.1)
    await resumed(floor, row)
    await until(lambda: not floor.held)


async def test_a_stop_that_trails_begins_anew_once_somebody_took_it_back(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_work, "REPLACED_S", 0.0)
    row = await protected(floor, trail=0.02)
    await take_back(floor, *floor.house.state.orders)
    await until(lambda: floor.state(row) == "paused")
    assert "took back its trailing stop of sim:BTCUSDT" in floor.row(row).reason
    await resumed(floor, row)
    (again,) = await until(lambda: list(floor.house.state.orders.values()))
    assert (again.terms.trail_percent, again.terms.quantity) == (Decimal(2), floor.held)


async def test_a_target_taken_back_from_beside_its_stop_is_told_and_placed_again_at_the_next_start(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_work, "REPLACED_S", 0.0)
    row = await protected(floor, stop=0.02, target=0.05)
    entry = floor.placed()[0]
    await take_back(floor, f"{entry.id}-tp")
    await followed_up(floor, row)
    assert any(
        "took back its target of sim:BTCUSDT. It is placed again" in line for line in await floor.lines(row)
    )
    assert floor.state(row) == "running"
    await floor.again()
    await floor.runs(row)
    await until(lambda: f"{entry.id}-tp2" in floor.house.state.orders)


async def test_a_stop_taken_back_while_it_is_paused_is_told(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_work, "REPLACED_S", 0.0)
    row = await protected(floor, stop=0.02)
    desk.pause(row, "ann")
    floor.strategies.look()
    await until(lambda: floor.at_work(row).health.phase == "paused")
    await take_back(floor, *floor.house.state.orders)
    await followed_up(floor, row)
    assert any("not protected" in line for line in await floor.lines(row, "error"))
    assert floor.row(row).reason == "Paused by ann."


@pytest.mark.parametrize("way", ["signal", "stop", "target", "hand", "hand, its stop first"])
async def test_however_a_position_ends_nobody_is_blamed_for_the_end_of_its_stops(
    floor: Floor, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_work, "REPLACED_S", 60.0)  # a machine under load is to be in time
    row = await protected(floor, stop=0.02, target=0.05)
    match way:
        case "signal":
            await floor.close_bar(row, 99.5)
        case "stop":
            trade_at(floor, 98.0)
        case "target":
            trade_at(floor, 108.0)
        case _:
            if way != "hand":
                await take_back(floor, *floor.house.state.orders)
                await floor.house.execution.settled()
            await floor.house.accounts.requests.verbs["position.close"](
                account=ACCOUNT, actor="ann", symbol="BTCUSDT"
            )
    await until(lambda: not floor.held and not floor.house.state.orders)
    await followed_up(floor, row)
    assert not any("took back" in line for line in await floor.lines(row))
    assert floor.state(row) == "running"
    await floor.again()
    await floor.runs(row)
    assert not floor.house.state.orders


TWICE = """
import candlewick as cw


class Twice(cw.Strategy):
    '''Buys twice: with a stop and a target first, and with a stop alone behind it.'''

    warm_up = 0

    def on_bar(self, ctx):
        if not ctx.position:
            ctx.buy(quantity=1.0, stop_distance=0.05, target_distance=0.03)
        elif ctx.position < 1.5:
            ctx.buy(quantity=1.0, stop_distance=0.05)
"""


async def test_of_two_entries_only_what_is_left_to_protect_is_missed(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_work, "REPLACED_S", 0.0)
    row = await floor.started(TWICE, fraction=Decimal("0.01"))
    await floor.close_bar(row, 100.0)
    await until(lambda: len(floor.house.state.orders) == 2)
    await floor.close_bar(row, 100.0)
    await until(lambda: len(floor.house.state.orders) == 3)
    trade_at(floor, 104.0)  # the first one's target, whose stop ends with it
    await until(lambda: len(floor.house.state.orders) == 1)
    await followed_up(floor, row)
    assert floor.state(row) == "running"
    (left,) = floor.house.state.orders.values()
    await take_back(floor, left.id)
    await until(lambda: floor.state(row) == "paused")
    await resumed(floor, row)
    (again,) = floor.house.state.orders.values()
    assert (again.terms, again.oco) == (left.terms, left.parent)
