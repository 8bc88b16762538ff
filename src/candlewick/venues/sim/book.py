"""A limit order book with price-time priority, in whole ticks and lots. It never crosses."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator

from candlewick.venues.sim.model import Depth, DepthDiff


class Resting:
    """An order in the book. `guest` is whose it is when it is a user's; agents' orders have none."""

    __slots__ = ("guest", "id", "lots", "sells", "ticks")

    def __init__(self, id: int, sells: bool, ticks: int, lots: int, guest: object = None) -> None:
        self.id = id
        self.sells = sells
        self.ticks = ticks
        self.lots = lots
        self.guest = guest


class Level:
    """All orders at one price, oldest first."""

    __slots__ = ("lots", "orders")

    def __init__(self) -> None:
        self.lots = 0
        self.orders: dict[int, Resting] = {}


Fill = tuple[int, int]  # ticks, lots


class Book:
    """Bids and asks of one instrument.

    `update_id` grows by one with every level that changes. With `watched` set, the levels touched since the
    last `cut` are kept, so that a stream of diffs can be told from it.

    Users' orders (`guest`) rest among the agents' by the same priority, but agents never withdraw them, and
    each that is hit gets a fill of its own: `struck` then says which fills of the last `take` were theirs.
    """

    __slots__ = (
        "_asks",
        "_bids",
        "_cut_at",
        "_next_id",
        "_touched",
        "ask_ticks",
        "bid_ticks",
        "guests",
        "struck",
        "update_id",
    )

    def __init__(self, update_id: int = 1) -> None:
        self.update_id = update_id
        self.bid_ticks: list[int] = []  # rising: the best is the last
        self.ask_ticks: list[int] = []  # rising: the best is the first
        self._bids: dict[int, Level] = {}
        self._asks: dict[int, Level] = {}
        self._next_id = 1
        self._touched: tuple[set[int], set[int]] | None = None
        self._cut_at = update_id
        self.guests: tuple[set[Resting], set[Resting]] = (set(), set())  # bids, asks
        self.struck: list[tuple[int, Resting]] = []  # (which fill of the last take, whose order it met)

    def place(
        self, sells: bool, ticks: int, lots: int, guest: object = None
    ) -> tuple[list[Fill], Resting | None]:
        """A limit order: what it matches at once, and what rests of it."""
        if (self.ask_ticks and not sells and ticks >= self.ask_ticks[0]) or (
            self.bid_ticks and sells and ticks <= self.bid_ticks[-1]
        ):
            fills = self.take(sells, lots, ticks)
            lots -= sum(filled for _, filled in fills)
            if lots == 0:
                return fills, None
        else:
            fills = []
        order = Resting(self._next_id, sells, ticks, lots, guest)
        self._next_id += 1
        if guest is not None:
            self.guests[sells].add(order)
        levels = self._asks if sells else self._bids
        level = levels.get(ticks)
        if level is None:
            level = levels[ticks] = Level()
            insort(self.ask_ticks if sells else self.bid_ticks, ticks)
        level.orders[order.id] = order
        level.lots += lots
        self._touch(sells, ticks)
        return fills, order

    def take(self, sells: bool, lots: int, limit: int | None = None) -> list[Fill]:
        """A market order for at most `lots`, no further than `limit`: one fill for each level it reached."""
        if self.struck:
            self.struck = []
        if self.guests[not sells]:
            return self._take_singly(sells, lots, limit)
        fills: list[Fill] = []
        prices, levels = (self.bid_ticks, self._bids) if sells else (self.ask_ticks, self._asks)
        while lots and prices:
            ticks = prices[-1] if sells else prices[0]
            if limit is not None and (ticks < limit if sells else ticks > limit):
                break
            level = levels[ticks]
            if lots >= level.lots:
                filled = level.lots
                del levels[ticks]
                prices.pop(-1 if sells else 0)
            else:
                filled = lots
                level.lots -= lots
                self._eat(level, lots)
            lots -= filled
            fills.append((ticks, filled))
            self._touch(not sells, ticks)
        return fills

    def _take_singly(self, sells: bool, lots: int, limit: int | None) -> list[Fill]:
        """`take` where users' orders rest: a fill for each of those, and one for the agents' between them."""
        fills: list[Fill] = []
        agents = False  # whether the last fill was agents', to which the next may be added
        for order in self.queue(not sells, limit):
            if not lots:
                break
            filled = min(lots, order.lots)
            lots -= filled
            if order.guest is not None:
                self.struck.append((len(fills), order))
            elif agents and fills[-1][0] == order.ticks:
                filled += fills.pop()[1]
            fills.append((order.ticks, filled))
            agents = order.guest is None
        left: dict[int, int] = {}
        for ticks, filled in fills:
            left[ticks] = left.get(ticks, 0) + filled
        for ticks, filled in left.items():
            self._eat_level(not sells, ticks, filled)
        return fills

    def _eat_level(self, sells: bool, ticks: int, lots: int) -> None:
        """Take `lots` from the oldest orders at one price, which hold as many or more."""
        levels, prices = (self._asks, self.ask_ticks) if sells else (self._bids, self.bid_ticks)
        level = levels[ticks]
        level.lots -= lots
        for id in list(level.orders):
            order = level.orders[id]
            eaten = min(order.lots, lots)
            order.lots -= eaten
            lots -= eaten
            if order.lots:
                break
            del level.orders[id]
            self.guests[sells].discard(order)
        if not level.orders:
            del levels[ticks]
            prices.pop(bisect_left(prices, ticks))
        self._touch(sells, ticks)

    def queue(self, sells: bool, limit: int | None = None) -> Iterator[Resting]:
        """The orders of one side by priority: best price first, oldest first; no further than `limit`."""
        prices, levels = (self.ask_ticks, self._asks) if sells else (self.bid_ticks, self._bids)
        for ticks in prices if sells else reversed(prices):
            if limit is not None and (ticks > limit if sells else ticks < limit):
                return
            yield from levels[ticks].orders.values()

    @staticmethod
    def _eat(level: Level, lots: int) -> None:
        """Take `lots`, fewer than the level holds, from its oldest orders."""
        for id in list(level.orders):
            order = level.orders[id]
            if order.lots > lots:
                order.lots -= lots
                return
            lots -= order.lots
            del level.orders[id]
            if not lots:
                return

    def cancel(self, order: Resting, lots: int | None = None) -> None:
        """Take `order` out of the book, or `lots` of it."""
        levels = self._asks if order.sells else self._bids
        level = levels[order.ticks]
        gone = order.lots if lots is None else min(lots, order.lots)
        order.lots -= gone
        level.lots -= gone
        if not order.lots:
            del level.orders[order.id]
            if order.guest is not None:
                self.guests[order.sells].discard(order)
        if not level.orders:
            del levels[order.ticks]
            prices = self.ask_ticks if order.sells else self.bid_ticks
            prices.pop(bisect_left(prices, order.ticks))
        self._touch(order.sells, order.ticks)

    def drop(self, sells: bool, ticks: int) -> None:
        """Cancel every order of agents at one price."""
        if self.guests[sells]:
            level = (self._asks if sells else self._bids)[ticks]
            for order in [each for each in level.orders.values() if each.guest is None]:
                self.cancel(order)
            return
        del (self._asks if sells else self._bids)[ticks]
        prices = self.ask_ticks if sells else self.bid_ticks
        prices.pop(bisect_left(prices, ticks))
        self._touch(sells, ticks)

    def holds(self, order: Resting) -> bool:
        """Whether `order` still rests here."""
        level = (self._asks if order.sells else self._bids).get(order.ticks)
        return level is not None and level.orders.get(order.id) is order

    def youngest(self, sells: bool, ticks: int) -> Resting | None:
        """The agents' order that came last to the level at `ticks`."""
        orders = reversed((self._asks if sells else self._bids)[ticks].orders.values())
        if not self.guests[sells]:
            return next(orders)
        return next((order for order in orders if order.guest is None), None)

    def oldest_of(self, sells: bool, ticks: int, many: int) -> Resting | None:
        """The agents' order that came first to the level at `ticks`, if `many` or more orders rest there."""
        level = (self._asks if sells else self._bids).get(ticks)
        if level is None or len(level.orders) < many:
            return None
        if not self.guests[sells]:
            return next(iter(level.orders.values()))
        return next((order for order in level.orders.values() if order.guest is None), None)

    def lots_at(self, sells: bool, ticks: int) -> int:
        """Lots at one price, 0 if there is no such level."""
        level = (self._asks if sells else self._bids).get(ticks)
        return level.lots if level else 0

    def lots_of(self, sells: bool) -> int:
        """Lots of a whole side."""
        return sum(level.lots for level in (self._asks if sells else self._bids).values())

    def best(self) -> tuple[int, int, int, int, int]:
        """(update id, bid, its lots, ask, its lots); zeros where a side is empty."""
        bid = self.bid_ticks[-1] if self.bid_ticks else 0
        ask = self.ask_ticks[0] if self.ask_ticks else 0
        bid_lots = self._bids[bid].lots if bid else 0
        return self.update_id, bid, bid_lots, ask, self._asks[ask].lots if ask else 0

    def depth(self, levels: int, ts_ms: int) -> Depth:
        """The best `levels` of both sides."""
        bids = [(ticks, self._bids[ticks].lots) for ticks in reversed(self.bid_ticks[-levels:])]
        asks = [(ticks, self._asks[ticks].lots) for ticks in self.ask_ticks[:levels]]
        return Depth(self.update_id, ts_ms, bids, asks)

    @property
    def watched(self) -> bool:
        return self._touched is not None

    def watch(self, on: bool) -> None:
        """Begin or end to keep what changes."""
        if on and self._touched is None:
            self._touched = (set(), set())
            self._cut_at = self.update_id
        elif not on:
            self._touched = None

    def cut(self, ts_ms: int) -> DepthDiff | None:
        """What changed since the last cut; None when nothing did or the book is not watched."""
        if self._touched is None or self.update_id == self._cut_at:
            return None
        bids, asks = self._touched
        diff = DepthDiff(
            self._cut_at + 1,
            self.update_id,
            self._cut_at,
            ts_ms,
            [(ticks, self.lots_at(False, ticks)) for ticks in sorted(bids, reverse=True)],
            [(ticks, self.lots_at(True, ticks)) for ticks in sorted(asks)],
        )
        self._touched = (set(), set())
        self._cut_at = self.update_id
        return diff

    def _touch(self, sells: bool, ticks: int) -> None:
        self.update_id += 1
        if self._touched is not None:
            self._touched[sells].add(ticks)
