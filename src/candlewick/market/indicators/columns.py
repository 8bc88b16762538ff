"""What goes into an indicator: columns without holes, of one length, and parameters within bounds."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from typing import Any, Final
from weakref import ref

import numpy as np
from numpy.typing import ArrayLike

from candlewick.core.errors import UsageError
from candlewick.market.bars import Bars, Column

LONGEST: Final = 100_000


def checked(*columns: tuple[str, ArrayLike]) -> list[Column]:
    """The named columns as contiguous float64, which costs no copy where they are that already.

    A column may begin with NaN, as one that another indicator gave does; after that every row is a number.

    Raises:
        UsageError: columns that differ in length or shape, or a hole in one; says which row.
    """
    return aligned(*((name, column(name, values)) for name, values in columns))


def aligned(*columns: tuple[str, Any]) -> list[Any]:
    """The columns, if they are of one length.

    Raises:
        UsageError: they are not.
    """
    lead, first = columns[0]
    for name, each in columns:
        if each.size != first.size:
            raise UsageError(
                f"Column {name} has {each.size} rows, but {lead} has {first.size}: "
                "give columns of the same bars."
            )
    return [each for _, each in columns]


def column(name: str, values: ArrayLike) -> Column:
    """One column, checked.

    Raises:
        UsageError: as `checked`.
    """
    made = unchecked(name, values)
    found = _WHOLE.get(id(made))
    if found is not None and found() is made:
        return made
    # A sum tells whether a hole may be there: by einsum, which takes one thread and half the time of np.sum.
    # A product of BLAS wakes threads that cost fifty times as much.
    with np.errstate(over="ignore", invalid="ignore"):
        is_whole = np.isfinite(np.einsum("i->", made))
    if not is_whole:
        refuse_holes(name, made)
    elif _is_locked(made):
        key = id(made)
        _WHOLE[key] = ref(made, lambda _: _WHOLE.pop(key, None))
    return made


_WHOLE: Final[dict[int, ref[Column]]] = {}
"""Columns without a hole that nobody can change, such as those of bars: they are searched once."""


def _is_locked(made: Column) -> bool:
    owner: Any = made
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable:
            return False
        owner = owner.base
    return owner is None


def unchecked(name: str, values: ArrayLike) -> Column:
    """One column that may have holes.

    Raises:
        UsageError: it is no single column of numbers.
    """
    try:
        made = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"Column {name} holds something that is no number: give one of numbers.") from None
    if np.ndim(values) != 1:
        raise UsageError(f"Column {name} has {np.ndim(values)} dimensions: give a single column.")
    return made


def refuse_holes(name: str, made: Column) -> None:
    """Look for a hole.

    Raises:
        UsageError: there is one; says in which row.
    """
    known = ~np.isnan(made)
    begin = int(np.argmax(known)) if known.any() else made.size
    holes = np.flatnonzero(~np.isfinite(made[begin:]))
    if holes.size:
        row = begin + int(holes[0])
        raise UsageError(
            f"Row {row} of {name} is {made[row]}, and an indicator takes numbers: "
            f"fill it, or begin after it with {name}[{row + 1}:]."
        )


def columns_of(bars: Bars, names: Sequence[str]) -> list[Any]:
    """The named columns of bars, `time` among them if it is asked for.

    Raises:
        UsageError: a hole in one; says which row.
    """
    return [bars.time if name == "time" else column(name, getattr(bars, name)) for name in names]


def times(values: ArrayLike) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Open times in UTC seconds.

    Raises:
        UsageError: they are not whole seconds in rising order.
    """
    made = np.asarray(values)
    if made.ndim != 1 or (made.size and made.dtype.kind not in "iu"):
        raise UsageError("Column time must be one column of whole UTC seconds: bars.time is one.")
    seconds = np.ascontiguousarray(made, dtype=np.int64)
    falls = np.flatnonzero(seconds[1:] <= seconds[:-1])
    if falls.size:
        raise UsageError(f"Row {falls[0] + 1} of time does not rise: sort the bars and remove duplicates.")
    return seconds


def whole(name: str, value: object, *, low: int = 2, high: int = LONGEST) -> int:
    """A parameter that counts.

    Raises:
        UsageError: no whole number from `low` to `high`.
    """
    number = value.__index__() if hasattr(value, "__index__") else value
    if isinstance(number, float | np.floating) and float(number).is_integer():
        number = int(number)
    if not isinstance(number, int) or not low <= number <= high:
        raise UsageError(f"The {name} is {value!r}: give a whole number from {low} to {high}.")
    return number


def number(name: str, value: Any, *, low: float, high: float) -> float:
    """A parameter that measures.

    Raises:
        UsageError: no number from `low` to `high`.
    """
    try:
        made = float(value)
    except (TypeError, ValueError):
        made = np.nan
    if not low <= made <= high:
        raise UsageError(f"The {name} is {value!r}: give a number from {low:g} to {high:g}.")
    return made


def one_of(name: str, value: str, choices: Sequence[str]) -> str:
    """A parameter that names.

    Raises:
        UsageError: none of `choices`.
    """
    if value not in choices:
        raise UsageError(f"The {name} is {value!r}: use one of {', '.join(choices)}.")
    return value


@cache
def talib() -> Any:
    """TA-Lib, loaded when first used: most processes need not.

    It would wrap every function for the frame libraries it finds, which takes 0.9 s and 40 MB to import;
    it gets columns only, so it need not find them.
    """
    hidden = [name for name in ("pandas", "polars") if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: "cannot be imported"
    try:
        import talib as library
        import talib.abstract
        import talib.stream
    finally:
        for name in hidden:
            del sys.modules[name]
    return library


@cache
def warm_up_of(function: str, **parameters: float) -> int:
    """Rows that a function of TA-Lib needs before its first value."""
    found: int = talib().abstract.Function(function, **parameters).lookback
    return found
