"""A position: the net quantity of one instrument, the lots it is made of, and what it has brought so far."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from candlewick.core.account import LotMethod, MarginMode
from candlewick.core.instrument import Instrument
from candlewick.ledger.contract import gain, is_spot, price_of, settles_in, worth
from candlewick.ledger.exact import ZERO
from candlewick.ledger.lots import Lot, Lots, open_lots


class Position:
    """What an account holds of one instrument. `Book` alone changes it.

    Attributes:
        quantity: signed; base for spot and linear perpetuals, contracts for inverse ones.
        cost: unsigned worth at entry of what is held now, in `currency`, without fees. For an inverse
            contract in base.
        currency: of cost, profit, fees and funding here.
        realised, fees, funding: since the position was opened from flat; fees that were paid in a third
            coin are not in `fees`.
        leverage, margin_mode: of a perpetual; 1 and "cross" for spot.
        margin: set aside for an isolated position; part of the account's balance.
        opened_at: ns UTC.
    """

    __slots__ = (
        "_lots",
        "_opened",
        "cost",
        "currency",
        "fees",
        "funding",
        "instrument",
        "leverage",
        "margin",
        "margin_mode",
        "opened_at",
        "quantity",
        "realised",
    )

    def __init__(
        self, instrument: Instrument, leverage: Decimal, margin_mode: MarginMode, opened_at: int
    ) -> None:
        self.instrument = instrument
        self.quantity = ZERO
        self.cost = ZERO
        self.currency = settles_in(instrument)
        self.realised = self.fees = self.funding = self.margin = ZERO
        self.leverage = leverage
        self.margin_mode: MarginMode = margin_mode
        self.opened_at = opened_at
        self._lots: Lots | None = None
        self._opened = 0

    @property
    def is_spot(self) -> bool:
        """Whether the asset itself is held, so that the balance of its base holds it too."""
        return is_spot(self.instrument)

    @property
    def is_long(self) -> bool:
        """Whether it gains when the price rises."""
        return self.quantity > 0

    @property
    def signed_cost(self) -> Decimal:
        """`cost`, negative for a short."""
        return self.cost if self.quantity >= 0 else -self.cost

    @property
    def avg_price(self) -> Decimal:
        """Mean entry price of what is held now, before fees: cost / quantity (harmonic if inverse)."""
        return price_of(self.instrument, abs(self.quantity), self.cost)

    @property
    def lots(self) -> tuple[Lot, ...]:
        """In the order in which they will be taken; a perpetual has one."""
        return () if self._lots is None else tuple(self._lots)

    def notional(self, mark: Decimal) -> Decimal:
        """Unsigned worth at `mark`, in `currency`."""
        return worth(self.instrument, abs(self.quantity), mark)

    def unrealised(self, mark: Decimal) -> Decimal:
        """What closing it at `mark` would realise, before fees, in `currency`."""
        return self.gained(self.notional(mark))

    def gained(self, notional: Decimal) -> Decimal:
        """What it has gained when it is worth `notional`, before fees."""
        return gain(self.instrument, long=self.is_long, entered=self.cost, left=notional)

    def begin(self, ts: int) -> None:
        """Begin anew from flat."""
        self.realised = self.fees = self.funding = ZERO
        self.opened_at = ts

    def open(self, quantity: Decimal, price: Decimal, ts: int, method: LotMethod) -> Decimal:
        """Add signed `quantity`, in the position's own direction, at `price`; return its cost."""
        if self._lots is None:
            self._lots = open_lots(self.instrument, method, short=quantity < 0)
        self._opened += 1
        cost = worth(self.instrument, abs(quantity), price)
        self._lots.add(Lot(abs(quantity), cost, price, ts, self._opened))
        self.quantity += quantity
        self.cost += cost
        return cost

    def reduce(self, quantity: Decimal) -> Decimal:
        """Take unsigned `quantity` away, by the lots' method; return its cost."""
        if self._lots is None:
            raise ValueError(f"The position in {self.instrument.id} is flat: nothing can be taken from it.")
        cost = self._lots.take(quantity)
        self.quantity += -quantity if self.quantity > 0 else quantity
        self.cost -= cost
        if not self.quantity:
            self._lots = None
        return cost

    def restate(self, cost: Decimal) -> Decimal:
        """Have a contract cost this, as by another order of its fills; return what that realised, signed."""
        realised = gain(self.instrument, long=self.is_long, entered=self.cost, left=cost)
        lots = [
            msgspec.structs.replace(lot, cost=cost, price=price_of(self.instrument, lot.quantity, cost))
            for lot in self.lots
        ]
        self._lots = open_lots(self.instrument, "average", short=self.quantity < 0, lots=lots)
        self.cost = cost
        self.realised += realised
        return realised

    def sort_lots(self, method: LotMethod) -> None:
        """Take lots by another method from here on. What was pooled into an average stays pooled."""
        if self._lots is not None:
            self._lots = open_lots(self.instrument, method, short=self.quantity < 0, lots=tuple(self._lots))

    def state(self) -> PositionState:
        """What it takes to restore it."""
        return PositionState(
            instrument=self.instrument.id,
            quantity=self.quantity,
            lots=self.lots,
            opened=self._opened,
            realised=self.realised,
            fees=self.fees,
            funding=self.funding,
            leverage=self.leverage,
            margin_mode=self.margin_mode,
            margin=self.margin,
            opened_at=self.opened_at,
        )


class PositionState(msgspec.Struct, frozen=True, kw_only=True):
    """A position in a snapshot."""

    instrument: str
    quantity: Decimal
    lots: tuple[Lot, ...]
    opened: int
    realised: Decimal
    fees: Decimal
    funding: Decimal
    leverage: Decimal
    margin_mode: MarginMode
    margin: Decimal
    opened_at: int

    def position(self, instrument: Instrument, method: LotMethod) -> Position:
        """The position again."""
        made = Position(instrument, self.leverage, self.margin_mode, self.opened_at)
        made.quantity, made.cost = self.quantity, _cost(self.lots)
        made.realised, made.fees, made.funding = self.realised, self.fees, self.funding
        made.margin, made._opened = self.margin, self.opened
        if self.lots:
            made._lots = open_lots(instrument, method, short=self.quantity < 0, lots=self.lots)
        return made


def _cost(lots: Iterable[Lot]) -> Decimal:
    return sum((lot.cost for lot in lots), ZERO)
