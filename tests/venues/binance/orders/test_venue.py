"""`BinanceOrders` over real sockets: orders out, reports back."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from candlewick.core.clock import NS_PER_MS, NS_PER_S
from candlewick.core.errors import ConfigError, UnknownAccount
from candlewick.core.order import Open, Order
from candlewick.core.reports import (
    Accepted,
    Amended,
    AmendRefused,
    CancelRefused,
    ExternalOrder,
    Fill,
    FundingPaid,
    Gone,
    Refused,
    Triggered,
    VenueBalance,
    VenueState,
)
from candlewick.venues.binance.orders.signing import Credentials
from candlewick.venues.binance.orders.venue import BinanceOrders
from tests.venues.binance.orders.running import PERP, SPOT, Desk, ShiftedClock, running_on
from tests.venues.binance.orders.scripted import Fault, ScriptedVenue
from tests.venues.conformance import until


@pytest.mark.parametrize("instrument", [SPOT, PERP])
async def test_an_order_is_sent_accepted_filled_and_cancelled(desk: Desk, instrument: str) -> None:
    order = desk.place("o-1", instrument)
    entry = await desk.accepted("o-1")
    assert entry.sent["newClientOrderId"] == "o-1"
    number = await desk.exchange.fill(entry, "0.5", "99.5")
    fill = await desk.told_of(Fill)
    assert (
        fill.id,
        fill.order_id,
        fill.instrument,
        fill.price,
        fill.quantity,
        fill.fee,
        fill.fee_currency,
    ) == (
        str(number),
        "o-1",
        instrument,
        Decimal("99.5"),
        Decimal("0.5"),
        Decimal("0.01"),
        "USDT",
    )
    desk.venue.cancel(order)
    gone = await desk.told_of(Gone)
    assert (gone.order_id, gone.expired) == ("o-1", False)
    assert [type(each) for each in desk.told if not isinstance(each, VenueState)] == [Accepted, Fill, Gone]


async def test_a_second_call_with_the_same_id_sends_nothing(desk: Desk) -> None:
    order = desk.place("o-1")
    desk.venue.place(order)
    await desk.accepted("o-1")
    desk.venue.place(order)
    desk.venue.cancel(order)
    await desk.told_of(Gone)
    assert desk.exchange.count("o-1") == 1


async def test_a_cancellation_waits_until_its_order_was_answered(desk: Desk) -> None:
    order = desk.place("o-1")
    desk.venue.cancel(order)
    await desk.told_of(Gone)
    assert [type(each) for each in desk.told if not isinstance(each, VenueState)] == [Accepted, Gone]
    assert desk.exchange.asked["DELETE /api/v3/order"] == 1


async def test_a_stop_waits_is_triggered_and_filled_as_one_order(desk: Desk) -> None:
    desk.place("o-1", PERP, order_type="stop", stop_price=Decimal(110), limit_price=None)
    waiting = await desk.accepted("o-1")
    assert (await desk.told_of(Accepted)).venue_id == f"algo-{waiting.id}"
    actual = await desk.exchange.trigger(waiting, client_id="spawned-by-the-venue")
    await desk.exchange.fill(actual, "2", "111")
    await until(lambda: bool(desk.fills))
    assert [each.order_id for each in desk.of(Triggered)] == ["o-1"]
    assert [each.order_id for each in desk.fills] == ["o-1"]
    assert desk.of(ExternalOrder) == []


async def test_a_waiting_stop_is_cancelled_and_a_triggered_one_too(desk: Desk) -> None:
    stop = {"order_type": "stop_limit", "stop_price": Decimal(110)}
    waiting = desk.place("o-1", PERP, **stop)
    await desk.accepted("o-1")
    desk.venue.cancel(waiting)
    assert (await desk.told_of(Gone)).order_id == "o-1"
    late = desk.place("o-2", PERP, **stop)
    await desk.exchange.trigger(await desk.accepted("o-2"), told=False)
    desk.venue.cancel(late)  # of an order that the algo service does not have any more
    await until(lambda: [each.order_id for each in desk.of(Gone)] == ["o-1", "o-2"])


@pytest.mark.parametrize(
    ("instrument", "changed"),
    [(PERP, {"quantity": Decimal(3), "limit_price": Decimal("99.5")}), (SPOT, {"quantity": Decimal(1)})],
)
async def test_an_order_is_amended_once(desk: Desk, instrument: str, changed: dict[str, Any]) -> None:
    order = desk.place("o-1", instrument)
    await desk.accepted("o-1")
    terms = desk.order("o-1", instrument, **changed).terms
    desk.venue.amend(order, terms)
    amended = await desk.told_of(Amended)
    assert amended.terms == terms
    await asyncio.sleep(0.02)
    assert len(desk.of(Amended)) == 1


# What the venue refuses, or cannot do.


async def test_what_the_venue_cannot_do_is_refused_and_not_sent(desk: Desk) -> None:
    desk.place("o-1", SPOT, time_in_force="GTD", good_till=1)
    refused = await desk.told_of(Refused)
    assert (refused.order_id, refused.code) == ("o-1", "time_in_force")
    assert desk.exchange.count("o-1") == 0


async def test_a_refusal_carries_the_venues_reason(desk: Desk) -> None:
    refusal = {"code": -2010, "msg": "Account has insufficient balance for requested action."}
    desk.exchange.faults["POST /api/v3/order"] = [("before", 400, refusal)]
    desk.place("o-1")
    refused = await desk.told_of(Refused)
    assert refused.code == "insufficient_balance"
    assert "-2010" in refused.reason


async def test_an_order_that_was_turned_away_is_not_sent_later(desk: Desk) -> None:
    desk.exchange.faults["POST /api/v3/order"] = [("before", 429, {"code": -1003, "msg": "Too many."})]
    desk.place("o-1")
    assert (await desk.told_of(Refused)).code == "rate_limited"
    assert desk.exchange.count("o-1") == 0


async def test_a_cancellation_that_was_turned_away_is_sent_again(desk: Desk) -> None:
    order = desk.place("o-1")
    await desk.accepted("o-1")
    busy: Fault = ("before", 429, {"code": -1003, "msg": "Too many."})
    desk.exchange.faults["DELETE /api/v3/order"] = [busy, busy]
    desk.venue.cancel(order)
    await desk.told_of(Gone)
    assert desk.exchange.asked["DELETE /api/v3/order"] == 3


async def test_a_cancellation_of_what_the_venue_does_not_know_is_refused(desk: Desk) -> None:
    desk.venue.cancel(desk.order("o-1"))
    refused = await desk.told_of(CancelRefused)
    assert (refused.order_id, refused.unknown) == ("o-1", True)


async def test_a_cancellation_that_came_too_late_brings_the_fill_and_no_end(desk: Desk) -> None:
    order = desk.place("o-1")
    entry = await desk.accepted("o-1")
    await desk.exchange.fill(entry, "2", told=False)
    desk.venue.cancel(order)
    await until(lambda: bool(desk.fills))
    assert (desk.of(Gone), desk.of(CancelRefused)) == ([], [])
    assert len(desk.fills) == 1


async def test_what_cannot_be_changed_is_refused(desk: Desk) -> None:
    order = desk.place("o-1", SPOT)
    await desk.accepted("o-1")
    desk.venue.amend(order, desk.order("o-1", SPOT, limit_price=Decimal(101)).terms)
    assert (await desk.told_of(AmendRefused)).code == "amend"


# Answers that are lost. Each of these orders exists at most once at the venue, and its fate is told.


async def test_what_the_stream_missed_is_told_after_it_is_back(desk: Desk) -> None:
    filled, cancelled = desk.place("o-1"), desk.place("o-2", PERP)
    entries = [await desk.accepted("o-1"), await desk.accepted("o-2")]
    desk.told.clear()
    desk.exchange.deaf = True
    await desk.exchange.fill(entries[0], "2")
    await desk.exchange.fill(entries[1], "0.5")
    await desk.exchange.cancel(entries[1])
    await desk.exchange.hang_up()
    ids = (filled.id, cancelled.id)
    ended = [("FILLED", Decimal(2)), ("CANCELLED", Decimal("0.5"))]
    await until(
        lambda: [(desk.seen[id].status, desk.seen[id].filled) for id in ids if id in desk.seen] == ended
    )
    assert len(desk.fills) == 2
    assert desk.venue.health(1).reconnects >= 1


async def test_a_fill_that_the_stream_swallowed_is_asked_for_when_the_sum_does_not_fit(desk: Desk) -> None:
    desk.place("o-1")
    entry = await desk.accepted("o-1")
    first = await desk.exchange.fill(entry, "0.5", told=False)
    second = await desk.exchange.fill(entry, "0.5")
    await until(lambda: len(desk.fills) == 2)
    assert {each.id for each in desk.fills} == {str(first), str(second)}


async def test_everything_that_is_told_twice_is_reported_once(desk: Desk) -> None:
    desk.exchange.doubled = True
    desk.place("o-1")
    entry = await desk.accepted("o-1")
    await desk.exchange.fill(entry, "0.5")
    await desk.exchange.cancel(entry)
    await desk.told_of(Gone)
    await desk.exchange.hang_up()
    await until(lambda: len(desk.of(VenueState)) >= 2)
    assert (len(desk.of(Accepted)), len(desk.fills), len(desk.of(Gone))) == (1, 1, 1)


async def test_a_message_that_cannot_be_read_makes_it_ask(desk: Desk) -> None:
    desk.place("o-1")
    entry = await desk.accepted("o-1")
    await desk.exchange.fill(entry, "2", told=False)
    await desk.exchange.say("spot", {"e": "executionReport", "s": "BTCUSDT"})
    await until(lambda: len(desk.fills) == 1)
    assert desk.venue.health(1).malformed == 1


async def test_a_stream_that_the_venue_ends_is_opened_anew(desk: Desk) -> None:
    made = desk.exchange.keys_made
    await desk.exchange.say("usdm", {"e": "listenKeyExpired", "E": 1, "listenKey": "key1"})
    await until(lambda: desk.exchange.keys_made > made)
    await until(lambda: "usdm" in desk.venue.health(1).up)


# Strangers, and money.


async def test_a_persons_own_order_is_claimed_with_its_fills_and_can_be_cancelled(desk: Desk) -> None:
    entry = await desk.exchange.stranger("usdm", "web_1")
    claim = await desk.told_of(ExternalOrder)
    assert (claim.order.order_id, claim.order.status) == (f"x-u{entry.id}", "OPEN")
    await desk.exchange.fill(entry, "0.5")
    assert (await desk.told_of(Fill)).order_id == claim.order.order_id
    desk.venue.cancel(desk.order(claim.order.order_id, PERP, quantity=Decimal(1)))
    assert (await desk.told_of(Gone)).order_id == claim.order.order_id


async def test_a_persons_order_that_was_made_and_filled_while_nobody_listened_is_found(desk: Desk) -> None:
    desk.exchange.deaf = True
    desk.exchange.balances.append({"asset": "BTC", "free": "1", "locked": "0"})
    entry = await desk.exchange.stranger("spot", "web_1", told=False)
    await desk.exchange.fill(entry, "1")
    await desk.exchange.hang_up()
    await until(lambda: len(desk.fills) == 1)
    assert desk.fills[0].order_id == f"x-s{entry.id}"
    await until(lambda: f"x-s{entry.id}" in desk.seen)
    seen = desk.seen[f"x-s{entry.id}"]
    assert (seen.status, seen.filled) == ("FILLED", Decimal(1))


async def test_futures_traded_elsewhere_are_found_by_the_income_they_made(desk: Desk) -> None:
    desk.exchange.deaf = True
    entry = await desk.exchange.stranger("usdm", "web_1", told=False)
    await desk.exchange.fill(entry, "1")
    now_ms = desk.exchange.now_ms()
    desk.exchange.income.append(
        {"incomeType": "COMMISSION", "income": "-0.01", "asset": "USDT", "time": now_ms, "symbol": "BTCUSDT"}
    )
    await desk.exchange.hang_up()
    await until(lambda: len(desk.fills) == 1)
    assert desk.fills[0].order_id == f"x-u{entry.id}"


async def test_a_liquidation_is_a_fill_that_the_venue_forced(desk: Desk) -> None:
    entry = await desk.exchange.stranger("usdm", "autoclose-1", side="SELL")
    await desk.exchange.fill(entry, "1", "80")
    fill = await desk.told_of(Fill)
    assert (fill.liquidation, fill.side) == (True, "sell")


async def test_funding_is_told_once_with_the_position_that_it_was_paid_on(desk: Desk) -> None:
    at_ms = desk.exchange.now_ms() - 1_000
    desk.exchange.income.append(
        {"incomeType": "FUNDING_FEE", "income": "-1.5", "asset": "USDT", "time": at_ms, "symbol": "BTCUSDT"}
    )
    desk.exchange.funding_rates.append(
        {"symbol": "BTCUSDT", "fundingTime": at_ms, "fundingRate": "0.0001", "markPrice": "30000.0"}
    )
    event = {"e": "ACCOUNT_UPDATE", "E": at_ms, "T": at_ms, "a": {"m": "FUNDING_FEE", "B": [], "P": []}}
    await desk.exchange.say("usdm", event)
    paid = await desk.told_of(FundingPaid)
    assert paid == FundingPaid(
        account=1,
        id=str(at_ms),
        instrument=PERP,
        rate=Decimal("0.0001"),
        mark=Decimal(30000),
        quantity=Decimal("0.5"),
        amount=Decimal("-1.5"),
        currency="USDT",
        ts=at_ms * NS_PER_MS,
    )
    seen = len(desk.of(VenueState))
    await desk.exchange.say("usdm", event)
    await until(lambda: len(desk.of(VenueState)) > seen)
    assert len(desk.of(FundingPaid)) == 1


async def test_balances_of_both_wallets_are_one_accounts(desk: Desk) -> None:
    desk.exchange.positions.append(
        {"symbol": "BTCUSDT", "positionSide": "BOTH", "positionAmt": "-0.5", "entryPrice": "101.50"}
    )
    await until(lambda: bool(desk.of(VenueState)))
    state = await desk.venue.state(1, [])
    assert state.balances == (VenueBalance("USDT", Decimal(1480), Decimal(20)),)
    assert state.positions is not None
    assert [(each.instrument, each.quantity, each.avg_price) for each in state.positions] == [
        (PERP, Decimal("-0.5"), Decimal("101.5"))
    ]


async def test_hedge_mode_is_named_and_nothing_is_made_of_it(desk: Desk) -> None:
    desk.exchange.positions.append(
        {"symbol": "BTCUSDT", "positionSide": "LONG", "positionAmt": "1", "entryPrice": "100"}
    )
    await desk.exchange.hang_up()
    await until(lambda: "hedge mode" in (desk.venue.health(1).last_error or ""))


# Starting.


async def test_a_start_finds_what_became_of_every_order(exchange: ScriptedVenue, clock: ShiftedClock) -> None:
    async with running_on(exchange, clock) as before:
        for id in ("stands", "filled", "gone"):
            before.place(id)
            await before.accepted(id)
        await exchange.fill(exchange.find("stands"), "0.5")
        await until(lambda: len(before.fills) == 1)
        orders = dict(before.orders)
        on_its_way = before.order("on-its-way")
    await exchange.fill(exchange.find("filled"), "2")
    await exchange.cancel(exchange.find("gone"))
    for id in ("stands", "filled", "gone"):
        venue_id = str(exchange.find(id).id)
        orders[id] = _as_the_heart_has_it(
            orders[id], venue_id, Decimal("0.5") if id == "stands" else Decimal(0)
        )
    orders["on-its-way"] = on_its_way
    exchange.asked.clear()
    asking = asyncio.create_task(_state_of(exchange, clock, orders))
    await until(lambda: exchange.asked["GET /api/v3/order"] >= 6)
    assert not asking.done()  # what the dead process sent last may still arrive
    clock.ahead_ns += 11 * NS_PER_S
    state = await asking
    seen = {each.order_id: (each.status, each.filled) for each in state.orders}
    assert seen == {
        "stands": ("PARTLY_FILLED", Decimal("0.5")),
        "filled": ("FILLED", Decimal(2)),
        "gone": ("CANCELLED", Decimal(0)),
        "on-its-way": ("REJECTED", Decimal(0)),
    }
    assert Decimal(2) in [each.quantity for each in state.fills if each.order_id == "filled"]


async def test_what_was_filled_of_ours_while_nobody_ran_is_told_without_being_told_since_when(
    exchange: ScriptedVenue, clock: ShiftedClock
) -> None:
    async with running_on(exchange, clock) as before:
        before.place("o-1")
        entry = await before.accepted("o-1")
        orders = {"o-1": _as_the_heart_has_it(before.orders["o-1"], str(entry.id), Decimal(0))}
    await exchange.fill(entry, "0.5")
    clock.ahead_ns += 10 * NS_PER_S
    async with running_on(exchange, clock, orders, hours=None) as after:
        state = after.of(VenueState)[0]
        assert [(each.order_id, each.quantity) for each in state.fills] == [("o-1", Decimal("0.5"))]
        assert [(each.status, each.filled) for each in state.orders] == [("PARTLY_FILLED", Decimal("0.5"))]


def _as_the_heart_has_it(order: Order, venue_id: str, filled: Decimal) -> Order:
    return Order(
        id=order.id,
        account=1,
        terms=order.terms,
        state=Open(),
        origin="manual",
        filled=filled,
        venue_id=venue_id,
        created_at=order.created_at,
        updated_at=order.updated_at,
    )


async def _state_of(exchange: ScriptedVenue, clock: ShiftedClock, orders: dict[str, Order]) -> VenueState:
    async with running_on(exchange, clock, orders) as desk:
        return desk.of(VenueState)[0]


def test_an_account_that_nobody_switched_live_does_not_trade(clock: ShiftedClock) -> None:
    venue = BinanceOrders("binance", (), knows=lambda account, id: False, clock=clock)
    credentials = Credentials("test", "k" * 64, "s" * 64)
    with pytest.raises(ConfigError, match=r"live = true under \[accounts.main\]"):
        venue.add(1, "main", credentials, live=False)
    with pytest.raises(UnknownAccount):
        venue.health(1)
