"""How much an entry is for: a strategy's `sizing` is one of these, and `Signals.size` scales it bar by bar.

Every rule is applied when the order is sent: to the equity and the price of that moment, fee included, and
never for more than the free money pays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from candlewick.core.errors import UsageError
from candlewick.core.interval import seconds
from candlewick.market.bars import Bars, Column

# the words of `fills.sizing`, which is not imported here: it brings the compiler
FRACTION: Final = 0
QUANTITY: Final = 1
NOTIONAL: Final = 2
RISK: Final = 3
KELLY: Final = 4
YEAR_S: Final = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Sizing:
    """A rule for the size of entries. `amount` is what its name says."""

    amount: float
    mode: ClassVar[int] = FRACTION

    def __post_init__(self) -> None:
        if not (math.isfinite(self.amount) and self.amount > 0):
            raise UsageError(f"{type(self).__name__}({self.amount}): give a number above zero.")

    def column(self, bars: Bars) -> Column | float:
        """Its number for each bar, or one for all."""
        return self.amount


class Fraction(Sizing):
    """A part of the equity as margin; 1.0 is all of it. With leverage the position is so much larger."""

    __slots__ = ()


class Quantity(Sizing):
    """So much of the base asset, or so many contracts."""

    __slots__ = ()
    mode: ClassVar[int] = QUANTITY


class Notional(Sizing):
    """So much money's worth, in the quote currency."""

    __slots__ = ()
    mode: ClassVar[int] = NOTIONAL


class Risk(Sizing):
    """So large that the stop, where it stands at the entry, costs this part of the equity. Needs a stop."""

    __slots__ = ()
    mode: ClassVar[int] = RISK


@dataclass(frozen=True, slots=True)
class VolatilityTarget(Sizing):
    """A part of equity that makes the position move by `amount` a year, by the last `period` bars.

    Attributes:
        cap: never a larger part than this.
    """

    period: int = 30
    cap: float = 1.0

    def __post_init__(self) -> None:
        Sizing.__post_init__(self)
        if self.period < 2 or not self.cap > 0:
            raise UsageError("VolatilityTarget wants a period of at least 2 bars and a cap above zero.")

    def column(self, bars: Bars) -> Column:
        """target / (σ of the last `period` log returns · √(bars a year)); NaN until there are so many."""
        parts = np.full(len(bars), np.nan)
        if len(bars) <= self.period:
            return parts
        moves = np.diff(np.log(bars.close))
        windows = np.lib.stride_tricks.sliding_window_view(moves, self.period)
        spread = windows.std(axis=1, ddof=1) * math.sqrt(YEAR_S / seconds(bars.timeframe))
        with np.errstate(divide="ignore"):
            parts[self.period :] = np.minimum(self.amount / spread, self.cap)
        return parts


@dataclass(frozen=True, slots=True)
class Kelly(Sizing):
    """`part` of what Kelly's rule bets by the trades so far, at most `amount` of equity.

    Attributes:
        least: until there are so many trades `amount` itself is used.
    """

    part: float = 0.5
    least: int = 20
    mode: ClassVar[int] = KELLY

    def __post_init__(self) -> None:
        Sizing.__post_init__(self)
        if not 0 < self.part <= 1 or self.least < 1:
            raise UsageError("Kelly wants a part from 0 to 1 and at least one trade to judge by.")


ALL_IN: Final = Fraction(1.0)
