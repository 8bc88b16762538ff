"""Price and volume together: VWAP, money flow, accumulation, volume profile."""

from __future__ import annotations

from typing import Any, Final

from numpy.typing import ArrayLike

from candlewick.market.bars import Column
from candlewick.market.indicators.columns import aligned, checked, times, whole
from candlewick.market.indicators.registry import EVERYTHING, Indicator, Output, Parameter, factor, period
from candlewick.market.indicators.run import Run, Value, line
from candlewick.market.indicators.steps import AnchoredMean, Profile, SessionMean

# 2100-01-01, UTC seconds.
LAST_ANCHOR: Final = 4_102_444_800


def vwap(
    time: ArrayLike, high: ArrayLike, low: ArrayLike, close: ArrayLike, volume: ArrayLike, days: int = 1
) -> Column:
    """Volume-weighted average of the typical price since the session began.

    Sessions are `days` UTC days long, weeks beginning on Mondays. NaN until something was traded, and in a
    first session whose beginning is not among the rows: its mean would be one of something else.

    Raises:
        UsageError: columns that differ in length or have a hole, or a parameter out of range.
    """
    opened, *columns = _timed(time, high, low, close, volume)
    return line(vwap_of, opened, *columns, whole("days", days, low=1, high=366))


def vwap_of(run: Run, time: Any, high: Value, low: Value, close: Value, volume: Value, days: int) -> Value:
    return run(SessionMean, time, (high + low + close) / 3.0, volume, days=days)


def anchored_vwap(
    time: ArrayLike, high: ArrayLike, low: ArrayLike, close: ArrayLike, volume: ArrayLike, anchor: int
) -> Column:
    """Volume-weighted average of the typical price since the first bar that opens at `anchor` or later.

    `anchor` is in UTC seconds. NaN before it and until something was traded.

    Raises:
        UsageError: columns that differ in length or have a hole, or an anchor that is no time.
    """
    opened, *columns = _timed(time, high, low, close, volume)
    return line(anchored_vwap_of, opened, *columns, whole("anchor", anchor, low=0, high=LAST_ANCHOR))


def anchored_vwap_of(
    run: Run, time: Any, high: Value, low: Value, close: Value, volume: Value, anchor: int
) -> Value:
    return run(AnchoredMean, time, (high + low + close) / 3.0, volume, anchor=anchor)


def rolling_vwap(
    high: ArrayLike, low: ArrayLike, close: ArrayLike, volume: ArrayLike, period: int = 20
) -> Column:
    """Volume-weighted average of the typical price over the last `period` bars.

    NaN in the first `period - 1` rows, and where nothing was traded in the whole window.

    Raises:
        UsageError: columns that differ in length or have a hole, or a period out of range.
    """
    return line(rolling_vwap_of, *_traded(high, low, close, volume), whole("period", period, low=1))


def rolling_vwap_of(run: Run, high: Value, low: Value, close: Value, volume: Value, period: int) -> Value:
    return run("VWMA", (high + low + close) / 3.0, volume, timeperiod=period)


def mfi(high: ArrayLike, low: ArrayLike, close: ArrayLike, volume: ArrayLike, period: int = 14) -> Column:
    """Money flow index, 0 to 100: the share of typical price × volume in bars whose typical price rose.

    By G. Quong and A. Soudack (TASC 1989). 0 where no money flowed. NaN in the first `period` rows.

    Raises:
        UsageError: columns that differ in length or have a hole, or a period out of range.
    """
    return line(mfi_of, *_traded(high, low, close, volume), whole("period", period))


def mfi_of(run: Run, high: Value, low: Value, close: Value, volume: Value, period: int) -> Value:
    return run("MFI", high, low, close, volume, timeperiod=period)


def obv(close: ArrayLike, volume: ArrayLike) -> Column:
    """On-balance volume: volume added when the close rose, taken off when it fell (J. Granville 1963).

    Begins with the first row's volume. Only its changes mean something.

    Raises:
        UsageError: columns that differ in length or have a hole.
    """
    return line(obv_of, *checked(("close", close), ("volume", volume)))


def obv_of(run: Run, close: Value, volume: Value) -> Value:
    return run("OBV", close, volume)


def adl(high: ArrayLike, low: ArrayLike, close: ArrayLike, volume: ArrayLike) -> Column:
    """Accumulation/distribution line: the sum of volume · ((close − low) − (high − close)) / (high − low).

    By M. Chaikin. A bar without a range adds nothing. Only its changes mean something.

    Raises:
        UsageError: columns that differ in length or have a hole.
    """
    return line(adl_of, *_traded(high, low, close, volume))


def adl_of(run: Run, high: Value, low: Value, close: Value, volume: Value) -> Value:
    return run("AD", high, low, close, volume)


def cmf(high: ArrayLike, low: ArrayLike, close: ArrayLike, volume: ArrayLike, period: int = 20) -> Column:
    """Chaikin money flow, −1 to 1: what the accumulation line gained in `period` bars by their volume.

    0 where nothing was traded. NaN in the first `period - 1` rows.

    Raises:
        UsageError: columns that differ in length or have a hole, or a period out of range.
    """
    return line(cmf_of, *_traded(high, low, close, volume), whole("period", period))


def cmf_of(run: Run, high: Value, low: Value, close: Value, volume: Value, period: int) -> Value:
    return run("CMF", high, low, close, volume, timeperiod=period)


def rolling_profile_of(
    run: Run, high: Value, low: Value, volume: Value, period: int, bins: int, share: float
) -> Value:
    return run(Profile, high, low, volume, period=period, bins=bins, share=share)


def _traded(high: ArrayLike, low: ArrayLike, close: ArrayLike, volume: ArrayLike) -> list[Column]:
    return checked(("high", high), ("low", low), ("close", close), ("volume", volume))


def _timed(time: ArrayLike, *traded: ArrayLike) -> list[Any]:
    opened = times(time)
    columns = _traded(*traded)
    aligned(("time", opened), ("high", columns[0]))
    return [opened, *columns]


_TRADED: Final = ("high", "low", "close", "volume")

INDICATORS: Final = (
    Indicator(
        name="vwap", title="VWAP", group="volume", pane="price", columns=("time", *_TRADED),
        parameters=(Parameter("days", 1, 1, 31),), outputs=(Output("vwap"),), formula=vwap_of,
        convention="Typical price, since the UTC session of `days` days began; unknown in a first session "
        "whose beginning was not read.",
        warm_up=lambda days: None, lookback=lambda days: min(1_440 * days, EVERYTHING),
    ),
    Indicator(
        name="anchored_vwap", title="Anchored VWAP", group="volume", pane="price", columns=("time", *_TRADED),
        parameters=(Parameter("anchor", 0, 0, LAST_ANCHOR),), outputs=(Output("vwap"),),
        formula=anchored_vwap_of,
        convention="Typical price, since the first bar that opens at `anchor` (UTC seconds) or later; "
        "unknown where the bars begin after it; 0 means the first bar that was read.",
        warm_up=lambda anchor: None, lookback=lambda anchor: EVERYTHING,
    ),
    Indicator(
        name="rolling_vwap", title="Rolling VWAP", group="volume", pane="price", columns=_TRADED,
        parameters=(period(20, low=1),), outputs=(Output("vwap"),), formula=rolling_vwap_of,
        convention="Typical price over the last `period` bars.", warm_up=lambda n: n - 1,
        lookback=lambda n: n - 1,
    ),
    Indicator(
        name="volume_profile", title="Volume profile", group="volume", pane="price",
        columns=("high", "low", "volume"),
        parameters=(period(100), Parameter("bins", 24, 4, 100), factor("share", 0.7, low=0.05, high=1.0)),
        outputs=(Output("poc"), Output("value_low", "band"), Output("value_high", "band")),
        formula=rolling_profile_of,
        convention="Of the last `period` bars: each bar's volume is spread evenly from low to high over "
        "`bins` bins; the value area grows from the point of control to the side that holds more.",
        warm_up=lambda n, bins, share: n - 1, lookback=lambda n, bins, share: n - 1,
    ),
    Indicator(
        name="mfi", title="Money flow index", group="volume", pane="own", columns=_TRADED,
        parameters=(period(14),),
        outputs=(Output("mfi"),), formula=mfi_of, levels=(20.0, 80.0),
        convention="Typical price × volume; 0 where no money flowed.", warm_up=lambda n: n,
        lookback=lambda n: n,
    ),
    Indicator(
        name="obv", title="On-balance volume", group="volume", pane="own", columns=("close", "volume"),
        outputs=(Output("obv"),), formula=obv_of, is_relative=True,
        convention="Begins with the first bar's volume.", warm_up=lambda: 0, lookback=lambda: EVERYTHING,
    ),
    Indicator(
        name="adl", title="Accumulation/distribution", group="volume", pane="own", columns=_TRADED,
        outputs=(Output("adl"),), formula=adl_of, is_relative=True,
        convention="A bar without a range adds nothing.", warm_up=lambda: 0, lookback=lambda: EVERYTHING,
    ),
    Indicator(
        name="cmf", title="Chaikin money flow", group="volume", pane="own", columns=_TRADED,
        parameters=(period(20),), outputs=(Output("cmf"),), formula=cmf_of, levels=(0.0,),
        convention="Sum of money flow volume by sum of volume; 0 where nothing was traded.",
        warm_up=lambda n: n - 1, lookback=lambda n: n - 1,
    ),
)  # fmt: skip
