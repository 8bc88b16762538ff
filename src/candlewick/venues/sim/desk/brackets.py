"""Leverage and maintenance margin by the size of a position: more must stand behind a larger one."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from candlewick.venues.sim.model import Listing


class Bracket(NamedTuple):
    """Positions worth `floor` up to `cap` of quote.

    Attributes:
        leverage: the most that is allowed here.
        ratio: maintenance margin per value; `deducted` makes it continuous at the floor.
    """

    number: int
    leverage: int
    floor: Decimal
    cap: Decimal
    ratio: Decimal
    deducted: Decimal

    def maintenance(self, value: Decimal) -> Decimal:
        """The margin that a position of this value must keep."""
        return value * self.ratio - self.deducted


def _brackets(*rows: tuple[int, int, str]) -> tuple[Bracket, ...]:
    """From (leverage, cap, ratio), smallest cap first."""
    out: list[Bracket] = []
    floor = deducted = ratio = Decimal(0)
    for number, (leverage, cap, text) in enumerate(rows, start=1):
        deducted += floor * (Decimal(text) - ratio)
        ratio = Decimal(text)
        out.append(Bracket(number, leverage, floor, Decimal(cap), ratio, deducted))
        floor = Decimal(cap)
    return tuple(out)


_MAJOR: Final = _brackets(
    (125, 300_000, "0.004"),
    (100, 800_000, "0.005"),
    (75, 3_000_000, "0.0065"),
    (50, 12_000_000, "0.01"),
    (25, 70_000_000, "0.02"),
    (20, 100_000_000, "0.025"),
    (10, 230_000_000, "0.05"),
    (5, 480_000_000, "0.1"),
    (4, 600_000_000, "0.125"),
    (3, 800_000_000, "0.15"),
    (2, 1_200_000_000, "0.25"),
    (1, 1_800_000_000, "0.5"),
)
_OTHER: Final = _brackets(
    (75, 20_000, "0.006"),
    (50, 100_000, "0.01"),
    (25, 500_000, "0.02"),
    (20, 1_000_000, "0.025"),
    (10, 3_000_000, "0.05"),
    (5, 6_000_000, "0.1"),
    (4, 8_000_000, "0.125"),
    (2, 15_000_000, "0.25"),
    (1, 30_000_000, "0.5"),
)
assert all(low.cap == high.floor for rows in (_MAJOR, _OTHER) for low, high in pairwise(rows))


def brackets_of(listing: Listing) -> tuple[Bracket, ...]:
    """The brackets of a perpetual, smallest first."""
    return _MAJOR if listing.base in ("BTC", "ETH") else _OTHER


def bracket_of(listing: Listing, value: Decimal) -> Bracket:
    """The bracket in which a position of that value lies; the last one beyond them all."""
    rows = brackets_of(listing)
    return next((row for row in rows if value <= row.cap), rows[-1])


def most_value(listing: Listing, leverage: int) -> Decimal:
    """The largest position at that leverage; zero if no bracket grants it."""
    return max((row.cap for row in brackets_of(listing) if row.leverage >= leverage), default=Decimal(0))
