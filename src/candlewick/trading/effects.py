"""What the heart wants done. It decides; the shells around it act."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from candlewick.core.account import MarginMode
from candlewick.core.events import Candle
from candlewick.core.order import Order, Terms
from candlewick.core.reports import Fill, FundingPaid
from candlewick.ledger.posting import Transaction
from candlewick.ledger.trips import RoundTrip
from candlewick.trading.entries import Entry
from candlewick.trading.risk.verdict import Refused

Aspect = Literal["price", "quote", "book", "trade", "candle", "derivative", "session"]
Severity = Literal["INFO", "WARNING", "CRITICAL"]
OrderNews = Literal[
    "placed",
    "accepted",
    "triggered",
    "partly_filled",
    "filled",
    "cancel_sent",
    "cancelled",
    "rejected",
    "expired",
    "amend_sent",
    "amended",
    "cancel_refused",
    "amend_refused",
    "claimed",
]


class Updated(msgspec.Struct, frozen=True, gc=False):
    """Something about an instrument is new. `key` is `instrument/aspect`, made once per instrument."""

    key: str
    instrument: str
    aspect: Aspect


class CandleClosed(msgspec.Struct, frozen=True):
    """A bar that no further trade belongs to, or the correction of one; it is to be kept."""

    candle: Candle


class ResyncBook(msgspec.Struct, frozen=True):
    """The book needs a snapshot to be whole again; until then it shows nothing."""

    instrument: str
    reason: str


class BackfillTrades(msgspec.Struct, frozen=True):
    """Trades from `from_id` to `to_id` are missing; the venue may still have them."""

    instrument: str
    from_id: int
    to_id: int


class Notice(msgspec.Struct, frozen=True):
    """A sentence that people should read, and that is kept."""

    severity: Severity
    title: str
    message: str
    ts: int


class Journal(msgspec.Struct, frozen=True):
    """To be on disk before any effect after it in the same answer is carried out."""

    entry: Entry


class SendOrder(msgspec.Struct, frozen=True):
    """The order is to go to its venue."""

    order: Order


class SendCancel(msgspec.Struct, frozen=True):
    """The venue is to be asked for the order's end."""

    order: Order


class SendAmend(msgspec.Struct, frozen=True):
    """The venue is to be asked for new terms of the order."""

    order: Order
    terms: Terms


class SendLeverage(msgspec.Struct, frozen=True):
    """The venue is to be asked for another leverage and margin mode of a perpetual."""

    account: int
    instrument: str
    leverage: Decimal
    margin_mode: MarginMode


class AskVenue(msgspec.Struct, frozen=True):
    """What the venue has of the account is to be asked, and handed in as `VenueState`."""

    account: int


class OrderChanged(msgspec.Struct, frozen=True, kw_only=True):
    """An order is new or its state, terms or fills are. `why` is a sentence where there is one to tell."""

    order: Order
    what: OrderNews
    fill: Fill | None = None
    why: str = ""


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """Money moved: the postings, and what they were for.

    Attributes:
        realised: profit that `fill` closed, before fees, in `currency`; 0 where none was closed.
        trips: round trips that `fill` opened, changed or closed (a reversal closes one and opens another).
    """

    account: int
    transaction: Transaction
    fill: Fill | None = None
    funding: FundingPaid | None = None
    realised: Decimal = Decimal(0)
    currency: str = ""
    trips: tuple[RoundTrip, ...] = ()


class PositionChanged(msgspec.Struct, frozen=True):
    """The quantity of a position changed, or its leverage did."""

    account: int
    instrument: str


class AccountChanged(msgspec.Struct, frozen=True):
    """Cash, state, limits or settings of an account changed."""

    account: int


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence that the account's people should read."""

    account: int
    severity: Severity
    title: str
    message: str
    ts: int


class RiskNews(msgspec.Struct, frozen=True, kw_only=True):
    """A limit is nearly used (`warn`), broken (`critical`) or kept again (`info`)."""

    account: int
    level: Literal["info", "warn", "critical"]
    code: str
    text: str
    limit: Decimal | None = None
    value: Decimal | None = None
    ts: int


class Moved(msgspec.Struct, frozen=True):
    """A price moved what an account owns: its conflated figures are new."""

    account: int


class Denied(msgspec.Struct, frozen=True):
    """The door refused a command: told to whoever asked, and kept for the audit."""

    account: int
    refusal: Refused


Effect = (
    Updated
    | CandleClosed
    | ResyncBook
    | BackfillTrades
    | Notice
    | Journal
    | SendOrder
    | SendCancel
    | SendAmend
    | SendLeverage
    | AskVenue
    | OrderChanged
    | Booked
    | PositionChanged
    | AccountChanged
    | Alert
    | RiskNews
    | Moved
    | Denied
)
Effects = tuple[Effect, ...]
NOTHING: Effects = ()
