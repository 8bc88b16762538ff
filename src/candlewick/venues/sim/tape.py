"""One listing's tape: what really printed, laid over what would have been generated.

Time is cut into *sessions*, in which the live market ran and only prints count, and the stretches between
them, in which the generated market counts. Trade ids run through both: a stretch continues where the
session before it ended, and a session where the stretch before it ended.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from candlewick.venues.sim.bars import PrintedBars
from candlewick.venues.sim.folds import flat, fold, fold_columns
from candlewick.venues.sim.history import History
from candlewick.venues.sim.minutes import CLOSE
from candlewick.venues.sim.model import Print
from candlewick.venues.sim.noise import Ints
from candlewick.venues.sim.path import DAY_MINUTES, MINUTE_MS
from candlewick.venues.sim.prints import PrintStore
from candlewick.venues.sim.recovery import Past
from candlewick.venues.sim.sessions import Session

_HOURS = np.arange(0, DAY_MINUTES, 60)
_NEVER = 1 << 62
_RECENT_SESSIONS = 4
_KEPT_DAYS = 3000  # days of hours, 2 kB each


class Tape:
    """Candles and trades of one listing at any time up to now."""

    def __init__(self, history: History, index: int, store: PrintStore | None) -> None:
        self.history = history
        self._index = index
        self._store = store
        self._pasts: Sequence[Past] = ()
        self._recent: dict[int, Session] = {}
        self._own: list[Session] = []  # of this process
        self._starts: list[int] = []
        self._shifts = {0: 1}
        self._bars = PrintedBars(index, store)
        self._edges: dict[int, list[int]] = {}
        self._hours: dict[int, Ints] = {}

    # sessions ----------------------------------------------------------------------------------

    def restore(self, pasts: Sequence[Past]) -> None:
        """The sessions of earlier processes, oldest first."""
        self._pasts = pasts
        self._starts = [past.start_ms for past in pasts]

    def open_session(self, start_ms: int) -> tuple[Session, Print, list[int]]:
        """Begin a session: it, the trade before it, and the candle so far of its first minute."""
        shift = self._shift(len(self._starts))
        last = self.latest(start_ms - 1, 1)[0]
        candle = fold_trades(
            trade for trade in self.trades_of_minute(start_ms // MINUTE_MS) if trade.ts_ms < start_ms
        )
        session = Session(start_ms, self._generated_before(start_ms) + shift, self._index, self._store)
        self._own.append(session)
        self._starts.append(start_ms)
        return session, last, candle

    def close_session(self, end_ms: int) -> None:
        """End the running session; what follows is generated."""
        self._own[-1].end_ms = end_ms

    def _session(self, n: int) -> Session:
        if n >= len(self._pasts):
            return self._own[n - len(self._pasts)]
        session = self._recent.get(n)
        if session is None:
            session = self._recent[n] = self._pasts[n].of(self._index, self._store)
            if len(self._recent) > _RECENT_SESSIONS:
                del self._recent[next(iter(self._recent))]
        return session

    def _end(self, n: int) -> int:
        """When session `n` ended; beyond all time while it runs."""
        end_ms = self._pasts[n].end_ms if n < len(self._pasts) else self._own[n - len(self._pasts)].end_ms
        return _NEVER if end_ms is None else end_ms

    def _first_id(self, n: int) -> int:
        if n < len(self._pasts):
            return int(self._pasts[n].hours[0][1][self._index])
        return self._own[n - len(self._pasts)].first_id

    def _within(self, start_ms: int, end_ms: int) -> range:
        """The sessions that touch [start_ms, end_ms)."""
        first = max(bisect_right(self._starts, start_ms) - 1, 0)
        if first < len(self._starts) and self._end(first) <= start_ms:
            first += 1
        return range(first, bisect_left(self._starts, end_ms))

    def keep(self, minute: int, candle: list[int]) -> list[int]:
        """A minute of the running session is over: its candle. An empty one repeats the last price."""
        whole = candle or flat(self.bar(minute - 1)[CLOSE])
        self._bars.keep(minute, whole)
        return whole

    def _generated_before(self, ts_ms: int) -> int:
        """Number of generated trades before `ts_ms`."""
        minute, rest = divmod(ts_ms, MINUTE_MS)
        ordinal = self.history.ordinal(minute)
        if rest:
            ordinal += sum(1 for trade in self.history.prints(minute) if trade.ts_ms < ts_ms)
        return ordinal

    def _shift(self, n: int) -> int:
        """What turns an ordinal into an id in the stretch before session `n`."""
        shift = self._shifts.get(n)
        if shift is None:
            ended = self._session(n - 1)
            assert ended.end_ms is not None
            shift = self._shifts[n] = ended.next_id - self._generated_before(ended.end_ms)
        return shift

    # candles -----------------------------------------------------------------------------------

    def bar(self, minute: int) -> list[int]:
        """The candle of one closed minute."""
        if self._touched(minute):
            return self._bars.get(minute) or self._edge(minute)
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
        out = np.concatenate([self._hours[each] for each in wanted], axis=1)
        while len(self._hours) > _KEPT_DAYS:
            del self._hours[next(iter(self._hours))]
        return out

    def _lay_over(self, columns: Ints, first: int) -> None:
        """Put the candles of minutes that printed over the generated ones, which begin at minute `first`."""
        last = first + columns.shape[1]
        touched = np.zeros(columns.shape[1], dtype=bool)
        for n in self._within(first * MINUTE_MS, last * MINUTE_MS):
            begin, end = self._starts[n] // MINUTE_MS, -(-self._end(n) // MINUTE_MS)
            touched[max(begin - first, 0) : end - first] = True
        if not touched.any():
            return
        put = self._bars.lay_over(columns, first)
        touched[put - first] = False
        for at in np.flatnonzero(touched).tolist():
            columns[:, at] = self._edge(first + at)

    def _touched(self, minute: int) -> bool:
        return bool(self._within(minute * MINUTE_MS, (minute + 1) * MINUTE_MS))

    def _edge(self, minute: int) -> list[int]:
        """The candle of a minute in which a session ended, or whose candle was not written in time."""
        known = self._edges.get(minute)
        if known is None:
            known = fold_trades(self.trades_of_minute(minute)) or flat(self.bar(minute - 1)[CLOSE])
            self._edges[minute] = known
        return known

    # trades ------------------------------------------------------------------------------------

    def trades_of_minute(self, minute: int) -> list[Print]:
        """All trades of `minute` up to now, in order."""
        at, end = minute * MINUTE_MS, (minute + 1) * MINUTE_MS
        out: list[Print] = []
        touching = self._within(at, end)
        for n in touching:
            out += self._generated(minute, at, self._starts[n], n)
            begin, at = max(at, self._starts[n]), min(self._end(n), end)
            out += self._session(n).between(begin, at)
        return out + self._generated(minute, at, end, touching.stop)

    def _generated(self, minute: int, start_ms: int, end_ms: int, n: int) -> list[Print]:
        """Trades of `minute` in the part of it that lies before session `n`."""
        if start_ms >= end_ms:
            return []
        shift = self._shift(n)
        return [
            trade._replace(id=trade.id + shift)
            for trade in self.history.prints(minute)
            if start_ms <= trade.ts_ms < end_ms
        ]

    def minute_of_id(self, id: int) -> int:
        """The minute in which trade `id` happened; of an id left out, that of the trade after it."""
        n = bisect_right(range(len(self._starts)), id, key=self._first_id) - 1
        if n >= 0 and id < self._session(n).next_id:
            return self._session(n).time_of(id) // MINUTE_MS
        return self._generated_minute(id, n + 1)

    def _generated_minute(self, id: int, n: int) -> int:
        return self.history.minute_of(max(id - self._shift(n), 0))

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


def fold_trades(trades: Iterable[Print]) -> list[int]:
    """The candle of `trades`, empty without any."""
    candle: list[int] = []
    for trade in trades:
        fold(candle, trade.ticks, trade.lots, trade.seller_is_taker)
    return candle


def _stretches(days: Iterable[int]) -> Iterator[tuple[int, int]]:
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
