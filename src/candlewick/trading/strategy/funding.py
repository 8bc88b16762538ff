"""Funding of a perpetual as far as it was settled: what a strategy may know of it at a close."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

_MISSED: Final = 2
"""So many times the usual span after the newest settlement, and one at least is not known."""


class Settled:
    """Settlements of one perpetual: when they were (UTC seconds, rising), and at which rates.

    A settlement at the very end of a bar is no part of it: it is paid at the open of the next one.
    """

    def __init__(self, time: ArrayLike, rate: ArrayLike) -> None:
        self._time = np.asarray(time, np.int64)
        self._rate = np.asarray(rate, np.float64)

    def rate(self, before: int) -> float | None:
        """The newest rate that was settled before a time; None: none was, or a later one is missing."""
        row, span = self._newest(before)
        if row < 0 or (span is not None and before > int(self._time[row]) + _MISSED * span):
            return None
        return float(self._rate[row])

    def due(self, before: int) -> int | None:
        """When the next one is due, if they go on as the last two did before a time; None: not known."""
        row, span = self._newest(before)
        if span is None:
            return None
        due = int(self._time[row]) + span
        return due if due >= before else None

    def _newest(self, before: int) -> tuple[int, int | None]:
        """The row of the newest one, and how long after the one before it that was."""
        row = int(self._time.searchsorted(before)) - 1
        return row, int(self._time[row] - self._time[row - 1]) if row > 0 else None
