"""Candles of the minutes in which a listing printed: those of today in memory, older ones in the store."""

from __future__ import annotations

from array import array
from bisect import bisect_left

import numpy as np

from candlewick.venues.sim.noise import Ints
from candlewick.venues.sim.path import DAY_MINUTES
from candlewick.venues.sim.prints import PrintStore

_WIDTH = 9


class PrintedBars:
    """One listing's candles of closed minutes, by minute since 1970."""

    def __init__(self, index: int, store: PrintStore | None) -> None:
        self._index = index
        self._store = store
        self._minutes = array("q")
        self._candles = array("q")

    def keep(self, minute: int, candle: list[int]) -> None:
        """The candle of `minute`, not before any kept; a later one of the same minute replaces it."""
        if self._minutes and self._minutes[-1] == minute:
            self._candles[-_WIDTH:] = array("q", candle)
            return
        if (
            self._store is not None
            and self._minutes
            and minute // DAY_MINUTES != self._minutes[0] // DAY_MINUTES
        ):
            self._minutes, self._candles = array("q"), array("q")
        self._minutes.append(minute)
        self._candles.extend(candle)

    def get(self, minute: int) -> list[int] | None:
        """The candle of `minute`, None where nothing is kept."""
        at = bisect_left(self._minutes, minute)
        if at < len(self._minutes) and self._minutes[at] == minute:
            return list(self._candles[at * _WIDTH : (at + 1) * _WIDTH])
        if self._in_memory(minute):
            return None
        minutes, candles = self._read(minute // DAY_MINUTES)
        found = np.flatnonzero(minutes == minute)
        return [int(value) for value in candles[found[-1]]] if len(found) else None

    def lay_over(self, columns: Ints, first: int) -> Ints:
        """Put what is kept over `columns` (9, n), which begin at minute `first`; the minutes put."""
        last = first + columns.shape[1]
        put = []
        for day in range(first // DAY_MINUTES, (last - 1) // DAY_MINUTES + 1):
            minutes, candles = self._read(day)
            inside = (minutes >= first) & (minutes < last)
            columns[:, minutes[inside] - first] = candles[inside].T
            put.append(minutes[inside])
        return np.concatenate(put)

    def _in_memory(self, minute: int) -> bool:
        return self._store is None or (bool(self._minutes) and minute >= self._minutes[0])

    def _read(self, day: int) -> tuple[Ints, Ints]:
        minutes = np.array(self._minutes, dtype=np.int64)
        candles = np.array(self._candles, dtype=np.int64).reshape(-1, _WIDTH)
        if self._store is None or (len(minutes) and day > int(minutes[0]) // DAY_MINUTES):
            return minutes, candles
        stored_minutes, stored = self._store.bars(self._index, day)
        return np.concatenate((stored_minutes, minutes)), np.concatenate((stored, candles))
