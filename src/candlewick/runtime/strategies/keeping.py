"""What is kept for a strategy's positions beside its intents: stops, targets, and its rules at each close."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from candlewick.core import money
from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Side
from candlewick.core.interval import open_time
from candlewick.core.order import Leg, Order, Terms
from candlewick.ledger.contract import is_spot
from candlewick.runtime.strategies.orders import Key, Orders, leg_price
from candlewick.runtime.strategies.rules import Rules
from candlewick.trading.brackets import leg_id


class Keeping:
    """Looks after what one strategy holds."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._given_up: set[str] = set()  # parts that cannot be sold, each told once

    async def keep(
        self, rules: Rules, time: int, length: int, reach: Mapping[str, tuple[float, float]]
    ) -> None:
        """What its rules want of its positions at the close of a bar; `reach`: its high and low by market."""
        orders = self._orders
        for market, symbol in enumerate(orders.symbols):
            position = orders.ownings.position(symbol)
            if position is None or symbol not in reach or not orders.own_lots(symbol):
                continue
            sign = 1 if position.is_long else -1
            entry, high, low = float(position.avg_price), *reach[symbol]
            profit = sign * ((high if sign > 0 else low) / entry - 1.0)
            opened = position.opened_at // NS_PER_S
            if rules.time_exit and (time + length - open_time(opened, length)) // length >= rules.time_exit:
                await orders.exit(symbol, f"{orders.stem(time)}-{market}t", "time exit")
                continue
            for part, (at, share) in enumerate(rules.parts):
                if profit >= at:
                    await self._take_part(symbol, f"{orders.stem(opened)}-{market}p{part}", share)
            if rules.break_even and profit >= rules.break_even:
                await self._break_even(symbol, f"{orders.stem(opened)}-{market}b", position.avg_price)

    async def _take_part(self, symbol: str, order_id: str, share: float) -> None:
        """Close a part of what a position once was; its stops follow what is left."""
        orders = self._orders
        if orders.account.find(order_id) is not None or order_id in self._given_up:
            return
        instrument = orders.instrument(symbol)
        part = money.quantity(instrument, orders.ownings.opened(symbol) * Decimal(repr(share)))
        quantity = min(orders.lots_held(symbol), part)
        if not quantity:
            return
        spot = is_spot(instrument)
        if spot and any(order.leg is not None for order in orders.working(symbol)):
            # its legs claim the holding, and as one of their group it would end them
            self._given_up.add(order_id)
            orders.log("refused", f"{symbol}: no part is sold while its stop or target claims all of it.")
            return
        side: Side = "sell" if orders.ownings.held(symbol) > 0 else "buy"
        terms = Terms(
            instrument=symbol, side=side, quantity=quantity, order_type="market", reduce_only=not spot
        )
        await orders.send(order_id, terms, key=None, why="partial exit")

    async def _break_even(self, symbol: str, order_id: str, entry: Decimal) -> None:
        """Have the stop stand at the entry, if it does not stand better."""
        orders = self._orders
        instrument = orders.instrument(symbol)
        level = money.price(instrument, entry)
        sign = 1 if orders.ownings.held(symbol) > 0 else -1
        stops = [
            order
            for order in orders.working(symbol)
            if order.terms.order_type == "stop" and orders.closes(order)
        ]
        for order in stops:
            if order.terms.stop_price is not None and (level - order.terms.stop_price) * sign > 0:
                await orders.move_stop(order, level, "break-even")
        if not stops:
            terms = Terms(
                instrument=symbol,
                side="sell" if sign > 0 else "buy",
                quantity=orders.lots_held(symbol),
                order_type="stop",
                stop_price=level,
                reduce_only=not is_spot(instrument),
            )
            await orders.send(order_id, terms, key=None, why="break-even")

    async def follow(self, entry: Order) -> None:
        """See to what protects the position of an entry that was filled; doing so twice changes nothing."""
        if entry.parent is None and entry.key is not None:
            await self._stand(entry, Key.read(entry.key))
            await self._trail(entry, Key.read(entry.key))

    async def catch_up(self) -> None:
        """`follow` what was filled while nothing followed it."""
        account, ownings = self._orders.account, self._orders.ownings
        for order in list(account.recent.values()):
            position = ownings.position(order.terms.instrument)
            if not order.filled or not self._orders.is_own(order) or position is None:
                continue
            if order.updated_at >= position.opened_at and (order.terms.side == "buy") == position.is_long:
                await self.follow(order)

    async def _stand(self, entry: Order, key: Key) -> None:
        """Have its legs stand at their distances from what was paid: they were sent before that was known.

        Not at a venue that would have to be sent others for it: what stands there protects meanwhile.
        """
        orders, paid = self._orders, entry.average_price
        if orders.account.kind == "live":
            return
        sign = 1 if entry.terms.side == "buy" else -1
        instrument = orders.instrument(entry.terms.instrument)
        legs: tuple[tuple[Leg, Decimal | None, str, int], ...] = (
            ("stop_loss", entry.stop_loss, key.stop, -sign),
            ("take_profit", entry.take_profit, key.target, sign),
        )
        for leg, expected, distance, way in legs:
            if not distance or paid is None:
                continue
            id, level = leg_id(entry.id, leg), leg_price(instrument, float(paid), float(distance), way)
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
