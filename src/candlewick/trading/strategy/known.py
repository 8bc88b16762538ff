"""Columns as far as they are known: a strategy cannot read what has not happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, overload

import numpy as np

from candlewick.core.errors import BadData
from candlewick.market.bars import Bars, Column


class Clock:
    """How many bars of a market are known."""

    __slots__ = ("known",)

    def __init__(self) -> None:
        self.known = 0


class Known:
    """A column up to the bar that has just closed: `[-1]` is that bar, `[-2]` the one before."""

    __slots__ = ("_clock", "_column", "_view")

    def __init__(self, column: Any, clock: Clock) -> None:
        self._column = np.ascontiguousarray(column)
        self._column = self._column.view()
        self._column.flags.writeable = False
        self._view: memoryview[float] = memoryview(self._column)  # type: ignore[arg-type]  # it is a buffer
        self._clock = clock

    def __len__(self) -> int:
        return self._clock.known

    @overload
    def __getitem__(self, at: int) -> float: ...

    @overload
    def __getitem__(self, at: slice) -> Column: ...

    def __getitem__(self, at: int | slice) -> float | Column:
        try:  # the way of every bar: nothing slower than this stands before it
            if at < 0:  # type: ignore[operator]  # a slice is told by its error
                at += self._clock.known  # type: ignore[operator]
                if at >= 0:
                    return self._view[at]
            elif at < self._clock.known:  # type: ignore[operator]
                return self._view[at]  # type: ignore[return-value]
        except TypeError:
            if not isinstance(at, slice):
                raise
            part: Column = self._column[: self._clock.known][at]
            return part
        raise IndexError(_unknown(at, self._clock.known))  # type: ignore[arg-type]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self._column[: self._clock.known], dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        return repr(self._column[: self._clock.known])


def _unknown(at: int, known: int) -> str:
    if not known:
        return "No bar has closed yet: there is nothing to read."
    asked = at if at >= known else at - known
    return (
        f"Row {asked} is not known: {known:,} bars have closed, so rows run from 0 to {known - 1:,}. "
        "[-1] is the bar that has just closed; what comes after it cannot be read."
    )


def known_indicators(ind: Mapping[str, Any], bars: Bars, clock: Clock) -> dict[str, Any]:
    """Indicators, each only as far as it is known.

    Raises:
        BadData: one is neither a column as long as the bars (or a tuple of such), nor a number or a word.
    """
    return {name: _known(name, value, bars, clock) for name, value in ind.items()}


def _known(name: str, value: Any, bars: Bars, clock: Clock) -> Any:
    if value is None or isinstance(value, (str, bool, int, float, np.number, np.bool_)):
        return value
    if isinstance(value, tuple):
        parts = [_known(name, each, bars, clock) for each in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    column = np.asarray(value)
    if column.ndim != 1 or column.dtype.kind not in "fiub" or len(column) != len(bars):
        raise BadData(
            f"The indicator {name!r} has shape {column.shape} of {column.dtype.name}, but there are "
            f"{len(bars):,} bars: answer one number a bar, or a number or word that holds for all of them."
        )
    return Known(column, clock)
