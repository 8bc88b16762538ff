"""What indicators refuse, and in which words; what they take without a copy."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import polars
import pytest

from candlewick import ta
from candlewick.core.errors import UsageError
from candlewick.market.bars import Column
from candlewick.market.indicators import columns
from candlewick.market.indicators.columns import checked
from tests.market.indicators.ground import T0, walk

BARS = walk(80, seed=2)
TRADED = (BARS.high, BARS.low, BARS.close, BARS.volume)
WRONG: Any = "woodie"
TIMED = {"vwap", "anchored_vwap", "pivots"}


def doji(*columns: Any) -> Column:
    return ta.pattern("doji", *columns)


# Every function, its columns, and what it is called with besides.
FUNCTIONS: list[tuple[Callable[..., Any], tuple[str, ...], dict[str, Any]]] = [
    *((each, ("values",), {"period": 5}) for each in (ta.sma, ta.ema, ta.wma, ta.hma, ta.dema)),
    *((each, ("values",), {"period": 5}) for each in (ta.tema, ta.kama)),
    *((each, ("values",), {"period": 5}) for each in (ta.rsi, ta.roc, ta.momentum, ta.trix, ta.zscore)),
    *((each, ("values",), {"period": 5}) for each in (ta.linreg_slope, ta.linreg_channel, ta.bollinger)),
    (ta.stoch_rsi, ("values",), {"period": 5, "k": 4}),
    (ta.macd, ("values",), {"fast": 3, "slow": 6, "signal": 4}),
    (ta.realised_volatility, ("close",), {"period": 5}),
    *((each, ("high", "low", "close"), {"period": 5}) for each in (ta.adx, ta.supertrend)),
    *((each, ("high", "low", "close"), {"period": 5}) for each in (ta.cci, ta.williams_r)),
    *((each, ("high", "low", "close"), {"period": 5}) for each in (ta.atr, ta.natr, ta.keltner)),
    (ta.ichimoku, ("high", "low", "close"), {"conversion": 3, "base": 5, "span": 9, "displacement": 4}),
    (ta.stochastic, ("high", "low", "close"), {"k": 5}),
    (ta.ultimate_oscillator, ("high", "low", "close"), {"short": 2, "middle": 4, "long": 6}),
    *((each, ("high", "low"), {"period": 5}) for each in (ta.aroon, ta.donchian)),
    (ta.parabolic_sar, ("high", "low"), {}),
    (ta.heikin_ashi, ("open", "high", "low", "close"), {}),
    *((each, ("high", "low", "close", "volume"), {"period": 5}) for each in (ta.mfi, ta.cmf)),
    (ta.rolling_vwap, ("high", "low", "close", "volume"), {"period": 5}),
    (doji, ("open", "high", "low", "close"), {}),
    (ta.adl, ("high", "low", "close", "volume"), {}),
    (ta.obv, ("close", "volume"), {}),
    (ta.vwap, ("time", "high", "low", "close", "volume"), {}),
    (ta.anchored_vwap, ("time", "high", "low", "close", "volume"), {"anchor": T0}),
    (ta.pivots, ("time", "high", "low", "close"), {}),
    (ta.volume_profile, ("high", "low", "volume"), {}),
]  # fmt: skip
NAMED = [pytest.param(*row, id=row[0].__name__) for row in FUNCTIONS]

SEVERAL = [row for row, (_, names, _) in zip(NAMED, FUNCTIONS, strict=True) if len(names) > 1]


def lines_of(made: Any) -> tuple[Column, ...]:
    return made if isinstance(made, tuple) else (made,)


def columns_of(names: tuple[str, ...]) -> list[Any]:
    return [getattr(BARS, "close" if name == "values" else name).copy() for name in names]


@pytest.mark.parametrize(("function", "names", "numbers"), NAMED)
def test_a_hole_is_refused_by_row_and_name(
    function: Callable[..., Any], names: tuple[str, ...], numbers: dict[str, Any]
) -> None:
    for at, name in enumerate(names):
        if name == "time":
            continue
        for row, hole in ((1, np.nan), (37, np.nan), (79, np.nan), (0, np.inf), (37, -np.inf), (79, np.inf)):
            columns = columns_of(names)
            columns[at][row] = hole
            with pytest.raises(
                UsageError, match=f"Row {row} of {name} is {hole}, .* fill it, or begin after it"
            ):
                function(*columns, **numbers)


@pytest.mark.parametrize(("function", "names", "numbers"), SEVERAL)
def test_columns_of_different_bars_are_refused(
    function: Callable[..., Any], names: tuple[str, ...], numbers: dict[str, Any]
) -> None:
    for at, name in enumerate(names):
        columns = columns_of(names)
        columns[at] = columns[at][:-1]
        with pytest.raises(UsageError, match=f"rows, but {names[0]} has|of the same bars") as refusal:
            function(*columns, **numbers)
        assert name in str(refusal.value) or at == 0


@pytest.mark.parametrize(("function", "names", "numbers"), NAMED)
def test_a_number_out_of_range_is_refused_by_name(
    function: Callable[..., Any], names: tuple[str, ...], numbers: dict[str, Any]
) -> None:
    for name in numbers:
        for wrong in (-1, 2.5, 10**10, "x", None, float("nan")):
            with pytest.raises(UsageError, match=f"The {name} is {wrong!r}: give a whole number from"):
                function(*columns_of(names), **(numbers | {name: wrong}))


@pytest.mark.parametrize(("function", "names", "numbers"), NAMED)
def test_no_row_gives_no_row(
    function: Callable[..., Any], names: tuple[str, ...], numbers: dict[str, Any]
) -> None:
    made = function(*(column[:0] for column in columns_of(names)), **numbers)
    if not isinstance(made, ta.VolumeProfile):
        assert {len(line) for line in lines_of(made)} == {0}


@pytest.mark.parametrize(
    ("function", "names", "numbers"), [row for row in NAMED if row.id not in {"volume_profile", *TIMED}]
)
def test_leading_nan_is_another_indicators_warm_up(
    function: Callable[..., Any], names: tuple[str, ...], numbers: dict[str, Any]
) -> None:
    columns = columns_of(names)
    plain = lines_of(function(*columns, **numbers))
    late = lines_of(function(*(np.append(np.full(7, np.nan), column) for column in columns), **numbers))
    for line, late_line in zip(plain, late, strict=True):
        np.testing.assert_array_equal(late_line, np.append(np.full(7, np.nan), line))


def test_a_pattern_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="The pattern is 'dogi': use one of abandoned_baby, "):
        ta.pattern("dogi", BARS.open, BARS.high, BARS.low, BARS.close)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            lambda: ta.macd(BARS.close, 26, 12),
            r"fast period of macd \(26\) must be below the slow one \(12\)",
        ),
        (lambda: ta.sma(["a", "b"], 2), "Column values holds something that is no number"),
        (lambda: ta.sma(np.ones((3, 2)), 2), "Column values has 2 dimensions: give a single column"),
        (
            lambda: ta.realised_volatility([1, 2, 0.0, 3], 2),
            "Row 2 of close is 0: a return needs prices above",
        ),
        (
            lambda: ta.parabolic_sar(BARS.high, BARS.low, 0.3, 0.2),
            "The most is 0.2: give a number from 0.3 to 1",
        ),
        (lambda: ta.bollinger(BARS.close, 20, -1), "The deviations is -1: give a number from 0 to 1000"),
        (lambda: ta.vwap(BARS.time / 2.0, *TRADED), "whole UTC seconds: bars.time is one"),
        (lambda: ta.vwap(BARS.time[::-1], *TRADED), "Row 1 of time does not rise: sort the bars"),
        (
            lambda: ta.pivots(BARS.time, *TRADED[:3], kind=WRONG),
            "The kind is 'woodie': use one of classic,",
        ),
    ],
)
def test_it_says_what_to_do(call: Callable[[], object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        call()


def test_it_takes_lists_whole_floats_and_other_peoples_columns() -> None:
    plain = ta.ema(BARS.close, 10)
    for values in (BARS.close.tolist(), polars.Series(BARS.close), np.repeat(BARS.close, 2)[::2]):
        np.testing.assert_array_equal(ta.ema(values, 10), plain)
    for period in (10.0, np.int64(10), np.float32(10)):
        np.testing.assert_array_equal(ta.ema(BARS.close, period), plain)  # type: ignore[arg-type]


def test_a_column_of_floats_is_not_copied() -> None:
    assert checked(("close", BARS.close), ("high", BARS.high)) == [BARS.close, BARS.high]
    assert checked(("close", BARS.close))[0] is BARS.close


def test_numbers_too_large_to_be_squared_are_no_hole() -> None:
    np.testing.assert_allclose(ta.sma([1e200, 3e200], 2), [np.nan, 2e200])


def test_indicators_are_imported_without_what_computes_them() -> None:
    code = (
        "import sys; from candlewick import ta; "
        "print([name for name in ('numba', 'talib', 'pandas', 'polars', 'pyarrow') if name in sys.modules]); "
        "ta.ema([1.0, 2.0, 3.0], 2); "
        "print([name for name in ('numba', 'pandas', 'polars') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "[]"]


def test_a_hole_that_comes_later_is_found_wherever_one_can_come() -> None:
    values = BARS.close.copy()
    seen = values.view()
    seen.flags.writeable = False  # its owner is not
    for column in (values, seen):
        values[40] = 100.0
        checked(("close", column))
        values[40] = np.nan
        with pytest.raises(UsageError, match="Row 40 of close is nan"):
            checked(("close", column))


def test_a_column_of_bars_is_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bars, searched, einsum = walk(50, seed=3), [], np.einsum

    def search(how: str, column: Column) -> Any:
        searched.append(column)
        return einsum(how, column)

    monkeypatch.setattr(np, "einsum", search)
    for _ in range(3):
        ta.adl(bars.high, bars.low, bars.close, bars.volume)
    assert len(searched) == 4
    part = bars[10:]
    for _ in range(3):
        checked(("close", part.close))
    assert len(searched) == 5


def test_what_is_known_of_a_column_goes_with_it() -> None:
    bars = walk(50, seed=4)
    checked(("close", bars.close))
    known = len(columns._WHOLE)
    assert known
    del bars
    gc.collect()
    assert len(columns._WHOLE) < known
