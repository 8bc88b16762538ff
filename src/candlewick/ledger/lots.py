"""Lots: what was bought at which cost, and which of it a sale takes first. One small class per method.

Quantities and costs are unsigned: the same lots serve a short, where a lot is what was sold and its cost the
proceeds. Part of a lot costs its share to 18 decimal places, and the rest keeps the rest, so that what is
taken and what is left always sum to what was paid.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from decimal import Decimal
from heapq import heappop, heappush
from typing import Protocol

import msgspec

from candlewick.core.account import LotMethod
from candlewick.core.instrument import Instrument
from candlewick.ledger.contract import is_spot, price_of
from candlewick.ledger.exact import ZERO, share


class Lot(msgspec.Struct, frozen=True):
    """A quantity that was entered at `price` for `cost`; `number` rises with time.

    `price` stays what it was when part of the lot is taken; of a pool it is the mean, to 28 digits.
    """

    quantity: Decimal
    cost: Decimal
    price: Decimal
    ts: int
    number: int


class Lots(Protocol):
    """Open lots of one instrument and one direction.

    Iterating gives them in the order in which they will be taken.
    """

    def add(self, lot: Lot) -> None:
        """Put a lot to the others. Numbers rise."""
        ...

    def take(self, quantity: Decimal) -> Decimal:
        """Take `quantity`, which is there, and return its cost."""
        ...

    def __iter__(self) -> Iterator[Lot]: ...


class Fifo:
    """First in, first out."""

    def __init__(self) -> None:
        self._lots: deque[Lot] = deque()

    def add(self, lot: Lot) -> None:
        """See `Lots`."""
        self._lots.append(lot)

    def take(self, quantity: Decimal) -> Decimal:
        """See `Lots`."""
        cost = ZERO
        while quantity:
            lot = self._lots.popleft()
            taken, rest = _split(lot, quantity)
            if rest is not None:
                self._lots.appendleft(rest)
            cost += taken.cost
            quantity -= taken.quantity
        return cost

    def __iter__(self) -> Iterator[Lot]:
        return iter(self._lots)


class Lifo:
    """Last in, first out."""

    def __init__(self) -> None:
        self._lots: list[Lot] = []

    def add(self, lot: Lot) -> None:
        """See `Lots`."""
        self._lots.append(lot)

    def take(self, quantity: Decimal) -> Decimal:
        """See `Lots`."""
        cost = ZERO
        while quantity:
            taken, rest = _split(self._lots.pop(), quantity)
            if rest is not None:
                self._lots.append(rest)
            cost += taken.cost
            quantity -= taken.quantity
        return cost

    def __iter__(self) -> Iterator[Lot]:
        return reversed(self._lots)


class Hifo:
    """The lot that realises the least profit first: the dearest of a long, the cheapest of a short.

    Of two at the same price the older is taken first.
    """

    def __init__(self, *, short: bool = False) -> None:
        self._short = short
        self._heap: list[tuple[Decimal, int, Lot]] = []

    def add(self, lot: Lot) -> None:
        """See `Lots`."""
        heappush(self._heap, self._keyed(lot))

    def take(self, quantity: Decimal) -> Decimal:
        """See `Lots`."""
        cost = ZERO
        while quantity:
            key, number, lot = heappop(self._heap)
            taken, rest = _split(lot, quantity)
            if rest is not None:
                heappush(self._heap, (key, number, rest))
            cost += taken.cost
            quantity -= taken.quantity
        return cost

    def __iter__(self) -> Iterator[Lot]:
        return (lot for _, _, lot in sorted(self._heap, key=lambda keyed: keyed[:2]))

    def _keyed(self, lot: Lot) -> tuple[Decimal, int, Lot]:
        return (lot.price if self._short else -lot.price, lot.number, lot)


class Average:
    """One pool: each part of it costs the same. Perpetuals are always kept so, whatever the method."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._pool: Lot | None = None

    def add(self, lot: Lot) -> None:
        """See `Lots`. The pool keeps time and number of its first lot."""
        if (pool := self._pool) is not None:
            quantity, cost = pool.quantity + lot.quantity, pool.cost + lot.cost
            lot = Lot(quantity, cost, price_of(self._instrument, quantity, cost), pool.ts, pool.number)
        self._pool = lot

    def take(self, quantity: Decimal) -> Decimal:
        """See `Lots`."""
        if self._pool is None:
            raise IndexError("take from an empty pool")
        taken, self._pool = _split(self._pool, quantity)
        return taken.cost

    def __iter__(self) -> Iterator[Lot]:
        return iter(() if self._pool is None else (self._pool,))


def open_lots(instrument: Instrument, method: LotMethod, *, short: bool, lots: Iterable[Lot] = ()) -> Lots:
    """Lots kept by `method` (a contract's always by average), beginning with `lots`, in any order."""
    made: Lots
    match method if is_spot(instrument) else "average":
        case "fifo":
            made = Fifo()
        case "lifo":
            made = Lifo()
        case "hifo":
            made = Hifo(short=short)
        case "average":
            made = Average(instrument)
    for lot in sorted(lots, key=lambda lot: lot.number):
        made.add(lot)
    return made


def _split(lot: Lot, quantity: Decimal) -> tuple[Lot, Lot | None]:
    if quantity >= lot.quantity:
        return lot, None
    cost = share(lot.cost, quantity, lot.quantity)
    return (
        Lot(quantity, cost, lot.price, lot.ts, lot.number),
        Lot(lot.quantity - quantity, lot.cost - cost, lot.price, lot.ts, lot.number),
    )
