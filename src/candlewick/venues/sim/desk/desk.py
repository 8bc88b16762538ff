"""Orders of users in one market: into the book, out of it, and what becomes of them there.

The book is the one in which the simulated agents trade, so users' orders match agents and each other by
price, then time. What is particular to spot or to perpetuals (money, margin, who may send what) is in
`SpotDesk` and `PerpDesk`, which fill in the methods at the end.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from candlewick.venues.sim.book import Resting
from candlewick.venues.sim.desk.orders import Execution, Fill, Order, Status
from candlewick.venues.sim.model import Listing, Market, Print
from candlewick.venues.sim.refusal import Refusal
from candlewick.venues.sim.world import World

_IDS_PER_MS = 1_000  # ids begin at the time of the start, so that no later start gives them again


class Reported(NamedTuple):
    """Something happened to an order.

    Attributes:
        fill: the trade, where there was one.
        asked_as: the client's name for the request that ended it, where it had one of its own; of an order
            that was amended, the name it had before.
    """

    order: Order
    execution: Execution
    fill: Fill | None = None
    asked_as: str = ""


Tell = Callable[[object], None]


class Desk(ABC):
    """Takes, matches and ends orders; `tell` hears of every change, in order and at once."""

    market: Market

    def __init__(self, world: World, tell: Tell) -> None:
        self.world = world
        self.tell = tell
        self._next_id = world.now_ms * _IDS_PER_MS
        self._waiting: dict[str, dict[int, Order]] = {}  # conditional orders by symbol
        self._resting: dict[int, Order] = {}
        self._openings = world.openings

    @property
    def now_ms(self) -> int:
        return self.world.now_ms

    def next_id(self) -> int:
        """A number that no order of this desk has."""
        self._next_id += 1
        return self._next_id

    # requests ----------------------------------------------------------------------------------

    def place(self, order: Order) -> Order:
        """Take an order: it waits, matches, rests, or ends.

        Raises:
            Refusal: there is no such order, in the venue's words for why.
        """
        known = order.trader.named(order.listing.symbol, order.client_id)
        if known is not None and known.open:
            raise self.duplicate()
        self.admit(order)
        order.updated_ms = self.now_ms
        order.trader.add(order)
        self.tell(Reported(order, "NEW"))
        if order.trigger is not None:
            self._waiting.setdefault(order.listing.symbol, {})[order.id] = order
        else:
            self._work(order)
        return order

    def cancel(self, order: Order, asked_as: str = "") -> None:
        """End an open order because its trader asked for it."""
        self.end(order, "CANCELED", "CANCELED", asked_as=asked_as)

    def shrink(self, order: Order, lots: int) -> None:
        """Fewer lots in all, for an order that rests: it keeps its place in the book."""
        gone = order.lots - lots
        order.lots = lots
        order.updated_ms = self.now_ms
        if order.resting is not None:
            self.world.pull(order.listing, order.resting, gone)

    def move(self, order: Order, ticks: int, lots: int) -> None:
        """New terms for an order that rests: it goes to the end of the queue, or matches."""
        self._leave_book(order)
        order.ticks, order.lots = ticks, lots
        order.updated_ms = self.now_ms

    def rework(self, order: Order) -> None:
        """Bring an order back to the book after `move`."""
        self._work(order)

    # the market's turn -------------------------------------------------------------------------

    def step(self, prints: Iterable[tuple[Listing, Print]]) -> None:
        """What the market did since the last call; `prints` are what printed."""
        self.hear()
        if self._openings != self.world.openings:
            self._come_back()
        for listing, trade in prints:
            waiting = self._waiting.get(listing.symbol) if listing.market == self.market else None
            if waiting:
                self._look(waiting, "CONTRACT_PRICE", trade.ticks)

    def hear(self) -> None:
        """Book the fills of orders that agents or other users have hit."""
        for resting, trade in self.world.struck(self.market):
            order = resting.guest
            assert isinstance(order, Order)
            self._fill(order, trade, maker=True)

    def _look(self, waiting: dict[int, Order], working_type: str, ticks: float) -> None:
        for order in list(waiting.values()):
            if order.working_type != working_type or order.trigger is None or not order.open:
                continue
            if order.trigger.sees(ticks):
                self.wake(order)

    def wake(self, order: Order) -> None:
        """A conditional order's price was reached: it works from now on."""
        self._waiting[order.listing.symbol].pop(order.id, None)
        order.trigger = None
        order.updated_ms = self.now_ms
        if self.woke(order):
            self._work(order)

    def _come_back(self) -> None:
        """The books were laid out anew (the machine slept): bring users' orders back, oldest first."""
        self._openings = self.world.openings
        for order in list(self._resting.values()):
            order.resting = None
            self._work(order)

    # matching ----------------------------------------------------------------------------------

    def _work(self, order: Order) -> None:
        order.working_ms = self.now_ms
        if order.time_in_force == "FOK" and self.reach(order)[0] < order.left:
            self.end(order, "EXPIRED", "EXPIRED", reason=2)
            return
        lots, stopped = self._prevent(order)
        if lots:
            for trade in self.world.trade(order.listing, order.sells, lots, self.bound(order)):
                self._fill(order, trade, maker=False)
            self.hear()
        if not order.open:
            return
        if stopped:
            self.end(order, "TRADE_PREVENTION", "EXPIRED_IN_MATCH", reason=1)
        elif order.takes_only:
            self.end(order, "EXPIRED", "EXPIRED", reason=2)
        else:
            self._rest(order)

    def _rest(self, order: Order) -> None:
        order.resting = self.world.rest(order.listing, order.sells, order.ticks, order.left, order)
        self._resting[order.id] = order

    def bound(self, order: Order) -> int | None:
        """The price beyond which an order takes nothing; None for none."""
        return order.ticks or None

    def crosses(self, order: Order) -> bool:
        """Whether it would take from the book at once."""
        return next(self.world.queue(order.listing, not order.sells, order.ticks), None) is not None

    def reach(self, order: Order) -> tuple[int, int]:
        """What it would take now: (lots, Σ ticks × lots)."""
        found = value = 0
        for resting in self.offers(order):
            taken = min(resting.lots, order.left - found)
            found, value = found + taken, value + taken * resting.ticks
            if found == order.left:
                break
        return found, value

    def offers(self, order: Order) -> Iterator[Resting]:
        """The orders that it may take from, by priority; its own trader's as it allows."""
        for resting in self.world.queue(order.listing, not order.sells, self.bound(order)):
            if self._is_own(order, resting) and order.prevention != "NONE":
                if order.prevention != "EXPIRE_MAKER":
                    return
                continue
            yield resting

    def _prevent(self, order: Order) -> tuple[int, bool]:
        """Keep a trader from trading with itself: the lots that may be taken, and whether it ends there."""
        if order.prevention == "NONE":
            return order.left, False
        left = order.left
        for resting in list(self._reached(order)):
            if not self._is_own(order, resting):
                left -= resting.lots
                continue
            if order.prevention != "EXPIRE_TAKER":
                maker = resting.guest
                assert isinstance(maker, Order)
                self.end(maker, "TRADE_PREVENTION", "EXPIRED_IN_MATCH", reason=1)
            if order.prevention != "EXPIRE_MAKER":
                return order.left - left, True
        return order.left, False

    def _reached(self, order: Order) -> Iterable[Resting]:
        left = order.left
        for resting in self.world.queue(order.listing, not order.sells, self.bound(order)):
            if left <= 0:
                return
            yield resting
            if not self._is_own(order, resting) or order.prevention == "NONE":
                left -= resting.lots

    @staticmethod
    def _is_own(order: Order, resting: Resting) -> bool:
        return isinstance(resting.guest, Order) and resting.guest.trader is order.trader

    def _fill(self, order: Order, trade: Print, *, maker: bool) -> None:
        order.filled += trade.lots
        order.value += trade.ticks * trade.lots
        order.status = "PARTIALLY_FILLED" if order.left else "FILLED"
        order.updated_ms = trade.ts_ms
        fill = self.settle(order, trade, maker=maker)
        order.fills.append(fill)
        order.trader.remember(fill)
        if not order.left:
            self._close(order)
        self.filled(order, fill)

    def end(
        self, order: Order, execution: Execution, status: Status, *, reason: int = 0, asked_as: str = ""
    ) -> None:
        """End an open order, for whatever reason."""
        if not order.open:
            return
        self._leave_book(order)
        order.status = status
        order.expiry_reason = reason
        order.updated_ms = self.now_ms
        self._close(order)
        self.ended(order, Reported(order, execution, None, asked_as))

    def _leave_book(self, order: Order) -> None:
        self._resting.pop(order.id, None)
        if order.resting is not None:
            self.world.pull(order.listing, order.resting)
            order.resting = None

    def _close(self, order: Order) -> None:
        self._resting.pop(order.id, None)
        self._waiting.get(order.listing.symbol, {}).pop(order.id, None)
        order.resting = None
        order.trader.open.pop(order.id, None)
        self.release(order)

    # what differs ------------------------------------------------------------------------------

    @abstractmethod
    def duplicate(self) -> Refusal:
        """What is said to an order with the name of an open one."""

    @abstractmethod
    def admit(self, order: Order) -> None:
        """Refuse an order that the trader cannot afford or the rules forbid; hold back what it needs."""

    @abstractmethod
    def woke(self, order: Order) -> bool:
        """A conditional order is about to work; False if it was ended instead."""

    @abstractmethod
    def settle(self, order: Order, trade: Print, *, maker: bool) -> Fill:
        """Move the money of a trade."""

    @abstractmethod
    def release(self, order: Order) -> None:
        """Give back what an order that ended still held."""

    @abstractmethod
    def filled(self, order: Order, fill: Fill) -> None:
        """Tell of a fill, and do what follows from it."""

    @abstractmethod
    def ended(self, order: Order, report: Reported) -> None:
        """Tell of an end without a fill, and do what follows from it."""
