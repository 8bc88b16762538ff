"""What USDⓈ-M asks of an order's numbers, in the venue's words when they are wrong."""

from __future__ import annotations

from decimal import Decimal

from candlewick.venues.sim.desk.desk import Desk
from candlewick.venues.sim.model import Listing
from candlewick.venues.sim.server import errors
from candlewick.venues.sim.server.figures import decimals_of
from candlewick.venues.sim.server.parameters import Parameters

MOST_LOTS = 10**10
MOST_OPEN_ORDERS = 200
BAND = Decimal("0.05")  # how far a limit may lie beyond the mark


def ticks(listing: Listing, value: Decimal) -> int:
    """A price in ticks."""
    _precise(value, listing.tick)
    found, rest = divmod(value, listing.tick)
    if rest:
        raise errors.Refusal(-4014, "Price not increased by tick size.")
    if found < 1:
        raise errors.Refusal(-4001, "Price less than 0.")
    if found > MOST_LOTS:
        raise errors.Refusal(-4002, "Price greater than max price.")
    return int(found)


def lots(listing: Listing, value: Decimal, *, market: bool = False) -> int:
    """A quantity in lots."""
    _precise(value, listing.lot)
    found, rest = divmod(value, listing.lot)
    if found < 1 and not rest:
        raise errors.Refusal(-4003, "Quantity less than or equal to zero.")
    if rest:
        raise errors.Refusal(-4023, "Qty not increased by step size.")
    if found > (MOST_LOTS // 10 if market else MOST_LOTS):
        raise errors.Refusal(-4005, "Quantity greater than max quantity.")
    return int(found)


def _precise(value: Decimal, step: Decimal) -> None:
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > decimals_of(step):
        raise errors.Refusal(-1111, "Precision is over the maximum defined for this asset.")


def near(listing: Listing, price: int, mark: Decimal, *, sells: bool) -> None:
    """Refuse a limit too far beyond the mark, on the side where it would take."""
    value = price * listing.tick
    if not sells and value > mark * (1 + BAND):
        raise errors.Refusal(-4016, f"Limit price can't be higher than {mark * (1 + BAND):.8f}.")
    if sells and value < mark * (1 - BAND):
        raise errors.Refusal(-4024, f"Limit price can't be lower than {mark * (1 - BAND):.8f}.")


def worth(listing: Listing, value: Decimal) -> None:
    """Refuse an order of too little value."""
    if value < listing.min_notional:
        least = f"{listing.min_notional.normalize():f}"
        message = f"Order's notional must be no smaller than {least} (unless you choose reduce only)."
        raise errors.Refusal(-4164, message)


def good_till(parameters: Parameters, timing: str | None, stamped: int, now_ms: int) -> int:
    """The true time at which a GTD order ends, 0 for others; `stamped` is the venue's now."""
    until = parameters.number("goodTillDate")
    if timing != "GTD":
        return 0
    if until is None:
        raise errors.missing("goodTillDate")
    if not stamped + 600_000 < until < 253_402_300_799_000:
        raise errors.Refusal(-5040, "goodTillDate is invalid: it must be at least 600 s from now.")
    return now_ms + until // 1000 * 1000 - stamped


def way(parameters: Parameters) -> bool:
    """The `side`: whether it sells; positions are one-way."""
    side = parameters.choice("side", ("BUY", "SELL"), errors.Refusal(-1117, "Invalid side."))
    if side is None:
        raise errors.missing("side")
    if parameters.text("positionSide") not in (None, "BOTH"):
        raise errors.Refusal(-4061, "Order's position side does not match user's setting.")
    if parameters.text("priceMatch") not in (None, "NONE"):
        raise errors.Refusal(-1014, "Unsupported order combination: there is no priceMatch here.")
    return side == "SELL"


def timing(parameters: Parameters) -> str | None:
    """The `timeInForce`, if one was sent."""
    known = ("GTC", "IOC", "FOK", "GTX", "GTD")
    return parameters.choice("timeInForce", known, errors.Refusal(-1115, "Invalid timeInForce."))


def room(desk: Desk, open_orders: int) -> None:
    """Refuse one order too many."""
    if open_orders >= MOST_OPEN_ORDERS:
        raise errors.Refusal(-2025, "Reach max open order limit.")
