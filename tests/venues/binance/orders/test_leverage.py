"""Leverage and margin mode of contracts: asked for over real sockets, and what the venue says to it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from candlewick.core.clock import NS_PER_S
from candlewick.core.reports import LeverageRefused, LeverageTaken, VenueLeverage, VenueState
from tests.venues.binance.orders.running import PERP, Desk
from tests.venues.binance.orders.scripted import Fault
from tests.venues.conformance import until

SET, MODE, CONFIG = "POST /fapi/v1/leverage", "POST /fapi/v1/marginType", "GET /fapi/v1/symbolConfig"


def at_venue(desk: Desk) -> tuple[str, int]:
    (config,) = desk.exchange.configs
    return str(config["marginType"]), int(config["leverage"])  # type: ignore[call-overload]


async def test_it_tells_what_the_venue_has_set(desk: Desk) -> None:
    (state, *_) = desk.of(VenueState)
    assert state.leverages == (VenueLeverage(instrument=PERP, leverage=Decimal(20), margin_mode="cross"),)


async def test_the_venue_is_asked_for_mode_and_leverage(desk: Desk) -> None:
    desk.venue.set_leverage(1, PERP, Decimal(7), "isolated")
    taken = await desk.told_of(LeverageTaken)
    assert (taken.instrument, taken.leverage, taken.margin_mode) == (PERP, Decimal(7), "isolated")
    assert at_venue(desk) == ("ISOLATED", 7)


async def test_a_mode_that_is_so_already_is_no_refusal(desk: Desk) -> None:
    desk.venue.set_leverage(1, PERP, Decimal(7), "cross")
    assert (await desk.told_of(LeverageTaken)).leverage == Decimal(7)
    assert at_venue(desk) == ("CROSSED", 7)


async def test_two_changes_are_made_in_the_order_in_which_they_were_asked_for(desk: Desk) -> None:
    desk.exchange.faults[SET] = [("before", 429, {"code": -1003, "msg": "Too many."})]
    desk.venue.set_leverage(1, PERP, Decimal(7), "cross")
    desk.venue.set_leverage(1, PERP, Decimal(9), "cross")
    assert (await desk.told_of(LeverageTaken)).leverage == Decimal(9)
    assert [each.code for each in desk.of(LeverageRefused)] == ["rate_limited"]
    assert at_venue(desk) == ("CROSSED", 9)


async def test_a_refusal_is_told_and_what_it_left_is_looked_at(desk: Desk) -> None:
    refusal = {"code": -4028, "msg": "Leverage 126 is not valid"}
    desk.exchange.faults[SET] = [("before", 400, refusal)]
    desk.venue.set_leverage(1, PERP, Decimal(126), "isolated")
    refused = await desk.told_of(LeverageRefused)
    assert refused.instrument == PERP
    assert "-4028" in refused.reason
    assert desk.of(LeverageTaken) == []
    # the mode was taken before the leverage was refused
    half = (VenueLeverage(instrument=PERP, leverage=Decimal(20), margin_mode="isolated"),)
    await until(lambda: desk.of(VenueState)[-1].leverages == half)


async def test_leverage_that_is_not_whole_never_leaves_the_house(desk: Desk) -> None:
    desk.venue.set_leverage(1, PERP, Decimal("2.5"), "isolated")
    assert "whole" in (await desk.told_of(LeverageRefused)).reason
    assert desk.exchange.asked[MODE] == 0


async def test_a_contract_that_is_not_listed_is_refused(desk: Desk) -> None:
    desk.venue.set_leverage(1, "binance:NOUSDT-PERP", Decimal(2), "cross")
    assert (await desk.told_of(LeverageRefused)).code == "instrument"


@pytest.mark.parametrize("fault", ["cut after", ("after", 503, {"code": -1007, "msg": "Timeout."})])
async def test_where_no_answer_comes_it_is_asked_what_is_in_force(desk: Desk, fault: Fault) -> None:
    desk.exchange.faults[SET] = [fault]
    desk.venue.set_leverage(1, PERP, Decimal(7), "cross")
    assert (await desk.told_of(LeverageTaken)).leverage == Decimal(7)
    assert desk.exchange.asked[SET] == 1


async def test_a_request_that_never_arrived_is_given_up_when_it_is_worthless(desk: Desk) -> None:
    desk.exchange.faults[SET] = ["cut before"]
    asked = desk.exchange.asked[CONFIG]
    desk.venue.set_leverage(1, PERP, Decimal(7), "cross")
    await until(lambda: desk.exchange.asked[CONFIG] > asked)
    assert desk.of(LeverageRefused) == []
    desk.clock.ahead_ns = 60 * NS_PER_S
    assert (await desk.told_of(LeverageRefused)).code == "lost"
    assert at_venue(desk) == ("CROSSED", 20)
