"""Exact sums: inside `exact()` an inexact operation raises; the one division that rounds is `share`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)

ZERO = Decimal(0)
ONE = Decimal(1)

# Prices, quantities and fees beyond this are no money of this world; a product of floats that stands for a
# funding payment is within it. The longest that is ever made of such numbers, cost × part of a lot, has three
# times the places and three times the digits before them: the contexts below hold it.
BOOKABLE = "below 10^15, and with at most 60 decimal places"

# 18 places: the finest unit that a traded coin has. What is left over by rounding here is never lost:
# callers subtract the share from the whole, so that the parts always sum to it.
_FINEST = Decimal("1e-18")
_EXACT = Context(
    prec=320, rounding=ROUND_HALF_EVEN, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow]
)
_WIDE = Context(prec=320, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])
_SHOWN = Context(prec=28, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])


def exact() -> AbstractContextManager[Context]:
    """The context in which money is added and multiplied: whatever would round raises `decimal.Inexact`."""
    return localcontext(_EXACT)


def is_bookable(number: Decimal) -> bool:
    """Whether it is a number, and within `BOOKABLE`."""
    if not number.is_finite():
        return False
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -60 and number.adjusted() < 15


def share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """`amount` × `part` / `whole`, to 18 decimal places, ties to even."""
    if part == whole:
        return amount
    product = _EXACT.multiply(amount, part)
    return _WIDE.quantize(_WIDE.divide(product, whole), _FINEST)


def mean(amount: Decimal, quantity: Decimal) -> Decimal:
    """`amount` / `quantity` to 28 significant digits: for showing, never for booking."""
    return _SHOWN.divide(amount, quantity)
