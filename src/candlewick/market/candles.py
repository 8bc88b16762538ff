"""Trades become candles of every interval from 1s to 1d.

Only the open second is folded trade by trade. Seconds are absorbed by their minute, minutes make hours,
and any interval is put together from these when somebody asks.

- A trade seen before changes nothing. A late one corrects the bars it belongs to, up to two hours back.
- A candle is given out as closed only when every trade of it is known: none before the first second that
  was followed from its beginning, none over a gap in the trades' ids. When the missing trades arrive, the
  candles held back or given out too early follow. Until then `current` shows what is known.
- Silence makes flat candles at the previous close with volume 0, as Binance gives them.
- A candle the venue itself gave stands: trades do not change it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from typing import Final

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Candle, Trade
from candlewick.core.interval import SECONDS, open_time, seconds
from candlewick.market.forming import Forming, count
from candlewick.market.trade_ids import TradeIds

MINUTE: Final = 60
HOUR: Final = 3_600
DAY: Final = 86_400
KEEP_SECONDS: Final = 300
# The current hour and the two before it; a trade older than the second of these is too late.
KEEP_MINUTES_S: Final = 2 * HOUR
KEEP_HOURS_S: Final = DAY
RUNGS: Final = {"1m": MINUTE, "1h": HOUR}
LONGER: Final = tuple((name, length) for name, length in SECONDS.items() if length > MINUTE)


class CandleLadder:
    """The candles of one instrument.

    Attributes:
        gap: (first, last) id of trades found missing by the newest trade; the caller fetches them, hands
            them to `add`, and sets it back to None.
        too_late: trades too old to correct anything; rejected: trades with an impossible price or quantity.
        duplicates: trades seen before.
    """

    __slots__ = (
        "_began",
        "_end",
        "_hours",
        "_ids",
        "_minute",
        "_minutes",
        "_rev",
        "_second",
        "_seconds",
        "_start",
        "duplicates",
        "gap",
        "instrument",
        "rejected",
        "too_late",
    )

    def __init__(self, instrument: str, *, numbered: bool = True) -> None:
        """`numbered` says that the venue's integer ids rise by exactly one a trade."""
        self.instrument = instrument
        self._ids = TradeIds(numbered=numbered)
        self._began = False
        self._second = Forming(0, 0.0)
        # Bounds in ns of the open second; both 0 while its first trade has still to come.
        self._start = self._end = 0
        # What the open minute holds beside the open second.
        self._minute = Forming(0, 0.0)
        self._seconds: dict[int, Forming] = {}
        self._minutes: dict[int, Forming] = {}
        self._hours: dict[int, Forming] = {}
        self._rev = 0
        self.gap: tuple[int, int] | None = None
        self.too_late = 0
        self.rejected = 0
        self.duplicates = 0

    def add(self, trade: Trade) -> tuple[Candle, ...]:
        """Fold a trade; the candles that it closed or corrected, oldest and shortest first."""
        ids, price, ts = self._ids, trade.price, trade.ts_exchange
        if (
            trade.id == ids.next
            and self._start <= ts < self._end
            and price > 0.0
            and 0.0 < trade.quantity < inf
        ):
            # Most trades: the next id, in the open second, which has traded before.
            second = self._second
            if price > second.high:
                if price == inf:
                    return self._reject()
                second.high = price
            elif price < second.low:
                second.low = price
            second.close = price
            second.volume += trade.quantity
            second.quote_volume += price * trade.quantity
            second.trades += 1 if trade.first_id is None else count(trade)
            second.last = ids.next
            second.ts_exchange, second.ts_received = ts, trade.ts_received
            ids.next += 1
            return ()
        return self._place(trade)

    def close_until(self, time_s: int) -> tuple[Candle, ...]:
        """Close what ends at or before `time_s` (UTC seconds), because time went on without a trade."""
        if not self._began or time_s <= self._second.time:
            return ()
        out: list[Candle] = []
        self._advance(time_s, out)
        return tuple(out)

    def current(self, interval: str) -> Candle | None:
        """The open candle; None before the first trade. Exact if `seeded(interval)`."""
        length = seconds(interval)
        if not self._began:
            return None
        if length == 1:
            return self._second.candle(self.instrument, interval, 1, closed=False)
        begin = open_time(self._second.time, length)
        bar = Forming.merged([*self._parts(begin, self._minute.time), self._minute, self._second])
        bar.time = begin
        return bar.candle(self.instrument, interval, length, closed=False)

    def seeded(self, interval: str) -> bool:
        """Whether everything is known that happened in the open candle of `interval`."""
        length = seconds(interval)
        if not self._began:
            return False
        now = self._second.time
        begin, minute = open_time(now, length), open_time(now, MINUTE)
        if length == 1:
            return self._covers(begin, 1)
        return self._covers(minute, MINUTE) and self._known(begin, minute)

    def seed(self, interval: str, candles: Sequence[Candle]) -> None:
        """Take the venue's closed candles (1m or 1h, oldest first, silent ones may be absent) as history.

        What our own trades made whole stays; candles not closed yet are left out.

        Raises:
            ValueError: no open candle can be put together from this interval.
        """
        if interval not in RUNGS:
            raise ValueError(f"Candles of {interval} cannot be seeded: give those of 1m and 1h.")
        length = RUNGS[interval]
        rung = self._minutes if length == MINUTE else self._hours
        newest = open_time(self._second.time, length)
        previous: Candle | None = None
        for candle in candles:
            if not candle.closed or (self._began and candle.time >= newest):
                continue
            if previous is not None:
                for time in range(previous.time + length, candle.time, length):
                    silent = Forming(time, previous.close)
                    silent.final = silent.whole = True
                    rung.setdefault(time, silent)
            mine = rung.get(candle.time)
            if mine is None or not (mine.final or mine.whole or self._covers(candle.time, length)):
                rung[candle.time] = Forming.from_candle(candle)
            previous = candle
        for hour in {open_time(candle.time, HOUR) for candle in candles if length == MINUTE}:
            self._settle_hour(hour)
        if self._began:
            self._forget(self._second.time)

    def correct(self, candle: Candle) -> tuple[Candle, ...]:
        """Take the venue's own closed candle (1m or 1h) over ours; the closed candles that changed."""
        length = RUNGS.get(candle.interval)
        if length is None or not candle.closed:
            return ()
        if not self._began:
            self.seed(candle.interval, [candle])
            return ()
        out: list[Candle] = []
        if candle.time + length > self._second.time:
            self._advance(candle.time + length, out)
        rung = self._minutes if length == MINUTE else self._hours
        mine, theirs = rung.get(candle.time), Forming.from_candle(candle)
        was_known = mine is not None and (mine.final or mine.whole or self._covers(candle.time, length))
        rung[candle.time] = theirs
        if mine is None or not was_known or not mine.same(theirs):
            self._give_again(candle.time, candle.time + length, candle.ts_received, out, shortest=length)
        return tuple(out)

    def know_from(self, time_s: int) -> tuple[Candle, ...]:
        """Take it from the caller that every trade since `time_s` (UTC seconds) has been handed to `add`.

        Returns:
            the closed candles that are exact by this.
        """
        out: list[Candle] = []
        self._ids.know_from(time_s * NS_PER_S)
        if self._began:
            self._give_again(time_s, self._second.time, 0, out)
        return tuple(out)

    def interrupt(self) -> None:
        """The trades' stream broke. Without numbered trades, what is open can no longer be exact."""
        self._ids.interrupt()

    def _reject(self) -> tuple[Candle, ...]:
        self.rejected += 1
        return ()

    def _place(self, trade: Trade) -> tuple[Candle, ...]:
        """Fold a trade that is not simply the next one of the open second."""
        if not (0.0 < trade.price < inf and 0.0 < trade.quantity < inf):
            return self._reject()
        ids, id, ts = self._ids, trade.id, trade.ts_exchange
        expected = ids.next
        if not ids.take(id, ts):
            self.duplicates += 1
            return ()
        if isinstance(id, int) and 0 <= expected < id:
            self.gap = (expected, id - 1)
        time = ts // NS_PER_S
        place = id if ids.numbered and isinstance(id, int) else ts
        out: list[Candle] = []
        if not self._began:
            self._began = True
            self._second, self._minute = (
                Forming(time, trade.price),
                Forming(open_time(time, MINUTE), trade.price),
            )
        elif time > self._second.time:
            self._advance(time, out)
        if time == self._second.time:
            self._second.fold(trade, place)
            self._start, self._end = time * NS_PER_S, (time + 1) * NS_PER_S
        elif self._fold_late(trade, time, place):
            self._give_again(time, time + 1, trade.ts_received, out)
        if ids.filled is not None:
            begin, end = ids.filled.after // NS_PER_S, ids.filled.before // NS_PER_S + 1
            self._give_again(begin, end, trade.ts_received, out)
        return tuple(out)

    def _fold_late(self, trade: Trade, time: int, place: int) -> bool:
        """Fold into bars already left behind; False if they are gone."""
        now, minute = self._second.time, open_time(time, MINUTE)
        if minute < self._oldest_minute(now):
            self.too_late += 1
            return False
        if minute == self._minute.time:
            bars = [self._minute]
        else:
            bars = [self._minutes.setdefault(minute, Forming(minute, trade.price))]
        if time >= now - KEEP_SECONDS:
            bars.append(self._seconds.setdefault(time, Forming(time, trade.price)))
        for bar in bars:
            if not bar.final:
                bar.fold(trade, place)
        return True

    def _advance(self, time: int, out: list[Candle]) -> None:
        """Close everything that ends at or before `time`, and open its second."""
        second, minute, begin = self._second, self._minute, open_time(time, MINUTE)
        minute.absorb(second)
        self._seconds[second.time] = second
        silent = range(max(second.time + 1, time - KEEP_SECONDS), time)
        self._seconds.update((each, Forming(each, second.close)) for each in silent)
        self._second = Forming(time, second.close)
        self._start = self._end = 0
        self._give("1s", 1, self._seconds, (second.time, *silent), out)
        if begin == minute.time:
            return
        self._minutes[minute.time] = minute
        silent = range(max(minute.time + MINUTE, begin - KEEP_MINUTES_S), begin, MINUTE)
        self._minutes.update((each, Forming(each, minute.close)) for each in silent)
        self._minute = Forming(begin, minute.close)
        closed = (minute.time, *silent)
        for hour in sorted({open_time(each, HOUR) for each in closed}):
            self._settle_hour(hour)
        self._give("1m", MINUTE, self._minutes, closed, out)
        self._give_longer(minute.time, begin, out)
        self._forget(time)

    def _give(
        self,
        interval: str,
        length: int,
        rung: dict[int, Forming],
        times: Sequence[int],
        out: list[Candle],
        rev: int = 0,
    ) -> None:
        """Give out the closed candles at `times` that are known entirely."""
        for time in times:
            bar = rung.get(time)
            if bar is not None and (bar.final or self._covers(time, length)):
                self._send(bar, interval, length, rev, out)

    def _give_longer(self, begin: int, end: int, out: list[Candle], rev: int = 0, shortest: int = 0) -> None:
        """Give out candles over a minute long that are closed and touch [begin, end)."""
        now = self._minute.time
        for interval, length in LONGER:
            if length < shortest:
                continue
            for time in range(open_time(begin, length), end, length):
                if time + length <= now and self._known(time, time + length):
                    bar = Forming.merged(self._parts(time, time + length))
                    self._send(bar, interval, length, rev, out)

    def _give_again(
        self, begin: int, end: int, ts_received: int, out: list[Candle], shortest: int = 1
    ) -> None:
        """Give out what changed in [begin, end), and the flat candles that follow it."""
        rev = max(self._rev + 1, ts_received)
        minute = open_time(begin, MINUTE)
        after = _reprice(self._minutes, minute, end, MINUTE)
        if (
            after == self._minute.time
            and not self._minute.trades
            and (last := self._minutes.get(after - MINUTE))
        ):
            self._minute.reprice(last.close)
        first = max(begin, self._second.time - KEEP_SECONDS)
        if shortest == 1 and first < end:
            stop = _reprice(self._seconds, first, end, 1)
            self._give("1s", 1, self._seconds, range(first, stop), out, rev)
        if not self._second.trades and (last := self._seconds.get(self._second.time - 1)):
            self._second.reprice(last.close)
        for hour in range(open_time(minute, HOUR), after, HOUR):
            self._settle_hour(hour)
        if shortest <= MINUTE:
            self._give("1m", MINUTE, self._minutes, range(minute, after, MINUTE), out, rev)
        self._give_longer(minute, after, out, rev, shortest)

    def _send(self, bar: Forming, interval: str, length: int, rev: int, out: list[Candle]) -> None:
        candle = bar.candle(self.instrument, interval, length, closed=True, rev=rev)
        self._rev = max(self._rev, candle.ts_received)
        out.append(candle)

    def _parts(self, begin: int, end: int) -> list[Forming]:
        """The closed hours and minutes that make up [begin, end), as far as there are any."""
        return [bar for bar, _ in self._walk(begin, end) if bar is not None]

    def _known(self, begin: int, end: int) -> bool:
        """Whether the closed hours and minutes of [begin, end) are all there, and whole."""
        return all(known for _, known in self._walk(begin, end))

    def _walk(self, begin: int, end: int) -> Iterator[tuple[Forming | None, bool]]:
        time = begin
        while time < end:
            hour = self._hours.get(time) if time + HOUR <= end else None
            if hour is not None:
                yield hour, hour.whole
                time += HOUR
            else:
                minute = self._minutes.get(time)
                yield minute, minute is not None and (minute.final or self._covers(time, MINUTE))
                time += MINUTE

    def _settle_hour(self, hour: int) -> None:
        """Make the hour out of its minutes, once they are all there."""
        if hour in self._hours and self._hours[hour].final:
            return
        minutes = [self._minutes.get(time) for time in range(hour, hour + HOUR, MINUTE)]
        bars = [bar for bar in minutes if bar is not None]
        if len(bars) < HOUR // MINUTE:
            return
        self._hours[hour] = Forming.merged(bars)
        self._hours[hour].whole = all(bar.final or self._covers(bar.time, MINUTE) for bar in bars)

    def _covers(self, time: int, length: int) -> bool:
        return self._ids.covers(time * NS_PER_S, (time + length) * NS_PER_S)

    def _oldest_minute(self, now: int) -> int:
        return open_time(now, HOUR) - KEEP_MINUTES_S

    def _forget(self, now: int) -> None:
        """Drop what is too old to be corrected or to be part of an open candle."""
        oldest_minute = self._oldest_minute(now)
        oldest_hour = open_time(now, DAY) - KEEP_HOURS_S
        self._seconds = {time: bar for time, bar in self._seconds.items() if time >= now - KEEP_SECONDS}
        self._minutes = {time: bar for time, bar in self._minutes.items() if time >= oldest_minute}
        self._hours = {time: bar for time, bar in self._hours.items() if time >= oldest_hour}
        self._ids.forget_before(oldest_hour * NS_PER_S)


def _reprice(rung: dict[int, Forming], begin: int, end: int, length: int) -> int:
    """Carry closes on into the flat bars from `begin` to `end`, and beyond while that changes them.

    Returns:
        the time of the first bar at or after `end` that stays as it was.
    """
    time, price = begin, None
    while (bar := rung.get(time)) is not None or time < end:
        if bar is not None:
            if time >= end and (bar.trades or bar.final or bar.close == price):
                break
            if price is not None and not (bar.trades or bar.final):
                bar.reprice(price)
            price = bar.close
        time += length
    return time
