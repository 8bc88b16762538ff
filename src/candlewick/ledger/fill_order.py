"""The order in which a venue filled: what a contract costs when a fill is heard after later ones.

Mean price and realised profit depend on the order of fills; their sum, at any mark, does not. A venue counts
in its own order. So a fill that is heard late is booked with the cost that the position has at the venue, and
what the other order realises, more or less, is part of what that fill realised.
"""

from __future__ import annotations

from bisect import bisect_left
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from candlewick.core.instrument import Instrument
from candlewick.core.reports import Fill
from candlewick.ledger.contract import worth
from candlewick.ledger.exact import ZERO, exact, share

KEPT: Final = 200


class Place(NamedTuple):
    """Where a fill stands among those of its instrument: by time, then by the number that it has there."""

    ts: int
    digits: int
    id: str


class Placed(NamedTuple):
    """A fill in its place; `signed` is its quantity, negative when it sold."""

    place: Place
    signed: Decimal
    price: Decimal


class FillOrder(msgspec.Struct):
    """The newest fills of one contract, in their venue's order.

    Attributes:
        quantity, cost: of the position before them; signed, and unsigned.
        since: place of the newest fill that is in these; nothing before it can be put in order any more.
        fills: after it, `KEPT` of them at most.
    """

    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    since: Place = Place(0, 0, "")
    fills: list[Placed] = []

    def cost_with(self, instrument: Instrument, fill: Fill) -> Decimal | None:
        """Cost of the position in the venue's order, after a fill that is heard late.

        None: it is not late, or so late that nobody knows any more what came after it.
        """
        new = _placed(fill)
        if not self.fills or not self.since < new.place < self.fills[-1].place:
            return None
        at = bisect_left(self.fills, new)
        quantity, cost = self.quantity, self.cost
        for each in [*self.fills[:at], new, *self.fills[at:]]:
            quantity, cost = _after(instrument, quantity, cost, each)
        return cost

    def is_newest(self, fill: Fill) -> bool:
        """Whether it comes after all that were booked."""
        return _placed(fill).place > (self.fills[-1].place if self.fills else self.since)

    def add(self, instrument: Instrument, fill: Fill) -> None:
        """A fill was booked, and its place was seen to."""
        new = _placed(fill)
        self.fills.insert(bisect_left(self.fills, new), new)
        if len(self.fills) > KEPT:
            oldest = self.fills.pop(0)
            self.quantity, self.cost = _after(instrument, self.quantity, self.cost, oldest)
            self.since = oldest.place

    def begin_again(self, quantity: Decimal, cost: Decimal, fill: Fill) -> None:
        """The position is this after a fill; what was booked before stays in the order in which it was."""
        newest = self.fills[-1].place if self.fills else self.since
        self.quantity, self.cost, self.fills = quantity, cost, []
        self.since = max(newest, _placed(fill).place)


def _placed(fill: Fill) -> Placed:
    signed = fill.quantity if fill.side == "buy" else -fill.quantity
    return Placed(Place(fill.ts, len(fill.id), fill.id), signed, fill.price)


def _after(instrument: Instrument, quantity: Decimal, cost: Decimal, fill: Placed) -> tuple[Decimal, Decimal]:
    """Quantity and cost of a position after a fill, by the rules of `Position`."""
    with exact():
        size, held = abs(fill.signed), abs(quantity)
        closed = min(held, size) if quantity * fill.signed < 0 else ZERO
        if closed:
            cost -= share(cost, closed, held)
        if size > closed:
            cost += worth(instrument, size - closed, fill.price)
        return quantity + fill.signed, cost
