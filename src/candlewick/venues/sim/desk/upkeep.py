"""What becomes of positions with time: funding, calls for margin, liquidation."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from candlewick.venues.sim.desk.cashier import Cashier
from candlewick.venues.sim.desk.desk import Desk
from candlewick.venues.sim.desk.margin import GRAIN, MARK_GRAIN, Mark, PerpTrader, Position
from candlewick.venues.sim.desk.orders import ZERO, Order, amount
from candlewick.venues.sim.model import ForcedOrder

LIQUIDATION_FEE = Decimal("0.0125")
CALL_AT = Decimal("0.8")  # maintenance margin over margin balance
_HOUR_MS = 3_600_000
_CHECK_MS = 1_000


class MarginCalled(NamedTuple):
    """Positions come near to liquidation."""

    trader: PerpTrader
    positions: tuple[Position, ...]


class Upkeep:
    """Watches the positions of all accounts of a desk."""

    def __init__(self, desk: Desk, cashier: Cashier, mark: Mark) -> None:
        self._desk = desk
        self._cashier = cashier
        self._mark = mark
        self._traders: dict[PerpTrader, None] = {}
        self._called: set[PerpTrader] = set()
        self._funded_ms = desk.now_ms
        self._checked_ms = desk.now_ms

    def enlist(self, trader: PerpTrader) -> None:
        """An account to watch."""
        self._traders[trader] = None

    def step(self) -> None:
        """Once a second, look whether all can stand."""
        if self._desk.now_ms - self._checked_ms >= _CHECK_MS:
            self._checked_ms = self._desk.now_ms
            for trader in self._traders:
                self._check(trader)

    def fund(self) -> None:
        """Positions pay or receive funding for the settlements that have passed."""
        length_ms = self._desk.world.funding_hours * _HOUR_MS
        world, now_ms = self._desk.world, self._desk.now_ms
        before_ms, self._funded_ms = self._funded_ms, now_ms
        if before_ms // length_ms == now_ms // length_ms:
            return
        for trader in self._traders:
            for position in trader.held():
                listing, asset = position.listing, position.listing.quote
                for _, rate, ticks in world.funding_history(listing, before_ms + 1, now_ms, 10):
                    mark = (Decimal(ticks) * listing.tick).quantize(MARK_GRAIN)
                    paid = -(position.value(mark) * Decimal(str(rate))).quantize(GRAIN)
                    self._cashier.pay(trader, "FUNDING_FEE", asset, paid, listing.symbol)
                    if position.isolated:
                        position.wallet += paid
                    touched = (position,) if position.isolated else ()
                    self._cashier.tell(trader, "FUNDING_FEE", asset, touched, paid)

    def _check(self, trader: PerpTrader) -> None:
        """Liquidate what can no longer stand, call for margin where that is near."""
        near: list[Position] = []
        for position in trader.held():
            if position.isolated:
                mark = self._mark(position.listing)
                balance, need = position.wallet + position.unrealized(mark), position.maintenance(mark)
                if balance <= need:
                    self._liquidate(trader, position)
                elif need > balance * CALL_AT:
                    near.append(position)
        for asset in list(trader.wallets):
            positions = trader.cross(asset)
            if not positions:
                continue
            balance = trader.cross_wallet(asset) + trader.unrealized(asset, self._mark, cross_only=True)
            need = trader.maintenance(asset, self._mark)
            if balance <= need:
                for order in [each for each in trader.open.values() if each.listing.quote == asset]:
                    self._desk.end(order, "EXPIRED", "EXPIRED", reason=5)
                for position in positions:
                    self._liquidate(trader, position)
            elif need > balance * CALL_AT:
                near += positions
        if near and trader not in self._called:
            self._called.add(trader)
            self._desk.tell(MarginCalled(trader, tuple(near)))
        elif not near:
            self._called.discard(trader)

    def _liquidate(self, trader: PerpTrader, position: Position) -> None:
        """Close a position by force; what it lacks then, the insurance fund pays."""
        listing, asset = position.listing, position.listing.quote
        for order in list(trader.open_in(listing.symbol)):
            self._desk.end(order, "EXPIRED", "EXPIRED", reason=5)
        order = Order(
            id=self._desk.next_id(),
            client_id=f"autoclose-{self._desk.next_id()}",
            trader=trader,
            listing=listing,
            sells=position.lots > 0,
            type="LIQUIDATION",
            original_type="LIQUIDATION",
            time_in_force="IOC",
            ticks=0,
            lots=abs(position.lots),
            reduce_only=True,
            liquidation=True,
            prevention="NONE",
            created_ms=self._desk.now_ms,
        )
        isolated = position.wallet if position.isolated else None
        before = trader.wallet(asset)
        self._desk.place(order)
        if not order.filled:
            return
        fee = (amount(listing, order.value) * LIQUIDATION_FEE).quantize(GRAIN)
        # an isolated position loses no more than its own margin, a cross one no more than there is
        floor = (
            before - isolated
            if isolated is not None and not position.lots
            else trader.wallet(asset) - (trader.cross_wallet(asset))
        )
        fee = min(fee, max(trader.wallet(asset) - floor, ZERO))
        change = -fee if fee else max(floor - trader.wallet(asset), ZERO)
        if change:
            self._cashier.pay(trader, "INSURANCE_CLEAR", asset, change, listing.symbol)
            self._cashier.tell(trader, "INSURANCE_CLEAR", asset, (position,), change)
        average = order.value / order.filled
        last = order.fills[-1]
        forced = ForcedOrder(self._desk.now_ms, order.sells, last.ticks, average, order.filled)
        self._desk.world.liquidated(listing, forced)
