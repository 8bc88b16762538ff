"""Reports: what a venue says about one account's orders and money. They enter the heart as market events do.

Each names the account, and carries the venue's time in `ts` (integer ns, UTC). A report that was heard
already changes nothing: fills are known by their id, the others by the order's state.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from candlewick.core.account import MarginMode
from candlewick.core.events import Side
from candlewick.core.order import Terms

Liquidity = Literal["maker", "taker"]


class Accepted(msgspec.Struct, frozen=True, tag="accepted"):
    """The venue has the order."""

    account: int
    order_id: str
    venue_id: str | None
    ts: int


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The venue did not take the order."""

    account: int
    order_id: str
    code: str
    reason: str
    ts: int


class Fill(msgspec.Struct, frozen=True, kw_only=True, tag="fill"):
    """A trade of an order of ours.

    Attributes:
        id: the venue's, unique per account and instrument.
        fee: what was paid in `fee_currency`; negative is a rebate.
        liquidation: the venue forced it.
    """

    account: int
    id: str
    order_id: str
    instrument: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: Liquidity
    ts: int
    liquidation: bool = False


class Triggered(msgspec.Struct, frozen=True, tag="triggered"):
    """A conditional order met its trigger and is at work now."""

    account: int
    order_id: str
    price: Decimal
    ts: int


class Gone(msgspec.Struct, frozen=True, tag="gone"):
    """The order is cancelled, or (`expired`) was ended by its own terms."""

    account: int
    order_id: str
    reason: str
    ts: int
    expired: bool = False


class CancelRefused(msgspec.Struct, frozen=True, tag="cancel_refused"):
    """The venue did not cancel the order: it still stands as it did, or is known no more (`unknown`)."""

    account: int
    order_id: str
    code: str
    reason: str
    ts: int
    unknown: bool = False


class Amended(msgspec.Struct, frozen=True, tag="amended"):
    """The order's terms are now these."""

    account: int
    order_id: str
    terms: Terms
    ts: int


class AmendRefused(msgspec.Struct, frozen=True, tag="amend_refused"):
    """The order's terms stay as they were."""

    account: int
    order_id: str
    code: str
    reason: str
    ts: int


class LeverageTaken(msgspec.Struct, frozen=True, tag="leverage_taken"):
    """Leverage and margin mode of a perpetual are now these, as was asked."""

    account: int
    instrument: str
    leverage: Decimal
    margin_mode: MarginMode
    ts: int


class LeverageRefused(msgspec.Struct, frozen=True, tag="leverage_refused"):
    """The venue did not take another leverage or margin mode."""

    account: int
    instrument: str
    code: str
    reason: str
    ts: int


class FundingPaid(msgspec.Struct, frozen=True, kw_only=True, tag="funding_paid"):
    """A perpetual's funding was settled on a position.

    Attributes:
        id: unique per account and instrument (the settlement's time will do).
        amount: what the account received in `currency`; negative: it paid.
        quantity: the position at that moment, signed.
    """

    account: int
    id: str
    instrument: str
    rate: Decimal
    mark: Decimal
    quantity: Decimal
    amount: Decimal
    currency: str
    ts: int


class VenueOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as a venue has it now. `order_id` is the client order id; one that is not ours is external."""

    order_id: str
    venue_id: str
    terms: Terms
    filled: Decimal
    average_price: Decimal | None
    status: Literal["OPEN", "PARTLY_FILLED", "FILLED", "CANCELLED", "REJECTED", "EXPIRED"]
    reason: str = ""
    ts: int


class VenueBalance(msgspec.Struct, frozen=True):
    """What a venue says the account has of a currency."""

    currency: str
    free: Decimal
    locked: Decimal


class VenuePosition(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue says the account holds of a perpetual; `quantity` is signed."""

    instrument: str
    quantity: Decimal
    avg_price: Decimal


class VenueLeverage(msgspec.Struct, frozen=True, kw_only=True):
    """The leverage and margin mode that a venue has for a perpetual, held or not."""

    instrument: str
    leverage: Decimal
    margin_mode: MarginMode


class VenueState(msgspec.Struct, frozen=True, kw_only=True, tag="venue_state"):
    """An account as its venue has it: what the heart is reconciled with after a start or a lost connection.

    Attributes:
        orders: every open order, and those asked about that are open no more.
        fills: every fill since the last one we knew, oldest first.
        asked: ids of our orders of which the venue's silence says that it never had them, or ended them.
        balances, positions: None where the venue keeps none of its own (paper: the ledger is the truth).
        leverages: what the venue has set, of all that it lists; empty where it does not say.
    """

    account: int
    venue: str
    orders: tuple[VenueOrder, ...]
    fills: tuple[Fill, ...]
    balances: tuple[VenueBalance, ...] | None
    positions: tuple[VenuePosition, ...] | None
    ts: int
    asked: frozenset[str] = frozenset()
    leverages: tuple[VenueLeverage, ...] = ()


class ExternalOrder(msgspec.Struct, frozen=True, tag="external_order"):
    """An order that a person placed at the venue by other means: claimed, so that nothing of it is lost."""

    account: int
    order: VenueOrder
    ts: int


Report = (
    Accepted
    | Refused
    | Fill
    | Triggered
    | Gone
    | CancelRefused
    | Amended
    | AmendRefused
    | LeverageTaken
    | LeverageRefused
    | FundingPaid
    | ExternalOrder
    | VenueState
)
