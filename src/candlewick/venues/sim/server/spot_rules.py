"""What spot asks of an order's numbers: steps, sizes, values, in the venue's words when they are wrong."""

from __future__ import annotations

from decimal import Decimal

from candlewick.venues.sim.model import Listing
from candlewick.venues.sim.server import errors

MOST_LOTS = 10**10
MOST_DECIMALS = 8
MOST_OPEN_ORDERS = 200
MOST_CONDITIONAL = 5
PRICE_TIMES = (Decimal(5), Decimal("0.2"))  # a price lies between 1/5 and 5 times the average
TRAILING_BIPS = (10, 2_000)
MOST_VALUE = Decimal(9_000_000)


def precise(name: str, value: Decimal) -> Decimal:
    """Refuse more decimals than the venue keeps."""
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > MOST_DECIMALS:
        raise errors.Refusal(-1111, f"Parameter '{name}' has too much precision.")
    return value


def ticks(listing: Listing, name: str, price: Decimal) -> int:
    """A price in ticks."""
    precise(name, price)
    found, rest = divmod(price, listing.tick)
    if rest or not 1 <= found <= MOST_LOTS:
        raise failure("PRICE_FILTER")
    return int(found)


def lots(listing: Listing, name: str, quantity: Decimal) -> int:
    """A quantity in lots."""
    precise(name, quantity)
    found, rest = divmod(quantity, listing.lot)
    if rest or not 1 <= found <= MOST_LOTS:
        raise failure("LOT_SIZE")
    return int(found)


def near(price: int, average: float) -> None:
    """Refuse a price far from the average of the last minutes, both in ticks."""
    up, down = PRICE_TIMES
    if average and not float(down) * average <= price <= float(up) * average:
        raise failure("PERCENT_PRICE_BY_SIDE")


def worth(listing: Listing, value: Decimal, *, market: bool) -> None:
    """Refuse an order of too little or too much value."""
    if value < listing.min_notional or (value > MOST_VALUE and not market):
        raise failure("NOTIONAL")


def failure(name: str) -> errors.Refusal:
    """A filter of `exchangeInfo` was not passed."""
    return errors.Refusal(-1013, f"Filter failure: {name}")
