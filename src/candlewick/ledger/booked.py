"""What a book answers, and what a snapshot holds of it."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from candlewick.core.account import LotMethod, MarginMode
from candlewick.core.instrument import Instrument
from candlewick.ledger.fault import Fault
from candlewick.ledger.position import PositionState
from candlewick.ledger.posting import Posting, Transaction
from candlewick.ledger.trips import OpenTrip, RoundTrip


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """What a fill, a funding payment or a transfer did.

    Attributes:
        realised: profit that was closed, before fees and funding, in `currency`.
        currency: what the instrument settles in; of a transfer the currency that moved.
        trips: round trips that it began, changed or closed.
        also: other instruments whose position it changed, because coins of their lots were paid out.
        faults: what is odd about it; it is booked all the same.
    """

    transaction: Transaction
    realised: Decimal
    currency: str
    trips: tuple[RoundTrip, ...] = ()
    also: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


class BookState(msgspec.Struct, frozen=True, kw_only=True):
    """A book in a snapshot."""

    account: int
    currency: str
    method: LotMethod
    leverage: Decimal
    margin_mode: MarginMode
    instruments: tuple[Instrument, ...]
    totals: tuple[Posting, ...]
    positions: tuple[PositionState, ...]
    leverages: dict[str, tuple[Decimal, MarginMode]]
    owed: dict[str, Decimal]
    trips: dict[str, OpenTrip]
    next_trip: int
