"""Whole ticks and lots become the venue's decimal strings, exactly and fast.

Spot writes every price and quantity with eight decimals (`"0.00100000"`), futures with as many as the
instrument's tick and lot have (`"7.6110"`). No float takes part.
"""

from __future__ import annotations

from decimal import Decimal

from candlewick.venues.sim.model import Listing

SPOT_DECIMALS = 8
MARK_DECIMALS = 8


def fixed(units: int, decimals: int) -> str:
    """`units` × 10^-`decimals` with exactly `decimals` decimals."""
    if decimals == 0:
        return str(units)
    if units < 0:
        return "-" + fixed(-units, decimals)
    digits = str(units)
    if len(digits) <= decimals:
        digits = digits.zfill(decimals + 1)
    return f"{digits[:-decimals]}.{digits[-decimals:]}"


def decimals_of(step: Decimal) -> int:
    """How many decimals `step` needs: 0.010 needs two."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -int(exponent))


class Figures:
    """How one listing's numbers are written.

    Attributes:
        price_decimals, quantity_decimals, quote_decimals: digits after the point.
    """

    __slots__ = (
        "_lot_units",
        "_quote_units",
        "_tick",
        "_tick_units",
        "price_decimals",
        "quantity_decimals",
        "quote_decimals",
    )

    def __init__(self, listing: Listing) -> None:
        self._tick = float(listing.tick)
        tick_decimals, lot_decimals = decimals_of(listing.tick), decimals_of(listing.lot)
        if listing.market == "spot":
            self.price_decimals = max(SPOT_DECIMALS, tick_decimals)
            self.quantity_decimals = max(SPOT_DECIMALS, lot_decimals)
            self.quote_decimals = max(SPOT_DECIMALS, tick_decimals + lot_decimals)
        else:
            self.price_decimals = tick_decimals
            self.quantity_decimals = lot_decimals
            self.quote_decimals = tick_decimals + lot_decimals
        self._tick_units = int(listing.tick.scaleb(self.price_decimals))
        self._lot_units = int(listing.lot.scaleb(self.quantity_decimals))
        self._quote_units = int((listing.tick * listing.lot).scaleb(self.quote_decimals))

    def price(self, ticks: int) -> str:
        """A price of whole ticks."""
        return fixed(ticks * self._tick_units, self.price_decimals)

    def quantity(self, lots: int) -> str:
        """A quantity of whole lots."""
        return fixed(lots * self._lot_units, self.quantity_decimals)

    def quote(self, tick_lots: int) -> str:
        """An amount of quote: Σ ticks × lots, exact."""
        return fixed(tick_lots * self._quote_units, self.quote_decimals)

    def mean_price(self, tick_lots: int, lots: int) -> str:
        """Volume-weighted price; zero where nothing traded."""
        if lots == 0:
            return fixed(0, self.price_decimals)
        return fixed((tick_lots * self._tick_units + lots // 2) // lots, self.price_decimals)

    def fine_price(self, ticks: float, decimals: int = MARK_DECIMALS) -> str:
        """A price off the grid (mark, index), rounded to `decimals`."""
        return f"{ticks * self._tick:.{decimals}f}"


def percent(change: int, base: int) -> str:
    """`change` as a percentage of `base`, three decimals, as the venue's tickers write it."""
    if base == 0:
        return "0.000"
    thousandths = (abs(change) * 100_000 + base // 2) // base
    return fixed(-thousandths if change < 0 else thousandths, 3)
