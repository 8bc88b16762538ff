"""Whether a Sharpe ratio is more than luck: probabilistic, deflated, and the track record that it takes.

A Sharpe ratio here is that of a *period*, not annualised (divide a year's by √(periods a year)), and
`periods` the number of returns behind it. Kurtosis is Pearson's: 3 where returns are normal.

- PSR, MinTRL: Bailey and López de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15(2), 2012.
- DSR: Bailey and López de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio Management 40(5), 2014.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

from candlewick.core.errors import UsageError

_NORMAL: Final = NormalDist()
_EULER: Final = 0.5772156649015329  # Euler's constant γ
_NOTHING: Final = 1e-12


def sharpe_error(sharpe: float, periods: float, skew: float = 0.0, kurtosis: float = 3.0) -> float | None:
    """Standard error of a Sharpe ratio: √((1 - γ₃ SR + (γ₄ - 1)/4 · SR²) / (n - 1)).

    Mertens, 2002. None of fewer than two periods.
    """
    spread = _spread(sharpe, skew, kurtosis)
    return math.sqrt(spread / (periods - 1)) if periods > 1 and spread >= 0 else None


def probabilistic_sharpe(
    sharpe: float, periods: float, skew: float = 0.0, kurtosis: float = 3.0, benchmark: float = 0.0
) -> float | None:
    """The probability that the true Sharpe ratio is above `benchmark`: Φ((SR - SR*) / its standard error)."""
    error = sharpe_error(sharpe, periods, skew, kurtosis)
    return _NORMAL.cdf((sharpe - benchmark) / error) if error is not None and error > _NOTHING else None


def min_track_record(
    sharpe: float, skew: float = 0.0, kurtosis: float = 3.0, benchmark: float = 0.0, confidence: float = 0.95
) -> float | None:
    """Periods that it takes to tell this Sharpe ratio from `benchmark` with `confidence`.

    1 + (1 - γ₃ SR + (γ₄ - 1)/4 · SR²) · (Φ⁻¹(confidence) / (SR - SR*))². None where SR is not above SR*: no
    length would do.
    """
    if not 0.5 < confidence < 1.0:
        raise UsageError(
            f"A confidence of {confidence} is none: take a part between 0.5 and 1, such as 0.95."
        )
    above = sharpe - benchmark
    spread = _spread(sharpe, skew, kurtosis)
    if above <= _NOTHING or spread < 0:
        return None
    return 1.0 + spread * (_NORMAL.inv_cdf(confidence) / above) ** 2


def expected_max_sharpe(trials: float, spread: float) -> float | None:
    """The best Sharpe ratio that `trials` independent tries without any skill can be expected to show.

    `spread` is the standard deviation of the tries' Sharpe ratios: spread · ((1 - γ) Φ⁻¹(1 - 1/N) +
    γ Φ⁻¹(1 - 1/(N e))) (the DSR paper). One try is not chosen among any: 0. None of fewer.
    """
    if trials < 1 or spread < 0:
        return None
    if trials == 1:
        return 0.0
    first = _NORMAL.inv_cdf(1.0 - 1.0 / trials)
    second = _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    # the approximation falls below nothing between one try and two
    return max(spread * ((1.0 - _EULER) * first + _EULER * second), 0.0)


def deflated_sharpe(
    sharpe: float,
    periods: float,
    *,
    trials: float,
    spread: float,
    skew: float = 0.0,
    kurtosis: float = 3.0,
) -> float | None:
    """The probability that the best of `trials` has skill: PSR against what luck alone would have shown.

    `spread`: the standard deviation of the trials' Sharpe ratios (of a period each).
    """
    benchmark = expected_max_sharpe(trials, spread)
    if benchmark is None:
        return None
    return probabilistic_sharpe(sharpe, periods, skew, kurtosis, benchmark)


def _spread(sharpe: float, skew: float, kurtosis: float) -> float:
    return 1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe * sharpe
