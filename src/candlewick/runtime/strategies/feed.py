"""`BarFeed`: the closed bars of a strategy's markets, each once, in order.

The bars that the heart closes are taken as they come. One that does not come in time, because its stream
broke or nobody knows all of its trades, is asked of the venue; where the venue has none either, the bar goes
without that market.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from candlewick.core.clock import NS_PER_S, Clock
from candlewick.core.errors import CandlewickError, VenueError
from candlewick.core.events import Candle
from candlewick.core.interval import open_time, seconds
from candlewick.market.bars import COLUMNS, Bars

GRACE_S: Final = 5.0  # after its end, until a bar that did not come is asked for
RETRY_S: Final = 5.0
CAUGHT_UP: Final = 1_000  # bars that are told late at most, after a long absence

Row = tuple[float, float, float, float, float]
Fetch = Callable[[str, str, int], Awaitable[Bars]]


@dataclass(frozen=True, slots=True)
class Closed:
    """A bar of all markets that have one; `ended` is when it closed, UTC seconds."""

    time: int
    ended: int
    rows: dict[str, Row]


class BarFeed:
    """Bars after `last`, the open time of the newest bar that is known already.

    Args:
        fetch: the newest bars of an instrument, interval and number, of the lake or the venue.
        tell: called with a sentence when bars are missing, or cannot be had now.
    """

    def __init__(
        self,
        instruments: Sequence[str],
        timeframe: str,
        last: int,
        *,
        fetch: Fetch,
        tell: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self._instruments = tuple(instruments)
        self._timeframe = timeframe
        self._length = seconds(timeframe)
        self._last = last
        self._fetch = fetch
        self._tell = tell
        self._clock = clock
        self._come: dict[int, dict[str, Row]] = {}
        self._news = asyncio.Event()
        self._end: CandlewickError | None = None

    def take(self, candle: Candle) -> None:
        """A bar that the heart has closed; of corrections of what was told nothing is heard."""
        if (
            candle.interval == self._timeframe
            and candle.instrument in self._instruments
            and candle.time > self._last
        ):
            row = (candle.open, candle.high, candle.low, candle.close, candle.volume)
            self._come.setdefault(candle.time, {})[candle.instrument] = row
            self._news.set()

    def give(self, history: Sequence[Bars]) -> None:
        """Bars that are known from elsewhere."""
        for bars in history:
            columns = [getattr(bars, name).tolist() for name in COLUMNS]
            for time, *row in zip(bars.time.tolist(), *columns, strict=True):
                if time > self._last:
                    self._come.setdefault(time, {}).setdefault(bars.symbol, tuple(row))
        self._news.set()

    def end(self, why: CandlewickError) -> None:
        """Give no bar more: whoever waits for the next one is told why."""
        self._end = why
        self._news.set()

    async def next(self) -> Closed:
        """The next bar, once it has closed in every market that has one.

        Raises:
            CandlewickError: what `end` was called with.
        """
        while True:
            if self._end is not None:
                raise self._end
            time = self._last + self._length
            if len(self._come.get(time, ())) < len(self._instruments):
                if await self._wait(time + self._length):
                    continue
                await self._ask(time)
            found = self._take(time)
            if found is not None:
                return found

    async def _wait(self, ends: int) -> bool:
        """Whether news came before the grace of a bar was over."""
        left_s = ends + GRACE_S - self._clock.now_ns() / NS_PER_S
        if left_s <= 0:
            return False
        self._news.clear()
        try:
            async with asyncio.timeout(left_s):  # `wait_for` may swallow a cancellation that comes with news
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def _ask(self, time: int) -> None:
        """Ask the venue for what did not come, from `time` until now."""
        now = open_time(self._clock.now_ns() // NS_PER_S, self._length)
        if (now - time) // self._length > CAUGHT_UP:
            time = now - CAUGHT_UP * self._length
            self._last = time - self._length
        count = max(1, (now - time) // self._length)
        for instrument in self._instruments:
            if all(instrument in self._come.get(each, ()) for each in range(time, now, self._length)):
                continue
            while True:
                try:
                    bars = await self._fetch(instrument, self._timeframe, count)
                    break
                except VenueError as error:
                    self._tell(f"Bars of {instrument} cannot be had now: {error}")
                    await asyncio.sleep(RETRY_S)
            self.give([bars])

    def _take(self, time: int) -> Closed | None:
        """The bar at `time`, or at the first later one that there is; None: there is none so far."""
        time = max(time, self._last + self._length)
        now = open_time(self._clock.now_ns() // NS_PER_S, self._length)
        while time not in self._come and time + self._length < now:
            time += self._length  # nobody has that bar
        rows = self._come.pop(time, None)
        self._last = time
        for old in [each for each in self._come if each <= time]:
            del self._come[old]
        return None if rows is None else Closed(time, time + self._length, rows)
