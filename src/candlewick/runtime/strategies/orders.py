"""The orders of one strategy: sent under its tag through the one door, taken back, and waited for.

Order ids are made of the strategy, the bar and the order's number in it: a bar that is looked at twice,
because the engine was killed in between, sends nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from decimal import Decimal
from typing import Final, NamedTuple

from msgspec.structs import replace

from candlewick.core import money
from candlewick.core.clock import Clock
from candlewick.core.errors import CandlewickError, Conflict, OrderRefused, StrategyError, UnknownOrder
from candlewick.core.instrument import Instrument
from candlewick.core.order import CancelInFlight, InFlight, Leg, Order, Terms
from candlewick.ledger.contract import is_spot
from candlewick.runtime.strategies.ownings import Ownings
from candlewick.runtime.strategies.rows import Kind
from candlewick.trading import commands
from candlewick.trading.account import AccountState
from candlewick.trading.engine import Engine
from candlewick.trading.placing import sellable

SETTLES_S: Final = 5.0  # how long an order that others wait for is waited for
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"

Do = Callable[[commands.Command], Awaitable[None]]
Log = Callable[[Kind, str], None]


class Orders:
    """Sends the orders of one strategy, and knows them again.

    Args:
        id, tag: of the strategy.
        do: hands the heart a command, and returns when what it decided is on disk.
        log: a line for the strategy's people.
    """

    def __init__(
        self,
        *,
        id: str,
        tag: str,
        account: AccountState,
        ownings: Ownings,
        engine: Engine,
        symbols: list[str],
        do: Do,
        log: Log,
        clock: Clock,
    ) -> None:
        self.account = account
        self.ownings = ownings
        self.engine = engine
        self.symbols = symbols
        self.log = log
        self.id = id
        self._tag = tag
        self._do = do
        self._clock = clock
        self._news = asyncio.Event()
        self._withdrawn: set[str] = set()  # ids of those that it took back itself, until they are gone

    def working(self, symbol: str | None = None) -> list[Order]:
        """Its orders that can still be filled, oldest first."""
        return [
            order
            for order in self.account.orders.values()
            if self.is_own(order) and (symbol is None or order.terms.instrument == symbol)
        ]

    def of_intent(self, symbol: str, intent: str) -> list[Order]:
        """Those that work in a market and have this id of the strategy's own."""
        return [order for order in self.working(symbol) if order.key and Key.read(order.key).intent == intent]

    def ids(self, symbol: str) -> list[str]:
        """Its orders that work in a market, by the ids that the strategy gave them; legs have none."""
        return [Key.read(order.key).intent for order in self.working(symbol) if order.key]

    def hear(self) -> None:
        """Something about its orders is new."""
        self._news.set()

    def took_back(self, order: Order) -> bool:
        """Whether an order that is gone was cancelled by the strategy itself; to be asked once."""
        found = order.id in self._withdrawn
        self._withdrawn.discard(order.id)
        return found

    async def withdraw_entries(self) -> None:
        """Take back what could still open or add to a position; stops and targets go on protecting it."""
        await self.withdraw(order for order in self.working() if not self.closes(order))

    async def close_all(self, word: str) -> bool:
        """Take back all orders and close what is held, at the market; whether nothing is left of it."""
        await self.withdraw(self.working())
        for number, symbol in enumerate(self.symbols):
            if self.lots_held(symbol):
                await self.exit(symbol, f"{self.id}-{word}-{number}", "stopped")
        await self.until(lambda: not any(map(self.own_lots, self.symbols)))
        return not any(map(self.own_lots, self.symbols))

    async def exit(self, symbol: str, order_id: str, why: str) -> None:
        """Close what it holds of a market: its own orders end first, since they claim the holding."""
        await self.withdraw(self.working(symbol))
        held = self.ownings.held(symbol)
        instrument = self.instrument(symbol)
        quantity = self.lots_held(symbol)
        if not held:
            return
        if not quantity:
            self.log("refused", f"{symbol}: {abs(held):f} is less than a lot, and stays.")
            return
        terms = Terms(
            instrument=symbol,
            side="sell" if held > 0 else "buy",
            quantity=quantity,
            order_type="market",
            reduce_only=not is_spot(instrument),
        )
        if await self.send(order_id, terms, key=None, why=why):
            await self.until(lambda: not self.own_lots(symbol))

    async def send(
        self,
        order_id: str,
        terms: Terms,
        *,
        key: str | None,
        why: str,
        stop_loss: Decimal | None = None,
        take_profit: Decimal | None = None,
        oco: str | None = None,
        leg: Leg | None = None,
    ) -> bool:
        """Whether the order is on its way, or was before."""
        if self.account.find(order_id) is not None:
            return True  # the same bar was looked at before: it was sent then
        command = commands.Place(
            account=self.account.number,
            order_id=order_id,
            terms=terms,
            stop_loss=stop_loss,
            take_profit=take_profit,
            oco=oco,
            leg=leg,
            key=key,
            origin="strategy",
            tag=self._tag,
            actor=self._tag,
            ts=self._clock.now_ns(),
        )
        what = f"{terms.side} {terms.quantity:f} {terms.instrument} {terms.order_type}"
        try:
            await self._do(command)
        except Conflict:
            return True  # as above, and long ago
        except OrderRefused as refusal:
            if refusal.code == "halted":  # a person, or the kill switch: it is for a person to go on
                raise StrategyError(f"The account does not trade: {refusal}") from None
            self.log("refused", f"{what}: {refusal}")
            return False
        except CandlewickError as error:
            self.log("error", f"{what}: {error}")
            return False
        self.log("order", f"{what}{f' ({why})' if why else ''}")
        return True

    async def move_stop(self, order: Order, level: Decimal, why: str) -> None:
        """Have a stop or target stand elsewhere."""
        if self.account.kind == "live":  # venues do not change an order that waits for its trigger
            await self._replace_stop(order, level, why)
            return
        what = f"{(order.leg or 'stop').replace('_', ' ')} of {order.terms.instrument} to {level:f}"
        command = commands.Amend(
            account=self.account.number,
            order_id=order.id,
            stop_price=level,
            actor=self._tag,
            ts=self._clock.now_ns(),
        )
        try:
            await self._do(command)
            self.log("order", f"{what} ({why})")
        except CandlewickError as error:
            self.log("refused", f"{what}: {error}")

    async def _replace_stop(self, order: Order, level: Decimal, why: str) -> None:
        """Send another in its place, and cancel it: afterwards; on spot before, for it claims the coins."""
        here = replace(order.terms, quantity=order.remaining)
        there = replace(here, stop_price=level)
        if not is_spot(self.instrument(here.instrument)):
            if await self.send(f"{order.id}-m", there, key=None, why=why, oco=order.oco, leg=order.leg):
                await self.withdraw([order])
            return
        await self.withdraw([order])
        if not await self.send(f"{order.id}-m", there, key=None, why=why, oco=order.oco, leg=order.leg):
            await self.send(f"{order.id}-r", here, key=None, why="as it stood", oco=order.oco, leg=order.leg)

    async def withdraw(self, named: Iterable[Order]) -> None:
        """Cancel orders, and wait until they are gone."""
        ids = []
        for order in list(named):
            if not isinstance(order.state, CancelInFlight):
                self._withdrawn.add(order.id)
                try:
                    await self._do(
                        commands.Cancel(
                            account=self.account.number,
                            order_id=order.id,
                            actor=self._tag,
                            ts=self._clock.now_ns(),
                        )
                    )
                except (UnknownOrder, Conflict):
                    self._withdrawn.discard(order.id)
                    continue  # it has ended meanwhile
            ids.append(order.id)
        if ids:
            await self.until(lambda: self.account.orders.keys().isdisjoint(ids))

    async def until(self, is_so: Callable[[], bool], within_s: float = SETTLES_S) -> None:
        """Wait until something is so, but not for ever."""
        loop = asyncio.get_running_loop()
        until = loop.time() + within_s
        while not is_so() and loop.time() < until:
            self._news.clear()
            try:
                async with asyncio.timeout_at(until):
                    await self._news.wait()
            except TimeoutError:
                return

    def lots_held(self, symbol: str) -> Decimal:
        """What of its holding can be sold: whole lots, and of spot no more than is there."""
        instrument, held = self.instrument(symbol), abs(self.ownings.held(symbol))
        there = abs(self.account.position(symbol))
        return sellable(instrument.lot, min(held, there))

    def own_lots(self, symbol: str) -> Decimal:
        """What of its holding is worth speaking of: whole lots, as far as they are booked."""
        return sellable(self.instrument(symbol).lot, abs(self.ownings.held(symbol)))

    def closes(self, order: Order) -> bool:
        """Whether an order only takes away from what is held."""
        held = self.ownings.held(order.terms.instrument)
        if order.leg is not None or order.terms.reduce_only:
            return True
        return held > 0 if order.terms.side == "sell" else held < 0

    def is_own(self, order: Order) -> bool:
        """Whether it was sent under the strategy's tag."""
        return order.tag == self._tag

    def is_in_flight(self, order_id: str) -> bool:
        """Whether its venue has not answered yet: so long nothing of it can be changed."""
        order = self.account.orders.get(order_id)
        return order is not None and (isinstance(order.state, InFlight) or order.amending is not None)

    def instrument(self, symbol: str) -> Instrument:
        """What is traded there."""
        return self.engine.market.instruments[symbol]

    def stem(self, time: int) -> str:
        """How the ids of orders begin that the bar of a time leads to."""
        return f"{self.id}-{_base36(time)}"


class Key(NamedTuple):
    """What an order's key tells: it is on disk, so that a restart can read it again.

    Attributes:
        intent: the id that the strategy gave the order.
        trail: distance of a stop that is to trail what it buys, as a fraction; empty: there is none.
        stop, target: distances of its legs from what is paid, where they were asked for so.
    """

    strategy: str
    intent: str = ""
    trail: str = ""
    stop: str = ""
    target: str = ""

    @property
    def written(self) -> str:
        return " ".join(self)

    @classmethod
    def read(cls, key: str) -> Key:
        return cls(*key.split(" "))


def leg_price(instrument: Instrument, paid: float, distance: float, way: int) -> Decimal:
    """Where a leg stands: so far above (1) or below (-1) what is paid, on a tick."""
    return money.price(instrument, paid * (1 + way * distance))


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
