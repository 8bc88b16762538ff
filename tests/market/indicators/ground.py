"""Bars to compute over: random walks, and the recorded tables that others made."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from candlewick.market.bars import Bars, Column

# 2023-11-15, midnight UTC.
T0 = 1_700_006_400


def walk(n: int, *, seed: int, step: int = 3_600, start: int = T0, volatility: float = 0.01) -> Bars:
    """A random walk of whole bars, with jumps and a few bars in which nothing was traded or moved."""
    rng = np.random.default_rng(seed)
    change = rng.normal(0.0, volatility, n)
    change[rng.random(n) < 0.01] *= 8.0
    is_still = rng.random(n) < 0.03
    change[is_still] = 0.0
    close = np.round(100.0 * np.exp(np.cumsum(change)), 4)
    opened = np.concatenate([close[:1], close[:-1]])
    up, down = rng.random((2, n)) * volatility * np.where(is_still, 0.0, 1.0)
    high = np.round(np.maximum(opened, close) * (1.0 + up), 4)
    low = np.round(np.minimum(opened, close) * (1.0 - down), 4)
    volume = np.where(rng.random(n) < 0.03, 0.0, np.round(rng.random(n) * 50.0, 3))
    return Bars.from_arrays(
        symbol="X", timeframe="1h", time=start + step * np.arange(n), open=opened, high=high, low=low,
        close=close, volume=volume,
    )  # fmt: skip


def table(path: Path) -> dict[str, Column]:
    """Columns of a recorded table by their names; NaN where a cell is empty or no number."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        name.strip(): np.array([_number(row[name]) for row in rows]) for name in rows[0] if name is not None
    }


def _number(cell: str | None) -> float:
    try:
        return float(cell or "nan")
    except ValueError:
        return float("nan")
