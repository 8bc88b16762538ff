"""An indicator that follows the live bar: the same numbers as over the whole column, one bar at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite, isnan, nan
from typing import Any, Protocol

import numpy as np

from candlewick.core.errors import UsageError
from candlewick.market.bars import Bars, Column
from candlewick.market.indicators.columns import columns_of, talib, warm_up_of
from candlewick.market.indicators.run import OVER_COLUMNS, Formula, Step


class Bar(Protocol):
    """What a form reads of a bar."""

    @property
    def time(self) -> int: ...
    @property
    def open(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def close(self) -> float: ...
    @property
    def volume(self) -> float: ...


class Live:
    """A formula one bar at a time.

    `take` gives it closed bars at once, `closed` the next one as it closes, and `peek` says what the open bar
    would give if it closed now. Each answers one number a line, NaN while it has not seen enough.
    """

    def __init__(self, formula: Formula, columns: Sequence[str], values: Sequence[Any]) -> None:
        self._formula = formula
        self._columns = tuple(columns)
        self._values = tuple(values)
        self._run = _BarByBar()

    def take(self, bars: Bars) -> tuple[Column, ...]:
        """Take the first closed bars; all their values.

        Raises:
            UsageError: a hole in a column that it reads.
        """
        made: tuple[Column, ...] = self._answer("take", columns_of(bars, self._columns))
        return made

    def closed(self, bar: Bar) -> tuple[float, ...]:
        """Take a bar that closed; its values.

        Raises:
            UsageError: a number of the bar that it reads is unknown. Nothing was taken.
        """
        made: tuple[float, ...] = self._answer("closed", self._inputs(bar))
        return made

    def peek(self, bar: Bar) -> tuple[float, ...]:
        """What `closed` would return if the bar closed as it stands.

        Raises:
            UsageError: as `closed`.
        """
        made: tuple[float, ...] = self._answer("peek", self._inputs(bar))
        return made

    def _inputs(self, bar: Bar) -> list[float]:
        inputs = [getattr(bar, name) for name in self._columns]
        for name, value in zip(self._columns, inputs, strict=True):
            if not isfinite(value):
                raise UsageError(f"The {name} of the bar at {bar.time} is {value}: it must be a number.")
        return inputs

    def _answer(self, how: str, inputs: Sequence[Any]) -> Any:
        made = self._run.over(how, self._formula, inputs, self._values)
        return made if isinstance(made, tuple) else (made,)


class _BarByBar:
    """Keeps the steps of a formula, which asks for them in the same order every time."""

    def __init__(self) -> None:
        self._steps: list[Any] = []
        self._next = 0
        self._how = "closed"

    def over(self, how: str, formula: Formula, inputs: Sequence[Any], values: Sequence[Any]) -> Any:
        self._how, self._next = how, 0
        return formula(self, *inputs, *values)

    def __call__(self, step: str | Callable[..., Step], *inputs: Any, **parameters: float) -> Any:
        if self._next == len(self._steps):
            made = _OfTaLib(step, parameters) if isinstance(step, str) else _Ours(step(**parameters))
            self._steps.append(made)
        kept = self._steps[self._next]
        self._next += 1
        return getattr(kept, self._how)(*inputs)


class _Ours:
    """A step of our own."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self.peek = step.peek

    def take(self, *inputs: Any) -> Any:
        for row in zip(*(each.tolist() for each in inputs), strict=True):
            self._step.remember(*row)
        return self._step.columns(*inputs)

    def closed(self, *row: Any) -> Any:
        value = self._step.peek(*row)
        self._step.remember(*row)
        return value


class _OfTaLib:
    """A function of TA-Lib by its streaming form, which begins once it has bars enough."""

    def __init__(self, function: str, parameters: dict[str, float]) -> None:
        self._function = function
        self._parameters = parameters
        self._warm_up = warm_up_of(function, **parameters)
        self._handle: Any = None
        self._rows: list[tuple[float, ...]] = []
        outputs = talib().abstract.Function(function).output_names
        self._unknown = nan if len(outputs) == 1 else (nan,) * len(outputs)

    def take(self, *inputs: Column) -> Any:
        rows = np.column_stack(inputs)
        begin = int(np.argmin(np.isnan(rows).any(axis=1))) if len(rows) else 0
        begins = len(rows) > 0 and not np.isnan(rows[begin]).any()
        self._rows = rows[begin:].tolist() if begins else []
        self._begin()
        return OVER_COLUMNS(self._function, *inputs, **self._parameters)

    def closed(self, *row: float) -> Any:
        if self._handle is not None:
            return self._handle.update(*row)
        if any(map(isnan, row)):  # an earlier step is still warming up
            return self._unknown
        self._rows.append(row)
        handle = self._begin()
        return self._unknown if handle is None else handle.value

    def peek(self, *row: float) -> Any:
        if self._handle is not None:
            return self._handle.peek(*row)
        if any(map(isnan, row)):
            return self._unknown
        handle = self._opened([*self._rows, row])
        return self._unknown if handle is None else handle.value

    def _begin(self) -> Any:
        self._handle = self._opened(self._rows)
        if self._handle is not None:
            self._rows = []
        return self._handle

    def _opened(self, rows: Sequence[Sequence[float]]) -> Any:
        if len(rows) <= self._warm_up:
            return None
        columns = [np.array(column) for column in zip(*rows, strict=True)]
        try:
            return getattr(talib().stream, self._function)(*columns, **self._parameters)
        except talib().InsufficientHistory:  # its seed takes a bar more
            return None
