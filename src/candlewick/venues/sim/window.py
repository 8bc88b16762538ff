"""The last 24 hours of one listing, summed up minute by minute at little cost in time and memory."""

from __future__ import annotations

import numpy as np

from candlewick.venues.sim.minutes import CLOSE, COUNT, HIGH, LOW, OPEN, QUOTE, VOLUME
from candlewick.venues.sim.path import DAY_MINUTES
from candlewick.venues.sim.tape import Tape


class DayWindow:
    """Sums over the 1440 minutes before a given one.

    The oldest minutes, the next to drop out, are held one by one; all others only as a sum, which grows by
    each minute that closes. When the old ones are used up, the window is filled anew from the tape.
    """

    def __init__(self, tape: Tape, refill_after: int) -> None:
        self._tape = tape
        self._old_minutes = refill_after
        self._minute = -1
        self._filled_at = -1
        self._old = np.zeros((9, 0), dtype=np.int64)
        self._rest: list[int] = []
        self.previous = 0  # the price before the window

    def sums(self, minute: int) -> tuple[int, int, int, int, int, int]:
        """Open, high, low, volume, quote and count of the 1440 minutes before `minute`, which rises."""
        if self._minute < 0 or not self._minute <= minute < self._filled_at + self._old_minutes:
            self._fill(minute)
        for closed in range(self._minute, minute):
            bar = self._tape.bar(closed)
            rest = self._rest
            rest[0], rest[1] = max(rest[0], bar[HIGH]), min(rest[1], bar[LOW])
            rest[2], rest[3], rest[4] = rest[2] + bar[VOLUME], rest[3] + bar[QUOTE], rest[4] + bar[COUNT]
        gone = minute - self._filled_at
        if minute != self._minute:
            self.previous = int(self._old[CLOSE, gone - 1])
        self._minute = minute
        old, rest = self._old[:, gone:], self._rest
        return (
            int(old[OPEN, 0]),
            max(int(old[HIGH].max()), rest[0]),
            min(int(old[LOW].min()), rest[1]),
            int(old[VOLUME].sum()) + rest[2],
            int(old[QUOTE].sum()) + rest[3],
            int(old[COUNT].sum()) + rest[4],
        )

    def _fill(self, minute: int) -> None:
        columns = self._tape.minutes(minute - DAY_MINUTES, minute)
        self._old = columns[:, : self._old_minutes].copy()
        rest = columns[:, self._old_minutes :]
        totals = [int(rest[row].sum()) for row in (VOLUME, QUOTE, COUNT)]
        self._rest = [int(rest[HIGH].max()), int(rest[LOW].min()), *totals]
        self._minute = self._filled_at = minute
        self.previous = self._tape.bar(minute - DAY_MINUTES - 1)[CLOSE]
