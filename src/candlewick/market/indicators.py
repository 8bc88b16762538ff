"""Indicators over columns, by TA-Lib; and the registry of those that a chart can show.

Every column that comes out is as long as the one that went in, and NaN where the indicator has not seen
enough: an EMA begins with the simple mean of its first `period` values, RSI and ATR with the mean of
their first `period` changes and ranges (J. W. Wilder, New Concepts in Technical Trading Systems, 1978).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike

from candlewick.core.errors import UsageError
from candlewick.market.bars import Bars, Column

MOST_AT_ONCE: Final = 16
# After this many periods what lies before them moves a recursive mean by less than 1e-9 of itself.
CONVERGED: Final = 12


def sma(values: ArrayLike, period: int) -> Column:
    """Simple moving average."""
    return _one("SMA", values, timeperiod=period)


def ema(values: ArrayLike, period: int) -> Column:
    """Exponential moving average, weight 2 / (period + 1)."""
    return _one("EMA", values, timeperiod=period)


def rsi(values: ArrayLike, period: int = 14) -> Column:
    """Relative strength index, 0 to 100 (Wilder 1978); 0 while nothing moves."""
    return _one("RSI", values, timeperiod=period)


def atr(high: ArrayLike, low: ArrayLike, close: ArrayLike, period: int = 14) -> Column:
    """Average true range, in price (Wilder 1978)."""
    result: Column = _talib().ATR(_column(high), _column(low), _column(close), timeperiod=period)
    return result


def bollinger(values: ArrayLike, period: int = 20, deviations: float = 2.0) -> tuple[Column, Column, Column]:
    """Upper, middle and lower band: the mean and `deviations` population standard deviations around it."""
    upper, middle, lower = _talib().BBANDS(
        _column(values), timeperiod=period, nbdevup=deviations, nbdevdn=deviations
    )
    return upper, middle, lower


def macd(values: ArrayLike, fast: int = 12, slow: int = 26, signal: int = 9) -> tuple[Column, Column, Column]:
    """EMA(fast) less EMA(slow), the EMA(signal) of that, and their difference (G. Appel 1979)."""
    line, signal_line, histogram = _talib().MACD(
        _column(values), fastperiod=fast, slowperiod=slow, signalperiod=signal
    )
    return line, signal_line, histogram


def vwap(bars: Bars) -> Column:
    """Volume-weighted average of the typical price since UTC midnight; NaN until something was traded."""
    if not len(bars):
        return bars.close
    typical = (bars.high + bars.low + bars.close) / 3.0
    value, volume = np.cumsum(typical * bars.volume), np.cumsum(bars.volume)
    days = bars.time // 86_400
    first = np.flatnonzero(np.diff(days, prepend=days[:1] - 1))
    day = np.cumsum(np.isin(np.arange(len(bars)), first)) - 1
    before_value, before_volume = np.append(0.0, value)[first][day], np.append(0.0, volume)[first][day]
    traded = volume - before_volume
    with np.errstate(invalid="ignore", divide="ignore"):
        result: Column = np.where(traded > 0.0, (value - before_value) / traded, np.nan)
    return result


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that an indicator takes; whole unless `fraction`."""

    name: str
    default: float
    low: float
    high: float
    fraction: bool = False

    def read(self, indicator: str, text: str) -> float:
        """The value that `text` means.

        Raises:
            UsageError: it is no number, or out of bounds.
        """
        try:
            value = float(text) if self.fraction else int(text)
        except ValueError:
            value = np.nan
        if not self.low <= value <= self.high:
            kind = "a number" if self.fraction else "a whole number"
            raise UsageError(
                f"The {self.name} of {indicator} is {text!r}: give {kind} from {self.low:g} to {self.high:g}."
            )
        return value


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator that a chart can show.

    Attributes:
        pane: drawn over the prices, or in a pane of its own.
        outputs: names of its lines, in the order in which `compute` gives them.
        lookback: bars before the first one shown that its values depend on.
    """

    name: str
    title: str
    pane: Literal["price", "own"]
    parameters: tuple[Parameter, ...]
    outputs: tuple[str, ...]
    compute: Callable[..., tuple[Column, ...]]
    lookback: Callable[..., int]


@dataclass(frozen=True, slots=True)
class Study:
    """An indicator with its numbers: `ema:20`."""

    indicator: Indicator
    values: tuple[float, ...]

    @property
    def key(self) -> str:
        """Its name as it is asked for, every number written out."""
        return ":".join([self.indicator.name, *(f"{value:g}" for value in self.values)])

    @property
    def lookback(self) -> int:
        """Bars before the first one shown that its values depend on."""
        return self.indicator.lookback(*self.values)

    def compute(self, bars: Bars) -> dict[str, Column]:
        """Its lines by name."""
        lines = self.indicator.compute(bars, *self.values)
        return dict(zip(self.indicator.outputs, lines, strict=True))


def parse(text: str) -> Study:
    """The study that `ema:20` or `macd:12:26:9` means; numbers left out take their usual values.

    Raises:
        UsageError: no such indicator, too many numbers, or one out of bounds.
    """
    name, *given = (part.strip() for part in text.lower().split(":"))
    indicator = INDICATORS.get(name)
    if indicator is None:
        raise UsageError(f"Unknown indicator {name!r}. Use one of {', '.join(INDICATORS)}.")
    parameters = indicator.parameters
    if len(given) > len(parameters):
        taken = ", ".join(parameter.name for parameter in parameters) or "no numbers"
        raise UsageError(f"Indicator {name} takes {taken}, but {text!r} has {len(given)} numbers.")
    values = [parameter.read(name, part) for parameter, part in zip(parameters, given, strict=False)]
    values += [parameter.default for parameter in parameters[len(given) :]]
    if name == "macd" and values[0] >= values[1]:
        raise UsageError(
            f"The fast period of macd ({values[0]:g}) must be below the slow one ({values[1]:g})."
        )
    return Study(indicator, tuple(values))


def parse_list(text: str) -> tuple[Study, ...]:
    """The studies of `ema:20,rsi:14`, each once.

    Raises:
        UsageError: as `parse`, or more than 16 of them.
    """
    studies = {study.key: study for study in (parse(part) for part in text.split(",") if part.strip())}
    if len(studies) > MOST_AT_ONCE:
        raise UsageError(f"{len(studies)} indicators were asked for: ask for {MOST_AT_ONCE} at most.")
    return tuple(studies.values())


def _period(default: int, *, low: int = 2, name: str = "period") -> Parameter:
    return Parameter(name, default, low, 1_000)


INDICATORS: Final[dict[str, Indicator]] = {
    each.name: each
    for each in (
        Indicator(
            "sma", "SMA", "price", (_period(20),), ("sma",),
            lambda bars, period: (sma(bars.close, period),), lambda period: period - 1,
        ),
        Indicator(
            "ema", "EMA", "price", (_period(20),), ("ema",),
            lambda bars, period: (ema(bars.close, period),), lambda period: CONVERGED * period,
        ),
        Indicator(
            "bollinger", "Bollinger Bands", "price",
            (_period(20), Parameter("deviations", 2.0, 0.1, 10.0, fraction=True)),
            ("upper", "middle", "lower"),
            lambda bars, period, deviations: bollinger(bars.close, period, deviations),
            lambda period, deviations: period - 1,
        ),
        Indicator(
            "vwap", "VWAP", "price", (), ("vwap",),
            lambda bars: (_vwap_of_whole_days(bars),), lambda: 1_440,
        ),
        Indicator(
            "rsi", "RSI", "own", (_period(14),), ("rsi",),
            lambda bars, period: (rsi(bars.close, period),), lambda period: 2 * CONVERGED * period,
        ),
        Indicator(
            "macd", "MACD", "own",
            (_period(12, name="fast"), _period(26, name="slow"), _period(9, low=1, name="signal")),
            ("macd", "signal", "histogram"),
            lambda bars, fast, slow, signal: macd(bars.close, fast, slow, signal),
            lambda fast, slow, signal: CONVERGED * (slow + signal),
        ),
        Indicator(
            "atr", "ATR", "own", (_period(14, low=1),), ("atr",),
            lambda bars, period: (atr(bars.high, bars.low, bars.close, period),),
            lambda period: 2 * CONVERGED * period,
        ),
    )
}  # fmt: skip


def _vwap_of_whole_days(bars: Bars) -> Column:
    """VWAP, unknown on a first day of which the bars do not hold the beginning."""
    line = vwap(bars)
    if len(bars) and bars.time[0] % 86_400:
        line[bars.time // 86_400 == bars.time[0] // 86_400] = np.nan
    return line


def _one(function: str, values: ArrayLike, **parameters: int) -> Column:
    result: Column = getattr(_talib(), function)(_column(values), **parameters)
    return result


def _column(values: ArrayLike) -> Column:
    return np.ascontiguousarray(values, dtype=np.float64)


@cache
def _talib() -> Any:
    # Loaded when first used: most processes need not. It would wrap every function for the frame libraries
    # it finds, which takes 0.9 s and 40 MB to import; it gets columns only, so it need not find them.
    hidden = [name for name in ("pandas", "polars") if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: "cannot be imported"
    try:
        import talib
    finally:
        for name in hidden:
            del sys.modules[name]
    return talib
