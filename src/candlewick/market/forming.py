"""`Forming`: one candle while trades still fall into it."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isnan, nan
from typing import Final, Self

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Candle, Trade

# Clocks differ, but not by this much.
MOST_AHEAD_NS: Final = 3_600 * NS_PER_S


class Forming:
    """A candle that can still change.

    Attributes:
        time: open time, UTC seconds.
        quote_volume, trades: NaN where a venue's candle did not say.
        first, last: place of the opening and the closing trade in the venue's order; 0 unknown.
        final: the venue's own word; trades change nothing any more.
        whole: every trade of it is known, as judged when it was made out of smaller candles.
    """

    __slots__ = (
        "close",
        "final",
        "first",
        "high",
        "last",
        "low",
        "open",
        "quote_volume",
        "time",
        "trades",
        "ts_exchange",
        "ts_received",
        "volume",
        "whole",
    )

    def __init__(self, time: int, price: float) -> None:
        """A flat candle at `price`: nothing traded yet."""
        self.time = time
        self.open = self.high = self.low = self.close = price
        self.volume = 0.0
        self.quote_volume = 0.0
        self.trades: float = 0
        self.first = 0
        self.last = 0
        self.ts_exchange = 0
        self.ts_received = 0
        self.final = False
        self.whole = False

    @classmethod
    def from_candle(cls, candle: Candle) -> Self:
        """The venue's own candle."""
        bar = cls(candle.time, candle.close)
        bar.open, bar.high, bar.low = candle.open, candle.high, candle.low
        bar.volume = candle.volume
        bar.quote_volume = nan if candle.quote_volume is None else candle.quote_volume
        # Not zero, which would say that it is flat and has no price of its own.
        bar.trades = nan if candle.trades is None else candle.trades
        bar.ts_exchange, bar.ts_received = candle.ts_exchange, candle.ts_received
        bar.final = bar.whole = True
        return bar

    @classmethod
    def silent(cls, time: int, price: float) -> Self:
        """A candle of which the venue's silence says that nothing traded."""
        bar = cls(time, price)
        bar.final = bar.whole = True
        return bar

    @classmethod
    def merged(cls, bars: Sequence[Forming]) -> Self:
        """One candle of several (at least one), given in order of time."""
        merged = cls(bars[0].time, bars[0].open)
        for bar in bars:
            merged.absorb(bar)
        return merged

    @property
    def flat(self) -> bool:
        """Nothing traded, so that its price is the close before it. (NaN trades: something may have.)"""
        return not self.trades and not self.final

    def reprice(self, price: float) -> None:
        """Move a flat candle to `price`."""
        self.open = self.high = self.low = self.close = price

    def fold(self, trade: Trade, place: int) -> None:
        """Take in a trade that stands at `place` in the venue's order, early or late."""
        price = trade.price
        if not self.trades:
            self.open = self.high = self.low = self.close = price
            self.first = self.last = place
        else:
            self.high = max(self.high, price)
            self.low = min(self.low, price)
            if place < self.first:
                self.open, self.first = price, place
            elif place >= self.last:
                self.close, self.last = price, place
        self.volume += trade.quantity
        self.quote_volume += price * trade.quantity
        self.trades += count(trade)
        self.ts_exchange = max(self.ts_exchange, trade.ts_exchange)
        self.ts_received = max(self.ts_received, trade.ts_received)

    def absorb(self, later: Forming) -> None:
        """Take in a later candle of this one's time; where both know the venue's order, that decides."""
        if later.trades:  # a flat one has no price of its own; NaN is true
            if self.trades:
                self.high = max(self.high, later.high)
                self.low = min(self.low, later.low)
                if 0 < later.first < self.first:
                    self.open, self.first = later.open, later.first
            else:
                self.open, self.high, self.low, self.first = later.open, later.high, later.low, later.first
            if not 0 < later.last < self.last:
                self.close, self.last = later.close, later.last
            self.volume += later.volume
            self.quote_volume += later.quote_volume
            self.trades += later.trades
        self.ts_exchange = max(self.ts_exchange, later.ts_exchange)
        self.ts_received = max(self.ts_received, later.ts_received)

    def same(self, other: Forming) -> bool:
        """Whether prices and volume agree (volume to rounding: the order of summing differs)."""
        return (
            (self.open, self.high, self.low, self.close) == (other.open, other.high, other.low, other.close)
            and abs(self.volume - other.volume) <= 1e-9 * max(abs(self.volume), abs(other.volume))
        )  # fmt: skip

    def candle(self, instrument: str, interval: str, length_s: int, *, closed: bool, rev: int = 0) -> Candle:
        """As a message. `rev` is the earliest `ts_received` it may carry: a correction must be newer."""
        end = (self.time + length_s) * NS_PER_S
        return Candle(
            instrument,
            interval,
            self.time,
            self.open,
            self.high,
            self.low,
            self.close,
            self.volume,
            closed,
            self.ts_exchange or end,
            max(self.ts_received or end, rev),
            None if isnan(self.quote_volume) else self.quote_volume,
            None if isnan(self.trades) else int(self.trades),
        )


def count(trade: Trade) -> int:
    """Number of single trades in `trade`; at least itself, whatever its ids say."""
    if trade.first_id is None or trade.last_id is None:
        return 1
    return max(trade.last_id - trade.first_id + 1, 1)


def is_possible_trade(trade: Trade) -> bool:
    """Whether price, quantity and time can be true. No trade happens an hour after it was received."""
    return (
        0.0 < trade.price < inf
        and 0.0 < trade.quantity < inf
        and trade.ts_exchange >= 0
        and (not trade.ts_received or trade.ts_exchange < trade.ts_received + MOST_AHEAD_NS)
    )


def is_possible_candle(candle: Candle) -> bool:
    """Whether prices and volume can be true."""
    lower, upper = sorted((candle.open, candle.close))
    return (
        0.0 < candle.low <= lower
        and upper <= candle.high < inf
        and 0.0 <= candle.volume < inf
        and candle.time >= 0
    )
