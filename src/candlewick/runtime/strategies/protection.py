"""What protects a strategy's positions: stops and targets that follow its entries, and are placed again."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, Literal

from msgspec.structs import replace

from candlewick.core.order import Cancelled, Filled, Leg, Order, Terms
from candlewick.ledger.contract import is_spot
from candlewick.ledger.exact import ZERO
from candlewick.runtime.strategies.orders import Key, Orders, leg_price
from candlewick.trading.brackets import leg_id, leg_terms

Way = Literal["stop", "target", "trailing stop"]
_WAYS: Final[dict[str, Way]] = {  # by an order's leg, or its type
    "stop_loss": "stop",
    "take_profit": "target",
    "stop": "stop",
    "trailing_stop": "trailing stop",
}


class Protection:
    """Looks after the stops and targets of one strategy."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    async def follow(self, entry: Order) -> None:
        """See to what protects the position of an entry that was filled; doing so twice changes nothing."""
        if entry.parent is None and entry.key is not None:
            await self._stand(entry)
            await self._trail(entry, Key.read(entry.key))

    async def catch_up(self) -> None:
        """`follow` what was filled while nothing followed it, and place again what somebody took back."""
        account, ownings = self._orders.account, self._orders.ownings
        for order in list(account.recent.values()):
            position = ownings.position(order.terms.instrument)
            if not order.filled or not self._orders.is_own(order) or position is None:
                continue
            if order.updated_at >= position.opened_at and (order.terms.side == "buy") == position.is_long:
                await self.follow(order)
        for order, quantity in list(self._lacking()):
            await self._place_again(order, quantity)

    def lost(self, order: Order) -> bool:
        """Whether it was cancelled while it protected what is held, and nothing stands in its place."""
        return isinstance(order.state, Cancelled) and any(each.id == order.id for each, _ in self._lacking())

    def is_stopped(self, symbol: str) -> bool:
        """Whether a stop, trailing or not, works for what is held of a market."""
        orders = self._orders
        ways = {way_of(order) for order in orders.working(symbol) if orders.closes(order)}
        return not ways.isdisjoint({"stop", "trailing stop"})

    def _lacking(self) -> Iterator[tuple[Order, Decimal]]:
        """What protected a position that is still held, ended unfilled, and has nothing in its place.

        The newest one of each entry and way, and how much it would have to be for. What the strategy ordered
        under ids of its own is its own to look after.
        """
        orders, account = self._orders, self._orders.account
        newest: dict[tuple[str, str, Way], Order] = {}
        for order in [*account.recent.values(), *account.orders.values()]:
            way = way_of(order)
            if way is not None and order.key is None and orders.is_own(order) and self._is_of_now(order):
                newest[order.terms.instrument, order.oco or _stem(order.id), way] = order
        given: dict[tuple[str, Way], Decimal] = {}
        for (symbol, group, way), order in newest.items():
            if order.is_working or isinstance(order.state, Filled):
                continue
            bare = orders.lots_held(symbol) - given.get((symbol, way), ZERO)
            for each in orders.working(symbol):
                if way_of(each) == way and orders.closes(each):
                    bare -= each.remaining
            quantity = min(bare, self._left(group, bare))
            if quantity > 0:
                given[symbol, way] = given.get((symbol, way), ZERO) + quantity
                yield order, quantity

    def _is_of_now(self, order: Order) -> bool:
        """Whether what an order protected, or was to, is the position of now."""
        position = self._orders.ownings.position(order.terms.instrument)
        if position is None or (order.terms.side == "sell") != position.is_long:
            return False
        return (self._entry(order) or order).updated_at >= position.opened_at

    def _entry(self, order: Order) -> Order | None:
        return None if order.oco is None else self._orders.account.find(order.oco)

    def _left(self, group: str, unknown: Decimal) -> Decimal:
        """How much of an entry none of its stops and targets has closed; `unknown` where there is none."""
        account = self._orders.account
        entry = account.find(group)
        if entry is None:
            return unknown
        closers = (each for each in [*account.recent.values(), *account.orders.values()] if each.oco == group)
        return entry.filled - sum((each.filled for each in closers), ZERO)

    async def _place_again(self, order: Order, quantity: Decimal) -> None:
        """Have another stand where a stop or target stood that is gone; a stop that trails begins anew."""
        orders, way = self._orders, way_of(order)
        of_entry: Leg | None = None
        if way == "trailing stop":
            terms = replace(order.terms, quantity=quantity, trailed=None)
        else:
            leg: Leg = "stop_loss" if way == "stop" else "take_profit"
            level = self._level(order, leg)
            if level is None:
                return
            instrument = orders.instrument(order.terms.instrument)
            terms = leg_terms(orders.engine.market, instrument, order.terms.side, leg, level, quantity)
            of_entry = None if self._entry(order) is None else leg
        stem = _stem(order.id)
        id = f"{stem}{int(order.id[len(stem) :] or 1) + 1}"
        await orders.send(id, terms, key=None, why=f"its {way} was gone", oco=order.oco, leg=of_entry)

    def _level(self, order: Order, leg: Leg) -> Decimal | None:
        """Where a stop or target stood, or would have been moved to."""
        entry, there = self._entry(order), order.terms.stop_price
        if entry is None:
            return there
        expected = entry.stop_loss if leg == "stop_loss" else entry.take_profit
        return there if there not in (None, expected) else self._from_paid(entry, leg) or expected

    def _from_paid(self, entry: Order, leg: Leg) -> Decimal | None:
        """Where a leg stands at its distance from what was paid; None: it was asked for at a price.

        None too at a venue that would have to be sent another for it: what stands there protects meanwhile.
        """
        paid, key = entry.average_price, Key.read(entry.key or "")
        distance = key.stop if leg == "stop_loss" else key.target
        if not distance or paid is None or self._orders.account.kind == "live":
            return None
        way = 1 if (entry.terms.side == "buy") == (leg == "take_profit") else -1
        instrument = self._orders.instrument(entry.terms.instrument)
        return leg_price(instrument, float(paid), float(distance), way)

    async def _stand(self, entry: Order) -> None:
        """Have its legs stand at their distances from what was paid: they were sent before that was known."""
        orders = self._orders
        legs: tuple[tuple[Leg, Decimal | None], ...] = (
            ("stop_loss", entry.stop_loss),
            ("take_profit", entry.take_profit),
        )
        for leg, expected in legs:
            id, level = leg_id(entry.id, leg), self._from_paid(entry, leg)
            if level is None:
                continue
            await orders.until(lambda id=id: not orders.is_in_flight(id))  # type: ignore[misc]
            order = orders.account.orders.get(id)
            # one that stands elsewhere by now was moved for a reason: a break-even, or a person
            if order is not None and level != expected == order.terms.stop_price:
                await orders.move_stop(order, level, "from what was paid")

    async def _trail(self, entry: Order, key: Key) -> None:
        """Let a stop trail it, if its strategy wants one to."""
        instrument = self._orders.instrument(entry.terms.instrument)
        quantity = min(self._orders.lots_held(instrument.id), entry.filled)
        if not key.trail or not quantity:
            return
        terms = Terms(
            instrument=instrument.id,
            side="sell" if entry.terms.side == "buy" else "buy",
            quantity=quantity,
            order_type="trailing_stop",
            trail_percent=Decimal(key.trail) * 100,
            reduce_only=not is_spot(instrument),
        )
        await self._orders.send(f"{entry.id}-tr", terms, key=None, why="trailing stop", oco=entry.id)

    async def tidy(self) -> None:
        """Take back what protects a position that is gone."""
        orders = self._orders
        for symbol in orders.symbols:
            if not orders.own_lots(symbol):
                await orders.withdraw(order for order in orders.working(symbol) if orders.closes(order))


def way_of(order: Order) -> Way | None:
    """How an order protects a position; None: it is none that does."""
    return _WAYS.get(order.leg or order.terms.order_type)


def _stem(id: str) -> str:
    """An order's id without the count of those that stood there before it."""
    return id.rstrip("0123456789")
