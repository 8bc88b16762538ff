"""Rows of a keyed series as columns, and the one rule by which two versions of a row are told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows of one series, times strictly rising.

    `values` has one float64 column a name, NaN where unknown; `closed` says that the row is final;
    `rev` is the time in ns at which we came to know it.
    """

    time: Ints
    values: dict[str, Floats]
    closed: NDArray[np.bool_]
    rev: Ints

    @classmethod
    def empty(cls, names: Sequence[str]) -> Self:
        none = np.empty(0, np.int64)
        return cls(none, {name: np.empty(0) for name in names}, np.empty(0, np.bool_), none)

    def __len__(self) -> int:
        return int(self.time.size)

    def take(self, at: NDArray[Any] | slice) -> Self:
        """The rows at these positions, or where a mask is true."""
        values = {name: column[at] for name, column in self.values.items()}
        return type(self)(self.time[at], values, self.closed[at], self.rev[at])

    def between(self, start: int | None, end: int | None) -> Self:
        """The rows with start <= time < end."""
        low = 0 if start is None else int(np.searchsorted(self.time, start))
        high = len(self) if end is None else int(np.searchsorted(self.time, end))
        return self if low == 0 and high == len(self) else self.take(slice(low, high))


def joined(parts: Sequence[Columns]) -> Columns:
    """Parts that follow each other, end to end."""
    if len(parts) == 1:
        return parts[0]
    return Columns(
        np.concatenate([p.time for p in parts]),
        {name: np.concatenate([p.values[name] for p in parts]) for name in parts[0].values},
        np.concatenate([p.closed for p in parts]),
        np.concatenate([p.rev for p in parts]),
    )


def merged(old: Columns, new: Columns) -> Columns:
    """Both, one row a time: closed beats open, then the later known wins, then `old`.

    The upsert of the hot tables follows the same order, so it does not matter whether two versions of
    a row meet in a hot table, in a read, or in a compaction.
    """
    if not len(old) or not len(new):
        return new if len(new) else old
    if old.time[-1] < new.time[0]:
        return joined([old, new])
    if new.time[-1] < old.time[0]:
        return joined([new, old])
    both = joined([new, old])
    age = np.arange(len(both))
    order = np.lexsort((age, both.rev, both.closed, both.time))
    time = both.time[order]
    last = np.append(time[1:] != time[:-1], True)
    return both.take(order[last])
