"""`Bars`: candles as columns, the shape every computation takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

Column = NDArray[np.float64]
COLUMNS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class Bars:
    """Candles of one instrument and interval, oldest first, as columns of equal length.

    `time` is the open time in UTC seconds (int64), strictly rising; prices and volume are float64.
    """

    symbol: str
    timeframe: str
    time: NDArray[np.int64]
    open: Column
    high: Column
    low: Column
    close: Column
    volume: Column

    @classmethod
    def from_arrays(
        cls,
        *,
        symbol: str,
        timeframe: str,
        time: ArrayLike,
        open: ArrayLike,
        high: ArrayLike,
        low: ArrayLike,
        close: ArrayLike,
        volume: ArrayLike,
    ) -> Self:
        """Columns from anything array-like.

        Raises:
            ValueError: the columns differ in length, or the times do not rise.
        """
        times = np.ascontiguousarray(time, dtype=np.int64)
        columns = [np.ascontiguousarray(c, dtype=np.float64) for c in (open, high, low, close, volume)]
        for name, column in zip(COLUMNS, columns, strict=True):
            if column.shape != times.shape:
                raise ValueError(f"Column {name!r} has {column.size} values, but time has {times.size}.")
        if times.size > 1 and not np.all(np.diff(times) > 0):
            raise ValueError("Times must rise strictly: sort the bars and remove duplicates.")
        return cls(symbol, timeframe, times, *columns)

    def __len__(self) -> int:
        return int(self.time.size)

    def __getitem__(self, part: slice) -> Self:
        """The same columns, cut: a view, nothing is copied."""
        cut = [getattr(self, name)[part] for name in COLUMNS]
        return type(self)(self.symbol, self.timeframe, self.time[part], *cut)


def tidy_sum(value: float) -> float:
    """A sum of volumes without the noise of its last bits: 3.3025, not 3.302499999999996. NaN stays."""
    return float(f"{value:.13g}")
