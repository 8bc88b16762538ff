"""Live trading end to end on the simulated exchange, whose private side was written down independently."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from random import Random
from typing import Any, TypeVar

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from candlewick.core import money
from candlewick.core.clock import NS_PER_MS, SystemClock
from candlewick.core.events import BookChange
from candlewick.core.instrument import Instrument, Venue
from candlewick.core.order import InFlight, Order, Terms
from candlewick.core.reports import (
    Accepted,
    Amended,
    ExternalOrder,
    Fill,
    Gone,
    Refused,
    Report,
    Triggered,
    VenueState,
)
from candlewick.venues.binance.endpoints import simulated as public_side
from candlewick.venues.binance.feed import BinanceFeed
from candlewick.venues.binance.orders import requests, wire
from candlewick.venues.binance.orders.endpoints import simulated
from candlewick.venues.binance.orders.mapper import Mapper
from candlewick.venues.binance.orders.outgoing import Patience
from candlewick.venues.binance.orders.rest import SignedRest
from candlewick.venues.binance.orders.signing import Credentials
from candlewick.venues.binance.orders.venue import BinanceOrders
from candlewick.venues.connection import Policy
from candlewick.venues.sim.server.app import Settings
from tests.venues.conformance import until
from tests.venues.sim.server.conftest import Running, free_port, run_exchange

SPOT, PERP = "sim:SOLUSDT", "sim:SOLUSDT-PERP"
QUICK = Patience(ask_again_s=0.02, ask_again_cap_s=0.2, settle_s=0.1, audit_s=1.0)
IMPATIENT = Policy(backoff_base_s=0.01, backoff_cap_s=0.05, steady_s=0.0)
R = TypeVar("R", bound=Report)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """One lively exchange; each test has an account of its own."""
    with run_exchange(Settings(port=free_port(), venues=("sim",), pace=5.0)) as running:
        yield running


@dataclass
class Trader:
    """An account at the exchange, and a heart that knows its orders and keeps what it is told."""

    venue: BinanceOrders
    instruments: dict[str, Instrument]
    feed: BinanceFeed
    rest: dict[str, tuple[SignedRest, Mapper]]
    orders: dict[str, Order] = field(default_factory=dict)
    told: list[Report] = field(default_factory=list)

    def order(self, id: str, instrument: str = SPOT, **terms: Any) -> Order:
        wanted: dict[str, Any] = {"side": "buy", "quantity": Decimal(1), "order_type": "market"}
        now_ns = SystemClock().now_ns()
        order = self.orders[id] = Order(
            id=id,
            account=1,
            terms=Terms(instrument=instrument, **wanted | terms),
            state=InFlight(),
            origin="manual",
            created_at=now_ns,
            updated_at=now_ns,
        )
        return order

    def place(self, id: str, instrument: str = SPOT, **terms: Any) -> Order:
        order = self.order(id, instrument, **terms)
        self.venue.place(order)
        return order

    def of(self, kind: type[R], order_id: str | None = None) -> list[R]:
        found = [each for each in self.told if isinstance(each, kind)]
        return [each for each in found if order_id in (None, getattr(each, "order_id", None))]

    def fills(self, order_id: str | None = None) -> list[Fill]:
        found = [*self.of(Fill), *(fill for state in self.of(VenueState) for fill in state.fills)]
        return [each for each in found if order_id in (None, each.order_id)]

    async def told_of(self, kind: type[R], order_id: str) -> R:
        await until(lambda: bool(self.of(kind, order_id)) or bool(self.of(Refused, order_id)))
        assert self.of(kind, order_id), self.of(Refused, order_id)
        return self.of(kind, order_id)[-1]

    async def price(self, instrument: str, percent: float) -> Decimal:
        """A price on the grid, so far from the best bid."""
        book: BookChange = await self.feed.book_snapshot(instrument)
        return money.price(self.instruments[instrument], book.bids[0][0] * (1 + percent / 100))

    async def traded(self, instrument: str) -> list[tuple[str, Decimal, Decimal, Decimal, str]]:
        """The venue's own list of our trades in an instrument."""
        market = "usdm" if instrument.endswith("-PERP") else "spot"
        rest, mapper = self.rest[market]
        request = requests.trades(mapper.market, self.instruments[instrument].native, {"fromId": 0})
        rows = await rest.ask(request, wire.decode_trades)
        deals = [mapper.deal(row).deal for row in rows]
        return sorted((str(d.id), d.price, d.quantity, d.fee, str(d.fee_currency)) for d in deals)

    def reported(self, instrument: str) -> list[tuple[str, Decimal, Decimal, Decimal, str]]:
        """What we were told of trades in an instrument."""
        return sorted(
            (each.id, each.price, each.quantity, each.fee, each.fee_currency)
            for each in self.fills()
            if each.instrument == instrument
        )


@contextlib.asynccontextmanager
async def _trading(running: Running, account: str, *, ed25519: bool = False) -> AsyncIterator[Trader]:
    sides = simulated(running.http)
    credentials = await _key(running, account, ed25519=ed25519)
    feed = BinanceFeed(Venue(id="sim", title="Simulated", simulated=True), public_side(running.http))
    clock = SystemClock()
    orders: dict[str, Order] = {}
    venue = BinanceOrders(
        "sim",
        sides,
        knows=lambda account, id: id in orders,
        random=Random(7),
        policy=IMPATIENT,
        patience=QUICK,
    )
    instruments = {each.id: each for each in await feed.instruments()}
    for each in instruments.values():
        venue.know(each)
    rest: dict[str, tuple[SignedRest, Mapper]] = {
        each.market: (SignedRest(each, credentials, clock), Mapper("sim", each.market)) for each in sides
    }
    trader = Trader(venue, instruments, feed, rest, orders)
    venue.add(1, account, credentials, live=True, since_ns=clock.now_ns() - 60_000 * NS_PER_MS)
    following = asyncio.create_task(venue.run(trader.told.append))
    trader.told.append(await venue.state(1, []))
    try:
        await until(lambda: venue.health(1).up == {"spot", "usdm"})
        yield trader
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
        await venue.close()
        await feed.close()
        for side, _ in rest.values():
            await side.close()


async def _key(running: Running, account: str, *, ed25519: bool) -> Credentials:
    wanted: dict[str, Any] = {
        "account": account,
        "spot": {"USDT": "100000", "SOL": "100"},
        "futures": {"USDT": "50000"},
    }
    pair = Ed25519PrivateKey.generate()
    if ed25519:
        public = pair.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        wanted["publicKey"] = public.decode()
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{running.http}/sim/keys", json=wanted) as answer,
    ):
        key = await answer.json()
    pem = pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return Credentials(account, key["apiKey"], pem if ed25519 else key["secret"])


@pytest.fixture
async def trader(running: Running, request: pytest.FixtureRequest) -> AsyncIterator[Trader]:
    async with _trading(running, request.node.name) as trader:
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
    # one on each side, as near as can be: the market reaches one of them by itself, and soon
    for id, side, percent in (("o-1", "sell", -0.01), ("o-2", "buy", 0.02)):
        price = await trader.price(instrument, percent)
        trader.place(id, instrument, side=side, order_type="stop", stop_price=price)
        await trader.told_of(Accepted, id)
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


async def test_an_ed25519_key_trades_and_hears(running: Running) -> None:
    async with _trading(running, "ed25519", ed25519=True) as trader:
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


async def _misbehave(running: Running, faults: dict[str, Any]) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{running.http}/sim/misbehave", json=faults) as answer,
    ):
        assert answer.status == 200, await answer.text()


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_fill_is_reported_once_whatever_is_lost(seed: int) -> None:
    """Orders of both markets under lost, doubled and late events, cut connections and answers that fail."""
    faults = {
        "user_drop": 0.2,
        "user_duplicate": 0.2,
        "user_disconnect": "2s",
        "unknown": 0.15,
        "lost": 0.1,
    }
    settings = Settings(port=free_port(), venues=("sim",), pace=5.0, seed=seed)
    draw = Random(seed)
    with run_exchange(settings) as running:
        async with _trading(running, "stormy") as trader:
            await _misbehave(running, faults)
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
            await _misbehave(running, {})
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
