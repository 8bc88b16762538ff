"""How far a trade went against its owner, and how far for them, while it was open (Sweeney, 1996)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Excursion:
    """Parts of the entry price: `adverse` not above zero, `favourable` not below it."""

    adverse: float
    favourable: float


def excursion(entry: float, low: ArrayLike, high: ArrayLike, *, long: bool) -> Excursion | None:
    """Of bars from entry to exit, both of theirs included: min(low)/entry - 1 and max(high)/entry - 1.

    A short's are turned round. None: there are no bars, or a price is unknown.
    """
    lows, highs = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    if not len(lows) or entry <= 0 or not (np.isfinite(lows).all() and np.isfinite(highs).all()):
        return None
    fall, rise = float(lows.min()) / entry - 1.0, float(highs.max()) / entry - 1.0
    adverse, favourable = (fall, rise) if long else (-rise, -fall)
    return Excursion(min(adverse, 0.0), max(favourable, 0.0))
