"""The prints of one listing in one session of the live market, the older ones read back when asked for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from candlewick.venues.sim.hours import Columns, no_columns
from candlewick.venues.sim.model import Print
from candlewick.venues.sim.path import HOUR_MS
from candlewick.venues.sim.prints import PrintStore

_HELD_HOURS = 24


class Session:
    """Prints from `start_ms` until `end_ms` (exclusive; None while it runs).

    With a `store` only the running hour is held in memory, and one more where it was asked for; without
    one, the prints of the last day.
    """

    __slots__ = ("_columns", "_firsts", "_hours", "_store", "end_ms", "index", "next_id", "start_ms")

    def __init__(self, start_ms: int, first_id: int, index: int, store: PrintStore | None) -> None:
        self.start_ms = start_ms
        self.end_ms: int | None = None
        self.index = index
        self.next_id = first_id
        self._store = store
        self._hours = [start_ms // HOUR_MS]
        self._firsts = [first_id]
        self._columns: dict[int, Columns] = {}

    @property
    def first_id(self) -> int:
        return self._firsts[0]

    def enter(self, hour: int, first_id: int) -> None:
        """The prints of `hour` begin with `first_id`."""
        self._hours.append(hour)
        self._firsts.append(first_id)

    def append(self, trade: Print) -> None:
        hour = trade.ts_ms // HOUR_MS
        if hour != self._hours[-1]:
            self.enter(hour, trade.id)
        columns = self._columns.get(hour)
        if columns is None:
            columns = self._columns[hour] = no_columns()
            self._forget(keep=(hour,))
        lots = -trade.lots if trade.seller_is_taker else trade.lots
        columns.ts_ms.append(trade.ts_ms)
        columns.ticks.append(trade.ticks)
        columns.lots.append(lots)
        self.next_id = trade.id + 1
        if self._store is not None:
            self._store.append(self.index, trade.ts_ms, trade.ticks, lots)

    def between(self, start_ms: int, end_ms: int) -> list[Print]:
        """Prints in [start_ms, end_ms)."""
        out: list[Print] = []
        for hour in range(start_ms // HOUR_MS, (end_ms - 1) // HOUR_MS + 1):
            at = bisect_left(self._hours, hour)
            if at == len(self._hours) or self._hours[at] != hour:
                continue
            first_id = self._firsts[at]
            times, ticks, lots = self._load(hour)
            out += [
                Print(first_id + n, times[n], ticks[n], abs(lots[n]), lots[n] < 0)
                for n in range(bisect_left(times, start_ms), bisect_left(times, end_ms))
            ]
        return out

    def time_of(self, id: int) -> int:
        """When trade `id` of this session happened."""
        at = bisect_right(self._firsts, id) - 1
        times = self._load(self._hours[at]).ts_ms
        number = id - self._firsts[at]
        if number < len(times):
            return times[number]
        if at + 1 == len(self._hours) and self.end_ms is not None:
            return self.end_ms  # one of the ids left out after a kill
        return self._hours[at] * HOUR_MS  # forgotten: no store to read it from

    def _load(self, hour: int) -> Columns:
        columns = self._columns.get(hour)
        if columns is None:
            if self._store is None:
                return no_columns()
            columns = self._store.hour(self.index, self.start_ms, hour)
            newest = self._hours[-1] if self.end_ms is None else hour
            self._forget(keep=(newest, newest - 1))
            self._columns[hour] = columns
        return columns

    def _forget(self, keep: tuple[int, ...]) -> None:
        oldest = self._hours[-1] - _HELD_HOURS
        for hour in list(self._columns):
            if hour not in keep and (self._store is not None or hour < oldest):
                del self._columns[hour]
