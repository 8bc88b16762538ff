"""Returns beside a benchmark's: one function a figure, and None where undefined.

Both series are of the same periods. A period of which either is unknown (NaN) is left out. Sources:
`docs/metrics.md`.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from candlewick.backtest.metrics import DAYS_A_YEAR

_NOTHING: Final = 1e-12

Series = NDArray[np.float64]


def beta(returns: ArrayLike, benchmark: ArrayLike) -> float | None:
    """How far the returns move with the benchmark's: cov(r, b) / var(b) (Sharpe, 1964)."""
    own, other = _both(returns, benchmark)
    if len(own) < 2:
        return None
    moves = other - np.mean(other)
    spread = float(np.sum(np.square(moves)))
    return float(np.sum(moves * own)) / spread if spread > len(own) * _NOTHING**2 else None


def alpha(
    returns: ArrayLike, benchmark: ArrayLike, risk_free: float = 0.0, *, periods_a_year: float = DAYS_A_YEAR
) -> float | None:
    """What a year brings beyond what `beta` explains: ((mean(r) - f) - β (mean(b) - f)) · periods a year.

    Jensen, "The Performance of Mutual Funds", 1968; `risk_free` is a period's.
    """
    slope = beta(returns, benchmark)
    if slope is None:
        return None
    own, other = _both(returns, benchmark)
    beyond = (float(np.mean(own)) - risk_free) - slope * (float(np.mean(other)) - risk_free)
    return beyond * periods_a_year


def information_ratio(
    returns: ArrayLike, benchmark: ArrayLike, *, periods_a_year: float = DAYS_A_YEAR
) -> float | None:
    """mean(r - b) / s(r - b) · √(periods a year) (Grinold and Kahn, 1999)."""
    own, other = _both(returns, benchmark)
    if len(own) < 2:
        return None
    active = own - other
    spread = float(np.std(active, ddof=1))
    return float(np.mean(active)) / spread * math.sqrt(periods_a_year) if spread > _NOTHING else None


def _both(returns: ArrayLike, benchmark: ArrayLike) -> tuple[Series, Series]:
    own, other = np.asarray(returns, dtype=np.float64), np.asarray(benchmark, dtype=np.float64)
    known = np.isfinite(own) & np.isfinite(other)
    return own[known], other[known]
