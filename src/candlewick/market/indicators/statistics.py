"""Where a price stands in its own recent past: z-score, linear regression."""

from __future__ import annotations

from typing import Final, NamedTuple

from numpy.typing import ArrayLike

from candlewick.market.bars import Column
from candlewick.market.indicators.columns import column, number, whole
from candlewick.market.indicators.registry import Indicator, Output, factor, period
from candlewick.market.indicators.run import Run, Value, line, ratio, recursive_line, recursive_lines, root


class Regression(NamedTuple):
    """A regression line's end in each row, and the channel around it."""

    upper: Column
    middle: Column
    lower: Column


def zscore(values: ArrayLike, period: int = 20) -> Column:
    """(value − mean) / population standard deviation over `period` rows; NaN where nothing moved.

    NaN in the first `period - 1` rows.

    Raises:
        UsageError: a hole in the column, or a period out of range.
    """
    return line(zscore_of, column("values", values), whole("period", period))


def zscore_of(run: Run, values: Value, period: int) -> Value:
    mean = run("SMA", values, timeperiod=period)
    return ratio(values - mean, run("STDDEV", values, timeperiod=period))


def linreg_slope(values: ArrayLike, period: int = 14) -> Column:
    """Slope of the least-squares line through the last `period` values, a row.

    NaN in the first `period - 1` rows.

    Raises:
        UsageError: a hole in the column, or a period out of range.
    """
    return recursive_line(linreg_slope_of, values, whole("period", period))


def linreg_slope_of(run: Run, values: Value, period: int) -> Value:
    return run("LINEARREG_SLOPE", values, timeperiod=period)


def linreg_channel(values: ArrayLike, period: int = 100, deviations: float = 2.0) -> Regression:
    """End of the least-squares line through the last `period` values, with its residuals' deviations.

    The residuals' deviation is that of the population: σ² = var(values) − slope²·(period² − 1) / 12. Each
    row's line is its own, so nothing of it changes later. NaN in the first `period - 1` rows.

    Raises:
        UsageError: a hole in the column, or a parameter out of range.
    """
    numbers = whole("period", period), number("deviations", deviations, low=0.0, high=1_000.0)
    return Regression(*recursive_lines(linreg_channel_of, values, *numbers))


def linreg_channel_of(run: Run, values: Value, period: int, deviations: float) -> Value:
    end = run("LINEARREG", values, timeperiod=period)
    slope = run("LINEARREG_SLOPE", values, timeperiod=period)
    spread = run("STDDEV", values, timeperiod=period)
    width = deviations * root(spread * spread - slope * slope * ((period * period - 1) / 12.0))
    return end + width, end, end - width


INDICATORS: Final = (
    Indicator(
        name="zscore", title="Z-score", group="statistics", pane="own", columns=("close",),
        parameters=(period(20),),
        outputs=(Output("zscore"),), formula=zscore_of, levels=(-2.0, 0.0, 2.0),
        convention="Population standard deviation; unknown where nothing moved.",
        warm_up=lambda n: n - 1, lookback=lambda n: n - 1,
    ),
    Indicator(
        name="linreg_slope", title="Linear regression slope", group="statistics", pane="own",
        columns=("close",),
        parameters=(period(14),), outputs=(Output("slope"),), formula=linreg_slope_of, levels=(0.0,),
        convention="In price a bar.", warm_up=lambda n: n - 1, lookback=lambda n: n - 1,
    ),
    Indicator(
        name="linreg_channel", title="Linear regression channel", group="statistics", pane="price",
        columns=("close",),
        parameters=(period(100), factor("deviations", 2.0)),
        outputs=(Output("upper", "band"), Output("middle"), Output("lower", "band")),
        formula=linreg_channel_of,
        convention="The end of each row's own line; population deviation of its residuals.",
        warm_up=lambda n, deviations: n - 1, lookback=lambda n, deviations: n - 1,
    ),
)  # fmt: skip
