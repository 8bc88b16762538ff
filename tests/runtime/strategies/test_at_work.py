"""A strategy at work: what it wants becomes orders, and whatever is wrong with it harms nobody else."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psutil
import pytest

from candlewick.core.order import Filled
from candlewick.runtime.strategies import at_work, closes, desk
from candlewick.store.models import Account, Role, StrategyAtWork, User
from tests.runtime.strategies.ground import ACCOUNT, BTC, FOLLOW, Floor, until, with_line


async def test_a_signal_becomes_an_order_under_its_tag_of_the_size_that_its_capital_allows(
    floor: Floor,
) -> None:
    row = await floor.started()
    await floor.close_bar(row, 99.0)
    assert floor.placed() == []
    await floor.close_bar(row, 101.0)
    (order,) = floor.placed()
    assert (order.tag, order.origin, order.terms.side, order.terms.order_type) == (
        row.tag, "strategy", "buy", "market",
    )  # fmt: skip
    # 300, less what is kept for the way of the price, at the ask, fee of a thousandth included
    pays = Decimal(300) * Decimal("0.998") / Decimal("101.05") / Decimal("1.001")
    assert order.terms.quantity == pays.quantize(Decimal("0.001"), "ROUND_DOWN")
    await until(lambda: floor.held == order.terms.quantity)
    await floor.house.execution.settled()
    ownings = floor.at_work(row).ownings
    assert ownings is not None
    assert ownings.held(BTC) == floor.held


async def test_it_leaves_as_it_signals_and_keeps_count_of_what_it_earned(floor: Floor) -> None:
    row = await floor.started()
    await floor.close_bar(row, 101.0)
    await until(lambda: floor.held)
    await floor.close_bar(row, 111.0)
    assert len(floor.placed()) == 1, "it holds already"
    await floor.close_bar(row, 99.0)
    await until(lambda: not floor.held)
    buy, sell = floor.placed()
    assert sell.terms.quantity == buy.terms.quantity
    told = floor.strategies.body(row.pk)
    assert (told["trades"], told["wins"], told["positions"]) == (1, 0, [])
    paid, got = Decimal("101.05"), Decimal("98.95")
    fees = buy.terms.quantity * (paid + got) / 1000
    assert told["pnl"] == buy.terms.quantity * (got - paid) - fees
    assert told["equity"] == 300 + told["pnl"]


async def test_its_stops_end_before_it_sells_what_they_claim(floor: Floor) -> None:
    row = await floor.started(parameters={"stop": 0.02, "target": 0.05})
    await floor.close_bar(row, 101.0)
    await until(lambda: len(floor.house.state.orders) == 2)
    await floor.close_bar(row, 99.5)
    await until(lambda: not floor.held and not floor.house.state.orders)


async def test_a_strategy_that_raises_is_paused_with_its_line_and_its_position_keeps_its_stop(
    floor: Floor,
) -> None:
    source = with_line("bars.close[-1] == 104.0 and 1 / 0")
    row = await floor.started(source, parameters={"stop": 0.1})
    await floor.close_bar(row, 101.0)
    await until(lambda: floor.house.state.orders)
    await floor.close_bar(row, 104.0)
    await until(lambda: floor.state(row) == "paused")
    assert "ZeroDivisionError" in floor.row(row).reason
    assert "1 / 0" in floor.row(row).reason
    assert "line 15" in floor.row(row).reason
    assert floor.held, "nobody sold it"
    assert [order.leg for order in floor.house.state.orders.values()] == ["stop_loss"]


async def test_a_strategy_that_hangs_is_ended_and_paused(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closes, "answer_within", lambda timeframe: 0.5)
    source = with_line("while bars.close[-1] == 104.0: pass")
    row = await floor.started(source)
    process = psutil.Process(floor.at_work(row).health.pid)
    await floor.close_bar(row, 104.0)
    await until(lambda: floor.state(row) == "paused")
    assert "did not answer within 0.5 s" in floor.row(row).reason
    assert not process.is_running()


async def test_a_strategy_that_cannot_be_made_is_paused_before_it_trades(floor: Floor) -> None:
    row = floor.start(FOLLOW.replace("def signals", "def __init__(self): 1 / 0\n    def signals"))
    await until(lambda: floor.state(row) == "paused")
    assert "ZeroDivisionError" in floor.row(row).reason


async def test_a_process_that_is_killed_is_started_again_and_goes_on(floor: Floor) -> None:
    row = await floor.started()
    await floor.close_bar(row, 101.0)
    await until(lambda: floor.held)
    psutil.Process(floor.at_work(row).health.pid).kill()
    await floor.close_bar(row, 99.0)
    await until(lambda: not floor.held)
    assert floor.row(row).restarts == 1
    assert len(floor.placed()) == 2
    assert any("killed" in line for line in await floor.lines(row, "error"))


async def test_a_process_that_dies_between_two_bars_is_started_again_before_the_next(floor: Floor) -> None:
    row = await floor.started()
    health = floor.at_work(row).health
    killed = health.pid
    psutil.Process(killed).kill()
    await until(lambda: health.phase == "running" and health.pid not in (None, killed))
    assert (len(health.deaths), floor.row(row).restarts) == (1, 1)
    await floor.close_bar(row, 101.0)
    await until(lambda: floor.held)


async def test_a_process_that_dies_again_and_again_is_paused(floor: Floor) -> None:
    source = FOLLOW.replace(
        "        return cw.Signals(", "        import os\n        os._exit(3)\n        return cw.Signals("
    )
    row = await floor.started(source)
    floor.bar(101.0)
    await until(lambda: floor.state(row) == "paused")
    assert "ended with code 3" in floor.row(row).reason
    assert floor.row(row).restarts == at_work.DEATHS - 1


async def test_after_a_restart_it_knows_what_it_holds_and_sends_nothing_twice(floor: Floor) -> None:
    row = await floor.started(parameters={"stop": 0.1})
    await floor.close_bar(row, 101.0)
    await until(lambda: floor.house.state.orders)
    held = floor.held
    await floor.again()  # within the time in which the same bar may still be acted on
    await floor.runs(row)
    await until(lambda: floor.at_work(row).health.last_bar is not None)
    assert floor.at_work(row).health.missed == 0
    ownings = floor.at_work(row).ownings
    assert ownings is not None
    assert (ownings.held(BTC), ownings.capital) == (held, Decimal(300))
    assert len(floor.placed()) == 2, "the entry and its stop"
    await floor.close_bar(row, 99.0)
    await until(lambda: not floor.held)


async def test_a_bar_that_nobody_answered_before_a_restart_is_answered_after_it(floor: Floor) -> None:
    await floor.started()
    await floor.end()
    floor.bar(101.0)
    await floor.again()
    await until(lambda: floor.held)
    assert len(floor.placed()) == 1


async def test_what_a_person_sells_by_hand_is_its_own_no_more(floor: Floor) -> None:
    row = await floor.started()
    await floor.close_bar(row, 101.0)
    await until(lambda: floor.held)
    await floor.house.accounts.requests.verbs["position.close"](
        account=ACCOUNT, actor="ann", symbol="BTCUSDT"
    )
    await until(lambda: not floor.held)
    ownings = floor.at_work(row).ownings
    assert ownings is not None
    await until(lambda: not ownings.held(BTC))
    await floor.close_bar(row, 102.0)
    await until(lambda: floor.held)
    assert any("closed by somebody else" in line for line in await floor.lines(row))


async def test_it_does_not_begin_where_the_account_holds_something_already(floor: Floor) -> None:
    await floor.house.accounts.ready(ACCOUNT)
    await floor.house.execution.do(floor.house.place("a"))
    await until(lambda: floor.held)
    row = floor.start()
    await until(lambda: floor.state(row) == "paused")
    assert "holds sim:BTCUSDT already" in floor.row(row).reason


async def test_what_the_door_refuses_is_told_and_nothing_else_happens(floor: Floor) -> None:
    row = await floor.started()
    await floor.house.accounts.requests.verbs["risk.limits"](
        account=ACCOUNT, limits={"max_order_notional": "100"}, actor="ann"
    )
    await floor.close_bar(row, 101.0)
    assert floor.placed() == []
    (line,) = await floor.lines(row, "refused")
    assert "100 are allowed" in line
    assert floor.state(row) == "running"


async def test_on_an_account_that_is_halted_it_is_paused(floor: Floor) -> None:
    row = await floor.started()
    await floor.house.accounts.requests.verbs["risk.kill"](account=ACCOUNT, flatten=False, actor="ann")
    await floor.close_bar(row, 101.0)
    await until(lambda: floor.state(row) == "paused")
    assert "does not trade" in floor.row(row).reason
    assert "halted" in floor.row(row).reason


async def test_what_it_prints_is_its_log(floor: Floor) -> None:
    source = FOLLOW.replace(
        "        return cw.Signals(", "        print('seen', bars.close[-1])\n        return cw.Signals("
    )
    row = await floor.started(source)
    await floor.close_bar(row, 99.0)
    while "seen 99.0" not in await floor.lines(row, "print"):
        await floor.close_bar(row, 99.0)


async def test_paused_it_enters_nothing_and_resumed_it_goes_on(floor: Floor) -> None:
    row = await floor.started()
    pid = floor.at_work(row).health.pid
    desk.pause(row, "ann")
    floor.strategies.look()
    await until(lambda: floor.at_work(row).health.phase == "paused")
    assert not psutil.pid_exists(pid or 0)
    floor.bar(101.0)
    desk.resume(row, "ann")
    await floor.runs(row)
    await floor.close_bar(row, 102.0)
    await until(lambda: floor.held)


@pytest.mark.parametrize(
    ("kind", "ended"),
    [
        (User, {"role": Role.VIEWER}),
        (User, {"is_active": False}),
        (Account, {"archived_at": datetime(2026, 1, 1, tzinfo=UTC)}),
    ],
)
async def test_it_is_paused_once_nobody_may_trade_with_its_account(
    floor: Floor, kind: type[User | Account], ended: dict[str, Any]
) -> None:
    row = await floor.started(parameters={"stop": 0.1})
    await floor.close_bar(row, 101.0)
    await until(lambda: floor.house.state.orders)
    kind.objects.update(**ended)
    await until(lambda: floor.state(row) == "paused")
    assert floor.row(row).reason == "Nobody may trade with this account any more."
    assert len(floor.house.state.orders) == 1  # the stop goes on protecting what it holds
    desk.resume(row, "operator")
    floor.strategies.look()
    await until(lambda: floor.row(row).revision > 3 and floor.state(row) == "paused")


async def test_stopped_it_closes_what_it_holds_and_takes_its_orders_back(floor: Floor) -> None:
    row = await floor.started(parameters={"stop": 0.1, "target": 0.1})
    await floor.close_bar(row, 101.0)
    await until(lambda: len(floor.house.state.orders) == 2)
    desk.stop(row, "ann", close=True)
    floor.strategies.look()
    await until(lambda: floor.state(row) == "stopped")
    assert not floor.held
    assert not floor.house.state.orders
    ended = floor.row(row)
    assert ended.reason == "Stopped by ann."
    assert ended.figures is not None
    assert ended.figures["trades"] == 1
    await until(lambda: row.pk not in floor.strategies.known)


async def test_stopped_it_may_leave_its_position_to_the_account(floor: Floor) -> None:
    row = await floor.started(parameters={"stop": 0.1})
    await floor.close_bar(row, 101.0)
    await until(lambda: floor.house.state.orders)
    desk.stop(row, "ann", close=False)
    floor.strategies.look()
    await until(lambda: floor.state(row) == "stopped")
    assert floor.held
    assert [order.leg for order in floor.house.state.orders.values()] == ["stop_loss"]


ON_BAR = """
import candlewick as cw


class Ladder(cw.Strategy):
    '''Rests a buy order one percent below, and takes it back at the next bar.'''

    warm_up = 0

    def on_bar(self, ctx):
        ctx.cancel_all()
        if not ctx.position:
            ctx.buy(quantity=1.5, limit=ctx.close[-1] * 0.99, stop_distance=0.05, tag="rung")
        elif ctx.close[-1] > 100.0:
            ctx.exit("enough")
"""


async def test_a_strategy_with_orders_of_its_own_places_and_takes_them_back(floor: Floor) -> None:
    row = await floor.started(ON_BAR)
    await floor.close_bar(row, 100.0)
    (first,) = floor.house.state.orders.values()
    assert (first.terms.limit_price, first.terms.quantity) == (Decimal("99.00"), Decimal("1.5"))
    await floor.close_bar(row, 102.0)
    (second,) = floor.house.state.orders.values()
    assert second.terms.limit_price == Decimal("100.98")
    floor.house.book(100.0, 100.1)  # the market comes down to it
    await until(lambda: floor.held == Decimal("1.5"))
    (stop,) = await until(lambda: list(floor.house.state.orders.values()))
    assert (stop.leg, stop.terms.stop_price) == ("stop_loss", Decimal("95.93"))
    await floor.close_bar(row, 101.0)
    await until(lambda: not floor.held)
    assert isinstance(floor.house.state.find(second.id).state, Filled)


async def test_it_says_what_it_is_doing_as_events(floor: Floor) -> None:
    row: StrategyAtWork = await floor.started()
    told = [data for type, data in floor.told if type == "strategy_changed"]
    phases = [data["health"]["phase"] for data in told if data["health"]]
    assert phases[-1] == "running"
    assert "warming" in phases
    desk.pause(row, "ann")
    floor.strategies.look()
    await until(lambda: floor.told[-1][1].get("state") == "paused")
    assert floor.told[-1][1]["reason"] == "Paused by ann."


async def test_more_than_the_book_holds_is_bought_once(floor: Floor) -> None:
    row = await floor.started(fraction=Decimal("0.1"))
    await floor.close_bar(row, 101.0)
    await until(lambda: floor.held)
    await floor.close_bar(row, 102.0)
    assert len(floor.placed()) == 1
