"""Trades become candles of every interval from 1s to 1d.

Only the open second is folded trade by trade. Seconds are absorbed by their minute, minutes make hours,
and any interval is put together from these when somebody asks.

- A trade seen before changes nothing. A late one corrects the bars it belongs to, two hours back and more.
- A candle is given out as closed only when every trade of it is known: none from before the trades were
  followed, none over a gap in their ids. When the missing trades arrive, the candles held back follow.
  Until then `current` shows what is known.
- Silence makes flat candles at the previous close with volume 0, as Binance gives them. After more than
  two minutes (1s) or two hours (1m) of it the older of them are left out.
- A candle the venue itself gave stands: trades do not change it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Final

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Candle, Trade
from candlewick.core.interval import SECONDS, open_time, seconds
from candlewick.market.closed_bars import (
    DAY,
    HOUR,
    KEEP_MINUTES_S,
    KEEP_SECONDS,
    MINUTE,
    ClosedBars,
    oldest_minute_at,
)
from candlewick.market.forming import Forming, count, is_possible_candle, is_possible_trade
from candlewick.market.trade_ids import TradeIds

RUNGS: Final = {"1m": MINUTE, "1h": HOUR}
LONGER: Final = tuple((name, length) for name, length in SECONDS.items() if length > MINUTE)


class CandleLadder:
    """The candles of one instrument.

    Attributes:
        gap: (first, last) id of trades found missing by the newest trade; the caller fetches them, hands
            them to `add`, and sets it back to None.
        duplicates: trades seen before; too_late: trades too old to correct anything; rejected: trades and
            candles with impossible numbers.
    """

    __slots__ = (
        "_began",
        "_closed",
        "_end",
        "_ids",
        "_interrupted",
        "_minute",
        "_past",
        "_rev",
        "_second",
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
        self._closed = ClosedBars(self._ids)
        self._began = False
        self._interrupted = False
        self._second = Forming(0, 0.0)
        # Bounds in ns of the open second; both 0 while its first trade has still to come.
        self._start = self._end = 0
        # What the open minute holds beside the open second.
        self._minute = Forming(0, 0.0)
        # The open candle of each interval that was asked for, without the open second.
        self._past: dict[str, Forming] = {}
        # The latest `ts_received` given out: a correction must be newer than what it corrects.
        self._rev = 0
        self.gap: tuple[int, int] | None = None
        self.duplicates = 0
        self.too_late = 0
        self.rejected = 0

    def add(self, trade: Trade) -> tuple[Candle, ...]:
        """Fold a trade; the closed candles that it made or corrected, shortest first."""
        ids, price, quantity, ts = self._ids, trade.price, trade.quantity, trade.ts_exchange
        if trade.id != ids.next or not (
            self._start <= ts < self._end and 0.0 < price < inf and 0.0 < quantity < inf
        ):
            return self._place(trade)
        # Most trades: the next id, in the open second, which has traded before.
        second = self._second
        if price > second.high:
            second.high = price
        elif price < second.low:
            second.low = price
        second.close = price
        second.volume += quantity
        second.quote_volume += price * quantity
        second.trades += 1 if trade.first_id is None else count(trade)
        second.last = ids.next
        second.ts_exchange, second.ts_received = ts, trade.ts_received
        ids.next += 1
        return ()

    def close_until(self, time_s: int) -> tuple[Candle, ...]:
        """Close what ends at or before `time_s` (UTC seconds), because time went on without a trade.

        Nothing closes so while the stream is interrupted: that no trade came then means nothing.
        """
        if not self._began or self._interrupted or time_s <= self._second.time:
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
        past = self._past.get(interval)
        if past is None:
            begin = open_time(self._second.time, length)
            past = Forming.merged([*self._closed.parts(begin, self._minute.time), self._minute])
            past.time = begin
            self._past[interval] = past
        return Forming.merged([past, self._second]).candle(self.instrument, interval, length, closed=False)

    def hour_closes(self) -> dict[int, float]:
        """Closes of the closed hours that are remembered, a day of them and more, by open time (s)."""
        return {time: bar.close for time, bar in self._closed.hours.items()}

    def seeded(self, interval: str) -> bool:
        """Whether everything is known that happened in the open candle of `interval`."""
        length, now = seconds(interval), self._second.time
        if not self._began or self._interrupted:
            return False
        if length == 1:
            return self._closed.whole(self._second, 1)
        minute = self._minute.time
        return self._closed.whole(self._minute, MINUTE) and self._closed.known(open_time(now, length), minute)

    def seed(self, interval: str, candles: Sequence[Candle]) -> None:
        """Take the venue's closed candles (1m or 1h, oldest first, silent ones may be absent) as history.

        What our own trades made whole stays; candles not closed yet are left out.

        Raises:
            ValueError: no open candle can be put together from this interval.
        """
        if interval not in RUNGS:
            raise ValueError(f"Candles of {interval} cannot be seeded: give those of 1m and 1h.")
        length = RUNGS[interval]
        rung, newest = self._closed.rung(length), open_time(self._second.time, length)
        self._past.clear()
        previous: Candle | None = None
        for candle in candles:
            if not is_possible_candle(candle):
                self.rejected += 1
                continue
            if not candle.closed or (self._began and candle.time >= newest):
                continue
            if previous is not None:
                for time in range(max(previous.time + length, candle.time - DAY), candle.time, length):
                    rung.setdefault(time, Forming.silent(time, previous.close))
            mine = rung.get(candle.time)
            if mine is None or not self._closed.whole(mine, length):
                rung[candle.time] = Forming.from_candle(candle)
            previous = candle
        if length == MINUTE:
            for hour in sorted({open_time(candle.time, HOUR) for candle in candles}):
                self._closed.settle_hour(hour)
        if self._began:
            self._closed.forget(self._second.time)

    def correct(self, candle: Candle) -> tuple[Candle, ...]:
        """Take the venue's own closed candle (1m or 1h) over ours; the closed candles that changed."""
        length = RUNGS.get(candle.interval)
        if length is None or not candle.closed:
            return ()
        if not self._began:
            self.seed(candle.interval, [candle])
            return ()
        if not is_possible_candle(candle) or candle.time > self._second.time + HOUR:
            self.rejected += 1
            return ()
        out: list[Candle] = []
        if candle.time + length > self._second.time:
            self._advance(candle.time + length, out)
        rung = self._closed.rung(length)
        mine, theirs = rung.get(candle.time), Forming.from_candle(candle)
        agreed = mine is not None and self._closed.whole(mine, length) and mine.same(theirs)
        rung[candle.time] = theirs
        if not agreed:
            self._give_again(candle.time, candle.time + length, candle.ts_received, out, shortest=length)
        return tuple(out)

    def know_from(self, time_s: int) -> tuple[Candle, ...]:
        """Take it from the caller that every trade since `time_s` (UTC seconds) has been handed to `add`.

        Returns:
            the closed candles that are known to be exact by this.
        """
        out: list[Candle] = []
        ids, since = self._ids, time_s * NS_PER_S
        # Until here something was not known before.
        until = max([ids.known_from or 0, *(gap.before for gap in ids.gaps)])
        ids.know_from(since)
        self._interrupted = False
        if self._began and until >= since:
            self._give_again(time_s, until // NS_PER_S + 1, 0, out)
        return tuple(out)

    def interrupt(self) -> None:
        """The trades' stream broke: silence means nothing until a trade, or `know_from`, says what it was.

        The ids of numbered trades will show what is missing. Where they have none, nothing that is open
        now can become exact again by trades alone.
        """
        self._interrupted = True
        self._start = self._end = 0
        self._ids.interrupt()

    def _place(self, trade: Trade) -> tuple[Candle, ...]:
        """Fold a trade that is not simply the next one of the open second."""
        if not is_possible_trade(trade):
            self.rejected += 1
            return ()
        ids, id = self._ids, trade.id
        expected = ids.next
        ids.newest = max(ids.newest, self._second.ts_exchange)
        if not ids.take(id, trade.ts_exchange):
            self.duplicates += 1
            return ()
        if isinstance(id, int) and 0 <= expected < id:
            self.gap = (expected, id - 1)
        out: list[Candle] = []
        self._interrupted = False
        self._fold(trade, ids.place(trade), out)
        if ids.filled is not None:
            begin, end = ids.filled.after // NS_PER_S, ids.filled.before // NS_PER_S + 1
            self._give_again(begin, end, trade.ts_received, out)
        return tuple(out)

    def _fold(self, trade: Trade, place: int, out: list[Candle]) -> None:
        time = trade.ts_exchange // NS_PER_S
        if not self._began:
            self._began = True
            self._second = Forming(time, trade.price)
            self._minute = Forming(open_time(time, MINUTE), trade.price)
        elif time > self._second.time:
            self._advance(time, out)
        if time == self._second.time:
            self._second.fold(trade, place)
            self._start, self._end = time * NS_PER_S, (time + 1) * NS_PER_S
        elif open_time(time, MINUTE) < oldest_minute_at(self._second.time):
            self.too_late += 1
        else:
            self._fold_late(trade, time, place)
            self._give_again(time, time + 1, trade.ts_received, out)

    def _fold_late(self, trade: Trade, time: int, place: int) -> None:
        """Fold into the bars left behind."""
        closed, minute = self._closed, open_time(time, MINUTE)
        bars = [self._minute]
        if minute != self._minute.time:
            bars = [closed.minutes.setdefault(minute, Forming(minute, trade.price))]
        if time >= self._second.time - KEEP_SECONDS:
            bars.append(closed.seconds.setdefault(time, Forming(time, trade.price)))
        for bar in bars:
            if not bar.final:
                bar.fold(trade, place)

    def _advance(self, time: int, out: list[Candle]) -> None:
        """Close everything that ends at or before `time`, and open its second."""
        closed, second, minute, begin = self._closed, self._second, self._minute, open_time(time, MINUTE)
        self._past.clear()
        minute.absorb(second)
        closed.seconds[second.time] = second
        silent = range(max(second.time + 1, time - KEEP_SECONDS), time)
        closed.seconds.update((each, Forming(each, second.close)) for each in silent)
        self._second = Forming(time, second.close)
        self._start = self._end = 0
        self._give("1s", 1, (second.time, *silent), out)
        if begin == minute.time:
            return
        closed.minutes[minute.time] = minute
        silent = range(max(minute.time + MINUTE, begin - KEEP_MINUTES_S), begin, MINUTE)
        closed.minutes.update((each, Forming(each, minute.close)) for each in silent)
        self._minute = Forming(begin, minute.close)
        ended = (minute.time, *silent)
        for hour in sorted({open_time(each, HOUR) for each in ended}):
            closed.settle_hour(hour)
        self._give("1m", MINUTE, ended, out)
        self._give_longer(minute.time, begin, out)
        closed.forget(time)

    def _give_again(
        self, begin: int, end: int, ts_received: int, out: list[Candle], shortest: int = 1
    ) -> None:
        """Give out what changed in [begin, end), and the flat candles that follow it."""
        closed, now = self._closed, self._second.time
        rev = max(self._rev + 1, ts_received)
        self._past.clear()
        begin = max(begin, oldest_minute_at(now))
        minute = open_time(begin, MINUTE)
        after = closed.reprice(MINUTE, minute, min(end, self._minute.time))
        if self._minute.flat and (last := closed.minutes.get(self._minute.time - MINUTE)):
            self._minute.reprice(last.close)
        if shortest == 1:
            first = max(begin, now - KEEP_SECONDS)
            stop = closed.reprice(1, first, min(end, now))
            self._give("1s", 1, range(first, stop), out, rev)
        if self._second.flat and (last := closed.seconds.get(now - 1)):
            self._second.reprice(last.close)
        for hour in range(open_time(minute, HOUR), after, HOUR):
            closed.settle_hour(hour)
        if shortest <= MINUTE:
            self._give("1m", MINUTE, range(minute, after, MINUTE), out, rev)
        self._give_longer(minute, after, out, rev, shortest)

    def _give(
        self, interval: str, length: int, times: Sequence[int], out: list[Candle], rev: int = 0
    ) -> None:
        """Give out the closed candles at `times` of which every trade is known."""
        rung = self._closed.rung(length)
        for time in times:
            bar = rung.get(time)
            if bar is not None and self._closed.whole(bar, length):
                self._send(bar, interval, length, rev, out)

    def _give_longer(self, begin: int, end: int, out: list[Candle], rev: int = 0, shortest: int = 0) -> None:
        """Give out candles of more than a minute that are closed and touch [begin, end)."""
        now = self._minute.time
        # A jump in time must not cost more than what is kept.
        begin = max(begin, oldest_minute_at(end))
        for interval, length in LONGER:
            if length < shortest:
                continue
            for time in range(open_time(begin, length), end, length):
                if time + length <= now and self._closed.known(time, time + length):
                    bar = Forming.merged(self._closed.parts(time, time + length))
                    self._send(bar, interval, length, rev, out)

    def _send(self, bar: Forming, interval: str, length: int, rev: int, out: list[Candle]) -> None:
        candle = bar.candle(self.instrument, interval, length, closed=True, rev=rev)
        self._rev = max(self._rev, candle.ts_received)
        out.append(candle)
