"""One formula, run two ways: over whole columns, or a bar at a time with the same numbers.

A formula is a function of `run`, its inputs and its parameters. Whatever remembers earlier bars it asks of
`run`: a function of TA-Lib by name, or a step of `steps`. What it does with the results is arithmetic, which
works on columns and on single numbers alike. `OVER_COLUMNS` hands it columns; `live.Live` single bars.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import ArrayLike

from candlewick.market.bars import Column
from candlewick.market.indicators.columns import refuse_holes, talib, unchecked, warm_up_of

# A column, or the number of one bar: which of them the formula need not know.
Value = Any
Formula = Callable[..., Any]


class Step(Protocol):
    """Something of our own that remembers earlier bars."""

    @property
    def columns(self) -> Callable[..., Any]:
        """All rows at once."""
        ...

    @property
    def peek(self) -> Callable[..., Any]:
        """The value of one more row, which is not remembered."""
        ...

    @property
    def remember(self) -> Callable[..., None]:
        """Take one row."""
        ...


class Run(Protocol):
    """Runs the steps of a formula; a `str` names a function of TA-Lib."""

    def __call__(self, step: str | Callable[..., Step], *inputs: Value, **parameters: float) -> Value: ...


class _OverColumns:
    def __call__(self, step: str | Callable[..., Step], *inputs: Value, **parameters: float) -> Value:
        if not isinstance(step, str):
            return step(**parameters).columns(*inputs)
        made = getattr(talib(), step)(*inputs, **parameters)
        return _each(made, lambda line: _known(line, inputs, step, parameters))


OVER_COLUMNS: Final[Run] = _OverColumns()


def line(formula: Formula, *inputs: Any) -> Column:
    """A formula of one line over columns."""
    made: Column = formula(OVER_COLUMNS, *inputs)
    return made


def lines(formula: Formula, *inputs: Any) -> tuple[Column, ...]:
    """A formula of several lines over columns."""
    made: tuple[Column, ...] = formula(OVER_COLUMNS, *inputs)
    return made


def recursive_line(formula: Formula, values: ArrayLike, *numbers: Any) -> Column:
    """`line` of a formula that knows no number any more after a hole, so that its last row tells of one.

    That saves a pass over the column, which may cost as much as a third of the formula.

    Raises:
        UsageError: a hole in the column.
    """
    return recursive_lines(lambda *inputs: (formula(*inputs),), values, *numbers)[0]


def recursive_lines(formula: Formula, values: ArrayLike, *numbers: Any) -> tuple[Column, ...]:
    """`lines` of such a formula.

    Raises:
        UsageError: a hole in the column.
    """
    given = unchecked("values", values)
    made = lines(formula, given, *numbers)
    if given.size and not np.isfinite(made[0][-1]):
        refuse_holes("values", given)
    return made


def ratio(part: Value, whole: Value) -> Value:
    """`part / whole`; NaN where there is no whole."""
    if isinstance(whole, np.ndarray):
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(whole != 0.0, part / whole, np.nan)
    return part / whole if whole != 0.0 else np.nan


def root(square: Value) -> Value:
    """Square root of what cannot be negative but by rounding."""
    return np.sqrt(np.maximum(square, 0.0))


def _each(made: Any, change: Callable[[Any], Any]) -> Any:
    return tuple(map(change, made)) if isinstance(made, tuple) else change(made)


def _known(line: Any, inputs: tuple[Column, ...], step: str, parameters: dict[str, float]) -> Column:
    """TA-Lib gives directions and patterns as whole numbers, 0 where it has not seen enough: NaN here."""
    if line.dtype.kind == "f":
        column: Column = line
        return column
    column = line.astype(np.float64)
    begin = max(int(np.argmin(np.isnan(each))) if each.size else 0 for each in inputs)
    column[: begin + warm_up_of(step, **parameters)] = np.nan
    return column
