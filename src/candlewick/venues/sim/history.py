"""One listing's generated market: candles and trades of any time, as if nothing had ever printed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from candlewick.venues.sim.arrange import arrange
from candlewick.venues.sim.character import Character
from candlewick.venues.sim.minutes import Generator, Plan, candles
from candlewick.venues.sim.model import Listing, Print
from candlewick.venues.sim.noise import Ints, key
from candlewick.venues.sim.path import DAY_MINUTES, MINUTE_MS, Path

_AHEAD_DAYS = 400
_AT_ONCE = 2  # days generated together: more of them fall out of the processor's cache


class History:
    """Generated minutes of one listing. A trade's *ordinal* counts generated trades from 0 at the listing."""

    def __init__(self, path: Path, venue: Character, listing: Listing) -> None:
        self.listing = listing
        self.generator = Generator(path, venue, listing)
        self.first_minute = listing.listed_ms // MINUTE_MS
        self.first_day = self.first_minute // DAY_MINUTES
        self.seed = key(path.seed, venue.venue, listing.market, listing.symbol, "arrange")
        self._ordinals = np.zeros(1, dtype=np.int64)

    def day(self, day: int) -> Ints:
        """A day's candles, (9, 1440)."""
        return _day(self, day)

    def days(self, day: int, days: int) -> Iterator[tuple[int, Ints]]:
        """Candles of `days` days, (9, 1440) each, without keeping them."""
        for first in range(day, day + days, _AT_ONCE):
            some = min(_AT_ONCE, day + days - first)
            columns = candles(self.generator.runs(self.generator.plan(first, some)))
            for n in range(some):
                yield first + n, columns[:, n * DAY_MINUTES : (n + 1) * DAY_MINUTES]

    def minutes(self, first: int, last: int) -> Ints:
        """Candles of the minutes first … last - 1 (since 1970), which must lie within few days."""
        parts = []
        for day in range(first // DAY_MINUTES, (last - 1) // DAY_MINUTES + 1):
            begin = day * DAY_MINUTES
            parts.append(self.day(day)[:, max(first - begin, 0) : min(last - begin, DAY_MINUTES)])
        return np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]

    def plan(self, minute: int, minutes: int) -> Plan:
        """The plan of up to a day's `minutes` from `minute` on, as arrays of their own."""
        first, last = minute // DAY_MINUTES, (minute + minutes - 1) // DAY_MINUTES
        plan = _plan(self, first) if last == first else self.generator.plan(first, last - first + 1)
        cut = plan.cut(minute - plan.minute, minute - plan.minute + minutes)
        return Plan(cut.minute, cut.mid.copy(), cut.sigma.copy(), cut.trades.copy(), cut.lots.copy())

    def ordinal(self, minute: int) -> int:
        """The ordinal of the first trade of `minute`."""
        day, at = divmod(minute, DAY_MINUTES)
        before = int(self._day_ordinals(day)[day - self.first_day])
        return before + int(_plan(self, day).trades[:at].sum()) if at else before

    def minute_of(self, ordinal: int) -> int:
        """The minute in which trade `ordinal` happens."""
        day = self.first_day
        while self._day_ordinals(day)[-1] <= ordinal:
            day += len(self._ordinals)
        ordinals = self._ordinals
        day = self.first_day + int(np.searchsorted(ordinals, ordinal, side="right")) - 1
        rest = ordinal - int(ordinals[day - self.first_day])
        ends = np.cumsum(_plan(self, day).trades)
        return day * DAY_MINUTES + int(np.searchsorted(ends, rest, side="right"))

    def prints(self, minute: int) -> list[Print]:
        """The trades of `minute`; their ids are ordinals."""
        return _prints(self, minute)

    def _day_ordinals(self, day: int) -> Ints:
        """The ordinals at the beginnings of the days from the listing's first to at least `day`."""
        if len(self._ordinals) <= day - self.first_day:
            counts = self.generator.trades_of_days(self.first_day, day - self.first_day + _AHEAD_DAYS)
            self._ordinals = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(counts)))
        return self._ordinals


# What is computed is shared by all listings: a few are looked at closely, most are not.


@lru_cache(maxsize=16)
def _plan(history: History, day: int) -> Plan:
    return history.generator.plan(day)


@lru_cache(maxsize=24)
def _day(history: History, day: int) -> Ints:
    return candles(history.generator.runs(_plan(history, day)))


@lru_cache(maxsize=64)
def _prints(history: History, minute: int) -> list[Print]:
    day, at = divmod(minute, DAY_MINUTES)
    runs = history.generator.runs(_plan(history, day).cut(at, at + 1))
    seed = history.seed ^ minute * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    return arrange(runs, seed, minute * MINUTE_MS, history.ordinal(minute))
