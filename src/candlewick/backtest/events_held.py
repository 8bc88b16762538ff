"""What an event-driven backtest holds in one market: the position, and the orders that stand there."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.columns import Columns
from candlewick.fills import core, margin, scan, signals, state
from candlewick.fills.bar import edges
from candlewick.fills.state import BUY, SELL, Rules
from candlewick.fills.stepper import Stepper
from candlewick.trading.strategy.intents import Exit, Place, Signal

NAN: Final = math.nan
P = ParamSpec("P")
T = TypeVar("T")


def plain(function: Callable[P, T]) -> Callable[P, T]:
    """A function of the core as the interpreter runs it: for one number that is cheaper than machine code."""
    found: Callable[P, T] = getattr(function, "py_func", function)
    return found


on_tick, notional, profit, slipped = (
    plain(core.on_tick), plain(core.notional), plain(core.profit), plain(core.slipped)
)  # fmt: skip
initial, met_at, wants_exit, entry_side = (
    plain(margin.initial), plain(margin.met_at), plain(signals.wants_exit), plain(signals.entry_side)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Working:
    """An order that stands in a market: why it will have traded, and what its fill leads to."""

    why: int
    place: Place | None = None
    signal: int = -1
    reserved: float = 0.0


@dataclass(frozen=True, slots=True)
class Legs:
    """What is to follow an entry, as prices or as fractions of the price paid; NaN: nothing."""

    stop: float = NAN
    target: float = NAN
    stop_distance: float = NAN
    target_distance: float = NAN
    trailing: float = NAN

    def levels(self, side: int, paid: float, tick: float) -> tuple[float, float]:
        """Where stop and target stand once `paid` is known; NaN: nowhere."""
        if self is NO_LEGS:
            return NOWHERE
        stop, target = self.stop, self.target
        if stop != stop:
            stop = on_tick(paid * (1.0 - side * self.stop_distance), tick)
        if target != target:
            target = on_tick(paid * (1.0 + side * self.target_distance), tick)
        return stop, target


NO_LEGS: Final = Legs()
NOWHERE: Final = (NAN, NAN)
"""Levels of what has neither stop nor target."""


class Held:
    """One market of a backtest. Money is booked by `events_money.Money`."""

    def __init__(
        self,
        number: int,
        symbol: str,
        rules: Any,
        columns: Columns,
        *,
        leverage: float,
        is_spot: bool,
        least: float,
        tiers: NDArray[np.float64],
        funding: Sequence[tuple[int, bool, float, float]],
    ) -> None:
        self.number, self.symbol, self.rules = number, symbol, rules
        self.tick, self.lot = float(rules["tick"]), float(rules["lot"])
        self.contract_size, self.inverse = float(rules["contract_size"]), bool(rules["inverse"])
        self.taker, self.slippage = float(rules["taker"]), float(rules["slippage"])
        self.leverage, self.least, self.tiers, self.is_spot = leverage, least, tiers, is_spot
        self.prices = tuple(grid[number] for grid in (columns.open, columns.high, columns.low, columns.close))
        self.opens, self.highs, self.lows, self.closes = (memoryview(column) for column in self.prices)
        marks = columns.marks
        self.mark_opens, self.mark_highs, self.mark_lows, self.mark_closes = (
            memoryview(grid[number]) for grid in (marks.open, marks.high, marks.low, marks.close)
        )
        self.reach = marks.top[number], marks.bottom[number]
        """The highest and lowest of trades and mark."""
        self.tops, self.bottoms = (memoryview(column) for column in self.reach)
        self.fine, self.fine_mark = columns.fine, marks.fine
        begun = columns.fine_start
        self.fine_start = (
            begun[number].tolist() if len(begun) and begun[number, -1] > begun[number, 0] else None
        )
        self.funding_due, self.funded = funding, 0
        self.named_rules = Rules(*rules.item())
        self.stepper = Stepper(self.named_rules)
        self.working: dict[str, Working] = {}
        self.reserved = 0.0
        self.groups = 0
        self.wanted: list[Exit | Signal] = []
        # as `fills.state.HELD`
        self.units = self.size = self.entry = self.margin = 0.0
        self.end = NAN
        self.paid = self.funding = self.notional = self.made = 0.0
        self.opened = self.rests_until = 0
        self.even = NAN
        """Where the stop is moved to the entry; NaN: nowhere, or it was."""
        self.next = columns.open.shape[1]
        """The next bar in which anything happens here."""
        self.below, self.above = -math.inf, math.inf
        self.seen = 0
        """The bar up to which trailing stops have followed."""

    @property
    def side(self) -> int:
        return BUY if self.units > 0.0 else SELL

    def units_of(self, quantity: float) -> float:
        """A quantity of base or contracts in units."""
        return float(core.units(quantity, self.lot))

    def size_of(self, units: float) -> float:
        """Units in base or contracts."""
        return units * self.lot if self.lot > 0.0 else units

    def profit(self, price: float) -> float:
        """Unrealised at a price."""
        return float(profit(self.size, self.entry, price, self.contract_size, self.inverse))

    def judge(self) -> None:
        """Find where the margin of what is held is used up, after either has changed."""
        if len(self.tiers):
            self.end = margin.liquidation_price(self.size, self.entry, self.margin, self.tiers, self.rules)

    def add_legs(
        self, id: str, units: float, paid: float, legs: Legs, partials: list[list[float]], break_even: float
    ) -> None:
        """Have an entry's stop, partial exits, target and trailing stop stand, in that order."""
        side = self.side
        stop, target = legs.levels(side, paid, self.tick)
        if break_even > 0.0:
            self.even = self.entry * (1.0 + side * break_even)
        no_legs = stop != stop and target != target and legs.trailing != legs.trailing
        if no_legs and not partials and not break_even > 0.0:
            return
        self.groups += 1
        self.stepper.position = self.units
        if stop == stop or break_even > 0.0:  # where it is to be moved, its place is kept
            self._leg(f"{id}:stop", state.STOP, state.STOP_LOSS, units, stop=stop, left=units)
        rest = units
        for number, (rate, part) in enumerate(partials):
            there = on_tick(paid * (1.0 + side * rate), self.tick)
            if (there - target) * side > 0.0:
                break
            closes = self.units_of(self.size_of(rest) * part)
            if 0.0 < closes < rest:
                self._leg(
                    f"{id}:part{number}", state.TAKE_PROFIT, state.PARTIAL, closes, stop=there, left=units
                )
                rest -= closes
        if target == target:
            self._leg(f"{id}:target", state.TAKE_PROFIT, state.TAKEN_PROFIT, units, stop=target, left=units)
        if legs.trailing == legs.trailing:
            self._leg(f"{id}:trail", state.TRAILING, state.TRAILED, units, rate=legs.trailing, left=units)

    def _leg(
        self, id: str, kind: int, why: int, units: float, *, stop: float = NAN, rate: float = 0.0, left: float
    ) -> None:
        self.stepper.add(id, side=-self.side, kind=kind, quantity=units, stop=stop, trail_rate=rate,
                         reduce_only=True, group=self.groups, left=left)  # fmt: skip
        self.working[id] = Working(why)

    def raise_stops(self) -> None:
        """Have every stop that protects what is held stand no worse than the entry."""
        side, rows = self.side, self.stepper.rows
        entry = on_tick(self.entry, self.tick)
        for id, stop in zip(self.stepper.ids, rows["stop"].tolist(), strict=True):
            if self.working[id].why == state.STOP_LOSS and not (stop - entry) * side >= 0.0:
                self.stepper.set_stop(id, entry)
        self.even = NAN

    def forget(self, id: str) -> None:
        """An order is gone."""
        gone = self.working.pop(id)
        self.reserved = self.reserved - gone.reserved if self.working else 0.0

    def clear(self) -> None:
        """Take all orders away."""
        for id in self.stepper.ids:
            self.stepper.remove(id)
        self.working.clear()
        self.reserved = 0.0

    def catch_up(self, i: int) -> None:
        """Let trailing stops see the bars before bar `i`, in which nothing happened."""
        if self.seen < i and len(self.stepper):
            opened, high, low, _ = self.prices
            scan.pass_over(self.stepper.rows, len(self.stepper), opened, high, low, self.seen, i)
        self.seen = i + 1

    def look_ahead(self, i: int, bars: int, time_exit: int, looks_ahead: bool) -> None:
        """Find the next bar after bar `i` in which anything happens here; or (not `looks_ahead`) is known to.

        The prices between which nothing happens are `below` and `above` then.
        """
        held, orders = self.units != 0.0, len(self.stepper)
        found = i + 1 if self.wanted else bars
        if held:
            if time_exit > 0:
                found = min(found, max(i + 1, self.opened + time_exit))
            found = min(found, self._funding_after(i, bars))
        below, above = -math.inf, math.inf
        if found > i + 1 and (held or orders):
            if held:
                below, above = (self.end, self.even) if self.units > 0.0 else (self.even, self.end)
                below = below if below == below else -math.inf
                above = above if above == above else math.inf
            if not looks_ahead:
                if orders:
                    lower, upper = edges(self.stepper.rows, orders)
                    below, above = max(below, lower), min(above, upper)
            elif orders and self.fine_start is not None and self._trails():
                found = i + 1  # finer bars may take a trailing stop where the bar itself does not
            elif orders or below > -math.inf or above < math.inf:
                opened, high, low, close = self.prices
                found = scan.next_stir(self.stepper.rows, orders, self.rules, below, above,
                                       opened, high, low, close, *self.reach, i + 1, found)  # fmt: skip
        self.next, self.below, self.above = found, below, above

    def _trails(self) -> bool:
        return bool(np.any(self.stepper.rows["kind"] == state.TRAILING))

    def _funding_after(self, i: int, bars: int) -> int:
        due = self.funding_due
        while self.funded < len(due) and due[self.funded][0] <= i:
            self.funded += 1
        return due[self.funded][0] if self.funded < len(due) else bars
