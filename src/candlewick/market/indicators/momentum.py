"""Speed and extremes: RSI, stochastics, MACD, CCI, rates of change."""

from __future__ import annotations

from typing import Final, NamedTuple

from numpy.typing import ArrayLike

from candlewick.core.errors import UsageError
from candlewick.market.bars import Column
from candlewick.market.indicators.columns import checked, column, whole
from candlewick.market.indicators.registry import CONVERGED, Indicator, Output, period
from candlewick.market.indicators.run import Run, Value, line, lines, recursive_line, recursive_lines


class Macd(NamedTuple):
    """The difference of two EMAs, its own EMA, and what lies between them."""

    macd: Column
    signal: Column
    histogram: Column


class Stochastic(NamedTuple):
    """Where the close lies in its range, 0 to 100, and the mean of that."""

    k: Column
    d: Column


def rsi(values: ArrayLike, period: int = 14) -> Column:
    """Relative strength index, 0 to 100 (J. W. Wilder, New Concepts, 1978); 0 while nothing moves.

    Wilder's smoothing, begun with the mean of the first `period` changes; NaN in the first `period` rows.

    Raises:
        UsageError: a hole in the column, or a period out of range.
    """
    return line(rsi_of, column("values", values), whole("period", period))


def rsi_of(run: Run, values: Value, period: int) -> Value:
    return run("RSI", values, timeperiod=period)


def stoch_rsi(values: ArrayLike, period: int = 14, k: int = 14, smooth: int = 3, d: int = 3) -> Stochastic:
    """Stochastic of the RSI, 0 to 100 (T. Chande, S. Kroll, The New Technical Trader, 1994).

    Where RSI(period) lies in the range of its last `k` values, averaged over `smooth` rows; and the mean of
    that over `d` rows. 0 where the RSI did not move. NaN in the first `period + k + smooth + d - 3` rows.

    Raises:
        UsageError: a hole in the column, or a period out of range.
    """
    numbers = _stochastic_numbers(k, smooth, d)
    return Stochastic(*lines(stoch_rsi_of, column("values", values), whole("period", period), *numbers))


def stoch_rsi_of(run: Run, values: Value, period: int, k: int, smooth: int, d: int) -> Value:
    strength = run("RSI", values, timeperiod=period)
    return stochastic_of(run, strength, strength, strength, k, smooth, d)


def stochastic(
    high: ArrayLike, low: ArrayLike, close: ArrayLike, k: int = 14, smooth: int = 3, d: int = 3
) -> Stochastic:
    """Stochastic oscillator, 0 to 100 (G. Lane 1984); `smooth` 1 gives the fast one.

    100·(close − lowest low) / (highest high − lowest low) over `k` bars, averaged over `smooth` rows; and the
    mean of that over `d` rows. 0 where there is no range. NaN in the first `k + smooth + d - 3` rows.

    Raises:
        UsageError: columns that differ in length or have a hole, or a period out of range.
    """
    columns = checked(("high", high), ("low", low), ("close", close))
    return Stochastic(*lines(stochastic_of, *columns, *_stochastic_numbers(k, smooth, d)))


def stochastic_of(run: Run, high: Value, low: Value, close: Value, k: int, smooth: int, d: int) -> Value:
    return run("STOCH", high, low, close, fastk_period=k, slowk_period=smooth, slowd_period=d)


def macd(values: ArrayLike, fast: int = 12, slow: int = 26, signal: int = 9) -> Macd:
    """EMA(fast) less EMA(slow), the EMA(signal) of that, and their difference (G. Appel 1979).

    Both EMAs begin at the same row, each with the simple mean of its period up to there; the signal begins
    with the mean of its first values. NaN in the first `slow + signal - 2` rows.

    Raises:
        UsageError: a hole in the column, a period out of range, or a fast one that is not the faster.
    """
    numbers = whole("fast", fast), whole("slow", slow), whole("signal", signal, low=1)
    refused = _refuse_macd(*numbers)
    if refused is not None:
        raise UsageError(refused)
    return Macd(*recursive_lines(macd_of, values, *numbers))


def macd_of(run: Run, values: Value, fast: int, slow: int, signal: int) -> Value:
    return run("MACD", values, fastperiod=fast, slowperiod=slow, signalperiod=signal)


def cci(high: ArrayLike, low: ArrayLike, close: ArrayLike, period: int = 20) -> Column:
    """Commodity channel index (D. Lambert 1980).

    (typical price − its mean) / (0.015 · mean absolute deviation) over `period` bars; 0 where there is no
    deviation. NaN in the first `period - 1` rows.

    Raises:
        UsageError: columns that differ in length or have a hole, or a period out of range.
    """
    columns = checked(("high", high), ("low", low), ("close", close))
    return line(cci_of, *columns, whole("period", period))


def cci_of(run: Run, high: Value, low: Value, close: Value, period: int) -> Value:
    return run("CCI", high, low, close, timeperiod=period)


def williams_r(high: ArrayLike, low: ArrayLike, close: ArrayLike, period: int = 14) -> Column:
    """Williams %R, −100 to 0: −100·(highest high − close) / (highest high − lowest low) (L. Williams 1973).

    0 where there is no range. NaN in the first `period - 1` rows.

    Raises:
        UsageError: columns that differ in length or have a hole, or a period out of range.
    """
    columns = checked(("high", high), ("low", low), ("close", close))
    return line(williams_r_of, *columns, whole("period", period))


def williams_r_of(run: Run, high: Value, low: Value, close: Value, period: int) -> Value:
    return run("WILLR", high, low, close, timeperiod=period)


def roc(values: ArrayLike, period: int = 10) -> Column:
    """Rate of change in percent: 100·(value / value `period` rows ago − 1); 0 where that one was 0.

    NaN in the first `period` rows.

    Raises:
        UsageError: a hole in the column, or a period out of range.
    """
    return line(roc_of, column("values", values), whole("period", period, low=1))


def roc_of(run: Run, values: Value, period: int) -> Value:
    return run("ROC", values, timeperiod=period)


def momentum(values: ArrayLike, period: int = 10) -> Column:
    """Momentum: value − value `period` rows ago. NaN in the first `period` rows.

    Raises:
        UsageError: a hole in the column, or a period out of range.
    """
    return line(momentum_of, column("values", values), whole("period", period, low=1))


def momentum_of(run: Run, values: Value, period: int) -> Value:
    return run("MOM", values, timeperiod=period)


def trix(values: ArrayLike, period: int = 15) -> Column:
    """TRIX: the change in percent, from row to row, of a threefold EMA (J. Hutson, TASC 1983).

    Each EMA begins with the simple mean of its first values; NaN in the first `3·(period - 1) + 1` rows.

    Raises:
        UsageError: a hole in the column, or a period out of range.
    """
    return recursive_line(trix_of, values, whole("period", period, low=1))


def trix_of(run: Run, values: Value, period: int) -> Value:
    return run("TRIX", values, timeperiod=period)


def ultimate_oscillator(
    high: ArrayLike, low: ArrayLike, close: ArrayLike, short: int = 7, middle: int = 14, long: int = 28
) -> Column:
    """Ultimate oscillator, 0 to 100: 100·(4·a + 2·b + c) / 7 (L. Williams, TASC 1985).

    a, b and c are buying pressure by true range, each summed over one of the three periods, the shortest
    first. NaN in as many rows as the longest period has.

    Raises:
        UsageError: columns that differ in length or have a hole, or a period out of range.
    """
    columns = checked(("high", high), ("low", low), ("close", close))
    numbers = whole("short", short, low=1), whole("middle", middle, low=1), whole("long", long, low=1)
    return line(ultimate_oscillator_of, *columns, *numbers)


def ultimate_oscillator_of(
    run: Run, high: Value, low: Value, close: Value, short: int, middle: int, long: int
) -> Value:
    return run("ULTOSC", high, low, close, timeperiod1=short, timeperiod2=middle, timeperiod3=long)


def _stochastic_numbers(k: int, smooth: int, d: int) -> tuple[int, int, int]:
    return whole("k", k, low=1), whole("smooth", smooth, low=1), whole("d", d, low=1)


def _refuse_macd(fast: int, slow: int, signal: int) -> str | None:
    if fast < slow:
        return None
    return f"The fast period of macd ({fast}) must be below the slow one ({slow})."


_BAR: Final = ("high", "low", "close")
_STOCHASTIC: Final = (
    period(14, low=1, name="k"),
    period(3, low=1, name="smooth"),
    period(3, low=1, name="d"),
)

INDICATORS: Final = (
    Indicator(
        name="rsi", title="RSI", group="momentum", pane="own", columns=("close",), parameters=(period(14),),
        outputs=(Output("rsi"),), formula=rsi_of, levels=(30.0, 70.0),
        convention="Wilder's smoothing, begun with the mean of the first `period` changes; 0 while nothing "
        "moves.",
        warm_up=lambda n: n, lookback=lambda n: 2 * CONVERGED * n,
    ),
    Indicator(
        name="stoch_rsi", title="Stochastic RSI", group="momentum", pane="own", columns=("close",),
        parameters=(period(14), *_STOCHASTIC), outputs=(Output("k"), Output("d")), formula=stoch_rsi_of,
        levels=(20.0, 80.0),
        convention="The stochastic of Wilder's RSI, smoothed by simple means; 0 where the RSI did not move.",
        warm_up=lambda n, k, smooth, d: n + k + smooth + d - 3,
        lookback=lambda n, k, smooth, d: 3 * CONVERGED * n + k + smooth + d,
    ),
    Indicator(
        name="stochastic", title="Stochastic", group="momentum", pane="own", columns=_BAR,
        parameters=_STOCHASTIC,
        outputs=(Output("k"), Output("d")), formula=stochastic_of, levels=(20.0, 80.0),
        convention="Smoothed by simple means; 0 where there is no range.",
        warm_up=lambda k, smooth, d: k + smooth + d - 3, lookback=lambda k, smooth, d: k + smooth + d - 3,
    ),
    Indicator(
        name="macd", title="MACD", group="momentum", pane="own", columns=("close",),
        parameters=(period(12, name="fast"), period(26, name="slow"), period(9, low=1, name="signal")),
        outputs=(Output("macd"), Output("signal"), Output("histogram", "histogram")), formula=macd_of,
        levels=(0.0,), refuse=_refuse_macd,
        convention="Both EMAs begin at the slow one's first row, each with the simple mean of its period up "
        "to there.",
        warm_up=lambda fast, slow, signal: slow + signal - 2,
        lookback=lambda fast, slow, signal: CONVERGED * (slow + signal),
    ),
    Indicator(
        name="cci", title="CCI", group="momentum", pane="own", columns=_BAR, parameters=(period(20),),
        outputs=(Output("cci"),), formula=cci_of, levels=(-100.0, 100.0),
        convention="Typical price, mean absolute deviation, constant 0.015; 0 where there is no deviation.",
        warm_up=lambda n: n - 1, lookback=lambda n: n - 1,
    ),
    Indicator(
        name="williams_r", title="Williams %R", group="momentum", pane="own", columns=_BAR,
        parameters=(period(14),),
        outputs=(Output("williams_r"),), formula=williams_r_of, levels=(-80.0, -20.0),
        convention="−100 at the low, 0 at the high, and 0 where there is no range.",
        warm_up=lambda n: n - 1, lookback=lambda n: n - 1,
    ),
    Indicator(
        name="roc", title="Rate of change", group="momentum", pane="own", columns=("close",),
        parameters=(period(10, low=1),), outputs=(Output("roc"),), formula=roc_of, levels=(0.0,),
        convention="In percent of the close `period` bars ago.", warm_up=lambda n: n, lookback=lambda n: n,
    ),
    Indicator(
        name="momentum", title="Momentum", group="momentum", pane="own", columns=("close",),
        parameters=(period(10, low=1),), outputs=(Output("momentum"),), formula=momentum_of, levels=(0.0,),
        convention="In price: close − close `period` bars ago.", warm_up=lambda n: n, lookback=lambda n: n,
    ),
    Indicator(
        name="trix", title="TRIX", group="momentum", pane="own", columns=("close",), parameters=(period(15),),
        outputs=(Output("trix"),), formula=trix_of, levels=(0.0,),
        convention="Percent a bar of a threefold EMA; each begins with the simple mean of its first values.",
        warm_up=lambda n: 3 * n - 2, lookback=lambda n: 3 * CONVERGED * n,
    ),
    Indicator(
        name="ultimate_oscillator", title="Ultimate oscillator", group="momentum", pane="own", columns=_BAR,
        parameters=(
            period(7, low=1, name="short"), period(14, low=1, name="middle"), period(28, low=1, name="long"),
        ),
        outputs=(Output("ultimate_oscillator"),), formula=ultimate_oscillator_of, levels=(30.0, 70.0),
        convention="Weights 4, 2 and 1; the periods are taken in order of their length.",
        warm_up=lambda short, middle, long: max(short, middle, long),
        lookback=lambda short, middle, long: max(short, middle, long),
    ),
)  # fmt: skip
