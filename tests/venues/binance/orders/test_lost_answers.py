"""Every way to lose an answer to an order, and what becomes of the order."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from candlewick.core.clock import NS_PER_S
from candlewick.core.reports import (
    Amended,
    AmendRefused,
    ExternalOrder,
    Gone,
    Refused,
)
from tests.venues.binance.orders.running import PERP, SPOT, Desk
from tests.venues.binance.orders.scripted import Fault
from tests.venues.conformance import until


@pytest.mark.parametrize("instrument", [SPOT, PERP])
@pytest.mark.parametrize(
    "fault",
    [
        "cut after",
        (
            "after",
            503,
            {"code": -1000, "msg": "Unknown error, please check your request or try again later."},
        ),
        ("after", 400, {"code": -1006, "msg": "An unexpected response was received from the message bus."}),
        ("after", 400, {"code": -1007, "msg": "Timeout waiting for response from backend server."}),
        ("after", 502, {}),
    ],
)
async def test_an_order_whose_answer_was_lost_is_found_by_its_id(
    desk: Desk, instrument: str, fault: Any
) -> None:
    desk.exchange.deaf = True  # nor do the streams tell
    path = "/api/v3/order" if instrument == SPOT else "/fapi/v1/order"
    desk.exchange.faults[f"POST {path}"] = [fault]
    desk.place("o-1", instrument)
    await desk.accepted("o-1")
    assert desk.exchange.count("o-1") == 1
    assert desk.exchange.asked[f"POST {path}"] == 1
    assert desk.of(Refused) == []


async def test_an_order_that_was_lost_on_its_way_is_refused_when_it_can_arrive_no_more(desk: Desk) -> None:
    desk.exchange.faults["POST /api/v3/order"] = ["cut before"]
    desk.place("o-1")
    await until(lambda: desk.exchange.asked["GET /api/v3/order"] >= 3)
    assert desk.of(Refused) == []  # it may be on its way still
    desk.clock.ahead_ns += 11 * NS_PER_S
    assert (await desk.told_of(Refused)).code == "lost"
    assert desk.exchange.asked["POST /api/v3/order"] == 1


async def test_an_order_that_arrives_after_it_was_given_up_is_cancelled_and_its_fills_are_told(
    desk: Desk,
) -> None:
    desk.exchange.faults["POST /api/v3/order"] = ["cut before"]
    desk.place("o-1")
    await until(lambda: desk.exchange.asked["GET /api/v3/order"] >= 1)
    desk.clock.ahead_ns += 11 * NS_PER_S
    await desk.told_of(Refused)
    late = await desk.exchange.stranger("spot", "o-1", quantity="2", price="100")
    await desk.exchange.fill(late, "0.5")
    await until(lambda: late.status == "CANCELED")
    await until(lambda: bool(desk.fills))
    assert [(each.order_id, each.quantity) for each in desk.fills] == [("o-1", Decimal("0.5"))]


async def test_the_account_is_told_when_the_fate_of_each_order_is_known(desk: Desk) -> None:
    desk.exchange.faults["POST /api/v3/order"] = ["cut before"]
    order = desk.place("o-1")
    await until(lambda: desk.exchange.asked["GET /api/v3/order"] >= 1)
    asking = asyncio.create_task(desk.venue.state(1, [order]))
    await until(lambda: desk.exchange.asked["GET /api/v3/order"] >= 4)
    assert not asking.done()
    desk.clock.ahead_ns += 11 * NS_PER_S
    state = await asking
    assert state.orders == ()
    assert [each.code for each in desk.of(Refused)] == ["lost"]  # told before


async def test_a_fill_of_an_order_whose_answer_was_lost_is_not_lost(desk: Desk) -> None:
    desk.exchange.deaf = True
    desk.exchange.faults["POST /api/v3/order"] = ["cut after"]
    desk.place("o-1", order_type="market", limit_price=None)
    await until(lambda: desk.exchange.count("o-1") == 1)
    await desk.exchange.fill(desk.exchange.find("o-1"), "2")
    await until(lambda: bool(desk.fills))
    assert [each.quantity for each in desk.fills] == [Decimal(2)]


async def test_an_order_that_is_called_a_duplicate_of_itself_is_there(desk: Desk) -> None:
    duplicate: Fault = ("after", 400, {"code": -2010, "msg": "Duplicate order sent."})
    desk.exchange.faults["POST /api/v3/order"] = [duplicate]
    desk.place("o-1")
    await desk.accepted("o-1")
    assert desk.of(Refused) == []


async def test_an_order_whose_id_somebody_else_has_used_is_refused(desk: Desk) -> None:
    await desk.exchange.stranger("spot", "o-1")
    await desk.told_of(ExternalOrder)
    desk.place("o-1")
    assert (await desk.told_of(Refused)).code == "duplicate"


async def test_a_cancellation_whose_answer_was_lost_is_repeated_without_harm(desk: Desk) -> None:
    order = desk.place("o-1")
    await desk.accepted("o-1")
    desk.exchange.deaf = True
    desk.exchange.faults["DELETE /api/v3/order"] = ["cut before", "cut after"]
    desk.venue.cancel(order)
    assert (await desk.told_of(Gone)).order_id == "o-1"
    assert len(desk.of(Gone)) == 1


@pytest.mark.parametrize(("fault", "amended"), [("cut after", True), ("cut before", False)])
async def test_an_amendment_whose_answer_was_lost_is_looked_up(desk: Desk, fault: Any, amended: bool) -> None:
    order = desk.place("o-1", PERP)
    await desk.accepted("o-1")
    desk.exchange.deaf = True
    desk.exchange.faults["PUT /fapi/v1/order"] = [fault, fault]  # a broken connection is tried twice
    terms = desk.order("o-1", PERP, limit_price=Decimal(99)).terms
    desk.venue.amend(order, terms)
    if amended:
        assert (await desk.told_of(Amended)).terms == terms
        return
    await until(lambda: desk.exchange.asked["GET /fapi/v1/order"] >= 3)
    assert desk.of(AmendRefused) == []
    desk.clock.ahead_ns += 11 * NS_PER_S
    assert (await desk.told_of(AmendRefused)).code == "lost"


async def test_a_clock_that_was_set_is_measured_anew_and_the_order_is_sent_once(desk: Desk) -> None:
    desk.place("o-1")
    await desk.accepted("o-1")
    desk.exchange.skew_ms = -90_000
    desk.place("o-2")
    await desk.accepted("o-2")
    assert desk.exchange.count("o-2") == 1
    assert desk.of(Refused) == []


# Streams that miss things.
