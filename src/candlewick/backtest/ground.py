"""What runs of one strategy after the other have in common: the markets as arrays, and room to write into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.account import Account
from candlewick.backtest.columns import Columns
from candlewick.backtest.market import Market

Rows = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Markets and costs as the core reads them: one for all strategies that are run on them."""

    markets: tuple[Market, ...]
    account: Account
    columns: Columns
    rules: Rows
    funding: Rows
    leverages: NDArray[np.float64]
    least: NDArray[np.float64]
    tiers: NDArray[np.float64]


class Room:
    """Arrays that runs write into one after the other: what one wrote is gone with the next.

    Asking for a fresh megabyte a run costs as much as half of the run itself.
    """

    def __init__(self) -> None:
        self._equity = np.empty(0)
        self._fills: Rows = np.empty(0)

    def equity(self, bars: int) -> NDArray[np.float64]:
        """Room for so many closes."""
        if len(self._equity) < bars:
            self._equity = np.empty(bars)
        return self._equity[:bars]

    def fills(self, count: int, dtype: Any) -> Rows:
        """Room for so many fills, or more."""
        if len(self._fills) < count or self._fills.dtype != dtype:
            self._fills = np.empty(count, dtype)
        return self._fills
