"""`Bars`: candles as columns, the shape every computation takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self
from weakref import WeakSet

import numpy as np
from numpy.typing import ArrayLike, NDArray

from candlewick.core.errors import BadData, UsageError
from candlewick.core.interval import seconds

if TYPE_CHECKING:
    import pandas
    import polars

Column = NDArray[np.float64]
COLUMNS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Bars:
    """Candles of one instrument and interval, oldest first, as columns of equal length.

    `time` is the open time in UTC seconds (int64), strictly rising; prices and volume are float64. The
    columns are for reading alone: what was checked stays so, and one run changes nothing for the next.
    """

    symbol: str
    timeframe: str
    time: NDArray[np.int64]
    open: Column
    high: Column
    low: Column
    close: Column
    volume: Column

    def __post_init__(self) -> None:
        for name in ("time", *COLUMNS):
            column = getattr(self, name)
            if column.flags.writeable:
                locked = column.view()
                locked.flags.writeable = False
                object.__setattr__(self, name, locked)

    def __reduce__(self) -> Any:
        return type(self), tuple(getattr(self, each.name) for each in fields(self))

    @classmethod
    def from_arrays(
        cls,
        *,
        symbol: str,
        timeframe: str,
        time: ArrayLike,
        open: ArrayLike,
        high: ArrayLike,
        low: ArrayLike,
        close: ArrayLike,
        volume: ArrayLike,
    ) -> Self:
        """Columns from anything array-like, which is copied.

        Whole numbers of `time` are seconds, or what their size says (milli-, micro- or nanoseconds).

        Raises:
            BadData: the columns differ in length, or the times do not rise.
        """
        times = np.array(times_of(np.asarray(time)))
        times.flags.writeable = False
        columns = [_numbers(*each) for each in zip(COLUMNS, (open, high, low, close, volume), strict=True)]
        for name, column in zip(COLUMNS, columns, strict=True):
            if column.shape != times.shape:
                raise BadData(f"Column {name!r} has {column.size} values, but time has {times.size}.")
        steps = np.diff(times)
        if times.size > 1 and not np.all(steps > 0):
            row = int(np.argmax(steps <= 0)) + 1
            wrong = "again" if steps[row - 1] == 0 else "before the one of the row above"
            raise BadData(
                f"The time in row {row} of {symbol} ({clock(int(times[row]))}) stands there {wrong}: "
                "sort the bars and remove duplicates."
            )
        return cls(symbol, timeframe, times, *columns)

    @classmethod
    def from_pandas(cls, frame: pandas.DataFrame, *, symbol: str, timeframe: str) -> Self:
        """From a frame with columns open, high, low, close and volume, and its time in the index or a column.

        The time column is named time, date, datetime, timestamp or open_time; times without a zone are UTC,
        whole numbers are seconds, or what their size says (milli-, micro- or nanoseconds).
        """
        columns = {str(name).lower(): frame[name].to_numpy() for name in frame.columns}
        index = frame.index.to_numpy()
        counts = np.array_equal(index, np.arange(len(index)))  # a frame's own numbering is no time
        return cls._from_columns(columns, symbol, timeframe, None if counts else index)

    @classmethod
    def from_polars(cls, frame: polars.DataFrame, *, symbol: str, timeframe: str) -> Self:
        """From a frame with columns open, high, low, close and volume, and one of time: as `from_pandas`."""
        columns = {name.lower(): frame[name].to_numpy() for name in frame.columns}
        return cls._from_columns(columns, symbol, timeframe, None)

    @classmethod
    def _from_columns(
        cls, columns: dict[str, Any], symbol: str, timeframe: str, index: NDArray[Any] | None
    ) -> Self:
        missing = [name for name in COLUMNS if name not in columns]
        if missing:
            there = ", ".join(columns)
            raise BadData(f"The frame has no column {missing[0]!r}; it has {there}.")
        named = next((columns[name] for name in TIME_NAMES if name in columns), index)
        if named is None:
            raise BadData(f"The frame has no column of time: name one of {', '.join(TIME_NAMES)}.")
        return cls.from_arrays(
            symbol=symbol,
            timeframe=timeframe,
            time=named,
            **{name: columns[name] for name in COLUMNS},
        )

    def __len__(self) -> int:
        return int(self.time.size)

    def __getitem__(self, part: slice) -> Self:
        """The same columns, cut: a view, nothing is copied."""
        return replace(self, time=self.time[part], **{name: getattr(self, name)[part] for name in COLUMNS})

    def on(self, timeframe: str, compute: Callable[[Bars], ArrayLike]) -> Column:
        """A column worked out on bars of a longer timeframe, as it was known at the close of each of these.

        A longer bar counts from the close of its last shorter one on: what it will be is not known before.
        `bars.on("4h", lambda b: ta.ema(b.close, 20))`
        """
        longer = resample(self, timeframe)
        values = np.asarray(compute(longer), dtype=np.float64)
        if values.shape != longer.time.shape:
            raise BadData(
                f"A column of {values.size:,} rows does not belong to {len(longer):,} bars of {timeframe}."
            )
        closes, ends = longer.time + seconds(timeframe), self.time + seconds(self.timeframe)
        known = np.searchsorted(closes, ends, side="right") - 1
        return np.where(known >= 0, values[known], np.nan)

    def check(self) -> None:
        """Whether computations can stand on these bars; bars that were found good are not looked at again.

        A volume that is unknown throughout is no fault.

        Raises:
            BadData: a price is not a number, not above zero, or a high is below a low; the first such row.
        """
        if self in _CHECKED:
            return
        for name in COLUMNS:
            column = getattr(self, name)
            if name == "volume" and np.isnan(column).all():
                continue  # it is unknown, as a mark price's is
            bad = (
                ~(column >= 0.0) | np.isinf(column)
                if name == "volume"
                else ~(column > 0.0) | np.isinf(column)
            )
            if bad.any():
                row = int(np.argmax(bad))
                raise BadData(
                    f"{name} in row {row} of {self.symbol} ({self._clock(row)}) is {column[row]:g}: "
                    "remove the row or mend it."
                )
        top, bottom = np.maximum(self.open, self.close), np.minimum(self.open, self.close)
        bad = (self.high < top) | (self.low > bottom)
        if bad.any():
            row = int(np.argmax(bad))
            raise BadData(
                f"The high in row {row} of {self.symbol} ({self._clock(row)}) is {self.high[row]:g}, the low "
                f"{self.low[row]:g}: open {self.open[row]:g} and close {self.close[row]:g} do not lie "
                "between them. Remove the row or mend it."
            )
        _CHECKED.add(self)

    def _clock(self, row: int) -> str:
        return clock(int(self.time[row]))

    @property
    def gaps(self) -> int:
        """How many bars are missing between the first and the last."""
        if len(self) < 2:
            return 0
        whole = (int(self.time[-1]) - int(self.time[0])) // seconds(self.timeframe) + 1
        return max(whole - len(self), 0)


def _numbers(name: str, column: ArrayLike) -> Column:
    try:
        copied = np.array(column, dtype=np.float64, order="C")
    except (TypeError, ValueError):
        raise BadData(
            f"Column {name!r} holds something that is no number: mend or remove that row."
        ) from None
    copied.flags.writeable = False  # itself, and no view of it alone: nobody can change it any more
    return copied


def resample(bars: Bars, timeframe: str, *, unfinished: bool = True) -> Bars:
    """The same market in bars of `timeframe`, aligned to UTC midnight.

    A longer bar is made of the shorter ones there are: where some are missing, so are their trades. Where
    all of them are missing there is no bar.

    Args:
        unfinished: keep the last bar although its time goes on after the last of `bars`.

    Raises:
        UnknownInterval: there is no such timeframe.
        UsageError: `timeframe` is not a multiple of the bars' own.
    """
    length, shorter = seconds(timeframe), seconds(bars.timeframe)
    if length % shorter:
        raise UsageError(
            f"Bars of {bars.timeframe} cannot become bars of {timeframe}: choose a multiple of the former."
        )
    times = bars.time - bars.time % length
    starts = np.flatnonzero(np.diff(times, prepend=times[:1] - 1))
    longer = replace(
        bars,
        timeframe=timeframe,
        time=times[starts],
        open=bars.open[starts],
        high=np.maximum.reduceat(bars.high, starts) if starts.size else bars.high,
        low=np.minimum.reduceat(bars.low, starts) if starts.size else bars.low,
        close=bars.close[np.append(starts[1:], len(bars)) - 1] if starts.size else bars.close,
        volume=np.add.reduceat(bars.volume, starts) if starts.size else bars.volume,
    )
    if not unfinished and len(bars) and bars.time[-1] + shorter < longer.time[-1] + length:
        return longer[:-1]
    return longer


def followed_by(bars: Bars, newer: Sequence[tuple[float, ...]]) -> Bars:
    """The same with newer bars behind them, each as (time, *COLUMNS); of two versions of a bar the newer."""
    if not newer:
        return bars
    time, *columns = zip(*newer, strict=True)
    kept = bars[: int(np.searchsorted(bars.time, time[0]))]
    both: dict[str, Any] = {
        name: np.concatenate([getattr(kept, name), np.array(column, np.float64)])
        for name, column in zip(COLUMNS, columns, strict=True)
    }
    return replace(bars, time=np.concatenate([kept.time, np.array(time, np.int64)]), **both)


TIME_NAMES: Final = ("time", "date", "datetime", "timestamp", "open_time")
_CHECKED: Final[WeakSet[Bars]] = WeakSet()


def times_of(values: NDArray[Any]) -> NDArray[np.int64]:
    """UTC seconds from times of a frame or a file.

    Raises:
        BadData: they are no times, or one of them is unknown.
    """
    if values.dtype.kind in "Mf" and len(unknown := np.flatnonzero(values != values)):
        raise BadData(f"The time in row {unknown[0]} is unknown: remove the row or mend it.")
    if values.dtype.kind == "M":
        return values.astype("datetime64[s]").astype(np.int64)
    if values.dtype.kind in "iuf":
        numbers = values.astype(np.int64)
        if values.dtype.kind == "f" and len(parts := np.flatnonzero(numbers != values)):
            raise BadData(f"The time in row {parts[0]} is {values[parts[0]]}: give whole seconds.")
        size = int(np.abs(numbers).max(initial=0))
        for digits, factor in ((1e17, 10**9), (1e14, 10**6), (1e11, 10**3)):
            if size > digits:
                return numbers // factor
        return numbers
    try:
        return values.astype("datetime64[s]").astype(np.int64)
    except (TypeError, ValueError):
        raise BadData(f"{values.flat[0]!r} is no time: give UTC seconds or datetimes.") from None


def clock(time_s: int) -> str:
    """A bar's time as people read it."""
    return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M}"


def tidy_sum(value: float) -> float:
    """A sum of volumes without the noise of its last bits: 3.3025, not 3.302499999999996. NaN stays."""
    return float(f"{value:.13g}")
