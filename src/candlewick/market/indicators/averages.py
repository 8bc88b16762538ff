"""Moving averages."""

from __future__ import annotations

from typing import Any, Final

from numpy.typing import ArrayLike

from candlewick.market.bars import Column
from candlewick.market.indicators.columns import column, whole
from candlewick.market.indicators.registry import CONVERGED, Indicator, Output, Parameter, period
from candlewick.market.indicators.run import Run, Value, line, recursive_line

# Bars after which Kaufman's average has forgotten its seed even where it moved least: (1 - (2/31)²)^n.
KAUFMAN_CONVERGED: Final = 3_000


def sma(values: ArrayLike, period: int = 20) -> Column:
    """Simple moving average: the mean of the last `period` values.

    NaN in the first `period - 1` rows.

    Raises:
        UsageError: a hole in the column, or a period out of range.
    """
    return recursive_line(sma_of, values, whole("period", period, low=1))


def sma_of(run: Run, values: Value, period: int) -> Value:
    return run("SMA", values, timeperiod=period)


def ema(values: ArrayLike, period: int = 20) -> Column:
    """Exponential moving average, weight 2 / (period + 1).

    Begins with the simple mean of the first `period` values; NaN in the rows before that one.

    Raises:
        UsageError: a hole in the column, or a period out of range.
    """
    return recursive_line(ema_of, values, whole("period", period, low=1))


def ema_of(run: Run, values: Value, period: int) -> Value:
    return run("EMA", values, timeperiod=period)


def wma(values: ArrayLike, period: int = 20) -> Column:
    """Weighted moving average: weights 1, 2, … `period`, the newest value weighing most.

    NaN in the first `period - 1` rows.

    Raises:
        UsageError: a hole in the column, or a period out of range.
    """
    return line(wma_of, column("values", values), whole("period", period, low=1))


def wma_of(run: Run, values: Value, period: int) -> Value:
    return run("WMA", values, timeperiod=period)


def hma(values: ArrayLike, period: int = 20) -> Column:
    """Hull moving average: WMA(2·WMA(n/2) − WMA(n), √n), halves and roots rounded down (A. Hull 2005).

    NaN in the first `period + √period - 2` rows.

    Raises:
        UsageError: a hole in the column, or a period out of range.
    """
    return line(hma_of, column("values", values), whole("period", period))


def hma_of(run: Run, values: Value, period: int) -> Value:
    return run("HMA", values, timeperiod=period)


def dema(values: ArrayLike, period: int = 20) -> Column:
    """Double exponential moving average: 2·EMA − EMA(EMA) (P. Mulloy, TASC 1994).

    Each EMA begins with a simple mean of its own first values; NaN in the first `2·(period - 1)` rows.

    Raises:
        UsageError: a hole in the column, or a period out of range.
    """
    return recursive_line(dema_of, values, whole("period", period, low=1))


def dema_of(run: Run, values: Value, period: int) -> Value:
    return run("DEMA", values, timeperiod=period)


def tema(values: ArrayLike, period: int = 20) -> Column:
    """Triple exponential moving average: 3·EMA − 3·EMA(EMA) + EMA(EMA(EMA)) (P. Mulloy, TASC 1994).

    Each EMA begins with a simple mean of its own first values; NaN in the first `3·(period - 1)` rows.

    Raises:
        UsageError: a hole in the column, or a period out of range.
    """
    return recursive_line(tema_of, values, whole("period", period, low=1))


def tema_of(run: Run, values: Value, period: int) -> Value:
    return run("TEMA", values, timeperiod=period)


def kama(values: ArrayLike, period: int = 10) -> Column:
    """Kaufman's adaptive moving average (P. Kaufman, Smarter Trading, 1995).

    The weight is (ER·(2/3 − 2/31) + 2/31)², ER being the change over `period` bars by the sum of the single
    changes. Begins with the value before its first row; NaN in the first `period` rows.

    Raises:
        UsageError: a hole in the column, or a period out of range.
    """
    return recursive_line(kama_of, values, whole("period", period))


def kama_of(run: Run, values: Value, period: int) -> Value:
    return run("KAMA", values, timeperiod=period)


def _average(name: str, title: str, number: Parameter, convention: str, **rest: Any) -> Indicator:
    return Indicator(
        name=name, title=title, group="trend", pane="price", columns=("close",), parameters=(number,),
        outputs=(Output(name),), convention=convention, **rest,
    )  # fmt: skip


INDICATORS: Final = (
    _average(
        "sma", "SMA", period(20), "The mean of the last `period` closes.", formula=sma_of,
        warm_up=lambda n: n - 1, lookback=lambda n: n - 1,
    ),
    _average(
        "ema", "EMA", period(20),
        "Weight 2 / (period + 1); begins with the simple mean of the first `period` closes.",
        formula=ema_of, warm_up=lambda n: n - 1, lookback=lambda n: CONVERGED * n,
    ),
    _average(
        "wma", "WMA", period(20), "Weights 1, 2, … `period`, the newest close weighing most.", formula=wma_of,
        warm_up=lambda n: n - 1, lookback=lambda n: n - 1,
    ),
    _average(
        "hma", "Hull MA", period(20), "WMA(2·WMA(n/2) − WMA(n), √n), halves and roots rounded down.",
        formula=hma_of, warm_up=lambda n: n + int(n**0.5) - 2, lookback=lambda n: n + int(n**0.5) - 2,
    ),
    _average(
        "dema", "DEMA", period(20), "2·EMA − EMA(EMA); each begins with the simple mean of its first values.",
        formula=dema_of, warm_up=lambda n: 2 * (n - 1), lookback=lambda n: 2 * CONVERGED * n,
    ),
    _average(
        "tema", "TEMA", period(20),
        "3·EMA − 3·EMA(EMA) + EMA(EMA(EMA)); each begins with the simple mean of its first values.",
        formula=tema_of, warm_up=lambda n: 3 * (n - 1), lookback=lambda n: 3 * CONVERGED * n,
    ),
    _average(
        "kama", "Kaufman's adaptive MA", period(10),
        "Weight (ER·(2/3 − 2/31) + 2/31)², ER the efficiency ratio over `period` bars; begins with the close "
        "before its first row.",
        formula=kama_of, warm_up=lambda n: n, lookback=lambda n: n + KAUFMAN_CONVERGED,
    ),
)  # fmt: skip
