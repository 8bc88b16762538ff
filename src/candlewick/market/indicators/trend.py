"""Direction and turns: ADX, Aroon, Ichimoku, Parabolic SAR, SuperTrend, Heikin-Ashi, pivot points."""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple

from numpy.typing import ArrayLike

from candlewick.market.bars import Column
from candlewick.market.indicators.columns import aligned, checked, number, one_of, times, whole
from candlewick.market.indicators.registry import (
    CONVERGED,
    EVERYTHING,
    Indicator,
    Output,
    Parameter,
    factor,
    period,
)
from candlewick.market.indicators.run import Run, Value, line, lines
from candlewick.market.indicators.steps import Delayed, SessionBefore

PivotKind = Literal["classic", "fibonacci", "camarilla"]
PIVOTS: Final = ("classic", "fibonacci", "camarilla")
# Bars in which a stop that follows the price has turned, and so forgotten where it began.
SAR_CONVERGED: Final = 1_000


class DirectionalMovement(NamedTuple):
    """ADX and the two directional indicators, 0 to 100."""

    adx: Column
    plus_di: Column
    minus_di: Column


class Aroon(NamedTuple):
    """Aroon up and down, 0 to 100."""

    up: Column
    down: Column


class Ichimoku(NamedTuple):
    """Lines of the Ichimoku chart; each row holds what is known in it."""

    conversion: Column
    base: Column
    leading_a: Column
    leading_b: Column
    lagging: Column


class SuperTrend(NamedTuple):
    """The stop line, and +1 while it lies below the price, −1 while above."""

    line: Column
    direction: Column


class HeikinAshi(NamedTuple):
    """Averaged candles."""

    open: Column
    high: Column
    low: Column
    close: Column


class Pivots(NamedTuple):
    """Pivot point, supports and resistances of the session."""

    pivot: Column
    r1: Column
    r2: Column
    r3: Column
    s1: Column
    s2: Column
    s3: Column


def adx(high: ArrayLike, low: ArrayLike, close: ArrayLike, period: int = 14) -> DirectionalMovement:
    """Average directional index with +DI and −DI (J. W. Wilder, New Concepts, 1978).

    Movements and ranges are Wilder's sums, begun with the plain sum of the first `period - 1`; ADX begins
    with the mean of the first `period` DX. NaN: ±DI in the first `period` rows, ADX in the first `2·period -
    1`.

    Raises:
        UsageError: columns that differ in length or have a hole, or a period out of range.
    """
    columns = checked(("high", high), ("low", low), ("close", close))
    return DirectionalMovement(*lines(adx_of, *columns, whole("period", period)))


def adx_of(run: Run, high: Value, low: Value, close: Value, period: int) -> Value:
    return (
        run("ADX", high, low, close, timeperiod=period),
        run("PLUS_DI", high, low, close, timeperiod=period),
        run("MINUS_DI", high, low, close, timeperiod=period),
    )


def aroon(high: ArrayLike, low: ArrayLike, period: int = 25) -> Aroon:
    """Aroon: 100·(period − bars since the highest high, or lowest low) / period (T. Chande 1995).

    Looks at `period + 1` bars; of equal extremes the newest counts. NaN in the first `period` rows.

    Raises:
        UsageError: columns that differ in length or have a hole, or a period out of range.
    """
    return Aroon(*lines(aroon_of, *checked(("high", high), ("low", low)), whole("period", period)))


def aroon_of(run: Run, high: Value, low: Value, period: int) -> Value:
    down, up = run("AROON", high, low, timeperiod=period)
    return up, down


def ichimoku(
    high: ArrayLike,
    low: ArrayLike,
    close: ArrayLike,
    conversion: int = 9,
    base: int = 26,
    span: int = 52,
    displacement: int = 26,
) -> Ichimoku:
    """Ichimoku kinkō hyō (G. Hosoda 1968).

    Conversion, base and span are middles of the highest high and lowest low of so many bars. The leading
    lines are (conversion + base) / 2 and the span, `displacement` rows late: the cloud that stands over the
    row, and nothing of what comes. The lagging line is the close, in the row in which it is known; charts
    draw it `displacement` bars further left.

    Raises:
        UsageError: columns that differ in length or have a hole, or a period out of range.
    """
    columns = checked(("high", high), ("low", low), ("close", close))
    numbers = (
        whole("conversion", conversion),
        whole("base", base),
        whole("span", span),
        whole("displacement", displacement, low=0),
    )
    return Ichimoku(*lines(ichimoku_of, *columns, *numbers))


def ichimoku_of(
    run: Run, high: Value, low: Value, close: Value, conversion: int, base: int, span: int, displacement: int
) -> Value:
    turning = run("MIDPRICE", high, low, timeperiod=conversion)
    standard = run("MIDPRICE", high, low, timeperiod=base)
    slow = run("MIDPRICE", high, low, timeperiod=span)
    return (
        turning,
        standard,
        run(Delayed, (turning + standard) / 2.0, rows=displacement),
        run(Delayed, slow, rows=displacement),
        close + 0.0,  # a column of its own: nobody's bars change with it
    )


def parabolic_sar(high: ArrayLike, low: ArrayLike, step: float = 0.02, most: float = 0.2) -> Column:
    """Parabolic stop and reverse (J. W. Wilder, New Concepts, 1978).

    The acceleration begins with `step` and grows by it with every new extreme, to `most` at the most. The
    first direction is that of the first two bars' directional movement. NaN in the first row.

    Raises:
        UsageError: columns that differ in length or have a hole, or a parameter out of range.
    """
    columns = checked(("high", high), ("low", low))
    rate = number("step", step, low=0.0001, high=1.0)
    return line(parabolic_sar_of, *columns, rate, number("most", most, low=rate, high=1.0))


def parabolic_sar_of(run: Run, high: Value, low: Value, step: float, most: float) -> Value:
    return run("SAR", high, low, acceleration=step, maximum=most)


def supertrend(
    high: ArrayLike, low: ArrayLike, close: ArrayLike, period: int = 10, factor: float = 3.0
) -> SuperTrend:
    """SuperTrend: a stop `factor` ATRs from the bar's middle, which moves with the trend only (O. Seban).

    The ATR is Wilder's. NaN in the first `period` rows.

    Raises:
        UsageError: columns that differ in length or have a hole, or a parameter out of range.
    """
    columns = checked(("high", high), ("low", low), ("close", close))
    times_atr = number("factor", factor, low=0.01, high=1_000.0)
    return SuperTrend(*lines(supertrend_of, *columns, whole("period", period), times_atr))


def supertrend_of(run: Run, high: Value, low: Value, close: Value, period: int, factor: float) -> Value:
    return run("SUPERTREND", high, low, close, timeperiod=period, multiplier=factor)


def heikin_ashi(open: ArrayLike, high: ArrayLike, low: ArrayLike, close: ArrayLike) -> HeikinAshi:
    """Heikin-Ashi candles.

    Close is the mean of the bar's four prices; open the middle of the candle before, at first the middle of
    the bar's own open and close; high and low the extremes of bar and candle. Every row has a value.

    Raises:
        UsageError: columns that differ in length or have a hole.
    """
    columns = checked(("open", open), ("high", high), ("low", low), ("close", close))
    return HeikinAshi(*lines(heikin_ashi_of, *columns))


def heikin_ashi_of(run: Run, open: Value, high: Value, low: Value, close: Value) -> Value:
    return run("HA", open, high, low, close)


def pivots(
    time: ArrayLike,
    high: ArrayLike,
    low: ArrayLike,
    close: ArrayLike,
    days: int = 1,
    kind: PivotKind = "classic",
) -> Pivots:
    """Pivot points of a session, from high, low and close of the one before.

    Sessions are `days` UTC days long, weeks beginning on Mondays. With P = (H + L + C) / 3 and R = H − L:
    classic R1 = 2P − L, R2 = P + R, R3 = H + 2(P − L); fibonacci P + 0.382, 0.618, 1.0 R; camarilla
    C + R·1.1/12, /6, /4; supports mirror them. NaN until a whole session lies behind.

    Raises:
        UsageError: columns that differ in length or have a hole, or a parameter out of range.
    """
    columns = checked(("high", high), ("low", low), ("close", close))
    numbers = whole("days", days, low=1, high=366), one_of("kind", kind, PIVOTS)
    opened = times(time)
    aligned(("time", opened), ("high", columns[0]))
    return Pivots(*lines(pivots_of, opened, *columns, *numbers))


def pivots_of(
    run: Run, time: Any, high: Value, low: Value, close: Value, days: int, kind: PivotKind = "classic"
) -> Value:
    top, bottom, last = run(SessionBefore, time, high, low, close, days=days)
    pivot, height = (top + bottom + last) / 3.0, top - bottom
    if kind == "classic":
        ups = 2.0 * pivot - bottom, pivot + height, top + 2.0 * (pivot - bottom)
        downs = 2.0 * pivot - top, pivot - height, bottom - 2.0 * (top - pivot)
    else:
        middle, shares = (pivot, (0.382, 0.618, 1.0))
        if kind == "camarilla":
            middle, shares = last, (1.1 / 12.0, 1.1 / 6.0, 1.1 / 4.0)
        ups = tuple(middle + share * height for share in shares)
        downs = tuple(middle - share * height for share in shares)
    return pivot, *ups, *downs


def _refuse_sar(step: float, most: float) -> str | None:
    return f"The step ({step:g}) must not be above most ({most:g})." if step > most else None


_BAR: Final = ("high", "low", "close")

INDICATORS: Final = (
    Indicator(
        name="adx", title="ADX and DI", group="trend", pane="own", columns=_BAR, parameters=(period(14),),
        outputs=(Output("adx"), Output("plus_di"), Output("minus_di")), formula=adx_of, levels=(25.0,),
        convention="Wilder's sums, begun with the plain sum of the first `period` − 1 movements; ADX begins "
        "with the mean of the first `period` DX.",
        warm_up=lambda n: 2 * n - 1, lookback=lambda n: 4 * CONVERGED * n,
    ),
    Indicator(
        name="aroon", title="Aroon", group="trend", pane="own", columns=("high", "low"),
        parameters=(period(25),),
        outputs=(Output("up"), Output("down")), formula=aroon_of, levels=(30.0, 70.0),
        convention="100·(period − bars since the extreme) / period over `period` + 1 bars; of equal extremes "
        "the newest counts.",
        warm_up=lambda n: n, lookback=lambda n: n,
    ),
    Indicator(
        name="ichimoku", title="Ichimoku", group="trend", pane="price", columns=_BAR,
        parameters=(
            period(9, name="conversion"), period(26, name="base"), period(52, name="span"),
            period(26, low=0, name="displacement"),
        ),
        outputs=(
            Output("conversion"), Output("base"), Output("leading_a", "band"), Output("leading_b", "band"),
            Output("lagging", drawn_back_by="displacement"),
        ),
        formula=ichimoku_of,
        convention="Middles of highest high and lowest low. A row's cloud is what was computed "
        "`displacement` rows before; the lagging line stands in the row in which it is known.",
        warm_up=lambda conversion, base, span, displacement: max(conversion, base, span) - 1 + displacement,
        lookback=lambda conversion, base, span, displacement: max(conversion, base, span) + displacement,
    ),
    Indicator(
        name="parabolic_sar", title="Parabolic SAR", group="trend", pane="price", columns=("high", "low"),
        parameters=(factor("step", 0.02, low=0.001, high=1.0), factor("most", 0.2, low=0.001, high=1.0)),
        outputs=(Output("sar", "dots"),), formula=parabolic_sar_of,
        convention="The first direction is that of the first two bars' directional movement; the "
        "acceleration grows by `step` with every new extreme, to `most`.",
        warm_up=lambda step, most: 1, lookback=lambda step, most: SAR_CONVERGED,
        refuse=_refuse_sar,
    ),
    Indicator(
        name="supertrend", title="SuperTrend", group="trend", pane="price", columns=_BAR,
        parameters=(period(10), factor("factor", 3.0)),
        outputs=(Output("line"), Output("direction", "none")), formula=supertrend_of,
        convention="The middle of the bar ∓ `factor` of Wilder's ATR; +1 while the line lies below the "
        "price.",
        warm_up=lambda n, times: n, lookback=lambda n, times: SAR_CONVERGED + 2 * CONVERGED * n,
    ),
    Indicator(
        name="heikin_ashi", title="Heikin-Ashi", group="trend", pane="price", columns=("open", *_BAR),
        outputs=tuple(Output(name, "candle") for name in ("open", "high", "low", "close")),
        formula=heikin_ashi_of,
        convention="The first candle opens in the middle of its bar's open and close.",
        warm_up=lambda: 0, lookback=lambda: 60,
    ),
    Indicator(
        name="pivots", title="Pivot points", group="trend", pane="price", columns=("time", *_BAR),
        parameters=(Parameter("days", 1, 1, 31),),
        outputs=tuple(Output(name) for name in ("pivot", "r1", "r2", "r3", "s1", "s2", "s3")),
        formula=pivots_of,
        convention="Classic, from the last whole session of `days` UTC days; sessions of several days are "
        "counted from Monday, 1970-01-05.",
        warm_up=lambda days: None, lookback=lambda days: min(2_880 * days, EVERYTHING),
    ),
)  # fmt: skip
