"""One listing's tape: what really printed, laid over what would have been generated.

Time is cut into *sessions*, in which the live market ran and only prints count, and the stretches between
them, in which the generated market counts. Trade ids run through both: a stretch continues where the
session before it ended, and a session where the stretch before it ended.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

import numpy as np

from candlewick.venues.sim.folds import flat, fold, fold_columns
from candlewick.venues.sim.history import History
from candlewick.venues.sim.minutes import CLOSE
from candlewick.venues.sim.model import Print
from candlewick.venues.sim.noise import Ints
from candlewick.venues.sim.path import DAY_MINUTES, MINUTE_MS

_HOURS = np.arange(0, DAY_MINUTES, 60)


class Session:
    """Prints from `start_ms` until `end_ms` (exclusive; None while it runs)."""

    def __init__(self, start_ms: int, first_id: int) -> None:
        self.start_ms = start_ms
        self.end_ms: int | None = None
        self.first_id = first_id
        self.ts_ms = array("q")
        self.ticks = array("q")
        self.lots = array("q")  # negative: the seller was the taker

    @property
    def next_id(self) -> int:
        return self.first_id + len(self.ts_ms)

    def append(self, trade: Print) -> None:
        self.ts_ms.append(trade.ts_ms)
        self.ticks.append(trade.ticks)
        self.lots.append(-trade.lots if trade.seller_is_taker else trade.lots)

    def between(self, start_ms: int, end_ms: int) -> list[Print]:
        """Prints in [start_ms, end_ms)."""
        first, last = bisect_left(self.ts_ms, start_ms), bisect_left(self.ts_ms, end_ms)
        return [self._print(n) for n in range(first, last)]

    def time_of(self, id: int) -> int:
        return self.ts_ms[id - self.first_id]

    def _print(self, n: int) -> Print:
        lots = self.lots[n]
        return Print(self.first_id + n, self.ts_ms[n], self.ticks[n], abs(lots), lots < 0)


class Tape:
    """Candles and trades of one listing at any time up to now."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.sessions: list[Session] = []
        self._starts: list[int] = []
        self._bars: dict[int, list[int]] = {}  # minutes touched by a session
        self._hours: dict[int, Ints] = {}

    # ids ---------------------------------------------------------------------------------------

    def _generated_before(self, ts_ms: int) -> int:
        """Number of generated trades before `ts_ms`."""
        minute, rest = divmod(ts_ms, MINUTE_MS)
        ordinal = self.history.ordinal(minute)
        if rest:
            ordinal += sum(1 for trade in self.history.prints(minute) if trade.ts_ms < ts_ms)
        return ordinal

    def _shift(self, n: int) -> int:
        """What turns an ordinal into an id in the stretch before session `n`."""
        if n == 0:
            return 1
        ended = self.sessions[n - 1]
        assert ended.end_ms is not None
        return ended.next_id - self._generated_before(ended.end_ms)

    def open_session(self, start_ms: int) -> tuple[Session, Print, list[int]]:
        """Begin a session: it, the trade before it, and the candle so far of its first minute."""
        shift = self._shift(len(self.sessions))
        minute = start_ms // MINUTE_MS
        session = Session(start_ms, self._generated_before(start_ms) + shift)
        candle: list[int] = []
        for trade in self.trades_of_minute(minute):
            if trade.ts_ms < start_ms:
                fold(candle, trade.ticks, trade.lots, trade.seller_is_taker)
        last = self.latest(start_ms - 1, 1)[0]
        self.sessions.append(session)
        self._starts.append(start_ms)
        return session, last, candle

    def close_session(self, end_ms: int) -> None:
        """End the running session; the rest of its last minute is generated."""
        session = self.sessions[-1]
        session.end_ms = end_ms
        minute = end_ms // MINUTE_MS
        candle: list[int] = []
        for trade in self.trades_of_minute(minute):
            fold(candle, trade.ticks, trade.lots, trade.seller_is_taker)
        self.keep(minute, candle)

    def keep(self, minute: int, candle: list[int]) -> None:
        """A minute touched by a session is over: its candle stands. An empty one repeats the last price."""
        if not candle:
            candle = flat(self.bar(minute - 1)[CLOSE])
        self._bars[minute] = candle
        self._hours.pop(minute // DAY_MINUTES, None)

    # candles -----------------------------------------------------------------------------------

    def bar(self, minute: int) -> list[int]:
        """The candle of one closed minute."""
        kept = self._bars.get(minute)
        if kept is not None:
            return kept
        day, at = divmod(minute, DAY_MINUTES)
        return [int(value) for value in self.history.day(day)[:, at]]

    def minutes(self, first: int, last: int) -> Ints:
        """Candles of the closed minutes first … last - 1, (9, n)."""
        columns = self.history.minutes(first, last).copy()
        self._lay_over(columns, first)
        return columns

    def hours(self, day: int, days: int) -> Ints:
        """Hours of `days` whole days that have passed, (9, 24 × days)."""
        wanted = range(day, day + days)
        missing = [each for each in wanted if each not in self._hours]
        for first, count in _stretches(missing):
            for each, columns in self.history.days(first, count):
                self._lay_over(columns, each * DAY_MINUTES)
                self._hours[each] = fold_columns(columns, _HOURS)
        return np.concatenate([self._hours[each] for each in wanted], axis=1)

    def _lay_over(self, columns: Ints, first: int) -> None:
        """Put the candles of minutes that printed over the generated ones, which begin at minute `first`."""
        last = first + columns.shape[1]
        for session in self.sessions:
            begin = max(session.start_ms // MINUTE_MS, first)
            end = last if session.end_ms is None else min(session.end_ms // MINUTE_MS + 1, last)
            for minute in range(begin, end):
                kept = self._bars.get(minute)
                if kept is not None:
                    columns[:, minute - first] = kept

    # trades ------------------------------------------------------------------------------------

    def trades_of_minute(self, minute: int) -> list[Print]:
        """All trades of `minute` up to now, in order."""
        start, end = minute * MINUTE_MS, (minute + 1) * MINUTE_MS
        n = max(bisect_right(self._starts, start) - 1, 0)
        out: list[Print] = []
        at = start
        while at < end:
            session = self.sessions[n] if n < len(self.sessions) else None
            if session is None or at < session.start_ms:
                until = end if session is None else min(end, session.start_ms)
                shift = self._shift(n)
                out += [
                    trade._replace(id=trade.id + shift)
                    for trade in self.history.prints(minute)
                    if at <= trade.ts_ms < until
                ]
                at = until
            elif session.end_ms is None or at < session.end_ms:
                until = end if session.end_ms is None else min(end, session.end_ms)
                out += session.between(at, until)
                at = until
            else:
                n += 1
        return out

    def minute_of_id(self, id: int) -> int:
        """The minute in which trade `id` happened or would happen."""
        for n, session in enumerate(self.sessions):
            if id < session.first_id:
                return self.history.minute_of(id - self._shift(n))
            if id < session.next_id:
                return session.time_of(id) // MINUTE_MS
        if self.sessions and self.sessions[-1].end_ms is None:
            return self.sessions[-1].start_ms // MINUTE_MS + (1 << 40)
        return self.history.minute_of(id - self._shift(len(self.sessions)))

    def trades_from(self, minute: int, now_ms: int) -> Iterator[Print]:
        """Trades from the beginning of `minute` to `now_ms`."""
        for each in range(minute, now_ms // MINUTE_MS + 1):
            for trade in self.trades_of_minute(each):
                if trade.ts_ms > now_ms:
                    return
                yield trade

    def latest(self, before_ms: int, limit: int) -> list[Print]:
        """The last `limit` trades up to and with `before_ms`, oldest first."""
        out: list[Print] = []
        minute = before_ms // MINUTE_MS
        while len(out) < limit and minute >= self.history.first_minute:
            out = [trade for trade in self.trades_of_minute(minute) if trade.ts_ms <= before_ms] + out
            minute -= 1
        return out[-limit:]


def _stretches(days: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Runs of consecutive numbers in rising `days`, as (first, count)."""
    first = count = 0
    for day in days:
        if count and day == first + count:
            count += 1
            continue
        if count:
            yield first, count
        first, count = day, 1
    if count:
        yield first, count
