"""Orders: what somebody wants, and where it stands.

An order's life is a union of states, so that an illegal step cannot be written: `trading/orders.py` has one
function a step, and each takes only the states from which that step exists.

    InFlight → Open → PartlyFilled → Filled
        ├────────┴──────┴→ CancelInFlight → Cancelled
        └→ Rejected                        (Expired from whatever works)
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from candlewick.core.events import Side

OrderType = Literal["market", "limit", "stop", "stop_limit", "take_profit", "trailing_stop"]
TimeInForce = Literal["GTC", "IOC", "FOK", "GTD"]
Origin = Literal["manual", "api", "strategy", "webhook", "system", "external"]
Leg = Literal["stop_loss", "take_profit"]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be bought or sold, and how. An amendment replaces them.

    Attributes:
        quantity: in base (spot, linear perpetuals) or contracts (inverse), in whole lots; the whole order's,
            what is filled already included.
        limit_price: worst acceptable price of `limit` and `stop_limit`.
        stop_price: trigger of `stop`, `stop_limit` and `take_profit`; of a `trailing_stop` the price from
            which it begins to trail (None: at once).
        trail, trail_percent: distance of a `trailing_stop` from the best price since, in quote or in percent
            (`Decimal("1.5")` is 1.5 %); exactly one of them is given.
        trailed: the best price that a `trailing_stop` has met, as its venue tells while it moves, so that it
            goes on from there after a restart; None: it has not begun, or its venue does not tell.
        good_till: when a GTD order expires, ns UTC.
    """

    instrument: str
    side: Side
    quantity: Decimal
    order_type: OrderType
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Decimal | None = None
    trail_percent: Decimal | None = None
    trailed: Decimal | None = None
    time_in_force: TimeInForce = "GTC"
    good_till: int | None = None
    post_only: bool = False
    reduce_only: bool = False

    @property
    def is_conditional(self) -> bool:
        """Whether it waits for a trigger before it can trade."""
        return self.order_type not in ("market", "limit")


class InFlight(msgspec.Struct, frozen=True, tag="IN_FLIGHT"):
    """Written to the journal and on its way; the venue has not answered."""


class Open(msgspec.Struct, frozen=True, tag="OPEN"):
    """The venue has it: resting in the book, or waiting for its trigger. Nothing is filled."""


class PartlyFilled(msgspec.Struct, frozen=True, tag="PARTLY_FILLED"):
    """Some of it is filled, and the rest is at work."""


class CancelInFlight(msgspec.Struct, frozen=True, tag="CANCEL_IN_FLIGHT"):
    """Its cancellation is on its way; it can still be filled until the venue says that it is gone."""


class Filled(msgspec.Struct, frozen=True, tag="FILLED"):
    """All of it is filled."""


class Cancelled(msgspec.Struct, frozen=True, tag="CANCELLED"):
    """It is gone from the venue; what was filled stays filled."""

    reason: str = ""


class Rejected(msgspec.Struct, frozen=True, tag="REJECTED"):
    """The venue never took it."""

    code: str
    reason: str


class Expired(msgspec.Struct, frozen=True, tag="EXPIRED"):
    """The venue ended it by its own terms: IOC or FOK not filled, post-only that would trade, GTD over."""

    reason: str = ""


Working = InFlight | Open | PartlyFilled | CancelInFlight
Done = Filled | Cancelled | Rejected | Expired
OrderState = Working | Done


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order of one account.

    Attributes:
        id: ours, unique; the client order id at the venue (1–36 of `A-Za-z0-9_-`).
        account: the account's number.
        key: the sender's idempotency key, unique within the account.
        origin: by which road it came; `tag` names the strategy, the token or the button.
        filled, average_price: what has been filled so far, and its mean price.
        amending: new terms that are on their way to the venue; None: none are.
        venue_id: the venue's own id, once it has told one.
        parent, leg: the entry order of whose bracket this is a leg, and which.
        oco: orders of one account and one `oco` cancel each other when one of them is filled.
        stop_loss, take_profit: prices of the bracket that the entry gets when it is filled.
        triggered_at: when a conditional order met its trigger, ns UTC; from then on it is at work as a market
            or limit order. None: it has not.
        created_at, updated_at: ns UTC.
    """

    id: str
    account: int
    terms: Terms
    state: OrderState
    origin: Origin
    tag: str = ""
    key: str | None = None
    filled: Decimal = Decimal(0)
    average_price: Decimal | None = None
    amending: Terms | None = None
    venue_id: str | None = None
    parent: str | None = None
    leg: Leg | None = None
    oco: str | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    triggered_at: int | None = None
    created_at: int
    updated_at: int

    @property
    def remaining(self) -> Decimal:
        """What is not filled yet."""
        return self.terms.quantity - self.filled

    @property
    def is_working(self) -> bool:
        """Whether it can still be filled."""
        return isinstance(self.state, Working)

    @property
    def status(self) -> str:
        """The state's name as programs see it: `IN_FLIGHT`, `OPEN`, `PARTLY_FILLED`, …"""
        return str(self.state.__struct_config__.tag)
