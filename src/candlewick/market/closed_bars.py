"""`ClosedBars`: the seconds, minutes and hours behind the open candle, and what is put together from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from candlewick.core.clock import NS_PER_S
from candlewick.core.interval import open_time
from candlewick.market.forming import Forming
from candlewick.market.trade_ids import TradeIds

MINUTE: Final = 60
HOUR: Final = 3_600
DAY: Final = 86_400
KEEP_SECONDS: Final = 120
# The open hour and the two before it; a trade older than these is too late.
KEEP_MINUTES_S: Final = 2 * HOUR
# The open day and the one before it.
KEEP_HOURS_S: Final = DAY

Rung = dict[int, Forming]


class ClosedBars:
    """What was closed lately, by open time. Silent bars are there too, flat; a missing one is unknown."""

    __slots__ = ("_ids", "hours", "minutes", "seconds")

    def __init__(self, ids: TradeIds) -> None:
        self._ids = ids
        self.seconds: Rung = {}
        self.minutes: Rung = {}
        self.hours: Rung = {}

    def rung(self, length: int) -> Rung:
        """The bars of `length` seconds: 1, a minute or an hour."""
        return {1: self.seconds, MINUTE: self.minutes, HOUR: self.hours}[length]

    def whole(self, bar: Forming, length: int) -> bool:
        """Whether every trade of `bar` is known."""
        if bar.whole:
            return True
        begin = bar.time * NS_PER_S
        return length != HOUR and self._ids.covers(begin, begin + length * NS_PER_S)

    def parts(self, begin: int, end: int) -> list[Forming]:
        """The hours and minutes that make up [begin, end), as far as there are any."""
        return [bar for bar, _ in self._walk(begin, end) if bar is not None]

    def known(self, begin: int, end: int) -> bool:
        """Whether the hours and minutes of [begin, end) are all there, and whole."""
        return all(bar is not None and self.whole(bar, length) for bar, length in self._walk(begin, end))

    def settle_hour(self, hour: int) -> None:
        """Make the hour out of its minutes, once they are all there; the venue's own hour stands."""
        if hour in self.hours and self.hours[hour].final:
            return
        times = range(hour, hour + HOUR, MINUTE)
        minutes = [self.minutes[time] for time in times if time in self.minutes]
        if len(minutes) == len(times):
            merged = self.hours[hour] = Forming.merged(minutes)
            merged.whole = all(self.whole(minute, MINUTE) for minute in minutes)

    def reprice(self, length: int, begin: int, end: int) -> int:
        """Carry closes on into the flat bars from `begin` to `end`, and beyond while that changes them.

        Returns:
            the time of the first bar at or after `end` that stays as it was.
        """
        rung, time, price = self.rung(length), begin, None
        while (bar := rung.get(time)) is not None or time < end:
            if bar is not None:
                if time >= end and (not bar.flat or bar.close == price):
                    break
                if price is not None and bar.flat:
                    bar.reprice(price)
                price = bar.close
            time += length
        return time

    def forget(self, now: int) -> None:
        """Drop what is too old to be corrected or to be part of an open candle."""
        oldest_minute, oldest_hour = oldest_minute_at(now), open_time(now, DAY) - KEEP_HOURS_S
        self.seconds = {time: bar for time, bar in self.seconds.items() if time >= now - KEEP_SECONDS}
        self.minutes = {time: bar for time, bar in self.minutes.items() if time >= oldest_minute}
        self.hours = {time: bar for time, bar in self.hours.items() if time >= oldest_hour}
        self._ids.forget_before(oldest_hour * NS_PER_S)

    def _walk(self, begin: int, end: int) -> Iterator[tuple[Forming | None, int]]:
        time = begin
        while time < end:
            length = HOUR if time + HOUR <= end and time in self.hours else MINUTE
            yield self.rung(length).get(time), length
            time += length


def oldest_minute_at(now: int) -> int:
    """The oldest minute that can still be corrected."""
    return open_time(now, HOUR) - KEEP_MINUTES_S
