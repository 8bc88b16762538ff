"""Rows drawn again in blocks, so that what hangs together in time stays together.

- The stationary bootstrap: Politis and Romano, "The Stationary Bootstrap", JASA 89(428), 1994.
- The length of its blocks: Politis and White, "Automatic Block-Length Selection for the Dependent Bootstrap",
  Econometric Reviews 23(1), 2004, as corrected by Patton, Politis and White, 28(4), 2009.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from candlewick.core.errors import UsageError

Rows = NDArray[np.intp]
_SIGNIFICANT: Final = 2.0  # an autocorrelation within 2 √(log10 n / n) of nothing counts as nothing
_LEAST: Final = 8


def stationary_rows(rng: np.random.Generator, rows: int, block: float) -> Rows:
    """As many rows, drawn in blocks of geometric length, `block` in the mean; the first follows the last.

    Each row either follows the one drawn before it, or (with the probability 1 / block) is any row.
    """
    if rows < 1 or not block >= 1:
        raise UsageError(
            f"Blocks of {block:g} cannot be drawn from {rows} rows. Take at least one of either."
        )
    anew = rng.random(rows) < 1.0 / block
    anew[0] = True
    begins = np.flatnonzero(anew)
    lengths = np.diff(begins, append=rows)
    # what is to be added to a place so that its block begins at the row that was drawn for it
    shift = rng.integers(rows, size=len(begins)) - begins
    drawn: Rows = (np.arange(rows) + np.repeat(shift, lengths)) % rows
    return drawn


def block_length(values: ArrayLike) -> float:
    """The mean length of blocks that keeps the error of the stationary bootstrap of these values' mean least.

    (2 G² / D)^⅓ n^⅓ with G = Σ λ(k/M) |k| R(k) and D = 2 (Σ λ(k/M) R(k))², R the autocovariances, λ the
    flat-top window and M twice the lag beyond which the autocorrelations count as nothing; from 1 to
    min(3 √n, n / 3). Of fewer than eight values, or of values that never move: 1.
    """
    series = np.asarray(values, dtype=np.float64)
    series = series[np.isfinite(series)]
    count = len(series)
    if count < _LEAST or np.ptp(series) == 0.0:
        return 1.0
    centred = series - np.mean(series)
    quiet = max(5, math.ceil(math.sqrt(math.log10(count))))  # so many in a row must count as nothing
    most = min(math.ceil(math.sqrt(count)) + quiet, count - 1)
    covariances = np.array([centred[: count - lag] @ centred[lag:] for lag in range(most + 1)]) / count
    loud = np.abs(covariances[1:] / covariances[0]) >= _SIGNIFICANT * math.sqrt(math.log10(count) / count)
    reach = min(2 * max(_last_loud(loud, quiet), 1), most)
    lags = np.arange(1, reach + 1)
    window = np.clip(2.0 * (1.0 - lags / reach), 0.0, 1.0)
    weighted = window * covariances[1 : reach + 1]
    slope, level = 2.0 * float(weighted @ lags), float(covariances[0]) + 2.0 * float(np.sum(weighted))
    if level == 0.0:
        return 1.0
    length = (slope / level) ** 2
    return float(min(max((length * count) ** (1 / 3), 1.0), max(min(3.0 * math.sqrt(count), count / 3), 1.0)))


def _last_loud(loud: NDArray[np.bool_], quiet: int) -> int:
    """The lag after which `quiet` autocorrelations in a row count as nothing; else the last that does not."""
    for lag in range(len(loud) - quiet + 1):
        if not loud[lag : lag + quiet].any():
            return lag
    there = np.flatnonzero(loud)
    return int(there[-1]) + 1 if len(there) else 0
