"""`Signals`: what a strategy that only signals answers for all bars at once."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from candlewick.core.errors import BadData, UsageError
from candlewick.fills.state import ENTER_LONG, ENTER_SHORT, EXIT_LONG, EXIT_SHORT

Flags = NDArray[np.uint8]
Column = NDArray[np.float64]

WISHES: Final = {
    "enter_long": ENTER_LONG, "exit_long": EXIT_LONG, "enter_short": ENTER_SHORT, "exit_short": EXIT_SHORT,
}  # fmt: skip
ENTRIES: Final = WISHES["enter_long"] | WISHES["enter_short"]
LONGEST_TAG: Final = 80
DISTANCES: Final = ("stop_loss", "take_profit", "trailing_stop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """Arrays of one value a bar, or one value for all of them.

    What stands in row i is known at the close of bar i, and traded at the open of the next one.

    Attributes:
        enter_long, exit_long, enter_short, exit_short: true where that is wanted. An entry the other way
            closes what is held first; wishes that contradict each other are none.
        stop_loss, take_profit: distance from the price paid, slippage included, as a fraction (0.02 is 2 %);
            of the row in which the entry was signalled. None or NaN: none.
        trailing_stop: distance behind the best price that the market has had since the entry, as a fraction
            of that price; it begins at the open of the entry, which no slippage is in. None or NaN: none.
        size: scales the strategy's `sizing`; 0.5 is half of it. None: 1.
        tag: a name for the entries, for the tables of trades; 80 letters at most.
    """

    enter_long: ArrayLike | None = None
    exit_long: ArrayLike | None = None
    enter_short: ArrayLike | None = None
    exit_short: ArrayLike | None = None
    stop_loss: ArrayLike | None = None
    take_profit: ArrayLike | None = None
    trailing_stop: ArrayLike | None = None
    size: ArrayLike | None = None
    tag: str | Sequence[str] | None = None

    def __new__(cls, **given: Any) -> Self:
        """Refuse a name that there is not, with the near one, which a `TypeError` would not tell."""
        known = names()
        for name in given:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"Did you mean {near[0]}?" if near else f"It has: {', '.join(known)}."
                raise UsageError(f"Signals has no {name!r}. {hint}")
        return object.__new__(cls)

    @property
    def shorts(self) -> bool:
        """Whether it ever wants to be short."""
        return self.enter_short is not None and bool(np.any(self.enter_short))

    def flags(self, bars: int) -> Flags:
        """All wishes of a bar in one byte (`WISHES`).

        Raises:
            BadData: a column is of another length than the bars, or holds something that is no truth value;
                or a tag is too long.
        """
        packed: Flags | None = None
        for name, bit in WISHES.items():
            column = getattr(self, name)
            if column is None:
                continue
            wanted = _truths(name, column, bars)
            shifted = wanted.view(np.uint8) if bit == 1 else wanted.view(np.uint8) * np.uint8(bit)
            packed = shifted.copy() if packed is None else np.bitwise_or(packed, shifted, out=packed)
        packed = np.zeros(bars, np.uint8) if packed is None else packed
        self._check_tags(packed)
        return packed

    def _check_tags(self, flags: Flags) -> None:
        if self.tag is None:
            return
        rows = np.flatnonzero(flags & ENTRIES)
        if isinstance(self.tag, str):
            rows = rows[:1]
        elif (named := len(self.tag) if hasattr(self.tag, "__len__") else 0) != len(flags):
            raise BadData(
                f"tag has {named:,} names, but there are {len(flags):,} bars: give one word, or one a bar."
            )
        for row in rows.tolist():
            if len(name := self.tag_of(row)) > LONGEST_TAG:
                raise BadData(f"tag has {len(name):,} letters in row {row}: give {LONGEST_TAG} at most.")

    def distance(self, name: str, bars: int) -> Column:
        """One of `DISTANCES`, as one value or a column; NaN where there is none.

        Raises:
            BadData: it is of another length than the bars, or not above zero.
        """
        given = getattr(self, name)
        if given is None:
            return np.array([np.nan])
        column = _numbers(name, given, bars)
        bad = np.flatnonzero((column <= 0.0) | np.isinf(column))
        if len(bad):
            where = f" in row {bad[0]}" if column.size > 1 else ""
            raise BadData(
                f"{name} is {column[bad[0]]:g}{where}: "
                "give a fraction above zero (0.02 is 2 %), or NaN for none."
            )
        if name != "take_profit" and column.size and np.nanmax(column, initial=0.0) >= 1.0:
            row = int(np.nanargmax(column))
            raise BadData(f"{name} is {column[row]:g}: 0.02 is 2 %, and 1 or more would never be reached.")
        return column

    def scale(self, bars: int) -> Column:
        """`size` as one value or a column.

        Raises:
            BadData: it is of another length than the bars, or below zero, or not a number.
        """
        if self.size is None:
            return np.array([1.0])
        column = _numbers("size", self.size, bars)
        bad = np.flatnonzero(~(column >= 0.0) | np.isinf(column))
        if len(bad):
            where = f" in row {bad[0]}" if column.size > 1 else ""
            raise BadData(f"size is {column[bad[0]]:g}{where}: give a number that is not below zero.")
        return column

    def tag_of(self, bar: int) -> str:
        """The name of an entry signalled at a bar."""
        if self.tag is None or isinstance(self.tag, str):
            return self.tag or ""
        return str(self.tag[bar])


def _truths(name: str, column: ArrayLike, bars: int) -> NDArray[np.bool_]:
    values = np.asarray(column)
    _same_length(name, values, bars)
    if values.dtype == np.bool_:
        truths = values
    elif values.dtype.kind == "f":
        bad = np.flatnonzero(~((values == 0.0) | (values == 1.0)))
        if len(bad):
            raise BadData(
                f"{name} is {values.flat[bad[0]]:g} in row {bad[0]}: a signal is true or false. "
                "Compare first, and treat rows without a value as false."
            )
        truths = values != 0.0
    elif values.dtype.kind in "iu" and np.all((values == 0) | (values == 1)):
        truths = values != 0
    elif values.dtype.kind == "O" and values.ndim:  # of a frame's column with gaps, and the like
        strange = [row for row, value in enumerate(values) if not isinstance(value, bool | np.bool_)]
        if strange:
            raise BadData(
                f"{name} is {values[strange[0]]!r} in row {strange[0]}: a signal is true or false. "
                "Treat rows without a value as false."
            )
        truths = values.astype(np.bool_)
    else:
        raise BadData(f"{name} holds {values.dtype.name} values: a signal is true or false.")
    return np.ascontiguousarray(truths if truths.ndim else np.broadcast_to(truths, (bars,)))


def _numbers(name: str, column: ArrayLike, bars: int) -> Column:
    try:
        values = np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadData(f"{name} holds something that is no number.") from None
    _same_length(name, values, bars)
    return np.ascontiguousarray(np.atleast_1d(values))


def _same_length(name: str, values: NDArray[Any], bars: int) -> None:
    if values.ndim > 1 or (values.ndim == 1 and len(values) not in (bars,)):
        raise BadData(
            f"{name} has {values.shape[0] if values.ndim else 1:,} values, but there are {bars:,} bars: "
            "give one a bar, or one for all."
        )


def crossed_above(one: ArrayLike, other: ArrayLike) -> NDArray[np.bool_]:
    """Where `one` is above `other` and was not in the row before. A row without a value crosses nothing."""
    return _crossed(one, other)


def crossed_below(one: ArrayLike, other: ArrayLike) -> NDArray[np.bool_]:
    """Where `one` is below `other` and was not in the row before. A row without a value crosses nothing."""
    return _crossed(other, one)


def before(column: ArrayLike, bars: int = 1) -> Column:
    """The column as it was some bars before; NaN where there was none.

    Raises:
        BadData: `bars` is not above zero: it would look ahead.
    """
    if bars < 1:
        raise BadData(f"before(column, {bars}) would look ahead: give a number of bars of at least 1.")
    values = np.asarray(column, dtype=np.float64)
    earlier = np.full(values.shape, np.nan)
    earlier[bars:] = values[:-bars]
    return earlier


def _crossed(upper: ArrayLike, lower: ArrayLike) -> NDArray[np.bool_]:
    a, b = np.asarray(upper, dtype=np.float64), np.asarray(lower, dtype=np.float64)
    if a.ndim and b.ndim and a.shape != b.shape:
        raise BadData(f"Columns of {len(a):,} and {len(b):,} rows cannot cross: they belong to other bars.")
    above, not_before = np.atleast_1d(a > b), np.atleast_1d(a <= b)
    crossed = np.empty(above.shape, np.bool_)
    crossed[:1] = False
    np.logical_and(above[1:], not_before[:-1], out=crossed[1:])
    return crossed


def names() -> tuple[str, ...]:
    """What a `Signals` can hold."""
    return tuple(field.name for field in fields(Signals))
