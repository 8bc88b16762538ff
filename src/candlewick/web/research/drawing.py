"""Columns of many numbers as a chart in the page draws them. Floats: for looking."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.report.charts import thinned

COLUMNS: Final = 1_000


def curve(time: NDArray[np.int64], values: NDArray[np.float64]) -> list[list[Any]]:
    """Times in UTC seconds and values, thinned so that no peak is lost; what is not known is null."""
    rows = thinned(np.linspace(0.0, COLUMNS - 1.0, len(values)), values)
    return [time[rows].tolist(), [None if value != value else value for value in values[rows].tolist()]]


def drawdown(equity: NDArray[np.float64], start: float) -> NDArray[np.float64]:
    """How far below its highest so far, in per cent."""
    highest = np.maximum.accumulate(np.concatenate(([start], equity)))[1:]
    below: NDArray[np.float64] = (equity / highest - 1) * 100
    return below
