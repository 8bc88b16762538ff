"""One listing's tape: what really printed, laid over what would have been generated.

Time is cut into *sessions*, in which the live market ran and only prints count, and the stretches between
them, in which the generated market counts. Trade ids run through both: a stretch continues where the
session before it ended, and a session where the stretch before it ended.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

import numpy as np

from candlewick.venues.sim.bars import PrintedBars
from candlewick.venues.sim.folds import flat, fold, fold_columns
from candlewick.venues.sim.history import History
from candlewick.venues.sim.minutes import CLOSE
from candlewick.venues.sim.model import Print
from candlewick.venues.sim.noise import Ints
from candlewick.venues.sim.path import DAY_MINUTES, MINUTE_MS
from candlewick.venues.sim.prints import PrintStore
from candlewick.venues.sim.sessions import Session

_HOURS = np.arange(0, DAY_MINUTES, 60)
_KEPT_DAYS = 3000  # days of hours, 2 kB each


class Tape:
    """Candles and trades of one listing at any time up to now."""

    def __init__(self, history: History, index: int, store: PrintStore | None) -> None:
        self.history = history
        self.sessions: list[Session] = []
        self._index = index
        self._store = store
        self._starts: list[int] = []
        self._shifts = [1]
        self._bars = PrintedBars(index, store)
        self._edges: dict[int, list[int]] = {}
        self._hours: dict[int, Ints] = {}

    # sessions ----------------------------------------------------------------------------------

    def restore(self, session: Session) -> None:
        """A session of an earlier process."""
        self.sessions.append(session)
        self._starts.append(session.start_ms)

    def open_session(self, start_ms: int) -> tuple[Session, Print, list[int]]:
        """Begin a session: it, the trade before it, and the candle so far of its first minute."""
        shift = self._shift(len(self.sessions))
        last = self.latest(start_ms - 1, 1)[0]
        candle = fold_trades(
            trade for trade in self.trades_of_minute(start_ms // MINUTE_MS) if trade.ts_ms < start_ms
        )
        session = Session(start_ms, self._generated_before(start_ms) + shift, self._index, self._store)
        self.restore(session)
        return session, last, candle

    def close_session(self, end_ms: int) -> None:
        """End the running session; what follows is generated."""
        self.sessions[-1].end_ms = end_ms

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
        while len(self._shifts) <= n:
            ended = self.sessions[len(self._shifts) - 1]
            assert ended.end_ms is not None
            self._shifts.append(ended.next_id - self._generated_before(ended.end_ms))
        return self._shifts[n]

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
        for session in self.sessions:
            begin = max(session.start_ms // MINUTE_MS - first, 0)
            end = last if session.end_ms is None else _after(session.end_ms)
            touched[begin : max(end - first, 0)] = True
        if not touched.any():
            return
        put = self._bars.lay_over(columns, first)
        touched[put - first] = False
        for at in np.flatnonzero(touched).tolist():
            columns[:, at] = self._edge(first + at)

    def _touched(self, minute: int) -> bool:
        return any(
            session.start_ms // MINUTE_MS <= minute
            and (session.end_ms is None or minute < _after(session.end_ms))
            for session in self.sessions
        )

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
        """The minute in which trade `id` happened; of an id left out, that of the trade after it."""
        for n, session in enumerate(self.sessions):
            if id < session.first_id:
                return self._generated_minute(id, n)
            if id < session.next_id:
                return session.time_of(id) // MINUTE_MS
        return self._generated_minute(id, len(self.sessions))

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


def _after(end_ms: int) -> int:
    """The first minute that a session which ended at `end_ms` does not touch."""
    return -(-end_ms // MINUTE_MS)


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
