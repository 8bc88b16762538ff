"""The shape of returns: their tails, their lean; one function a figure, and None where undefined.

Returns are fractions of equal periods, and so are the answers: -0.03 is a loss of three per cent in a period.
A period whose return is unknown is NaN, and is left out. Sources: `docs/metrics.md`.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from candlewick.core.errors import UsageError

TAIL: Final = 0.05  # one period in twenty
_NOTHING: Final = 1e-12
_NORMAL: Final = NormalDist()


def value_at_risk(returns: ArrayLike, tail: float = TAIL) -> float | None:
    """The return that the worst `tail` of periods do not exceed: their empirical quantile.

    Between two returns it is interpolated (Hyndman and Fan, 1996, type 7).
    """
    _check(tail)
    known = _known(returns)
    return _quantile(known, tail) if len(known) else None


def expected_shortfall(returns: ArrayLike, tail: float = TAIL) -> float | None:
    """The mean of the worst returns, the ⌊tail (n - 1)⌋ + 1 of them that are not above `value_at_risk`.

    Rockafellar and Uryasev, 2002; Acerbi and Tasche, 2002.
    """
    _check(tail)
    known = _known(returns)
    if not len(known):
        return None
    last = int((len(known) - 1) * tail)
    return float(np.mean(np.partition(known, last)[: last + 1]))


def normal_value_at_risk(returns: ArrayLike, tail: float = TAIL) -> float | None:
    """What `value_at_risk` would be of normal returns: mean + s · Φ⁻¹(tail) (RiskMetrics, 1996)."""
    _check(tail)
    known = _known(returns)
    if len(known) < 2:
        return None
    return float(np.mean(known)) + float(np.std(known, ddof=1)) * _NORMAL.inv_cdf(tail)


def normal_expected_shortfall(returns: ArrayLike, tail: float = TAIL) -> float | None:
    """What `expected_shortfall` would be of normal returns: mean - s · φ(Φ⁻¹(tail)) / tail."""
    _check(tail)
    known = _known(returns)
    if len(known) < 2:
        return None
    density = _NORMAL.pdf(_NORMAL.inv_cdf(tail))
    return float(np.mean(known)) - float(np.std(known, ddof=1)) * density / tail


def tail_ratio(returns: ArrayLike, tail: float = TAIL) -> float | None:
    """How much the best returns outweigh the worst: |quantile(1 - tail)| / |quantile(tail)|."""
    _check(tail)
    known = _known(returns)
    if not len(known):
        return None
    worst, best = abs(_quantile(known, tail)), abs(_quantile(known, 1.0 - tail))
    return best / worst if worst > _NOTHING else None


def skew(returns: ArrayLike) -> float | None:
    """m₃ / m₂^1.5 of central moments: below zero where losses are the rarer and larger (Fisher's g₁)."""
    centred = _centred(returns)
    if centred is None:
        return None
    square = centred * centred
    return float(np.mean(square * centred)) / math.pow(float(np.mean(square)), 1.5)


def kurtosis(returns: ArrayLike) -> float | None:
    """m₄ / m₂² of central moments (Pearson's β₂): 3 where returns are normal, more where tails are fat."""
    centred = _centred(returns)
    if centred is None:
        return None
    square = centred * centred
    return float(np.mean(np.square(square))) / float(np.mean(square)) ** 2


def _quantile(known: NDArray[np.float64], part: float) -> float:
    """What np.quantile answers, which imports masked arrays for it: 40 ms of a fresh process."""
    place = (len(known) - 1) * part
    low = int(place)
    high = min(low + 1, len(known) - 1)
    ordered = np.partition(known, (low, high))
    return float(ordered[low] + (ordered[high] - ordered[low]) * (place - low))


def _centred(returns: ArrayLike) -> NDArray[np.float64] | None:
    """Distances from the mean by the largest, so that no power is too large; None where there are none."""
    known = _known(returns)
    if len(known) < 2:
        return None
    centred = known - np.mean(known)
    widest = float(np.max(np.abs(centred)))
    return centred / widest if widest > _NOTHING else None


def _known(returns: ArrayLike) -> NDArray[np.float64]:
    series = np.asarray(returns, dtype=np.float64)
    return series[np.isfinite(series)]


def _check(tail: float) -> None:
    if not 0.0 < tail < 0.5:
        raise UsageError(f"A tail of {tail} is not one: take a part between 0 and 0.5, such as 0.05.")
