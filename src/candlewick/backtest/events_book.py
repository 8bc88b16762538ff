"""The orders of an event-driven backtest: bars go in, fills come out. `fills` decides, not this.

The order of events within a bar is that of `fills.signals`: funding due at the open, what the open sets off,
exits, entries, then the range, funding due inside the bar, and the close.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.account import Account
from candlewick.backtest.columns import Columns
from candlewick.backtest.events_held import (
    NO_LEGS,
    Held,
    Legs,
    Working,
    entry_side,
    met_at,
    notional,
    on_tick,
    slipped,
    wants_exit,
)
from candlewick.backtest.events_money import Money
from candlewick.fills import margin, sizing, state
from candlewick.fills.state import BUY, ENTRY, LIQUIDATED, ORDERED, SELL, SIGNAL, TIMED, Action
from candlewick.trading.strategy.intents import Cancel, Exit, Intent, Place, Signal
from candlewick.trading.strategy.known import Clock

NAN: Final = math.nan
TIFS: Final = {"GTC": state.GTC, "IOC": state.IOC, "FOK": state.FOK}


class Book:
    """All markets on one account. `process(i)` is one bar; `next` the first one that must be processed."""

    def __init__(
        self,
        markets: Sequence[Held],
        account: Account,
        columns: Columns,
        terms: Any,
        partials: NDArray[np.float64],
        rules: Any,
    ) -> None:
        self.markets, self.columns = list(markets), columns
        self.by_symbol = {market.symbol: market for market in markets}
        self.bars = len(columns.time)
        self.clock = Clock()
        self.next = self.bars
        self.looks_ahead = True
        self.tags: list[str] = []
        self.skipped = [0] * len(self.markets)
        self.money = Money(self.markets, account.cash, terms, rules, columns.close)
        self.time_exit, self.break_even = int(terms["time_exit"]), float(terms["break_even"])
        self.parts: list[list[float]] = partials.tolist()
        self.asked: list[Place | Signal] = []
        self.heard: list[tuple[int, Intent]] | None = None

    # What a strategy reads and asks for

    def position(self, symbol: str) -> float:
        return self.by_symbol[symbol].size

    def entry_price(self, symbol: str) -> float | None:
        at = self.by_symbol[symbol]
        return at.entry if at.units else None

    def funding(self, symbol: str) -> float:
        at = self.by_symbol[symbol]
        return at.funding if at.units else 0.0

    def equity(self) -> float:
        return self.money.equity_at_close(self.clock.known - 1)

    def free(self) -> float:
        return self.money.free()

    def orders(self, symbol: str) -> Sequence[str]:
        asked = [each.id for each in self.asked if isinstance(each, Place) and each.symbol == symbol]
        return [*self.by_symbol[symbol].stepper.ids, *asked]

    def take(self, intent: Intent) -> None:
        """Take back an order, or note what is to be done at the next open."""
        at = self.by_symbol[intent.symbol]
        if self.heard is not None:
            self.heard.append((self.clock.known - 1, intent))
        match intent:
            case Cancel(id=id):
                if id in at.working:
                    at.stepper.remove(id)
                    at.forget(id)
                else:
                    self.asked = [each for each in self.asked if not isinstance(each, Place) or each.id != id]
                return
            case Exit():
                at.wanted.append(intent)
            case Signal():
                at.wanted.append(intent)
                self.asked.append(intent)
            case Place():
                self.asked.append(intent)
        at.next = self.next = self.clock.known

    # A bar

    def process(self, i: int) -> None:
        """One bar: all opens, then exits and entries, then the ranges."""
        self.money.mark(i)
        stirring = [at for at in self.markets if at.next <= i]
        for at in stirring:
            at.catch_up(i)
            price = at.opens[i]
            if at.units and at.funding_due:
                self.money.settle(at, i, at.mark_opens[i], False)
            if price == price:
                self._open(at, i, price, at.mark_opens[i])
                if at.units:
                    self._exit(at, i, price)
        if self.asked:
            self._enter_all(i)
        for at in stirring:
            if at.closes[i] == at.closes[i]:
                at.wanted.clear()
                if at.units or at.working:
                    self._rest_of_bar(at, i)
            if at.units and at.funding_due:
                self.money.settle(at, i, at.mark_closes[i], True)
        for at in stirring:
            at.look_ahead(i, self.bars, self.time_exit, self.looks_ahead)
        for each in self.asked:  # no bar here: what was asked waits for the next one
            self.by_symbol[each.symbol].next = i + 1
        self.next = min([at.next for at in self.markets])

    def _open(self, at: Held, i: int, price: float, mark: float) -> None:
        """What the first price of a bar does to a position and to the orders beside it."""
        if at.units and (at.end - mark) * at.side >= 0.0:  # a NaN compares as false
            self._liquidate(at, i, price)
        elif at.working:
            at.stepper.position = at.units
            if self._book(at, i, at.stepper.open(price)) and at.units:
                self._open(at, i, price, mark)  # what the price paid is already beyond acts on the same open

    def _exit(self, at: Held, i: int, price: float) -> None:
        for wanted in at.wanted:
            flag = wanted.flags if isinstance(wanted, Signal) else state.EXIT_LONG | state.EXIT_SHORT
            if at.units and wants_exit(flag, at.units):
                self._close(at, i, price, SIGNAL)
        if at.units and 0 < self.time_exit <= i - at.opened:
            self._close(at, i, price, TIMED)

    def _enter_all(self, i: int) -> None:
        later: list[Place | Signal] = []
        if len(self.asked) > 1:
            self.asked.sort(key=self._rank)
        for asked in self.asked:
            at = self.by_symbol[asked.symbol]
            price = at.opens[i]
            if price != price:
                later.append(asked)
            elif isinstance(asked, Place):
                self._place(at, i, price, asked)
            else:
                self._signalled(at, i, price, asked)
        self.asked = later

    def _rank(self, asked: Place | Signal) -> int:
        """Orders in the order in which they were asked for, signals in that of the markets."""
        return self.by_symbol[asked.symbol].number if isinstance(asked, Signal) else 0

    def _rest_of_bar(self, at: Held, i: int) -> None:
        first, last = (at.fine_start[i], at.fine_start[i + 1]) if at.fine_start is not None else (0, 0)
        if first == last:
            self._range(at, i, at.highs[i], at.lows[i], at.closes[i], (at.mark_highs[i], at.mark_lows[i]))
        for j in range(first, last):
            opened, high, low, close = at.fine[:, j].tolist()
            mark_open, *mark, _ = at.fine_mark[:, j].tolist()
            if j > first:
                self._open(at, i, opened, mark_open)
            self._range(at, i, high, low, close, mark)
        if at.units and at.even == at.even:
            best = at.highs[i] if at.units > 0.0 else at.lows[i]
            if (best - at.even) * at.side >= 0.0:
                at.raise_stops()

    def _range(self, at: Held, i: int, high: float, low: float, close: float, mark: Sequence[float]) -> None:
        """What stands against the position is set off before what it hopes for. `mark`: its high and low."""
        if at.units and (at.end - (mark[1] if at.units > 0.0 else mark[0])) * at.side >= 0.0:
            self._hurt(at, i, high, low, mark)
        if at.working:
            at.stepper.position = at.units
            if self._book(at, i, at.stepper.range(high, low, close)):
                # an entry inside a bar may be stopped in it, and gains nothing
                self._hurt(at, i, high, low, mark)

    def _hurt(self, at: Held, i: int, high: float, low: float, mark: Sequence[float]) -> None:
        """Let a bar's worst price meet the stops, and its worst mark the end of the margin behind them."""
        if not at.units:
            return
        side, worst, end = at.side, low if at.units > 0.0 else high, mark[1] if at.units > 0.0 else mark[0]
        lost = (at.end - end) * side >= 0.0
        if at.working:
            at.stepper.position = at.units
            if lost and (at.end - worst) * side > 0.0:
                worst = at.end  # a stop that stands before the end of the margin is met first
            self._book(at, i, at.stepper.range(-math.inf, worst, NAN) if side == BUY
                       else at.stepper.range(worst, math.inf, NAN))  # fmt: skip
        if lost and at.units and (at.end - end) * at.side >= 0.0:
            self._liquidate(at, i, met_at(at.end, high, low))

    # Entries and orders

    def _signalled(self, at: Held, i: int, price: float, signal: Signal) -> None:
        side = entry_side(signal.flags, 0.0) if at.units == 0.0 else 0
        if side == 0 or self._rests(at, i):
            return
        paid = slipped(side, price, NAN, at.slippage, at.tick)
        distance = NAN if signal.stop_loss is None else signal.stop_loss
        legs = Legs(
            stop_distance=distance,
            target_distance=NAN if signal.take_profit is None else signal.take_profit,
            trailing=NAN if signal.trailing_stop is None else signal.trailing_stop,
        )
        levels = legs.levels(side, paid, at.tick)
        units = self._sized(at, i, signal.size, paid, levels[0])
        if not self._is_worth(at, units, min(paid, price)):
            return
        place = self.columns.places[at.number]
        row = signal.row if place is None else int(place[signal.row])
        self.money.take(at, i, side, units, paid, ENTRY, row, levels)
        at.add_legs(f"{i}-{at.number}", units, paid, legs, self.parts, self.break_even)
        # what the price paid is already beyond acts on the same open
        self._open(at, i, price, at.mark_opens[i])

    def _place(self, at: Held, i: int, price: float, place: Place) -> None:
        side = BUY if place.side == "buy" else SELL
        if place.is_market and place.reduce_only and not at.units:
            return
        reference = slipped(side, price, NAN, at.slippage, at.tick)
        if not place.is_market and place.trail is None:
            reference = on_tick(_first(place.limit, place.stop), at.tick)
        against = abs(at.units) if at.units * side < 0.0 else 0.0
        if not place.reduce_only and not against and self._rests(at, i):
            return
        legs = _legs(place, at.tick)
        units = self._units(at, i, place, legs, side, reference, against)
        if place.is_market:
            self._at_once(at, i, price, place, legs, side, units, reference)
            return
        if not units or not (
            place.reduce_only or against or self._is_worth(at, units, min(reference, price))
        ):
            return
        reserved = (
            0.0 if place.reduce_only else self._reserved(at, max(units - against, 0.0), reference, price)
        )
        at.reserved += reserved
        kind = state.TRAILING if place.trail is not None else state.LIMIT
        if place.stop is not None:
            kind = state.STOP if place.limit is None else state.STOP_LIMIT
        at.stepper.add(
            place.id, side=side, kind=kind, quantity=units,
            limit=NAN if place.limit is None else on_tick(place.limit, at.tick),
            stop=NAN if place.stop is None else on_tick(place.stop, at.tick),
            trail_rate=place.trail or 0.0, tif=TIFS[place.time_in_force], post_only=place.post_only,
            reduce_only=place.reduce_only,
        )  # fmt: skip
        at.working[place.id] = Working(ORDERED, place, self._tag(place), reserved)
        self._open(at, i, price, at.mark_opens[i])

    def _reserved(self, at: Held, units: float, limit: float, price: float) -> float:
        """Money that is not there for others while an order rests, as the door counts it.

        A spot order may cost its limit and the fee; the margin of a contract is judged at the mark.
        """
        if at.is_spot:
            return float(notional(at.size_of(units), limit, at.contract_size, at.inverse) * (1.0 + at.taker))
        return float(notional(at.size_of(units), price, at.contract_size, at.inverse) / at.leverage)

    def _at_once(
        self, at: Held, i: int, price: float, place: Place, legs: Legs, side: int, units: float, paid: float
    ) -> None:
        """A market order: what it closes, then what it opens with the money of then."""
        signal = self._tag(place)
        if at.units * side < 0.0:
            closing = min(units, abs(at.units))
            self.money.take(at, i, side, closing, paid, ORDERED)
            at.stepper.position = at.units
            self._book(at, i, at.stepper.settle())
            units -= closing
            if units > 0.0 and not place.reduce_only:
                units = self._sized_as(at, i, sizing.QUANTITY, at.size_of(units), paid, NAN)
        if (
            place.reduce_only
            or not units > 0.0
            or self._rests(at, i)
            or not self._is_worth(at, units, min(paid, price))
        ):
            return
        levels = legs.levels(side, paid, at.tick)
        self.money.take(at, i, side, units, paid, ENTRY, signal, levels)
        at.add_legs(place.id, units, paid, legs, self.parts, self.break_even)
        self._open(at, i, price, at.mark_opens[i])

    def _units(
        self, at: Held, i: int, place: Place, legs: Legs, side: int, price: float, against: float
    ) -> float:
        """How many units an order is for."""
        if place.quantity is not None:
            wanted = at.units_of(place.quantity)
            if place.reduce_only or against:
                return wanted
            return self._sized_as(at, i, sizing.QUANTITY, at.size_of(wanted), price, NAN)
        assert place.size is not None
        stop, _ = legs.levels(side, price, at.tick)
        return self._sized(at, i, place.size, price, stop, freed=at.margin if against else 0.0)

    def _sized(self, at: Held, i: int, size: Any, price: float, stop: float, *, freed: float = 0.0) -> float:
        amount, money = size.amount, self.money
        if size.mode == sizing.KELLY:
            amount = sizing.kelly(
                money.trades, money.wins, money.won, money.lost, size.least, size.part, amount
            )
        return self._sized_as(at, i, size.mode, amount, price, stop, freed=freed)

    def _sized_as(
        self, at: Held, i: int, mode: int, amount: float, price: float, stop: float, *, freed: float = 0.0
    ) -> float:
        equity, free = self.money.equity_at_open(i), self.money.free() + freed
        return float(
            sizing.entry_units(mode, amount, price, stop, equity, free, at.leverage, at.rules, at.opens[i])
        )

    def _is_worth(self, at: Held, units: float, price: float) -> bool:
        """Whether an entry is as large as the market wants; those that are not are counted."""
        worth = notional(at.size_of(units), price, at.contract_size, at.inverse)
        if units <= 0.0 or worth < at.least:
            self.skipped[at.number] += 1
            return False
        return True

    def _rests(self, at: Held, i: int) -> bool:
        return i < at.rests_until or self.money.is_paused(i)

    def _tag(self, place: Place) -> int:
        self.tags.append(place.tag)
        return len(self.tags) - 1

    # Fills

    def _book(self, at: Held, i: int, actions: list[Action]) -> bool:
        """Book what the core did to the orders; whether one of them was an entry."""
        entered = False
        for action in actions:
            if action.what == state.ENDED:
                if action.order in at.working:
                    at.forget(action.order)
                continue
            if action.what != state.FILLED:
                continue
            order = at.working[action.order]
            side = self._side_of(at, order)
            if action.order not in at.stepper:
                at.forget(action.order)
            place = order.place
            if place is None:
                self.money.book(
                    at, i, side, action.quantity, action.price, action.fee, action.maker, order.why
                )
                continue
            held = at.units * side
            opens = action.quantity + min(held, 0.0)
            if held >= 0.0:
                why, signal = ENTRY, order.signal
            else:
                why, signal = ORDERED, order.signal if opens > 0.0 else -1
            legs = _legs(place, at.tick)
            levels = legs.levels(side, action.price, at.tick)
            self.money.book(
                at, i, side, action.quantity, action.price, action.fee, action.maker, why, signal, levels
            )
            if opens > 0.0:
                at.add_legs(place.id, opens, action.price, legs, self.parts, self.break_even)
                entered = True
        return entered

    def _side_of(self, at: Held, order: Working) -> int:
        if order.place is not None:
            return BUY if order.place.side == "buy" else SELL
        return -at.side

    def _close(self, at: Held, i: int, price: float, why: int) -> None:
        """Close a position as a taker who comes while the market is at `price`."""
        side, units = -at.side, abs(at.units)
        paid = slipped(side, price, NAN, at.slippage, at.tick)
        self.money.take(at, i, side, units, paid, why, i - 1)
        if at.working:
            at.stepper.position = 0.0
            self._book(at, i, at.stepper.settle())

    def _liquidate(self, at: Held, i: int, market: float) -> None:
        """The venue closes a position whose margin is used up, at `market`, and takes its orders away."""
        price = margin.liquidated_at(at.size, at.entry, at.margin, market, at.rules)
        fee = margin.liquidation_fee(at.size, at.entry, at.margin, price, at.rules)
        self.money.book(at, i, -at.side, abs(at.units), price, fee, False, LIQUIDATED)
        at.clear()


def _first(limit: float | None, stop: float | None) -> float:
    return limit if limit is not None else stop if stop is not None else NAN


def _legs(place: Place, tick: float) -> Legs:
    if not place.has_legs:
        return NO_LEGS
    return Legs(
        stop=NAN if place.stop_loss is None else on_tick(place.stop_loss, tick),
        target=NAN if place.take_profit is None else on_tick(place.take_profit, tick),
        stop_distance=NAN if place.stop_distance is None else place.stop_distance,
        target_distance=NAN if place.target_distance is None else place.target_distance,
        trailing=NAN if place.trailing_stop is None else place.trailing_stop,
    )
