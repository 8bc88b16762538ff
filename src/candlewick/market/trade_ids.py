"""`TradeIds`: which trades have been seen, which are missing between them, and since when all are known."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Final

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Trade

# Bounds for a stream that is broken all over; what is dropped counts as unknown, never as whole.
MAX_GAPS: Final = 64
RECENT_IDS: Final = 8_192
RENUMBERED_NS: Final = NS_PER_S


@dataclass(slots=True)
class Gap:
    """Trades `first`..`last` are missing; they happened within [after, before] (ns)."""

    first: int
    last: int
    after: int
    before: int


class TradeIds:
    """Ids of one instrument's trades, which rise by one a trade (`numbered`) or are mere names.

    Attributes:
        next: the id that would follow without a gap; -1 before the first trade, or when not numbered.
        gaps: what is missing, oldest first.
        filled: the gap whose last missing trade was the newest taken; None otherwise.
        newest: time (ns) of the newest trade; the caller moves it on where it took `next` by itself.
        known_from: every trade after this moment (ns) has been seen, but for `gaps`; None: no trade yet.
    """

    __slots__ = ("_first", "_names", "_recent", "filled", "gaps", "known_from", "newest", "next", "numbered")

    def __init__(self, *, numbered: bool = True) -> None:
        self.numbered = numbered
        self.next = -1
        self.gaps: list[Gap] = []
        self.filled: Gap | None = None
        self.known_from: int | None = None
        self._first = 0
        self.newest = 0
        # The newest names, in order of arrival and for looking up.
        self._recent: deque[int | str] = deque()
        self._names: set[int | str] = set()

    def take(self, id: int | str, ts: int) -> bool:
        """Note the trade `id` at `ts` (ns); False if it has been seen before."""
        self.filled = None
        if not self.numbered or isinstance(id, str):
            return self._take_name(id, ts)
        if self.next < 0:
            self._first, self.next, self.newest = id, id + 1, ts
            self._know_from(ts)
            return True
        if id >= self.next:
            if id > self.next:
                self._lose(Gap(self.next, id - 1, self.newest, ts))
            self.next, self.newest = id + 1, max(self.newest, ts)
            return True
        if ts > self.newest + RENUMBERED_NS:
            # Lower and yet newer: the venue began to number anew.
            self._first, self.next, self.newest, self.known_from = id, id + 1, ts, ts
            self.gaps.clear()
            return True
        if id < self._first:
            if id < self._first - 1:
                self._lose(Gap(id + 1, self._first - 1, ts, self.known_from or ts))
            self._first = id
            self._know_from(ts)
            return True
        return self._fill(id)

    def place(self, trade: Trade) -> int:
        """Where `trade` stands in the venue's order: by its number, else by its time."""
        return trade.id if self.numbered and isinstance(trade.id, int) else trade.ts_exchange

    def covers(self, begin: int, end: int) -> bool:
        """Whether every trade in [begin, end) (ns) has been seen, as far as can be known."""
        if self.known_from is None or begin <= self.known_from:
            return False
        return not any(gap.after < end and gap.before >= begin for gap in self.gaps)

    def know_from(self, ts: int) -> None:
        """Take it from the caller that all trades from `ts` (ns) on have been given: no gap reaches there."""
        self._know_from(ts - 1)
        self.gaps = [replace(gap, before=min(gap.before, ts - 1)) for gap in self.gaps if gap.after < ts]

    def forget_before(self, ts: int) -> None:
        """Drop gaps that ended before `ts` (ns): nothing that old is asked about any more."""
        if self.gaps:
            self.gaps = [gap for gap in self.gaps if gap.before >= ts]

    def interrupt(self) -> None:
        """The stream was broken. Numbers will show what is missing; mere names cannot."""
        if self.next < 0:
            self.known_from = None

    def _know_from(self, ts: int) -> None:
        if self.known_from is None or ts < self.known_from:
            self.known_from = ts

    def _take_name(self, id: int | str, ts: int) -> bool:
        if id in self._names:
            return False
        if len(self._recent) == RECENT_IDS:
            self._names.remove(self._recent.popleft())
        self._recent.append(id)
        self._names.add(id)
        if self.known_from is None:
            self.known_from = ts
        return True

    def _lose(self, gap: Gap) -> None:
        self.gaps.append(gap)
        self.gaps.sort(key=lambda each: each.first)
        self._bound()

    def _fill(self, id: int) -> bool:
        for index, gap in enumerate(self.gaps):
            if gap.first <= id <= gap.last:
                rest = [replace(gap, last=id - 1), replace(gap, first=id + 1)]
                self.gaps[index : index + 1] = [part for part in rest if part.first <= part.last]
                if not any((part.after, part.before) == (gap.after, gap.before) for part in self.gaps):
                    self.filled = gap
                self._bound()
                return True
        return False

    def _bound(self) -> None:
        while len(self.gaps) > MAX_GAPS:
            dropped = self.gaps.pop(0)
            self.known_from = max(self.known_from or 0, dropped.before)
