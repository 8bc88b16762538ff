"""`Session`: the rolling day of one instrument: open, high, low, change, volume, VWAP.

The rule. The day is the open minute and the 1,440 minutes before it. Each minute holds its open, high,
low, close and volumes, folded from trades or seeded from the venue's 1m candles. `open` is the first price
of the oldest of these minutes that traded, `change` the last price less `open`, `vwap` the value traded by
the volume traded. Volumes are in base, as the trades state them.

Where the venue sends its own rolling ticker, that is the day: its open, volumes, high and low stand while
it is at most a minute old, trades after it only widen high and low and set the last price.

What is not a whole day is not shown as one: until then only `known` and `last` say anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isnan, nan
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Candle, Ticker, Trade
from candlewick.core.interval import open_time
from candlewick.market.forming import Forming, is_possible_candle, is_possible_trade
from candlewick.market.trade_ids import TradeIds

DAY_S: Final = 86_400
MINUTES: Final = 1_441
NS_PER_MINUTE: Final = 60 * NS_PER_S
TICKER_STANDS_NS: Final = 60 * NS_PER_S
# Columns of a minute; PLACE is that of its opening trade in the venue's order.
TIME, OPEN, HIGH, LOW, VOLUME, QUOTE, FINAL, PLACE = range(8)


class Day(NamedTuple):
    """The sums of a rolling day; `quote_volume` is NaN where a candle did not say."""

    open: float
    high: float
    low: float
    volume: float
    quote_volume: float


class Session:
    """The rolling day of one instrument; every figure of it is None until a whole day is known.

    Attributes:
        last: price of the newest trade or ticker; None before the first.
        rejected: trades and tickers with impossible numbers.
    """

    __slots__ = (
        "_closed",
        "_high",
        "_ids",
        "_low",
        "_minute",
        "_newest",
        "_ring",
        "_since",
        "_start",
        "_stop",
        "_ticker",
        "last",
        "rejected",
    )

    def __init__(self, *, numbered: bool = True) -> None:
        """`numbered` says that the venue's integer ids rise by exactly one a trade."""
        self._ids = TradeIds(numbered=numbered)
        # One row a minute; made when there is something to put in, for many instruments are only listed.
        self._ring: NDArray[np.float64] | None = None
        # The day without the open minute; None: to be summed again.
        self._closed: Day | None = None
        self._minute = Forming(0, 0.0)
        # Bounds in ns of the open minute; both 0 while its first trade has still to come.
        self._start = self._stop = 0
        self._ticker: Ticker | None = None
        # Extremes of the trades since the ticker.
        self._high, self._low = -inf, inf
        self._newest = 0
        self._since: int | None = None
        self.last: float | None = None
        self.rejected = 0

    def add(self, trade: Trade) -> bool:
        """Fold a trade; False if it was seen before, is impossible or older than a day."""
        ids, price, ts = self._ids, trade.price, trade.ts_exchange
        if trade.id != ids.next or not (self._start <= ts < self._stop and 0.0 < price < inf):
            return self._place(trade)
        quantity, minute = trade.quantity, self._minute
        if not 0.0 < quantity < inf:
            return self._place(trade)
        ids.next += 1
        if price > minute.high:
            minute.high = price
        elif price < minute.low:
            minute.low = price
        if price > self._high:
            self._high = price
        if price < self._low:
            self._low = price
        minute.volume += quantity
        minute.quote_volume += price * quantity
        self.last, self._newest = price, ts
        return True

    def take_ticker(self, ticker: Ticker) -> bool:
        """Take the venue's own rolling day; False if it is older than the one we have, or impossible."""
        prices = (ticker.last, ticker.open, ticker.high, ticker.low)
        sums = (ticker.volume, ticker.quote_volume)
        if not (all(0.0 < price < inf for price in prices) and all(0.0 <= each < inf for each in sums)):
            self.rejected += 1
            return False
        if self._ticker is not None and ticker.ts_exchange < self._ticker.ts_exchange:
            return False
        self._ticker = ticker
        self._high, self._low = -inf, inf
        if ticker.ts_exchange >= self._newest:
            self._newest, self.last = ticker.ts_exchange, ticker.last
        return True

    def seed(self, candles: Sequence[Candle]) -> None:
        """Take the venue's closed 1m candles, oldest first; trades no longer change these minutes."""
        traded = self._ids.known_from is not None
        for candle in candles:
            ours = traded and candle.time >= self._minute.time
            if candle.interval != "1m" or not candle.closed or ours or not is_possible_candle(candle):
                continue
            quote_volume = nan if candle.quote_volume is None else candle.quote_volume
            row = (candle.time, candle.open, candle.high, candle.low, candle.volume, quote_volume, 1.0, 0.0)
            self._rows()[candle.time // 60 % MINUTES] = row
            self._since = candle.time if self._since is None else min(self._since, candle.time)
            end = candle.time + 60
            if end > self._minute.time:
                self._minute = Forming(end, candle.close)
            if end * NS_PER_S > self._newest:
                self._newest, self.last = end * NS_PER_S, candle.close
        self._closed = None

    def advance(self, time_s: int) -> None:
        """Let the day end at `time_s` (UTC seconds), because time went on without a trade."""
        minute = open_time(time_s, 60)
        if self.last is not None and minute > self._minute.time:
            self._roll(minute, self.last)

    def known(self) -> Day | None:
        """The sums of what is known of the day, be it a whole one or only what came `since`."""
        ticker = self._ticker_stands()
        if ticker is not None:
            high, low = max(ticker.high, self._high), min(ticker.low, self._low)
            return Day(ticker.open, high, low, ticker.volume, ticker.quote_volume)
        if self._closed is None:
            self._closed = self._sum()
        closed, minute = self._closed, self._minute
        if not minute.trades:
            return closed if closed.high > 0.0 else None
        return Day(
            closed.open or minute.open,
            max(closed.high, minute.high),
            min(closed.low, minute.low),
            closed.volume + minute.volume,
            closed.quote_volume + minute.quote_volume,
        )

    @property
    def open(self) -> float | None:
        """First price of the day."""
        day = self._whole_day()
        return day.open if day else None

    @property
    def high(self) -> float | None:
        """Highest price of the day."""
        day = self._whole_day()
        return day.high if day else None

    @property
    def low(self) -> float | None:
        """Lowest price of the day."""
        day = self._whole_day()
        return day.low if day else None

    @property
    def volume(self) -> float | None:
        """Traded in base."""
        day = self._whole_day()
        return day.volume if day else None

    @property
    def quote_volume(self) -> float | None:
        """Traded in quote."""
        day = self._whole_day()
        return day.quote_volume if day and not isnan(day.quote_volume) else None

    @property
    def change(self) -> float | None:
        """Last price less the day's open."""
        day = self._whole_day()
        return self.last - day.open if day and self.last is not None else None

    @property
    def change_pct(self) -> float | None:
        """Change in percent of the day's open."""
        day = self._whole_day()
        return (self.last / day.open - 1.0) * 100.0 if day and self.last is not None else None

    @property
    def vwap(self) -> float | None:
        """Value traded by volume traded; None where nothing was traded."""
        day = self._whole_day()
        if day is None or not day.volume or isnan(day.quote_volume):
            return None
        return day.quote_volume / day.volume

    @property
    def complete(self) -> bool:
        """Whether a whole day is known: the venue's ticker, or every minute of it."""
        if self._ticker_stands() is not None:
            return True
        return self._since is not None and self._since <= self._minute.time - DAY_S and not self._ids.gaps

    @property
    def since(self) -> int | None:
        """UTC second from which the figures count: 24 h back, or later while less is known."""
        if self._ticker_stands() is not None:
            return self._newest // NS_PER_S - DAY_S
        return None if self._since is None else max(self._since, self._minute.time - DAY_S)

    def _whole_day(self) -> Day | None:
        return self.known() if self.complete else None

    def _ticker_stands(self) -> Ticker | None:
        ticker = self._ticker
        return ticker if ticker and self._newest - ticker.ts_exchange <= TICKER_STANDS_NS else None

    def _sum(self) -> Day:
        """The 1,440 minutes before the open one; open and high are 0 where none traded."""
        if self._ring is None:
            return Day(0.0, 0.0, inf, 0.0, 0.0)
        times, now = self._ring[:, TIME], self._minute.time
        rows = self._ring[(times >= now - DAY_S) & (times < now) & (self._ring[:, VOLUME] > 0.0)]
        if not rows.size:
            return Day(0.0, 0.0, inf, 0.0, 0.0)
        return Day(
            float(rows[rows[:, TIME].argmin(), OPEN]),
            float(rows[:, HIGH].max()),
            float(rows[:, LOW].min()),
            float(rows[:, VOLUME].sum()),
            float(rows[:, QUOTE].sum()),
        )

    def _place(self, trade: Trade) -> bool:
        """Fold a trade that is not simply the next one of the open minute."""
        price, ts, ids = trade.price, trade.ts_exchange, self._ids
        if not is_possible_trade(trade):
            self.rejected += 1
            return False
        ids.newest = max(ids.newest, self._newest)
        if not ids.take(trade.id, ts):
            return False
        minute = open_time(ts // NS_PER_S, 60)
        if minute < self._minute.time - DAY_S:
            return False
        if minute > self._minute.time:
            self._roll(minute, price)
        if minute == self._minute.time:
            self._minute.fold(trade, self._ids.place(trade))
            self._start, self._stop = minute * NS_PER_S, minute * NS_PER_S + NS_PER_MINUTE
        else:
            self._fold_late(trade, minute)
        self._since = minute if self._since is None else min(self._since, minute)
        if self._ticker is None or ts > self._ticker.ts_exchange:
            self._high, self._low = max(self._high, price), min(self._low, price)
        if ts >= self._newest:
            self._newest, self.last = ts, price
        return True

    def _fold_late(self, trade: Trade, minute: int) -> None:
        """Fold into a minute left behind."""
        price, place = trade.price, self._ids.place(trade)
        row = self._rows()[minute // 60 % MINUTES]
        if row[TIME] != minute:
            row[:] = (minute, price, price, price, 0.0, 0.0, 0.0, place)
        if row[FINAL]:
            return
        if place < row[PLACE]:
            row[OPEN], row[PLACE] = price, place
        row[HIGH], row[LOW] = max(row[HIGH], price), min(row[LOW], price)
        row[VOLUME] += trade.quantity
        row[QUOTE] += price * trade.quantity
        self._closed = None

    def _roll(self, minute: int, price: float) -> None:
        """Put the open minute away and begin `minute`."""
        bar = self._minute
        if bar.trades:
            row = (bar.time, bar.open, bar.high, bar.low, bar.volume, bar.quote_volume, 0.0, bar.first)
            self._rows()[bar.time // 60 % MINUTES] = row
        self._minute = Forming(minute, price)
        self._start = self._stop = 0
        self._closed = None
        self._ids.forget_before((minute - DAY_S) * NS_PER_S)

    def _rows(self) -> NDArray[np.float64]:
        if self._ring is None:
            self._ring = np.full((MINUTES, 8), -1.0)
        return self._ring
