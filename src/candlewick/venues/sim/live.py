"""One listing while it trades: agents who keep a book around the fair price and trade out of it.

Events come at random (Poisson) times. A *maker's* event brings a limit order or a cancellation; makers
whose quotes the fair price has passed cancel them, unless somebody was quicker. A *taker's* event is a
market order, more likely on the side that brings the price towards the fair one. How often takers come
and how much they bring is what the generated plan of the minute says, so that the live market has the
character of its own history.
"""

from __future__ import annotations

import random
from math import exp
from typing import NamedTuple

import numpy as np

from candlewick.venues.sim.book import Book, Resting
from candlewick.venues.sim.folds import fold
from candlewick.venues.sim.history import History
from candlewick.venues.sim.model import ForcedOrder, Print
from candlewick.venues.sim.path import MINUTE_MS
from candlewick.venues.sim.sessions import Session

_BPS = 1e-4
_MOST_ORDERS = 12  # at one price; the next maker takes the place of the oldest
_SETTLE_MS = 45_000.0  # how fast the book leaves the last generated trade for the fair path


class Best(NamedTuple):
    """Best bid and ask after an update."""

    update_id: int
    ts_ms: int
    bid: int
    bid_lots: int
    ask: int
    ask_lots: int


class Outbox:
    """What happened and has not been collected yet, in order.

    `struck` are users' orders that were hit, each with the print it had; `clear` leaves them.
    """

    __slots__ = ("bests", "forced", "prints", "struck")

    def __init__(self) -> None:
        self.prints: list[tuple[int, Print]] = []
        self.bests: list[tuple[int, Best]] = []
        self.forced: list[tuple[int, ForcedOrder]] = []
        self.struck: list[tuple[int, Resting, Print]] = []

    def clear(self) -> None:
        self.prints, self.bests, self.forced = [], [], []


class LiveMarket:
    """Book and agents of one listing, from `start_ms` on."""

    def __init__(
        self, history: History, index: int, outbox: Outbox, session: Session, *, last: Print, pace: float
    ) -> None:
        start_ms = session.start_ms
        self.session = session
        self._history = history
        self._index = index
        self._outbox = outbox
        self._pace = pace
        asset = history.generator.fair.asset
        self._chance = random.Random(history.seed ^ start_ms)
        self.book = Book(start_ms * 8)
        self.minute = start_ms // MINUTE_MS
        self.candle: list[int] = []
        # plans and minutes are prepared at different times for each listing, not for all at once
        self._plan = history.plan(self.minute, 30 + index % 31)
        self._coming: tuple[int, list[float], list[float]] | None = None
        self._usual_day = history.generator.fair.usual_day_variance()
        self._line: list[float] = []
        self._index_line: list[float] = []
        self._load_minute()
        self._levels = 45 if asset.rate < 1 else 70
        self._pull = 0.0
        self._pull_since = start_ms
        self._pull = last.ticks - self.fair(start_ms)
        self.last = last.ticks
        self.last_lots = last.lots
        self.ts_ms = start_ms
        self._fill_book(start_ms)
        self._told = self.book.best()[1:]

    @property
    def ticket_lots(self) -> float:
        """Mean lots of a trade in this minute."""
        return self._lots

    def stress(self, ts_ms: float) -> float:
        """The move of the last minute in deviations of a usual minute."""
        at = (ts_ms - self.minute * MINUTE_MS) / 1000.0
        second = min(max(int(at), 0), 60)
        before = self._line_before[second] if self._line_before else self._line[0]
        move: float = (self._line[second] - before) / self._usual_sigma
        return move

    def _load_minute(self) -> None:
        if not self._plan.minute <= self.minute < self._plan.minute + len(self._plan.trades):
            self._plan = self._history.plan(self.minute, 60)
        at = self.minute - self._plan.minute
        generator = self._history.generator
        if self._coming is None or self._coming[0] != self.minute:
            self.prepare(self.minute)
        assert self._coming is not None
        self._line_before = self._line
        _, self._line, self._index_line = self._coming
        trades = int(self._plan.trades[at])
        self._lots = max(int(self._plan.lots[at]) / trades, 1.0)
        mid = float(self._plan.mid[at])
        self._usual_sigma = mid * (self._usual_day / 1440.0) ** 0.5
        self.half = max(0.5, mid * generator.spread_bps * 0.5 * _BPS)
        self._reach = max(2.0, mid * 3.5 * _BPS)
        # a taker often meets more than one level: fewer takers than trades
        self._take_rate = trades / 60_000.0 * 0.8 * self._pace
        self._make_rate = (trades / 60_000.0 * 4.5 + 0.0008) * self._pace

    def prepare(self, minute: int) -> None:
        """Compute the fair prices of `minute` before it begins."""
        fair, tick = self._history.generator.fair, self._history.generator.tick
        index = fair.index_seconds(minute)
        offset = fair.offset(minute + np.arange(61) / 60.0)
        self._coming = minute, (np.exp(index + offset) / tick).tolist(), (np.exp(index) / tick).tolist()

    def fair(self, ts_ms: float) -> float:
        """The fair price in ticks."""
        at = (ts_ms - self.minute * MINUTE_MS) / 1000.0
        second = min(max(int(at), 0), 59)
        line = self._line
        price = line[second] + (line[second + 1] - line[second]) * (at - second)
        if self._pull:
            age = (ts_ms - self._pull_since) / _SETTLE_MS
            if age > 8.0:
                self._pull = 0.0
            else:
                price += self._pull * exp(-age)
        return price

    def index(self, ts_ms: float) -> float:
        """The asset's price over all venues, in ticks."""
        at = (ts_ms - self.minute * MINUTE_MS) / 1000.0
        second = min(max(int(at), 0), 59)
        line = self._index_line
        return line[second] + (line[second + 1] - line[second]) * (at - second)

    def roll(self, minute: int) -> None:
        """Enter `minute`. The caller has collected the candle of the minute before."""
        self.minute = minute
        self.candle = []
        self._load_minute()

    def wait_ms(self) -> float:
        """Time to the next event."""
        return self._chance.expovariate(self._take_rate + self._make_rate)

    def step(self, ts_ms: float) -> None:
        """One event at `ts_ms`, which lies in the current minute."""
        self.ts_ms = int(ts_ms)
        fair = self.fair(ts_ms)
        if self._chance.random() * (self._take_rate + self._make_rate) < self._take_rate:
            self._take(fair)
        else:
            self._make(fair)
        self._mend(fair)
        self._tell()

    def force(self, sells: bool, lots: int, ts_ms: int) -> ForcedOrder | None:
        """Execute a liquidation of `lots` as a market order."""
        self.ts_ms = ts_ms
        prints = self._print(sells, lots, None)
        filled = sum(each.lots for each in prints)
        if filled:
            value = sum(each.ticks * each.lots for each in prints)
            order = ForcedOrder(ts_ms, sells, prints[-1].ticks, value / filled, filled)
            self._outbox.forced.append((self._index, order))
            self._mend(self.fair(ts_ms))
            self._tell()
            return order
        return None

    def trade(self, sells: bool, lots: int, limit: int | None, ts_ms: int) -> list[Print]:
        """A user's order takes from the book: its prints, one for each order or level it met."""
        self.ts_ms = ts_ms
        prints = self._print(sells, lots, limit)
        self._mend(self.fair(ts_ms))
        self._tell()
        return prints

    def rest(self, sells: bool, ticks: int, lots: int, guest: object, ts_ms: int) -> Resting:
        """A user's order, which crosses nothing, joins the book behind what stands at its price."""
        self.ts_ms = ts_ms
        _, resting = self.book.place(sells, ticks, lots, guest)
        assert resting is not None, "an order that crosses the book cannot rest in it"
        self._tell()
        return resting

    def pull(self, resting: Resting, lots: int | None, ts_ms: int) -> None:
        """A user's order leaves the book, or `lots` of it; what is left keeps its place."""
        self.ts_ms = ts_ms
        self.book.cancel(resting, lots)
        self._mend(self.fair(ts_ms))
        self._tell()

    def _take(self, fair: float) -> None:
        _, bid, _, ask, _ = self.book.best()
        chance = self._chance
        middle = (bid + ask) / 2.0 if bid and ask else fair
        lean = (fair - middle) / (2.0 * self.half)
        sells = chance.random() >= 0.5 + 0.42 * lean / (1.0 + abs(lean))
        lots = max(1, int(self._lots * 0.69 * chance.paretovariate(2.2)))
        slip = 4.0 * self.half + 0.25 * self._reach
        limit = int(fair - slip) if sells else int(fair + slip) + 1
        self._print(sells, lots, limit)

    def _make(self, fair: float) -> None:
        book, chance = self.book, self._chance
        for sells, prices in ((False, book.bid_ticks), (True, book.ask_ticks)):
            # quotes on the wrong side of fair: picked off by the quick, withdrawn by the wary
            for _ in range(16):
                if not prices:
                    break
                ticks = prices[0] if sells else prices[-1]
                stale = fair - ticks if sells else ticks - fair
                if stale <= 0.3 * self.half:
                    break
                if chance.random() < 0.16 and stale > self.half:
                    self._print(not sells, min(book.lots_at(sells, ticks), 1 + int(self._lots * 2)), ticks)
                if book.lots_at(sells, ticks):
                    book.drop(sells, ticks)
                if book.guests[sells] and (left := book.lots_at(sells, ticks)):
                    # only users' orders are left: they are not withdrawn, so somebody takes the bargain
                    if stale <= self.half:
                        break
                    self._print(not sells, left, ticks)
        sells = chance.random() < 0.5
        prices = book.ask_ticks if sells else book.bid_ticks
        if not prices or abs((prices[0] if sells else prices[-1]) - fair) > 2.2 * self.half + 1.0:
            self._quote(sells, fair, self.half * (0.6 + 0.8 * chance.random()))
        elif len(prices) - len(book.guests[sells]) > self._levels * (0.75 + 0.5 * chance.random()):
            self._withdraw(sells, prices)
        else:
            self._quote(sells, fair, self.half + self._away())

    def _mend(self, fair: float) -> None:
        """Somebody always makes a market: a side that was emptied is quoted again at once."""
        if not self.book.bid_ticks:
            self._quote(False, fair, self.half)
        if not self.book.ask_ticks:
            self._quote(True, fair, self.half)

    def _away(self) -> float:
        depth = self._chance.expovariate(1.0)
        return self._reach * depth * depth

    def _quote(self, sells: bool, fair: float, away: float) -> None:
        book, chance = self.book, self._chance
        if sells:
            ticks = int(fair + away + 0.5)
            if book.bid_ticks:
                ticks = max(ticks, book.bid_ticks[-1] + 1)
        else:
            ticks = int(fair - away + 0.5)
            if book.ask_ticks:
                ticks = min(ticks, book.ask_ticks[0] - 1)
        if ticks > 0:
            size = self._lots * (1.0 + 1.5 * away / self._reach) * chance.lognormvariate(0.0, 0.9)
            # where ticks are coarse, orders would gather on few prices without end
            tired = book.oldest_of(sells, ticks, _MOST_ORDERS)
            if tired is not None:
                book.cancel(tired)
            book.place(sells, ticks, max(1, int(size)))

    def _withdraw(self, sells: bool, prices: list[int]) -> None:
        if self._chance.random() < 0.5:
            ticks = prices[-1] if sells else prices[0]  # the farthest, long out of sight
        else:
            ticks = prices[int(self._chance.random() * len(prices))]
        order = self.book.youngest(sells, ticks)
        if order is not None:
            self.book.cancel(order)

    def _fill_book(self, ts_ms: int) -> None:
        fair = self.fair(ts_ms)
        for sells in (False, True):
            self._quote(sells, fair, self.half)
            prices = self.book.ask_ticks if sells else self.book.bid_ticks
            for _ in range(self._levels * 2):
                if len(prices) >= self._levels:
                    break
                self._quote(sells, fair, self.half + self._away())

    def _print(self, sells: bool, lots: int, limit: int | None) -> list[Print]:
        prints: list[Print] = []
        for ticks, filled in self.book.take(sells, lots, limit):
            trade = Print(self.session.next_id, self.ts_ms, ticks, filled, sells)
            prints.append(trade)
            self.session.append(trade)
            self._outbox.prints.append((self._index, trade))
            self.last, self.last_lots = ticks, filled
            fold(self.candle, ticks, filled, sells)
        if self.book.struck:
            for at, resting in self.book.struck:
                self._outbox.struck.append((self._index, resting, prints[at]))
        return prints

    def _tell(self) -> None:
        best = self.book.best()
        if best[1:] != self._told:
            self._told = best[1:]
            self._outbox.bests.append((self._index, Best(best[0], self.ts_ms, *best[1:])))
