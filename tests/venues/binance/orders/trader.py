"""An account at the simulated exchange, traded through the connector as the engine does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

import aiohttp
import msgspec
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
from candlewick.core.reports import Fill, Refused, Report, VenueState
from candlewick.venues.binance.endpoints import simulated as public_side
from candlewick.venues.binance.feed import BinanceFeed
from candlewick.venues.binance.orders import requests, wire
from candlewick.venues.binance.orders.asking import Patience
from candlewick.venues.binance.orders.endpoints import simulated
from candlewick.venues.binance.orders.mapper import Mapper
from candlewick.venues.binance.orders.rest import SignedRest
from candlewick.venues.binance.orders.signing import Credentials
from candlewick.venues.binance.orders.venue import BinanceOrders
from candlewick.venues.connection import Policy
from tests.venues.conformance import until
from tests.venues.sim.server.conftest import Running

SPOT, PERP = "sim:SOLUSDT", "sim:SOLUSDT-PERP"
QUICK = Patience(ask_again_s=0.02, ask_again_cap_s=0.2, settle_s=0.1, audit_s=1.0)
IMPATIENT = Policy(backoff_base_s=0.01, backoff_cap_s=0.05, steady_s=0.0)
R = TypeVar("R", bound=Report)


@dataclass
class Trader:
    """An account at the exchange, and a heart that knows its orders and keeps what it is told."""

    venue: BinanceOrders
    instruments: dict[str, Instrument]
    feed: BinanceFeed
    rest: dict[str, tuple[SignedRest, Mapper]]
    http: str
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

    async def trigger_price(self, instrument: str, ticks: int) -> Decimal:
        """A price so many ticks from the one that triggers watch: of futures the mark, of spot the last."""
        tick = self.instruments[instrument].tick
        assert tick is not None
        future = instrument == PERP
        path = "/fapi/v1/premiumIndex" if future else "/api/v3/ticker/price"
        request = requests.Request("GET", path, {"symbol": "SOLUSDT"}, signed=False, public=True)
        body = await self.rest["usdm" if future else "spot"][0].send(request)
        seen = msgspec.json.decode(body)["markPrice" if future else "price"]
        return money.price(self.instruments[instrument], Decimal(seen)) + ticks * tick

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

    async def misbehave(self, faults: dict[str, Any]) -> None:
        """Have the exchange err from now on; {}: no more."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.http}/sim/misbehave", json=faults) as answer,
        ):
            assert answer.status == 200, await answer.text()


@dataclass
class Heart:
    """What stands behind the connector: what it is told, and which orders it knows."""

    trader: Trader

    def hear(self, report: Report) -> None:
        self.trader.told.append(report)

    def knows(self, order_id: str) -> bool:
        return order_id in self.trader.orders


@contextlib.asynccontextmanager
async def trading(
    running: Running, account: str, *, ed25519: bool = False, heart: Callable[[Trader], Heart] = Heart
) -> AsyncIterator[Trader]:
    """An account of its own at the exchange, compared with it and followed as the engine does."""
    sides = simulated(running.http)
    credentials = await _key(running, account, ed25519=ed25519)
    feed = BinanceFeed(Venue(id="sim", title="Simulated", simulated=True), public_side(running.http))
    clock, hearts = SystemClock(), list[Heart]()
    venue = BinanceOrders(
        "sim",
        sides,
        knows=lambda account, id: hearts[0].knows(id),
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
    trader = Trader(venue, instruments, feed, rest, running.http)
    hearts.append(heart(trader))
    venue.add(1, account, credentials, live=True, since_ns=clock.now_ns() - 60_000 * NS_PER_MS)
    hearts[0].hear(await venue.state(1, []))
    following = asyncio.create_task(venue.run(hearts[0].hear))
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
