"""Figures of closed trades, of arrays in float64; one function each, and None where undefined.

`pnl` is what each trade made after costs, in the order in which they were closed. What an account owns is
told exactly, by the functions over Decimals in `metrics`. Sources: `docs/metrics.md`.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

_NOTHING: Final = 1e-12

Series = NDArray[np.float64]


def win_rate(pnl: ArrayLike) -> float | None:
    """Trades that made money after costs, by all; one that came out even is no win."""
    known = _known(pnl)
    return float(np.mean(known > 0)) if len(known) else None


def profit_factor(pnl: ArrayLike) -> float | None:
    """What the winners made by what the losers lost; None: none has lost."""
    known = _known(pnl)
    lost = -float(np.sum(np.minimum(known, 0.0)))
    return float(np.sum(np.maximum(known, 0.0))) / lost if lost > 0 else None


def expectancy(pnl: ArrayLike) -> float | None:
    """What a trade comes to in the mean (Tharp, 1998)."""
    return mean(pnl)


def average_win(pnl: ArrayLike) -> float | None:
    """The mean of the trades that made money."""
    known = _known(pnl)
    return mean(known[known > 0])


def average_loss(pnl: ArrayLike) -> float | None:
    """The mean of the trades that lost money: below zero."""
    known = _known(pnl)
    return mean(known[known < 0])


def payoff_ratio(pnl: ArrayLike) -> float | None:
    """The mean win by the mean loss."""
    won, lost = average_win(pnl), average_loss(pnl)
    return None if won is None or lost is None else won / -lost


def sqn(pnl: ArrayLike) -> float | None:
    """System quality number: √n · mean / standard deviation, of P&L or of R-multiples (Tharp, 2008)."""
    known = _known(pnl)
    if len(known) < 2:
        return None
    spread = float(np.std(known, ddof=1))
    middle = float(np.mean(known))
    return math.sqrt(len(known)) * middle / spread if spread > _NOTHING * max(abs(middle), 1.0) else None


def longest_losing_streak(pnl: ArrayLike) -> int | None:
    """The most trades in a row that lost money; one that came out even ends a row."""
    known = _known(pnl)
    if not len(known):
        return None
    others = np.flatnonzero(known >= 0)
    return int(np.max(np.diff(np.concatenate(([-1], others, [len(known)]))))) - 1


def r_multiples(pnl: ArrayLike, risk: ArrayLike) -> Series:
    """P&L by what was at risk at the entry (Tharp, 1998): NaN where that is unknown, or was nothing."""
    made, risked = np.asarray(pnl, dtype=np.float64), np.asarray(risk, dtype=np.float64)
    multiples = np.full(len(made), np.nan)
    np.divide(made, risked, out=multiples, where=risked > 0)
    return multiples


def mean(values: ArrayLike) -> float | None:
    """The mean of what is known."""
    known = _known(values)
    return float(np.mean(known)) if len(known) else None


def highest(values: ArrayLike) -> float | None:
    """The largest of what is known."""
    known = _known(values)
    return float(np.max(known)) if len(known) else None


def lowest(values: ArrayLike) -> float | None:
    """The smallest of what is known."""
    known = _known(values)
    return float(np.min(known)) if len(known) else None


def _known(values: ArrayLike) -> Series:
    series = np.asarray(values, dtype=np.float64)
    return series[np.isfinite(series)]
