"""A futures account: its wallet, its positions, and the margin they need.

One-way positions of perpetuals that settle in one asset, as Binance's single-asset mode has them:

    unrealised = quantity × mark − cost                    (cost is negative for a short)
    initial    = |value at mark| ÷ leverage
    orders     = max(|value + bids|, |value − asks|) ÷ leverage − initial
    available  = cross wallet + unrealised − initial − orders, over cross positions and all orders
    bankrupt   when cross wallet + unrealised ≤ Σ maintenance; an isolated position counts for itself
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from candlewick.venues.sim.desk.brackets import bracket_of
from candlewick.venues.sim.desk.orders import ZERO, Order, Trader, amount
from candlewick.venues.sim.model import Listing

GRAIN = Decimal("0.00000001")
MARK_GRAIN = Decimal("0.00000001")
FIRST_LEVERAGE = 20
Mark = Callable[[Listing], Decimal]


@dataclass(slots=True, eq=False)
class Position:
    """What an account holds of one perpetual.

    Attributes:
        lots: long above zero, short below.
        cost: what it cost, with the sign of `lots`.
        wallet: the margin that an isolated position has of its own.
        realized: what closing has brought since the account began.
    """

    listing: Listing
    lots: int = 0
    cost: Decimal = ZERO
    isolated: bool = False
    wallet: Decimal = ZERO
    leverage: int = FIRST_LEVERAGE
    realized: Decimal = ZERO
    updated_ms: int = 0

    @property
    def quantity(self) -> Decimal:
        return Decimal(self.lots) * self.listing.lot

    @property
    def entry(self) -> Decimal:
        """The mean price of what is held; zero without a position."""
        return self.cost / self.quantity if self.lots else ZERO

    def value(self, mark: Decimal) -> Decimal:
        """What it is worth at `mark`, with its sign."""
        return self.quantity * mark

    def unrealized(self, mark: Decimal) -> Decimal:
        return self.value(mark) - self.cost

    def initial(self, mark: Decimal) -> Decimal:
        return abs(self.value(mark)) / self.leverage

    def maintenance(self, mark: Decimal) -> Decimal:
        value = abs(self.value(mark))
        return bracket_of(self.listing, value).maintenance(value) if value else ZERO

    def trade(self, lots: int, ticks: int) -> Decimal:
        """Buy `lots` (sell, below zero) at a price: what this realises.

        The profit is rounded to the wallet's grain; what rounding leaves stays in the cost, nothing is lost.
        """
        realized = ZERO
        if self.lots and (self.lots > 0) != (lots > 0):
            closing = min(abs(lots), abs(self.lots)) * (1 if self.lots > 0 else -1)
            proceeds = amount(self.listing, ticks * closing)
            if closing == self.lots:
                realized = proceeds - self.cost
            else:
                realized = (proceeds - self.cost * closing / self.lots).quantize(GRAIN)
            self.cost -= proceeds - realized
            self.lots -= closing
            lots += closing
        self.cost += amount(self.listing, ticks * lots)
        self.lots += lots
        self.realized += realized
        return realized


class PerpTrader(Trader):
    """An account's futures side."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.wallets: dict[str, Decimal] = {}
        self.positions: dict[str, Position] = {}
        self.updated_ms = 0

    def position(self, listing: Listing) -> Position:
        """The position in a perpetual, begun without any."""
        known = self.positions.get(listing.symbol)
        if known is None:
            known = self.positions[listing.symbol] = Position(listing)
        return known

    def held(self) -> list[Position]:
        """The positions that are not zero."""
        return [each for each in self.positions.values() if each.lots]

    def wallet(self, asset: str) -> Decimal:
        """All there is of `asset`, margin of isolated positions included."""
        return self.wallets.get(asset, ZERO)

    def pay(self, asset: str, change: Decimal) -> None:
        """Money comes in, or goes out."""
        self.wallets[asset] = self.wallet(asset) + change

    def cross_wallet(self, asset: str) -> Decimal:
        """What stands behind cross positions."""
        return self.wallet(asset) - sum((each.wallet for each in self._of(asset)), ZERO)

    def _of(self, asset: str) -> Iterable[Position]:
        return (each for each in self.positions.values() if each.listing.quote == asset)

    def cross(self, asset: str) -> list[Position]:
        """Its cross positions that are not zero."""
        return [each for each in self._of(asset) if each.lots and not each.isolated]

    def unrealized(self, asset: str, mark: Mark, *, cross_only: bool = False) -> Decimal:
        """Profit and loss on open positions."""
        positions = self.cross(asset) if cross_only else self._of(asset)
        return sum((each.unrealized(mark(each.listing)) for each in positions if each.lots), ZERO)

    def orders_margin(self, listing: Listing, mark: Decimal, extra: Order | None = None) -> Decimal:
        """What open orders of one perpetual need beside the position, with `extra` among them."""
        position = self.position(listing)
        bids = asks = ZERO
        for order in [*self.open_in(listing.symbol), *([extra] if extra else [])]:
            if order.reduce_only or order.liquidation:
                continue
            price = order.ticks * listing.tick if order.ticks else mark
            value = Decimal(order.left) * listing.lot * price
            bids, asks = (bids, asks + value) if order.sells else (bids + value, asks)
        value = position.value(mark)
        need = max(abs(value + bids), abs(value - asks)) / position.leverage
        return max(need - position.initial(mark), ZERO)

    def available(self, asset: str, mark: Mark) -> Decimal:
        """What new orders may use."""
        left = self.cross_wallet(asset) + self.unrealized(asset, mark, cross_only=True)
        for each in self._of(asset):
            price = mark(each.listing)
            left -= self.orders_margin(each.listing, price)
            if not each.isolated:
                left -= each.initial(price)
        return max(left, ZERO)

    def maintenance(self, asset: str, mark: Mark) -> Decimal:
        """What its cross positions must keep."""
        return sum((each.maintenance(mark(each.listing)) for each in self.cross(asset)), ZERO)

    def liquidation_price(self, position: Position, mark: Mark) -> Decimal:
        """The mark at which the position is closed by force, all others unchanged; zero for never.

        Solves wallet + unrealised(p) = maintenance(p) in the bracket of today's value.
        """
        if not position.lots:
            return ZERO
        asset, listing = position.listing.quote, position.listing
        bracket = bracket_of(listing, abs(position.value(mark(listing))))
        if position.isolated:
            behind = position.wallet
        else:
            others = [each for each in self.cross(asset) if each is not position]
            behind = self.cross_wallet(asset)
            behind += sum((each.unrealized(mark(each.listing)) for each in others), ZERO)
            behind -= sum((each.maintenance(mark(each.listing)) for each in others), ZERO)
        quantity = position.quantity
        slope = quantity - abs(quantity) * bracket.ratio
        price = (position.cost - behind - bracket.deducted) / slope if slope else ZERO
        return max(price, ZERO)
