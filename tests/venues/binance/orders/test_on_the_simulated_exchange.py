"""Live trading end to end on the simulated exchange, whose private side was written down independently."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from decimal import ROUND_DOWN, Decimal
from random import Random
from typing import Any

import pytest

from candlewick.core.order import Order
from candlewick.core.reports import (
    Accepted,
    Amended,
    ExternalOrder,
    Gone,
    LeverageRefused,
    LeverageTaken,
    Refused,
    Triggered,
    VenueLeverage,
    VenueState,
)
from candlewick.venues.binance.orders import requests
from candlewick.venues.sim.server.app import Settings
from tests.venues.binance.orders.trader import PERP, SPOT, Trader, trading
from tests.venues.conformance import until
from tests.venues.sim.server.conftest import Running, free_port, run_exchange


@pytest.fixture
def running() -> Iterator[Running]:
    """A lively exchange, of each test its own: so many accounts' starts are more than one allows."""
    with run_exchange(Settings(port=free_port(), venues=("sim",), pace=5.0)) as running:
        yield running


@pytest.fixture
async def trader(running: Running, request: pytest.FixtureRequest) -> AsyncIterator[Trader]:
    async with trading(running, request.node.name) as trader:
        yield trader


@pytest.mark.parametrize("instrument", [SPOT, PERP])
@pytest.mark.parametrize("side", ["buy", "sell"])
async def test_a_market_order_is_filled_as_the_venue_lists_it(
    trader: Trader, instrument: str, side: str
) -> None:
    trader.place("o-1", instrument, side=side, quantity=Decimal(2))
    await until(lambda: sum(each.quantity for each in trader.fills("o-1")) == 2)
    assert trader.reported(instrument) == await trader.traded(instrument)
    assert all(each.side == side and each.liquidity == "taker" for each in trader.fills("o-1"))
    assert len(trader.of(Accepted, "o-1")) == 1


@pytest.mark.parametrize("instrument", [SPOT, PERP])
async def test_a_limit_order_rests_is_amended_and_cancelled(trader: Trader, instrument: str) -> None:
    price = await trader.price(instrument, -3)
    order = trader.place("o-1", instrument, order_type="limit", limit_price=price, quantity=Decimal(2))
    accepted = await trader.told_of(Accepted, "o-1")
    assert accepted.venue_id is not None
    smaller = trader.order(
        "o-1", instrument, order_type="limit", limit_price=price, quantity=Decimal(1)
    ).terms
    trader.venue.amend(order, smaller)
    assert (await trader.told_of(Amended, "o-1")).terms == smaller
    trader.venue.cancel(order)
    assert (await trader.told_of(Gone, "o-1")).expired is False
    assert trader.fills() == []


async def test_a_post_only_order_that_would_trade_is_refused_or_expires(trader: Trader) -> None:
    for id, instrument in (("o-1", SPOT), ("o-2", PERP)):
        price = await trader.price(instrument, 3)
        trader.place(id, instrument, order_type="limit", limit_price=price, post_only=True)
        await until(lambda id=id: bool(trader.of(Refused, id) or trader.of(Gone, id)))  # type: ignore[misc]
    assert [each.code for each in trader.of(Refused, "o-1")] == ["post_only"]
    assert trader.fills() == []


async def test_an_order_that_fills_at_once_or_not_at_all_has_expired(trader: Trader) -> None:
    for id, time_in_force in (("o-1", "IOC"), ("o-2", "FOK")):
        price = await trader.price(SPOT, -3)
        trader.place(id, SPOT, order_type="limit", limit_price=price, time_in_force=time_in_force)
        assert (await trader.told_of(Gone, id)).expired


@pytest.mark.parametrize(
    "terms",
    [
        {"order_type": "stop", "stop_price": -5},
        {"order_type": "stop_limit", "stop_price": -5, "limit_price": -6},
        {"order_type": "take_profit", "stop_price": 5},
        {"order_type": "trailing_stop", "trail_percent": Decimal(2)},
        {"order_type": "trailing_stop", "trail_percent": Decimal(2), "stop_price": 5},
    ],
    ids=lambda terms: "-".join(terms),
)
@pytest.mark.parametrize("instrument", [SPOT, PERP])
async def test_each_conditional_order_waits_and_can_be_cancelled(
    trader: Trader, instrument: str, terms: dict[str, Any]
) -> None:
    wanted = {
        name: await trader.price(instrument, value) if isinstance(value, int) else value
        for name, value in terms.items()
    }
    if instrument == PERP:
        trader.place("o-0", PERP, quantity=Decimal(1))
        await until(lambda: bool(trader.fills("o-0")))
        wanted["reduce_only"] = True
    order = trader.place("o-1", instrument, side="sell", **wanted)
    accepted = await trader.told_of(Accepted, "o-1")
    assert str(accepted.venue_id).startswith("algo-") == (instrument == PERP)
    trader.venue.cancel(order)
    await trader.told_of(Gone, "o-1")


@pytest.mark.parametrize("instrument", [SPOT, PERP])
async def test_a_stop_that_the_market_reaches_is_triggered_and_filled_as_one_order(
    trader: Trader, instrument: str
) -> None:
    # one on each side, as near as the venue takes it: the market reaches one of them by itself, and soon
    for side, sign in (("sell", -1), ("buy", 1)):
        for ticks in (0, 1, 2, 4, 8, 16):
            id, price = f"{side}-{ticks}", await trader.trigger_price(instrument, sign * ticks)
            trader.place(id, instrument, side=side, order_type="stop", stop_price=price)
            await until(lambda id=id: bool(trader.of(Accepted, id) or trader.of(Refused, id)))  # type: ignore[misc]
            if trader.of(Accepted, id):
                break
    async with asyncio.timeout(100):
        while not trader.fills():  # noqa: ASYNC110 (the market's own time)
            await asyncio.sleep(0.05)
    filled = trader.fills()[0].order_id
    assert len(trader.of(Triggered, filled)) == 1
    assert trader.reported(instrument) == await trader.traded(instrument)
    assert trader.of(ExternalOrder) == []


async def test_a_refusal_has_our_word_for_it(trader: Trader) -> None:
    trader.place("o-1", SPOT, quantity=Decimal(1_000_000))
    trader.place("o-2", PERP, quantity=Decimal(1_000_000))
    trader.place("o-3", SPOT, quantity=Decimal("0.00000001"))
    await until(lambda: len(trader.of(Refused)) == 3)
    codes = {each.order_id: each.code for each in trader.of(Refused)}
    assert codes["o-3"] in ("lot", "min_notional", "precision")
    assert all(not code.startswith("venue_") for code in codes.values()), trader.of(Refused)


async def test_leverage_is_taken_as_the_venue_takes_it_and_refused_as_it_refuses_it(trader: Trader) -> None:
    async def at_venue() -> tuple[Decimal, str]:
        (found,) = await in_force()
        return found.leverage, found.margin_mode

    async def in_force() -> list[VenueLeverage]:
        state = await trader.venue.state(1, [])
        return [each for each in state.leverages if each.instrument == PERP]

    trader.venue.set_leverage(1, PERP, Decimal(9), "isolated")
    await until(lambda: bool(trader.of(LeverageTaken)))
    assert await at_venue() == (Decimal(9), "isolated")
    trader.place("o-1", PERP)
    await until(lambda: bool(trader.fills("o-1")))
    trader.venue.set_leverage(1, PERP, Decimal(5), "isolated")  # what is held isolated gets no less margin
    await until(lambda: bool(trader.of(LeverageRefused)))
    assert "-4161" in trader.of(LeverageRefused)[0].reason
    assert await at_venue() == (Decimal(9), "isolated")


async def test_leverage_that_is_set_elsewhere_is_heard_of(trader: Trader) -> None:
    rest, _ = trader.rest["usdm"]
    await rest.send(requests.leverage("SOLUSDT", 3))
    await until(
        lambda: any(
            each.instrument == PERP and each.leverage == 3
            for state in trader.of(VenueState)
            for each in state.leverages
        )
    )


async def test_an_ed25519_key_trades_and_hears(running: Running) -> None:
    async with trading(running, "ed25519", ed25519=True) as trader:
        for id, instrument in (("o-1", SPOT), ("o-2", PERP)):
            trader.place(id, instrument)
            await until(lambda id=id: bool(trader.fills(id)))  # type: ignore[misc]


async def test_what_a_person_does_elsewhere_is_claimed_with_its_fills(trader: Trader) -> None:
    rest, _ = trader.rest["usdm"]
    parameters: dict[str, str | int] = {
        "symbol": "SOLUSDT",
        "side": "BUY",
        "type": "MARKET",
        "quantity": "1",
        "newClientOrderId": "web_1",
    }
    await rest.send(requests.Request("POST", "/fapi/v1/order", parameters))
    await until(lambda: bool(trader.fills()))
    claims = [each.order.order_id for each in trader.of(ExternalOrder)]
    assert claims == [trader.fills()[0].order_id]
    assert trader.reported(PERP) == await trader.traded(PERP)


async def test_balances_and_positions_are_those_that_the_fills_make(trader: Trader) -> None:
    trader.place("o-1", SPOT, quantity=Decimal(3))
    trader.place("o-2", PERP, quantity=Decimal(2))
    await until(lambda: len({each.order_id for each in trader.fills()}) == 2)
    state = await trader.venue.state(1, [])
    assert state.balances is not None
    assert state.positions is not None
    money_at_venue = {each.currency: each.free + each.locked for each in state.balances}
    expected = {"USDT": Decimal(150_000), "SOL": Decimal(100)}
    for fill in trader.fills():
        expected[fill.fee_currency] -= fill.fee
        if fill.instrument == SPOT:
            expected["SOL"] += fill.quantity
            expected["USDT"] -= fill.quantity * fill.price
    assert {name: _cents(value) for name, value in money_at_venue.items()} == {
        name: _cents(value) for name, value in expected.items()
    }
    assert [(each.instrument, each.quantity) for each in state.positions] == [(PERP, Decimal(2))]


def _cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.000001"), ROUND_DOWN)


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_fill_is_reported_once_whatever_is_lost(seed: int) -> None:
    """Orders of both markets under lost, doubled and late events, cut connections and answers that fail."""
    faults = {
        "user_drop": 0.2,
        "user_duplicate": 0.2,
        "user_disconnect": "4s",
        "unknown": 0.15,
        "lost": 0.1,
    }
    settings = Settings(port=free_port(), venues=("sim",), pace=5.0, seed=seed)
    draw = Random(seed)
    with run_exchange(settings) as running:
        async with trading(running, "stormy") as trader:
            await trader.misbehave(faults)
            for number in range(24):
                instrument = draw.choice((SPOT, PERP))
                side = draw.choice(("buy", "sell"))
                quantity = Decimal(draw.randint(1, 5))
                if draw.random() < 0.6:
                    trader.place(f"o-{number}", instrument, side=side, quantity=quantity)
                else:
                    distance = draw.choice((-0.05, 0.05, -2.0 if side == "buy" else 2.0))
                    price = await trader.price(instrument, distance)
                    order = trader.place(
                        f"o-{number}",
                        instrument,
                        side=side,
                        quantity=quantity,
                        order_type="limit",
                        limit_price=price,
                    )
                    if draw.random() < 0.5:
                        trader.venue.cancel(order)
                await asyncio.sleep(draw.uniform(0, 0.1))
            for order in list(trader.orders.values()):
                if order.terms.order_type == "limit":
                    trader.venue.cancel(order)
            # nothing is at work any more when every order has one fate: refused, gone, or filled
            async with asyncio.timeout(120):
                while not all(_has_a_fate(trader, order) for order in trader.orders.values()):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            await trader.misbehave({})
            listed = {each: await trader.traded(each) for each in (SPOT, PERP)}
            await until(lambda: all(len(trader.reported(each)) >= len(listed[each]) for each in listed))
            assert {each: trader.reported(each) for each in listed} == listed
            for order in trader.orders.values():
                assert len(trader.of(Accepted, order.id)) + len(trader.of(Refused, order.id)) <= 1


def _has_a_fate(trader: Trader, order: Order) -> bool:
    filled = sum((each.quantity for each in trader.fills(order.id)), Decimal(0))
    if filled == order.terms.quantity or trader.of(Refused, order.id):
        return True
    if trader.of(Gone, order.id):
        return True
    ended = ("CANCELLED", "EXPIRED", "REJECTED", "FILLED")
    return any(
        seen.order_id == order.id and seen.status in ended
        for state in trader.of(VenueState)
        for seen in state.orders
    )
