"""What a quantity of an instrument is worth at a price, for spot, linear and inverse contracts alike.

Worth is in the currency that profit is paid in (`settles_in`): quote for spot and linear contracts, base for
inverse ones. A long gains when the worth of what it holds grows, except on an inverse contract, which is a
fixed number of quote units: there the worth in base shrinks as the price rises, and that is the long's gain.
"""

from __future__ import annotations

from decimal import Decimal

from candlewick.core.instrument import Instrument
from candlewick.ledger.exact import mean, share


def is_spot(instrument: Instrument) -> bool:
    """Whether buying it hands over the asset itself, not a contract on it."""
    return instrument.kind in ("spot", "equity")


def settles_in(instrument: Instrument) -> str:
    """The currency of its cost and profit."""
    return instrument.quote if is_spot(instrument) else instrument.settle


def worth(instrument: Instrument, quantity: Decimal, price: Decimal) -> Decimal:
    """Unsigned `quantity` at `price`: q·p, or q·size/p in base for an inverse contract."""
    if instrument.inverse:
        return share(quantity, instrument.contract_size, price)
    return quantity * price


def price_of(instrument: Instrument, quantity: Decimal, value: Decimal) -> Decimal:
    """The price at which `quantity` is worth `value`; the mean entry price, when that is what was given."""
    if instrument.inverse:
        return mean(quantity * instrument.contract_size, value)
    return mean(value, quantity)


def gain(instrument: Instrument, *, long: bool, entered: Decimal, left: Decimal) -> Decimal:
    """Profit of a quantity that was entered at one worth and is left at another."""
    return left - entered if long is not instrument.inverse else entered - left
