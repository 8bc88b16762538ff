"""The fill core once more: slow, in whole numbers and fractions, written from what the page of rules says."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from typing import NamedTuple

Side = list[tuple[int, int]]
"""(price, lots), best first."""


class Fill(NamedTuple):
    order: str
    price: int
    lots: int
    maker: bool


class End(NamedTuple):
    order: str


@dataclass
class SlowOrder:
    id: str
    buys: bool
    lots: int
    limit: int | None = None
    tif: str = "GTC"
    post_only: bool = False
    reduce_only: bool = False
    filled: int = 0
    ahead: Fraction | None = None
    seen: int = 0
    printed: int = 0


@dataclass
class SlowVenue:
    position: int = 0
    resting: list[SlowOrder] = field(default_factory=list)
    taken: dict[tuple[bool, int], int] = field(default_factory=dict)
    bids: Side = field(default_factory=list)
    asks: Side = field(default_factory=list)
    news: list[Fill | End] = field(default_factory=list)

    def facing(self, buys: bool) -> Side:
        return self.asks if buys else self.bids

    def wants(self, order: SlowOrder) -> int:
        rest = order.lots - order.filled
        if order.reduce_only:
            rest = min(rest, max(-self.position if order.buys else self.position, 0))
        return rest

    def may(self, order: SlowOrder, price: int) -> bool:
        if order.limit is None:
            return True
        return price <= order.limit if order.buys else price >= order.limit

    def there(self, buys: bool, price: int, displayed: int) -> int:
        return displayed - self.taken.get((buys, price), 0)

    def fill(self, order: SlowOrder, price: int, lots: int, maker: bool) -> None:
        order.filled += lots
        self.position += lots if order.buys else -lots
        self.news.append(Fill(order.id, price, lots, maker))

    def walk(self, order: SlowOrder, maker: bool) -> None:
        for price, displayed in self.facing(order.buys):
            if not self.may(order, price):
                return
            lots = min(self.wants(order), self.there(order.buys, price, displayed))
            if lots > 0:
                self.taken[order.buys, price] = self.taken.get((order.buys, price), 0) + lots
                assert order.limit is not None or not maker
                self.fill(order, order.limit if maker and order.limit is not None else price, lots, maker)

    def arrive(self, order: SlowOrder) -> None:
        facing = self.facing(order.buys)
        crosses = bool(facing) and self.may(order, facing[0][0])
        if self.wants(order) == 0 or (order.post_only and crosses):
            self.news.append(End(order.id))
            return
        if order.tif == "FOK":
            could = sum(self.there(order.buys, p, q) for p, q in facing if self.may(order, p))
            if could < self.wants(order):
                self.news.append(End(order.id))
                return
        self.walk(order, maker=False)
        if order.filled == order.lots:
            pass
        elif order.limit is None or order.tif != "GTC" or self.wants(order) == 0:
            self.news.append(End(order.id))
        else:
            self.resting.append(order)
        self.tidy()
        self.look()

    def by_priority(self, buys: bool) -> list[SlowOrder]:
        """Python's sort keeps the order of arrival among equals."""
        mine = [order for order in self.resting if order.buys is buys]
        return sorted(mine, key=lambda order: -(order.limit or 0) if buys else (order.limit or 0))

    def book(self, bids: Side, asks: Side) -> None:
        self.bids, self.asks = bids, asks
        for (buys, price), lots in tuple(self.taken.items()):
            shown = self.displayed(asks if buys else bids, not buys, price)
            left = lots if shown is None else min(lots, shown)
            self.taken[buys, price] = left
        for buys in (True, False):
            for order in self.by_priority(buys):
                self.walk(order, maker=True)
        self.tidy()
        self.look()

    def trade(self, price: int, lots: int, taker_buys: bool) -> None:
        left = lots
        for order in self.by_priority(not taker_buys):
            assert order.limit is not None
            if not self.may(order, price):
                continue
            if order.limit == price:
                if order.ahead is None:
                    continue
                order.printed += lots
                reached = max(left - order.ahead, Fraction(0))
                order.ahead = max(order.ahead - left, Fraction(0))
            else:
                order.ahead, order.seen, order.printed = Fraction(0), 0, 0
                reached = Fraction(left)
            mine = min(Fraction(self.wants(order)), reached)
            if mine > 0:
                whole = int(mine)
                left -= whole
                if whole:
                    self.fill(order, order.limit, whole, True)
        self.tidy()

    def tidy(self) -> None:
        self.resting = [order for order in self.resting if order.filled < order.lots]
        for order in tuple(self.resting):
            if self.wants(order) == 0:
                self.news.append(End(order.id))
                self.resting.remove(order)

    def displayed(self, levels: Side, are_bids: bool, price: int) -> int | None:
        """What stands at a price; None: deeper than the deepest level, where the book is not known."""
        if not levels or (price < levels[-1][0] if are_bids else price > levels[-1][0]):
            return None
        return dict(levels).get(price, 0)

    def look(self) -> None:
        for order in self.resting:
            assert order.limit is not None
            displayed = self.displayed(self.bids if order.buys else self.asks, order.buys, order.limit)
            if displayed is None:
                continue  # out of sight
            if order.ahead is None:
                order.ahead = Fraction(displayed)
            else:
                left = order.seen - order.printed
                gone = left - displayed
                if gone > 0 and left > 0:
                    order.ahead = Fraction(ceil(order.ahead - gone * min(order.ahead / left, Fraction(1))))
                order.ahead = max(min(order.ahead, Fraction(displayed)), Fraction(0))
            order.seen, order.printed = displayed, 0
