"""A strategy's rules, kept at each close: time exits, partial exits, stops that move to the entry."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from candlewick.core import money
from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Side
from candlewick.core.interval import open_time
from candlewick.core.order import Terms
from candlewick.ledger.contract import is_spot
from candlewick.runtime.strategies.orders import Orders
from candlewick.runtime.strategies.rules import Rules


class Keeping:
    """Keeps the rules of one strategy: time exits, partial exits, break-even stops."""

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
