"""What can be booked: an entry must never be written that the ledger then refuses."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from candlewick.core.reports import Fill, FundingPaid
from candlewick.ledger import exact

FINEST_EXPONENT: Final = -18  # the finest unit that a coin has: nobody trades or moves less
ADOPTED: Final = "adopted-"  # so begin the ids of fills that stand for what came to be by other means


def is_bookable(amount: Decimal) -> bool:
    """Whether the ledger books an amount that somebody named, and no coin is finer than it."""
    exponent = amount.as_tuple().exponent
    return exact.is_bookable(amount) and isinstance(exponent, int) and exponent >= FINEST_EXPONENT


def wrong_with(event: Fill | FundingPaid) -> str:
    """Why an event cannot be booked, as the end of a sentence; empty if it can.

    Funding is a product of quantity, mark and rate, and has the places of all three: the ledger's bound alone
    holds for it.
    """
    if isinstance(event, FundingPaid):
        return "" if exact.is_bookable(event.amount) else f"its amount is {event.amount}"
    for name, amount in (("quantity", event.quantity), ("price", event.price), ("fee", event.fee)):
        if not is_bookable(amount) or (name != "fee" and amount <= 0):
            return f"its {name} is {amount}"
    return ""
