"""Whether two runs differ by more than chance, and what many such questions asked at once do to the answer.

- Sharpe ratios: Ledoit and Wolf, "Robust Performance Hypothesis Testing with the Sharpe Ratio", Journal of
  Empirical Finance 15(5), 2008: a studentised bootstrap of circular blocks, of both returns together.
- Mean returns: the stationary bootstrap of their differences (Politis and Romano, 1994), the mean taken off.
- Many tests: Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of
  Statistics 6(2), 1979.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from candlewick.core.errors import UsageError
from candlewick.research.bootstrap import block_length, stationary_rows

Series = NDArray[np.float64]
LEAST: Final = 20
_NOTHING: Final = 1e-12


def sharpe_difference(
    one: ArrayLike, other: ArrayLike, runs: int = 1_000, seed: int = 0, block: int | None = None
) -> float | None:
    """How likely two Sharpe ratios would be as far apart as these if they were the same: two-sided.

    Args:
        one, other: returns of the same periods, in pairs.
        block: length of the blocks; None: by the rule of Politis and White, of the pairs' influence.

    None where one of them never moves, or both are the same.
    """
    pairs = _pairs(one, other)
    difference, influence = _difference(pairs)
    if difference is None or influence is None or np.ptp(influence) <= _NOTHING:
        return None
    periods = len(pairs)
    length = min(block or max(round(block_length(influence)), 1), periods // 2)
    shown = abs(difference) / math.sqrt(_long_run_variance(influence) / periods)
    blocks = periods // length
    rng = np.random.default_rng(seed)
    places = np.arange(length)
    reached = 0
    for _ in range(runs):
        starts = rng.integers(periods, size=blocks)
        drawn = pairs[((starts[:, None] + places) % periods).ravel()]
        again, parts = _difference(drawn)
        if again is None or parts is None:
            reached += 1  # it cannot be told from what was shown: on the safe side
            continue
        sums = np.sum(parts.reshape(blocks, length), axis=1)
        error = math.sqrt(float(np.mean(sums**2)) / length / (blocks * length))
        reached += error <= _NOTHING or abs(again - difference) / error >= shown
    return (1 + reached) / (1 + runs)


def mean_difference(one: ArrayLike, other: ArrayLike, runs: int = 1_000, seed: int = 0) -> float | None:
    """How likely mean returns would be as far apart as these if they were the same: two-sided.

    None where the differences never change.
    """
    pairs = _pairs(one, other)
    differences = pairs[:, 0] - pairs[:, 1]
    if np.ptp(differences) <= _NOTHING:
        return None
    mean = float(np.mean(differences))
    centred, block = differences - mean, block_length(differences)
    rng = np.random.default_rng(seed)
    count = len(centred)
    means = [abs(float(np.mean(centred[stationary_rows(rng, count, block)]))) for _ in range(runs)]
    return (1 + sum(each >= abs(mean) for each in means)) / (1 + runs)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """The same, so that the probability of one or more false alarms among all of them keeps to its level.

    The k-th smallest of m is multiplied by m - k + 1, and none becomes smaller than one before it.
    """
    known = sorted((p, at) for at, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for place, (p, at) in enumerate(known):
        highest = max(highest, min(p * (len(known) - place), 1.0))
        adjusted[at] = highest
    return adjusted


def _difference(pairs: Series) -> tuple[float | None, Series | None]:
    """The difference of the Sharpe ratios of a period, and what each period contributes to its error."""
    means, squares = np.mean(pairs, axis=0), np.mean(pairs**2, axis=0)
    variances = squares - means**2
    if np.min(variances) <= _NOTHING**2:
        return None, None
    ratios = means / np.sqrt(variances)
    # the gradient of μ / √(γ - μ²) by μ and by γ
    by_mean, by_square = squares / variances**1.5, -0.5 * means / variances**1.5
    each = by_mean * (pairs - means) + by_square * (pairs**2 - squares)
    return float(ratios[0] - ratios[1]), each[:, 0] - each[:, 1]


def _long_run_variance(influence: Series) -> float:
    """Of a series with mean 0: Parzen's kernel, the bandwidth of Andrews (1991) for a first-order series."""
    count = len(influence)
    before, after = influence[:-1], influence[1:]
    memory = float(before @ after) / max(float(before @ before), _NOTHING**2)
    memory = min(max(memory, -0.97), 0.97)
    strength = 4 * memory**2 / (1 - memory) ** 4
    width = max(2.6614 * (strength * count) ** 0.2, 1.0)
    lags = np.arange(1, min(math.ceil(width), count - 1))
    share = lags / width
    weights = np.where(share <= 0.5, 1 - 6 * share**2 + 6 * share**3, 2 * (1 - share) ** 3)
    covariances = np.array([influence[:-lag] @ influence[lag:] for lag in lags]) / count
    own = float(influence @ influence) / count
    whole = own + 2 * float(weights @ covariances) if len(lags) else own
    return max(whole, _NOTHING * own) * count / (count - 4)


def _pairs(one: ArrayLike, other: ArrayLike) -> Series:
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise UsageError(
            f"Returns of {a.size} and {b.size} periods are no pairs. Give those of the same periods."
        )
    if len(a) < LEAST:
        raise UsageError(f"{len(a)} periods are too few to compare: give {LEAST} at least.")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise UsageError("A return is unknown: leave that period out of both.")
    return np.column_stack([a, b])
