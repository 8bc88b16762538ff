"""A strategy's intents become orders: sized as they are sent, through the one door, under its tag.

Order ids are made of the strategy, the bar and the order's number in it: a bar that is looked at twice,
because the engine was killed in between, sends nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from candlewick.core import money
from candlewick.core.clock import NS_PER_S, Clock
from candlewick.core.errors import CandlewickError, Conflict, OrderRefused, StrategyError, UnknownOrder
from candlewick.core.events import Side
from candlewick.core.instrument import Instrument
from candlewick.core.interval import open_time
from candlewick.core.order import CancelInFlight, Order, OrderType, Terms
from candlewick.ledger.contract import is_spot
from candlewick.runtime.strategies.ownings import Ownings
from candlewick.runtime.strategies.rows import Kind
from candlewick.runtime.strategies.rules import Rules
from candlewick.trading import commands
from candlewick.trading.account import AccountState
from candlewick.trading.engine import Engine
from candlewick.trading.placing import sellable
from candlewick.trading.strategy import intents
from candlewick.trading.strategy.intents import Exit, Intent, Place, Signal, Size

SETTLES_S: Final = 5.0  # how long an order that others wait for is waited for
RESERVE: Final = 0.002  # of free money, for the price to move while the order is on its way
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
if TYPE_CHECKING:
    from candlewick.runtime.strategies.sizing import Moment

Do = Callable[[commands.Command], Awaitable[None]]
Log = Callable[[Kind, str], None]


class Ordering:
    """Sends the orders of one strategy.

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
        self._id = id
        self._tag = tag
        self._account = account
        self._ownings = ownings
        self._engine = engine
        self._symbols = symbols
        self._do = do
        self._log = log
        self._clock = clock
        self._news = asyncio.Event()
        self._given_up: set[str] = set()  # parts that cannot be sold, each told once
        self.sent = 0
        self.refused = 0

    # --- what it knows of its orders

    def working(self, symbol: str | None = None) -> list[Order]:
        """Its orders that can still be filled, oldest first."""
        return [
            order
            for order in self._account.orders.values()
            if order.tag == self._tag and (symbol is None or order.terms.instrument == symbol)
        ]

    def ids(self, symbol: str) -> list[str]:
        """Its orders that work in a market, by the ids that the strategy gave them; legs have none."""
        return [_Key.read(order.key).intent for order in self.working(symbol) if order.key]

    def hear(self) -> None:
        """Something about its orders is new."""
        self._news.set()

    # --- what a bar leads to

    async def carry_out(
        self, time: int, wanted: Iterable[Intent], rests: Callable[[str], bool] = lambda symbol: False
    ) -> None:
        """What the strategy wanted at the close of bar `time`: exits of all markets first, then entries.

        Of markets that rest (after a loss, say) nothing is entered.

        What the door refuses is told in the log, and keeps nothing else from being sent.
        """
        entries: list[tuple[int, Signal | Place, Side | None]] = []
        for number, intent in enumerate(wanted):
            match intent:
                case intents.Cancel(id=id):
                    await self._withdraw(
                        order for order in self.working(intent.symbol) if self._is(order, id)
                    )
                case Exit():
                    await self._exit(intent.symbol, f"{self._stem(time)}-{number}x", intent.tag)
                case Signal():
                    ends, side = self._wished(intent)
                    if ends:
                        await self._exit(intent.symbol, f"{self._stem(time)}-{number}x", "signal")
                    if side is not None:
                        entries.append((number, intent, side))
                case Place():
                    entries.append((number, intent, None))
        for number, entry, side in entries:
            order_id = f"{self._stem(time)}-{number}"
            if rests(entry.symbol) and (isinstance(entry, Signal) or not entry.reduce_only):
                self._log("state", f"{entry.symbol} rests: nothing was entered.")
                continue
            if isinstance(entry, Signal):
                assert side is not None
                if self._own_lots(entry.symbol):
                    self._log(
                        "refused", f"{entry.symbol}: the position is not closed yet: nothing was entered."
                    )
                    continue
                if any(not self._closes(order) for order in self.working(entry.symbol)):
                    self._log("refused", f"{entry.symbol}: an entry is still at work: nothing was entered.")
                    continue
                await self._place(order_id, _entry(entry, side, f"{entry.symbol}-{time}"))
            else:
                await self._place(order_id, entry)

    async def keep(
        self, rules: Rules, time: int, length: int, reach: Mapping[str, tuple[float, float]]
    ) -> None:
        """What its rules want of its positions at the close of a bar; `reach`: its high and low by market."""
        for market, symbol in enumerate(self._symbols):
            position = self._ownings.position(symbol)
            if position is None or symbol not in reach or not self._own_lots(symbol):
                continue
            sign = 1 if position.is_long else -1
            entry, high, low = float(position.avg_price), *reach[symbol]
            profit = sign * ((high if sign > 0 else low) / entry - 1.0)
            opened = position.opened_at // NS_PER_S
            if rules.time_exit and (time + length - open_time(opened, length)) // length >= rules.time_exit:
                await self._exit(symbol, f"{self._stem(time)}-{market}t", "time exit")
                continue
            for part, (at, share) in enumerate(rules.parts):
                if profit >= at:
                    await self._take_part(symbol, f"{self._stem(opened)}-{market}p{part}", share)
            if rules.break_even and profit >= rules.break_even:
                await self._break_even(symbol, f"{self._stem(opened)}-{market}b", position.avg_price)

    async def _take_part(self, symbol: str, order_id: str, share: float) -> None:
        """Close a part of what a position once was; its stops follow what is left."""
        if self._account.find(order_id) is not None or order_id in self._given_up:
            return
        instrument = self._instrument(symbol)
        whole = self._ownings.opened(symbol)
        quantity = min(self._lots_held(symbol), money.quantity(instrument, whole * Decimal(repr(share))))
        if not quantity:
            return
        side: Side = "sell" if self._ownings.held(symbol) > 0 else "buy"
        spot = is_spot(instrument)
        terms = Terms(
            instrument=symbol, side=side, quantity=quantity, order_type="market", reduce_only=not spot
        )
        # on spot the legs claim the holding: as one of their group it shares it with them
        legs = [order for order in self.working(symbol) if order.leg is not None]
        if spot and legs:
            self._given_up.add(order_id)
            self._log("refused", f"{symbol}: no part is sold while its stop or target claims all of it.")
            return
        await self._send(order_id, terms, key=None, why="partial exit")

    async def _break_even(self, symbol: str, order_id: str, entry: Decimal) -> None:
        """Have the stop stand at the entry, if it does not stand better."""
        instrument, held = self._instrument(symbol), self._ownings.held(symbol)
        level = money.price(instrument, entry)
        sign = 1 if held > 0 else -1
        stops = [
            order
            for order in self.working(symbol)
            if order.terms.order_type == "stop" and self._closes(order)
        ]
        for order in stops:
            now = order.terms.stop_price
            if now is None or (level - now) * sign <= 0:
                continue
            amend = commands.Amend(
                account=self._account.number,
                order_id=order.id,
                stop_price=level,
                actor=self._tag,
                ts=self._clock.now_ns(),
            )
            try:
                await self._do(amend)
                self._log("order", f"stop of {symbol} to {level:f} (break-even)")
            except CandlewickError as error:
                self._log("refused", f"stop of {symbol} to {level:f}: {error}")
        if not stops:
            terms = Terms(
                instrument=symbol,
                side="sell" if sign > 0 else "buy",
                quantity=self._lots_held(symbol),
                order_type="stop",
                stop_price=level,
                reduce_only=not is_spot(instrument),
            )
            await self._send(order_id, terms, key=None, why="break-even")

    async def withdraw_entries(self) -> None:
        """Take back what could still open or add to a position; stops and targets go on protecting it."""
        await self._withdraw(order for order in self.working() if not self._closes(order))

    async def trail(self, entry: Order) -> None:
        """Let a stop trail the position of an entry that was filled, if its strategy wants one to."""
        part = _Key.read(entry.key or "").trail
        held = self._lots_held(entry.terms.instrument)
        quantity = min(held, entry.filled)
        if not part or not quantity or entry.parent is not None:
            return
        instrument = self._instrument(entry.terms.instrument)
        terms = Terms(
            instrument=instrument.id,
            side="sell" if entry.terms.side == "buy" else "buy",
            quantity=quantity,
            order_type="trailing_stop",
            trail_percent=Decimal(part) * 100,
            reduce_only=not is_spot(instrument),
        )
        await self._send(f"{entry.id}-tr", terms, key=None, why="trailing stop", oco=entry.id)

    async def tidy(self) -> None:
        """Take back what protects a position that is gone."""
        for symbol in self._symbols:
            if not self._own_lots(symbol):
                await self._withdraw(order for order in self.working(symbol) if self._closes(order))

    async def close_all(self, word: str) -> bool:
        """Take back all orders and close what is held, at the market; whether nothing is left of it."""
        await self._withdraw(self.working())
        for number, symbol in enumerate(self._symbols):
            if self._lots_held(symbol):
                await self._exit(symbol, f"{self._id}-{word}-{number}", "stopped")
        await self._until(lambda: not any(map(self._own_lots, self._symbols)))
        return not any(map(self._own_lots, self._symbols))

    # --- within

    async def _exit(self, symbol: str, order_id: str, why: str) -> None:
        """Close what it holds of a market: its own orders end first, since they claim the holding."""
        await self._withdraw(self.working(symbol))
        held = self._ownings.held(symbol)
        instrument = self._instrument(symbol)
        quantity = self._lots_held(symbol)
        if not held:
            return
        if not quantity:
            self._log("refused", f"{symbol}: {abs(held):f} is less than a lot, and stays.")
            return
        terms = Terms(
            instrument=symbol,
            side="sell" if held > 0 else "buy",
            quantity=quantity,
            order_type="market",
            reduce_only=not is_spot(instrument),
        )
        if await self._send(order_id, terms, key=None, why=why):
            await self._until(lambda: not self._own_lots(symbol))

    async def _place(self, order_id: str, wanted: Place) -> None:
        instrument = self._instrument(wanted.symbol)
        expected = self._expected(instrument, wanted)
        if expected is None:
            self._log("refused", f"{wanted.symbol} has no price now: nothing was ordered.")
            return
        sign = 1 if wanted.side == "buy" else -1
        stop = _leg(instrument, wanted.stop_loss, expected, wanted.stop_distance, -sign)
        target = _leg(instrument, wanted.take_profit, expected, wanted.target_distance, sign)
        quantity = self._quantity(instrument, wanted, expected, stop)
        if not quantity:
            self._log(
                "refused", f"{wanted.symbol}: what is free does not pay for one lot, or the rule wants none."
            )
            return
        order_type: OrderType = "market"
        if wanted.trail is not None:
            order_type = "trailing_stop"
        elif wanted.stop is not None:
            order_type = "stop" if wanted.limit is None else "stop_limit"
        elif wanted.limit is not None:
            order_type = "limit"
        terms = Terms(
            instrument=wanted.symbol,
            side=wanted.side,
            quantity=quantity,
            order_type=order_type,
            limit_price=_price(instrument, wanted.limit),
            stop_price=_price(instrument, wanted.stop),
            trail_percent=_percent(wanted.trail),
            time_in_force=wanted.time_in_force,
            post_only=wanted.post_only,
            reduce_only=wanted.reduce_only and not is_spot(instrument),
        )
        trail = "" if wanted.trailing_stop is None else repr(wanted.trailing_stop)
        key = _Key(self._id, wanted.id, trail).written
        await self._send(order_id, terms, key=key, why=wanted.tag, stop_loss=stop, take_profit=target)

    async def _send(
        self,
        order_id: str,
        terms: Terms,
        *,
        key: str | None,
        why: str,
        stop_loss: Decimal | None = None,
        take_profit: Decimal | None = None,
        oco: str | None = None,
    ) -> bool:
        """Whether the order is on its way, or was before."""
        if self._account.find(order_id) is not None:
            return True  # the same bar was looked at before: it was sent then
        command = commands.Place(
            account=self._account.number,
            order_id=order_id,
            terms=terms,
            stop_loss=stop_loss,
            take_profit=take_profit,
            oco=oco,
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
            self.refused += 1
            self._log("refused", f"{what}: {refusal}")
            return False
        except CandlewickError as error:
            self._log("error", f"{what}: {error}")
            return False
        self.sent += 1
        self._log("order", f"{what}{f' ({why})' if why else ''}")
        return True

    async def _withdraw(self, named: Iterable[Order]) -> None:
        """Cancel orders, and wait until they are gone."""
        ids = []
        for order in list(named):
            if not isinstance(order.state, CancelInFlight):
                try:
                    await self._do(
                        commands.Cancel(
                            account=self._account.number,
                            order_id=order.id,
                            actor=self._tag,
                            ts=self._clock.now_ns(),
                        )
                    )
                except (UnknownOrder, Conflict):
                    continue  # it has ended meanwhile
            ids.append(order.id)
        if ids:
            await self._until(lambda: not any(map(self._works, ids)))

    async def _until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so, but not for ever."""
        loop = asyncio.get_running_loop()
        until = loop.time() + SETTLES_S
        while not is_so() and loop.time() < until:
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), until - loop.time())
            except TimeoutError:
                return

    def _wished(self, signal: Signal) -> tuple[bool, Side | None]:
        from candlewick.runtime.strategies import sizing

        held = self._ownings.held(signal.symbol) if self._own_lots(signal.symbol) else 0
        return sizing.wished(signal.flags, float(held))

    def _quantity(
        self, instrument: Instrument, wanted: Place, expected: float, stop: Decimal | None
    ) -> Decimal:
        if wanted.quantity is not None:
            return money.quantity(instrument, wanted.quantity)
        from candlewick.runtime.strategies import sizing

        size = wanted.size or Size(1.0)
        moment = self._moment(instrument, expected)
        if moment is None:
            return Decimal(0)
        units = sizing.units(size, moment, None if stop is None else float(stop))
        if instrument.lot is None:
            return money.quantity(instrument, units)
        return Decimal(int(units)) * instrument.lot

    def _moment(self, instrument: Instrument, expected: float) -> Moment | None:
        from candlewick.runtime.strategies.sizing import Moment

        valuation = self._ownings.value(self._engine.market)
        free = self._ownings.free(valuation)
        if valuation.total_value is None or free is None:
            return None
        settings, closed = self._account.settings, self._ownings.closed
        fees = settings.spot_fees if is_spot(instrument) else settings.perp_fees
        return Moment(
            price=expected,
            equity=float(valuation.total_value),
            free=float(free) * (1 - RESERVE),
            leverage=1.0 if is_spot(instrument) else float(self._account.book.leverage_of(instrument.id)[0]),
            taker=float(fees.taker),
            tick=float(instrument.tick or 0),
            lot=float(instrument.lot or 0),
            contract_size=float(instrument.contract_size),
            inverse=instrument.inverse,
            trades=closed.trades,
            wins=closed.wins,
            won=closed.won,
            lost=closed.lost,
        )

    def _expected(self, instrument: Instrument, wanted: Place) -> float | None:
        """The price that an order is expected to trade at."""
        if wanted.limit is not None or wanted.stop is not None:
            return wanted.limit if wanted.limit is not None else wanted.stop
        found = self._engine.market.taking_price(instrument.id, wanted.side, instrument.lot or Decimal(0))
        return float(found[0]) if found is not None else self._engine.mark(instrument.id)

    def _lots_held(self, symbol: str) -> Decimal:
        """What of its holding can be sold: whole lots, and of spot no more than is there."""
        instrument, held = self._instrument(symbol), abs(self._ownings.held(symbol))
        there = abs(self._account.position(symbol))
        return sellable(instrument.lot, min(held, there))

    def _own_lots(self, symbol: str) -> Decimal:
        """What of its holding is worth speaking of: whole lots, as far as they are booked."""
        return sellable(self._instrument(symbol).lot, abs(self._ownings.held(symbol)))

    def _closes(self, order: Order) -> bool:
        """Whether an order only takes away from what is held."""
        held = self._ownings.held(order.terms.instrument)
        if order.leg is not None or order.terms.reduce_only:
            return True
        return held > 0 if order.terms.side == "sell" else held < 0

    def _is(self, order: Order, intent: str) -> bool:
        return order.key is not None and _Key.read(order.key).intent == intent

    def _works(self, order_id: str) -> bool:
        return order_id in self._account.orders

    def _instrument(self, symbol: str) -> Instrument:
        return self._engine.market.instruments[symbol]

    def _stem(self, time: int) -> str:
        return f"{self._id}-{_base36(time)}"


class _Key(NamedTuple):
    """What an order's key tells: it is on disk, so that a restart can read it again."""

    strategy: str
    intent: str  # the id that the strategy gave it
    trail: str  # distance of a stop that is to trail what it buys, as a fraction

    @property
    def written(self) -> str:
        return " ".join(self)

    @classmethod
    def read(cls, key: str) -> _Key:
        strategy, _, rest = key.partition(" ")
        intent, _, trail = rest.partition(" ")
        return cls(strategy, intent, trail)


def _entry(signal: Signal, side: Side, id: str) -> Place:
    return Place(
        symbol=signal.symbol,
        id=id,
        side=side,
        size=signal.size,
        stop_distance=signal.stop_loss,
        target_distance=signal.take_profit,
        trailing_stop=signal.trailing_stop,
        tag=signal.tag,
    )


def _leg(
    instrument: Instrument, price: float | None, expected: float, distance: float | None, sign: int
) -> Decimal | None:
    """A leg's price on a tick: as it was given, or so far from what is expected to be paid."""
    if price is None and distance is not None:
        price = expected * (1 + sign * distance)
    return _price(instrument, price)


def _price(instrument: Instrument, price: float | None) -> Decimal | None:
    return None if price is None else money.price(instrument, price)


def _percent(part: float | None) -> Decimal | None:
    return None if part is None else Decimal(repr(part)) * 100


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
