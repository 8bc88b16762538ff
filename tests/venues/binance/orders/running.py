"""`BinanceOrders` at work against a scripted venue, and what it tells."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from candlewick.core.clock import NS_PER_S, SystemClock
from candlewick.core.instrument import Instrument
from candlewick.core.order import InFlight, Order, Terms
from candlewick.core.reports import (
    Accepted,
    Fill,
    Report,
    VenueOrder,
    VenueState,
)
from candlewick.venues.binance.orders.asking import Patience
from candlewick.venues.binance.orders.signing import Credentials
from candlewick.venues.binance.orders.venue import BinanceOrders
from candlewick.venues.connection import Policy
from tests.venues.binance.orders.scripted import Entry, ScriptedVenue
from tests.venues.conformance import until

SPOT, PERP = "binance:BTCUSDT", "binance:BTCUSDT-PERP"
QUICK = Patience(ask_again_s=0.01, ask_again_cap_s=0.05, settle_s=0.01, audit_s=60)
IMPATIENT = Policy(backoff_base_s=0.01, backoff_cap_s=0.02)
R = TypeVar("R", bound=Report)


class ShiftedClock(SystemClock):
    """The machine's clock, which a test may put forward."""

    ahead_ns = 0

    def now_ns(self) -> int:
        return super().now_ns() + self.ahead_ns


def instrument_of(id: str) -> Instrument:
    return Instrument(
        id=id,
        venue="binance",
        symbol=id.partition(":")[2],
        native="BTCUSDT",
        kind="perp" if id == PERP else "spot",
        base="BTC",
        quote="USDT",
        settle="USDT",
        tick=Decimal("0.01"),
        lot=Decimal("0.001"),
    )


@dataclass
class Desk:
    """A heart of our own: it knows its orders, and keeps what it is told."""

    venue: BinanceOrders
    exchange: ScriptedVenue
    clock: ShiftedClock
    orders: dict[str, Order] = field(default_factory=dict)
    told: list[Report] = field(default_factory=list)

    def order(self, id: str, instrument: str = SPOT, **terms: Any) -> Order:
        wanted: dict[str, Any] = {
            "side": "buy",
            "quantity": Decimal(2),
            "order_type": "limit",
            "limit_price": Decimal(100),
        }
        now_ns = self.clock.now_ns()
        order = Order(
            id=id,
            account=1,
            terms=Terms(instrument=instrument, **wanted | terms),
            state=InFlight(),
            origin="manual",
            created_at=now_ns,
            updated_at=now_ns,
        )
        self.orders[id] = order
        return order

    def place(self, id: str, instrument: str = SPOT, **terms: Any) -> Order:
        order = self.order(id, instrument, **terms)
        self.venue.place(order)
        return order

    def of(self, kind: type[R]) -> list[R]:
        return [each for each in self.told if isinstance(each, kind)]

    @property
    def fills(self) -> list[Fill]:
        """Every fill that was told, alone or in a state."""
        return [*self.of(Fill), *(fill for state in self.of(VenueState) for fill in state.fills)]

    @property
    def seen(self) -> dict[str, VenueOrder]:
        """Orders as the states that were told have them."""
        return {each.order_id: each for state in self.of(VenueState) for each in state.orders}

    async def accepted(self, id: str) -> Entry:
        await until(lambda: any(each.order_id == id for each in self.of(Accepted)))
        return self.exchange.find(id)

    async def told_of(self, kind: type[R]) -> R:
        await until(lambda: bool(self.of(kind)))
        return self.of(kind)[-1]


MakeDesk = Callable[..., contextlib.AbstractAsyncContextManager[Desk]]


@contextlib.asynccontextmanager
async def running_on(
    exchange: ScriptedVenue,
    clock: ShiftedClock,
    orders: dict[str, Order] | None = None,
    hours: int | None = 1,
) -> AsyncIterator[Desk]:
    """A desk that trades, as the engine begins: know, reconcile, run."""
    known = {} if orders is None else orders
    venue = BinanceOrders(
        "binance",
        exchange.sides,
        knows=lambda account, id: id in known,
        clock=clock,
        policy=IMPATIENT,
        patience=QUICK,
    )
    desk = Desk(venue, exchange, clock, known)
    for id in (SPOT, PERP):
        venue.know(instrument_of(id))
    since_ns = None if hours is None else clock.now_ns() - hours * 3600 * NS_PER_S
    venue.add(1, "main", Credentials("test", "k" * 64, "s" * 64), live=True, since_ns=since_ns)
    working = [order for order in known.values() if order.is_working]
    desk.told.append(await venue.state(1, working))
    running = asyncio.create_task(venue.run(desk.told.append))
    try:
        await until(lambda: venue.health(1).up == {"spot", "usdm"})
        yield desk
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await venue.close()
