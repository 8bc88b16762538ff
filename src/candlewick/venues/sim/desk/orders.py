"""The nouns of the private side: orders, their fills, who trades, and what is told of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, NamedTuple

from candlewick.venues.sim.book import Resting
from candlewick.venues.sim.desk.trigger import Trigger
from candlewick.venues.sim.model import Listing

Status = Literal["NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH", "REJECTED"]
Execution = Literal[
    "NEW", "CANCELED", "REPLACED", "REJECTED", "TRADE", "EXPIRED", "TRADE_PREVENTION", "AMENDMENT"
]
Prevention = Literal["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"]

ZERO = Decimal(0)
_KEPT_ORDERS = 20_000  # ended orders a trader's history holds
_KEPT_FILLS = 50_000


@dataclass(slots=True, eq=False, kw_only=True)
class Order:
    """One order of a user, in ticks and lots; changes while it lives.

    Attributes:
        ticks: the limit, 0 where it has none.
        asked_quote: what a market order wants to spend or earn, when that was asked instead of a quantity.
        trigger: what it waits for; None once it works, or when it never waited.
        value: Σ ticks × lots of its fills.
        resting: its place in the book.
        locked: what it still holds back of its trader's balance.
        list_id: the list it belongs to, -1 for none.
        expiry_reason: Binance's number for why the venue ended it.
    """

    id: int
    client_id: str
    trader: Trader
    listing: Listing
    sells: bool
    type: str
    time_in_force: str
    ticks: int
    lots: int
    created_ms: int
    stop_ticks: int = 0
    original_type: str = ""
    prevention: Prevention = "EXPIRE_MAKER"
    asked_quote: Decimal = ZERO
    trailing_delta: int = 0
    trigger: Trigger | None = None
    reduce_only: bool = False
    close_position: bool = False
    liquidation: bool = False
    good_till_ms: int = 0
    working_type: str = "CONTRACT_PRICE"
    list_id: int = -1
    strategy_id: int | None = None
    strategy_type: int | None = None
    status: Status = "NEW"
    filled: int = 0
    value: int = 0
    resting: Resting | None = None
    locked: Decimal = ZERO
    updated_ms: int = 0
    working_ms: int = 0
    expiry_reason: int = 0
    fills: list[Fill] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Lots not filled yet."""
        return self.lots - self.filled

    @property
    def open(self) -> bool:
        return self.status in ("NEW", "PARTIALLY_FILLED")

    @property
    def takes_only(self) -> bool:
        """Whether nothing of it may rest."""
        return self.ticks == 0 or self.time_in_force in ("IOC", "FOK")


class Fill(NamedTuple):
    """One trade of an order. `realized` is a perpetual's profit or loss on what it closed."""

    id: int
    order: Order
    ts_ms: int
    ticks: int
    lots: int
    maker: bool
    commission: Decimal
    asset: str
    realized: Decimal = ZERO


class Trader:
    """One account in one market: its orders and fills, those that ended a while ago forgotten."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.orders: dict[int, Order] = {}
        self.open: dict[int, Order] = {}
        self.fills: list[Fill] = []
        self._by_client: dict[tuple[str, str], Order] = {}

    def add(self, order: Order) -> None:
        """A new order."""
        self.orders[order.id] = self.open[order.id] = order
        self._by_client[order.listing.symbol, order.client_id] = order
        while len(self.orders) - len(self.open) > _KEPT_ORDERS:
            self._forget(next(each for each in self.orders.values() if not each.open))

    def _forget(self, order: Order) -> None:
        del self.orders[order.id]
        name = order.listing.symbol, order.client_id
        if self._by_client.get(name) is order:
            del self._by_client[name]

    def remember(self, fill: Fill) -> None:
        """One of its orders was filled."""
        self.fills.append(fill)
        if len(self.fills) > _KEPT_FILLS:
            del self.fills[: _KEPT_FILLS // 10]

    def find_fills(
        self,
        symbol: str,
        *,
        order_id: int | None,
        from_id: int | None,
        start_ms: int | None,
        end_ms: int | None,
        limit: int,
    ) -> list[Fill]:
        """Fills of a symbol, oldest first: the first `limit` from an id or a time on, else the newest."""
        found = [
            fill
            for fill in self.fills
            if fill.order.listing.symbol == symbol
            and (order_id is None or fill.order.id == order_id)
            and (from_id is None or fill.id >= from_id)
            and (start_ms is None or fill.ts_ms >= start_ms)
            and (end_ms is None or fill.ts_ms <= end_ms)
        ]
        newest = from_id is None and start_ms is None
        return found[-limit:] if newest else found[:limit]

    def rename(self, order: Order, client_id: str) -> None:
        """Another name for an open order, by which alone it is found from then on."""
        self._by_client.pop((order.listing.symbol, order.client_id), None)
        order.client_id = client_id
        self._by_client[order.listing.symbol, client_id] = order

    def named(self, symbol: str, client_id: str) -> Order | None:
        """The newest order the trader gave this name in that market."""
        return self._by_client.get((symbol, client_id))

    def open_in(self, symbol: str) -> Iterator[Order]:
        """Its open orders in one listing."""
        return (order for order in list(self.open.values()) if order.listing.symbol == symbol)


def amount(listing: Listing, tick_lots: int) -> Decimal:
    """Σ ticks × lots as an amount of quote."""
    return Decimal(tick_lots) * listing.tick * listing.lot


def quantity(listing: Listing, lots: int) -> Decimal:
    """Lots as an amount of base."""
    return Decimal(lots) * listing.lot
