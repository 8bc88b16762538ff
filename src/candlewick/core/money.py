"""The one place where a float becomes a price or a quantity that somebody can own.

Market messages carry floats; orders, fills and postings carry Decimals. The step between them is
here: a price is quantised to its instrument's tick, a quantity to its lot.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from typing import NewType

from candlewick.core.instrument import Instrument

Price = NewType("Price", Decimal)
Quantity = NewType("Quantity", Decimal)
Money = NewType("Money", Decimal)


def price(instrument: Instrument, value: float | Decimal) -> Price:
    """`value` at the instrument's nearest tick (ties to even)."""
    return Price(_step(value, instrument.tick, ROUND_HALF_EVEN))


def quantity(instrument: Instrument, value: float | Decimal) -> Quantity:
    """`value` in whole lots, rounded towards zero: never more than was asked for."""
    return Quantity(_step(value, instrument.lot, ROUND_DOWN))


def _step(value: float | Decimal, step: Decimal | None, rounding: str) -> Decimal:
    # repr gives the shortest decimal that reads back as the same float: 0.1, not 0.1000000000000000055
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    if step is None:
        return exact
    return (exact / step).to_integral_value(rounding) * step
