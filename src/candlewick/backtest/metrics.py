"""Return, risk and drawdown: one function a figure, and None where undefined.

Returns are fractions (0.01 is one per cent) of equal periods, days unless `periods_a_year` says otherwise. A
year has 365 days: these markets do not close. A period whose return is not known is NaN, and is left out.
Formulas with their sources: `docs/metrics.md`, and for accounts `docs/performance.md`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

DAYS_A_YEAR: Final = 365
_NOTHING: Final = 1e-12  # a spread of returns below this is rounding, not risk

Series = NDArray[np.float64]


# --- what money came to ---


def time_weighted(worth: ArrayLike, flows: ArrayLike, before: float = 0.0) -> Series:
    """Daily returns in which deposits and withdrawals do not count (GIPS 2020, 2.A.32: daily valuation).

    `worth` at each day's end, `flows` in that day (positive: paid in), `before`: worth as the first day
    began. What was paid in could work all day, what was paid out could until the end of it:
    r = (worth - flows - before) / (before + max(flows, 0)). NaN where that is nothing, or is unknown.
    """
    ends, paid = _array(worth), _array(flows)
    starts = np.concatenate((_array([before]), ends[:-1])) if len(ends) else ends
    base = starts + np.maximum(paid, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        returns: Series = np.where(base > _NOTHING, (ends - paid - starts) / base, np.nan)
    return returns


def index_of(returns: ArrayLike) -> Series:
    """What 1 would have become after each day; an unknown day leaves it as it was."""
    series = _array(returns)
    return np.cumprod(np.where(np.isfinite(series), 1.0 + series, 1.0), dtype=np.float64)


def total_return(returns: ArrayLike) -> float | None:
    """Π(1 + r) - 1."""
    known = _known(returns)
    return float(np.prod(1.0 + known) - 1.0) if len(known) else None


def cagr(returns: ArrayLike, *, periods_a_year: float = DAYS_A_YEAR) -> float | None:
    """Compound annual growth: (Π(1 + r))^(periods a year / n) - 1 over n periods."""
    known = _known(returns)
    return growth(float(np.prod(1.0 + known)), len(known) / periods_a_year)


def growth(factor: float, years: float) -> float | None:
    """What a year made of 1, where `years` of them made `factor`: factor^(1 / years) - 1."""
    if years <= 0 or not math.isfinite(factor):
        return None
    if factor <= 0:
        return -1.0
    exponent = math.log(factor) / years
    return math.expm1(exponent) if exponent < 700 else None


# --- at which risk ---


def volatility(returns: ArrayLike, *, periods_a_year: float = DAYS_A_YEAR) -> float | None:
    """Standard deviation of the returns (of a sample: n - 1), times √(periods a year)."""
    known = _known(returns)
    return float(np.std(known, ddof=1)) * math.sqrt(periods_a_year) if len(known) > 1 else None


def sharpe(
    returns: ArrayLike, risk_free: float = 0.0, *, periods_a_year: float = DAYS_A_YEAR
) -> float | None:
    """Mean of the returns above `risk_free` (a period's) by their standard deviation, times √(periods a
    year).

    Sharpe, "The Sharpe Ratio", 1994, equations 1 to 4.
    """
    excess = _known(returns) - risk_free
    if len(excess) < 2:
        return None
    spread = float(np.std(excess, ddof=1))
    return float(np.mean(excess)) / spread * math.sqrt(periods_a_year) if spread > _NOTHING else None


def sortino(returns: ArrayLike, target: float = 0.0, *, periods_a_year: float = DAYS_A_YEAR) -> float | None:
    """Mean of the returns above `target` (a period's), by their downside deviation, times √(periods a year).

    Downside deviation is √(Σ min(r - target, 0)² / n), over all n periods: Sortino and Price, 1994.
    """
    excess = _known(returns) - target
    if len(excess) < 2:
        return None
    downside = math.sqrt(float(np.mean(np.minimum(excess, 0.0) ** 2)))
    return float(np.mean(excess)) / downside * math.sqrt(periods_a_year) if downside > _NOTHING else None


def omega(returns: ArrayLike, threshold: float = 0.0) -> float | None:
    """Gains above `threshold` (a period's) by losses below it: Σ max(r - t, 0) / Σ max(t - r, 0).

    Keating and Shadwick, "A Universal Performance Measure", 2002. None: nothing was lost.
    """
    excess = _known(returns) - threshold
    lost = -float(np.sum(np.minimum(excess, 0.0)))
    return float(np.sum(np.maximum(excess, 0.0))) / lost if lost > _NOTHING else None


# --- how far it fell ---


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall from a high. `depth` is a fraction, not above zero; places are periods of the returns.

    Attributes:
        peak: the period that ended at the high; -1: before the first.
        trough: the one that ended at the lowest value.
        recovered: the first at whose end the high was reached again; None: it was not.
    """

    depth: float
    peak: int
    trough: int
    recovered: int | None

    @property
    def recovery_days(self) -> int | None:
        """From the lowest value back to the high."""
        return None if self.recovered is None else self.recovered - self.trough

    @property
    def days_below(self) -> int | None:
        """From the high until it was reached again."""
        return None if self.recovered is None else self.recovered - self.peak


def drawdowns(returns: ArrayLike) -> Series:
    """How far below its highest so far the index stands after each period: a fraction, not above zero."""
    return below_high(index_of(returns), 1.0)


def below_high(worth: ArrayLike, before: float) -> Series:
    """The same of what something was worth at each period's end, and `before` them all (above zero)."""
    ends = _array(worth)
    below = np.maximum.accumulate(ends)
    np.maximum(below, before, out=below)
    with np.errstate(invalid="ignore"):
        np.divide(ends, below, out=below)
    below -= 1.0
    return below


def max_drawdown(returns: ArrayLike) -> Drawdown | None:
    """The deepest of them, and how long it lasted; None of no days, depth 0 if it never fell."""
    series = _array(returns)
    return deepest(drawdowns(series)) if np.isfinite(series).any() else None


def deepest(below: ArrayLike) -> Drawdown | None:
    """The same of drawdowns that are at hand; None of none, or where one is unknown."""
    falls = _array(below)
    if not len(falls):
        return None
    trough = int(np.argmin(falls))  # an unknown one, if there is any
    if math.isnan(falls[trough]):
        return None
    if falls[trough] >= 0:
        return Drawdown(0.0, -1, -1, -1)
    peak = trough - _first_high(falls[trough::-1])
    again = _first_high(falls[trough:])
    recovered = trough + again if trough + again < len(falls) else None
    return Drawdown(float(falls[trough]), peak, trough, recovered)


def _first_high(falls: Series) -> int:
    """The first place at a high; the number of places if there is none."""
    at_high = falls >= 0
    first = int(np.argmax(at_high))
    return first if at_high[first] else len(falls)


def ulcer_index(below: ArrayLike) -> float | None:
    """√(Σ drawdown² / n): how deep and how long it was under water (Martin and McCann, 1989)."""
    falls = _array(below)
    return math.sqrt(float(np.mean(np.square(falls)))) if len(falls) else None


def calmar(returns: ArrayLike, *, periods_a_year: float = DAYS_A_YEAR) -> float | None:
    """`cagr` by the depth of the deepest drawdown (Young, 1991, there over 36 months; here over all)."""
    fall = max_drawdown(returns)
    return growth_by_fall(cagr(returns, periods_a_year=periods_a_year), fall.depth if fall else None)


def growth_by_fall(yearly: float | None, depth: float | None) -> float | None:
    """Calmar of figures that are at hand; None where either is unknown, or nothing ever fell."""
    return None if yearly is None or depth is None or depth > -_NOTHING else yearly / -depth


def correlation(one: ArrayLike, other: ArrayLike, least: int = 20) -> float | None:
    """Pearson's r of the days that both know; None of fewer than `least`, or where one never moves."""
    a, b = _array(one), _array(other)
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    if len(a) < max(least, 2) or np.std(a) <= _NOTHING or np.std(b) <= _NOTHING:
        return None
    return float(np.clip(np.corrcoef(a, b)[0, 1], -1.0, 1.0))


# --- trade by trade: exact, since it is money ---


def win_rate(wins: int, trades: int) -> float | None:
    """Trades that made money after costs, by all that were closed; one that came out even is no win."""
    return wins / trades if trades else None


def profit_factor(profit: Decimal, loss: Decimal) -> Decimal | None:
    """What the winners made by what the losers lost (`loss` is not above zero); None: none has lost."""
    return profit / -loss if loss else None


def expectancy(net: Decimal, trades: int) -> Decimal | None:
    """What a trade came to in the mean: win rate · average win + loss rate · average loss (Tharp, 1998)."""
    return net / trades if trades else None


def average(total: Decimal, count: int) -> Decimal | None:
    """The mean win, or the mean loss."""
    return total / count if count else None


def exposure(entered: ArrayLike, exited: ArrayLike, start: int, end: int, held: int = 0) -> float | None:
    """The part of [start, end) in which anything was held.

    `entered` and `exited` are the times in that span at which a trade began and ended, rising; they need
    not belong together. `held`: how many were open as it began.
    """
    if end <= start:
        return None
    begun, over = np.asarray(entered, dtype=np.int64), np.asarray(exited, dtype=np.int64)
    times = np.concatenate((begun, over))
    steps = np.concatenate((np.ones(len(begun), np.int64), -np.ones(len(over), np.int64)))
    order = np.lexsort((-steps, times))  # one that begins as another ends leaves no gap
    edges = np.concatenate(([start], np.clip(times[order], start, end), [end]))
    open_now = held + np.concatenate(([0], np.cumsum(steps[order])))
    return float(np.sum(np.diff(edges)[open_now > 0])) / (end - start)


def _array(values: ArrayLike) -> Series:
    return np.asarray(values, dtype=np.float64)


def _known(returns: ArrayLike) -> Series:
    series = _array(returns)
    return series[np.isfinite(series)]
