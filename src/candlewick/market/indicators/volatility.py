"""Ranges and channels: ATR, Bollinger, Keltner, Donchian, realised volatility."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from candlewick.core.errors import UsageError
from candlewick.market.bars import Column
from candlewick.market.indicators.columns import (
    aligned,
    checked,
    column,
    number,
    refuse_holes,
    unchecked,
    whole,
)
from candlewick.market.indicators.registry import CONVERGED, Indicator, Output, factor, period
from candlewick.market.indicators.run import Formula, Run, Value, line, lines, ratio, recursive_lines, root
from candlewick.market.indicators.steps import Delayed


class Bands(NamedTuple):
    """A channel."""

    upper: Column
    middle: Column
    lower: Column


def atr(high: ArrayLike, low: ArrayLike, close: ArrayLike, period: int = 14) -> Column:
    """Average true range, in price (J. W. Wilder, New Concepts, 1978).

    Wilder's smoothing, begun with the mean of the ranges of rows 1 to `period`; NaN in the first `period`
    rows.

    Raises:
        UsageError: columns that differ in length or have a hole, or a period out of range.
    """
    return _range_mean(atr_of, high, low, close, period)


def atr_of(run: Run, high: Value, low: Value, close: Value, period: int) -> Value:
    return run("ATR", high, low, close, timeperiod=period)


def natr(high: ArrayLike, low: ArrayLike, close: ArrayLike, period: int = 14) -> Column:
    """Normalised average true range: ATR in percent of the close (J. Forman, TASC 2006).

    NaN in the first `period` rows.

    Raises:
        UsageError: columns that differ in length or have a hole, or a period out of range.
    """
    return _range_mean(natr_of, high, low, close, period)


def natr_of(run: Run, high: Value, low: Value, close: Value, period: int) -> Value:
    return run("NATR", high, low, close, timeperiod=period)


def bollinger(values: ArrayLike, period: int = 20, deviations: float = 2.0) -> Bands:
    """Bollinger bands: the mean, and `deviations` population deviations around it (J. Bollinger 1983).

    NaN in the first `period - 1` rows.

    Raises:
        UsageError: a hole in the column, or a parameter out of range.
    """
    numbers = whole("period", period), number("deviations", deviations, low=0.0, high=1_000.0)
    return Bands(*recursive_lines(bollinger_of, values, *numbers))


def bollinger_of(run: Run, values: Value, period: int, deviations: float) -> Value:
    return run("BBANDS", values, timeperiod=period, nbdevup=deviations, nbdevdn=deviations)


def keltner(
    high: ArrayLike,
    low: ArrayLike,
    close: ArrayLike,
    period: int = 20,
    atr_period: int = 10,
    factor: float = 2.0,
) -> Bands:
    """Keltner channel: EMA of the typical price and `factor` ATRs around it (C. Keltner 1960, L. Raschke).

    The EMA begins with a simple mean, the ATR is Wilder's, as `atr` gives it; NaN until both have begun.

    Raises:
        UsageError: columns that differ in length or have a hole, or a parameter out of range.
    """
    columns = checked(("high", high), ("low", low), ("close", close))
    numbers = whole("period", period), whole("atr_period", atr_period, low=1)
    return Bands(*lines(keltner_of, *columns, *numbers, number("factor", factor, low=0.0, high=1_000.0)))


def keltner_of(
    run: Run, high: Value, low: Value, close: Value, period: int, atr_period: int, factor: float
) -> Value:
    # TA-Lib's own channel begins its ATR anew where the EMA begins, and takes three times as long.
    middle = run("EMA", run("TYPPRICE", high, low, close), timeperiod=period)
    width = factor * run("ATR", high, low, close, timeperiod=atr_period)
    return middle + width, middle, middle - width


def donchian(high: ArrayLike, low: ArrayLike, period: int = 20) -> Bands:
    """Donchian channel: highest high, lowest low and their middle over `period` bars, the row's own included.

    A breakout compares the close with the row before: the channel of a row holds that row's own extremes.
    NaN in the first `period - 1` rows.

    Raises:
        UsageError: columns that differ in length or have a hole, or a period out of range.
    """
    return Bands(*lines(donchian_of, *checked(("high", high), ("low", low)), whole("period", period)))


def donchian_of(run: Run, high: Value, low: Value, period: int) -> Value:
    return run("DONCHIAN", high, low, timeperiod=period)


def realised_volatility(close: ArrayLike, period: int = 30, per_year: float = 1.0) -> Column:
    """Realised volatility: √(mean of squared log returns over `period` rows · `per_year`).

    The mean return is taken for zero (T. Andersen, T. Bollerslev 1998). `per_year` is the number of bars in a
    year: 1 gives the volatility of a bar, 365 that of a year from daily bars. NaN in the first `period` rows.

    Raises:
        UsageError: a hole or a price that is not above zero, or a parameter out of range.
    """
    prices = column("close", close)
    low = np.flatnonzero(prices <= 0.0)
    if low.size:
        raise UsageError(
            f"Row {low[0]} of close is {prices[low[0]]:g}: a return needs prices above zero. Take that row "
            f"out."
        )
    numbers = whole("period", period, low=1), number("per_year", per_year, low=1e-9, high=1e9)
    return line(realised_volatility_of, prices, *numbers)


def realised_volatility_of(run: Run, close: Value, period: int, per_year: float) -> Value:
    change = np.log(ratio(close, run(Delayed, close, rows=1)))
    return root(run("SMA", change * change, timeperiod=period) * per_year)


def _range_mean(formula: Formula, high: ArrayLike, low: ArrayLike, close: ArrayLike, period: int) -> Column:
    """Wilder's mean of ranges, which a hole in high or low spoils to its end, but one in close does not.

    So only close is searched beforehand, which saves half of the whole time. The first row's own range is no
    part of the mean, and is looked at by itself.
    """
    given = [
        ("high", unchecked("high", high)),
        ("low", unchecked("low", low)),
        ("close", column("close", close)),
    ]
    columns = aligned(*given)
    made = line(formula, *columns, whole("period", period, low=1))
    if made.size and not (np.isfinite(made[-1]) and np.isfinite([each[0] for each in columns]).all()):
        for name, each in given:
            refuse_holes(name, each)
    return made


_BAR: Final = ("high", "low", "close")
_CHANNEL: Final = (Output("upper", "band"), Output("middle"), Output("lower", "band"))

INDICATORS: Final = (
    Indicator(
        name="bollinger", title="Bollinger Bands", group="volatility", pane="price", columns=("close",),
        parameters=(period(20), factor("deviations", 2.0)), outputs=_CHANNEL, formula=bollinger_of,
        convention="Population standard deviation around the simple mean.",
        warm_up=lambda n, deviations: n - 1, lookback=lambda n, deviations: n - 1,
    ),
    Indicator(
        name="keltner", title="Keltner Channel", group="volatility", pane="price", columns=_BAR,
        parameters=(period(20), period(10, low=1, name="atr_period"), factor("factor", 2.0)),
        outputs=_CHANNEL,
        formula=keltner_of, convention="EMA of the typical price, and `factor` of Wilder's ATR around it.",
        warm_up=lambda n, atr, times: max(n - 1, atr),
        lookback=lambda n, atr, times: CONVERGED * max(n, 2 * atr),
    ),
    Indicator(
        name="donchian", title="Donchian Channel", group="volatility", pane="price", columns=("high", "low"),
        parameters=(period(20),), outputs=_CHANNEL, formula=donchian_of,
        convention="The row's own high and low are included.", warm_up=lambda n: n - 1,
        lookback=lambda n: n - 1,
    ),
    Indicator(
        name="atr", title="ATR", group="volatility", pane="own", columns=_BAR,
        parameters=(period(14, low=1),),
        outputs=(Output("atr"),), formula=atr_of,
        convention="Wilder's smoothing, begun with the mean of the true ranges of rows 1 to `period`.",
        warm_up=lambda n: n, lookback=lambda n: 2 * CONVERGED * n,
    ),
    Indicator(
        name="natr", title="NATR", group="volatility", pane="own", columns=_BAR,
        parameters=(period(14, low=1),),
        outputs=(Output("natr"),), formula=natr_of, convention="ATR in percent of the close.",
        warm_up=lambda n: n, lookback=lambda n: 2 * CONVERGED * n,
    ),
    Indicator(
        name="realised_volatility", title="Realised volatility", group="volatility", pane="own",
        columns=("close",), parameters=(period(30, low=1), factor("per_year", 1.0, low=1.0, high=1e9)),
        outputs=(Output("volatility"),), formula=realised_volatility_of,
        convention="√(mean of squared log returns · `per_year`), the mean return taken for zero.",
        warm_up=lambda n, per_year: n, lookback=lambda n, per_year: n,
    ),
)  # fmt: skip
