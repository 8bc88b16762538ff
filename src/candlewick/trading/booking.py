"""What can be booked: an entry must never be written that the ledger then refuses."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from candlewick.core.reports import Fill, FundingPaid

# Products and sums of such numbers are exact in the ledger. 18 places: the finest unit that a coin has.
MOST: Final = Decimal(10) ** 18
FINEST_EXPONENT: Final = -18
ADOPTED: Final = "adopted-"  # so begin the ids of fills that stand for what came to be by other means


def is_bookable(amount: Decimal) -> bool:
    """Whether an amount is finite, and of a size and fineness that the ledger counts exactly."""
    exponent = amount.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= FINEST_EXPONENT and abs(amount) < MOST


def wrong_with(event: Fill | FundingPaid) -> str:
    """Why an event cannot be booked, as the end of a sentence; empty if it can."""
    if isinstance(event, FundingPaid):
        return "" if is_bookable(event.amount) else f"its amount is {event.amount}"
    for name, amount in (("quantity", event.quantity), ("price", event.price), ("fee", event.fee)):
        if not is_bookable(amount) or (name != "fee" and amount <= 0):
            return f"its {name} is {amount}"
    return ""
