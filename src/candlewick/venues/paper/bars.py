"""A market that is known by its bars alone: each shows the venue its open, then its range.

For replays of history. What arrives between an open and its range meets the open; what arrives after the
range waits for the next bar. Within a range, what stands against a position is met before what it hopes for,
and an isolated position ends where the mark uses up its margin.
"""

from __future__ import annotations

import math

import numpy as np

from candlewick.venues.paper import terms as convert
from candlewick.venues.paper.floor import Floor
from candlewick.venues.paper.liquidation import Liquidations
from candlewick.venues.paper.seat import Seat


class Bars:
    """Shows bars, and the mark in them, to the seats of an instrument, whose positions are isolated."""

    def __init__(self, floor: Floor, liquidations: Liquidations) -> None:
        self._floor = floor
        self._liquidations = liquidations

    def open(self, instrument: str, price: float, mark: float, ts: int) -> None:
        """The first trade of a bar, and the mark of then."""
        floor = self._floor
        floor.now = max(floor.now, ts)
        floor.bars[instrument] = price
        for seat in tuple(floor.seats_of(instrument)):
            if self._is_lost(seat, mark):
                self._liquidations.end(seat, mark)
                floor.deliver()
            floor.report(seat, seat.stepper.open(price))
            floor.deliver()

    def range(
        self, instrument: str, high: float, low: float, close: float, marks: tuple[float, float], ts: int
    ) -> None:
        """The rest of it. `marks`: the highest and the lowest."""
        floor = self._floor
        floor.now = max(floor.now, ts)
        floor.bars[instrument] = math.nan
        for seat in tuple(floor.seats_of(instrument)):
            self._hurt(seat, high, low, marks, only_at_end=True)
            floor.report(seat, seat.stepper.range(high, low, close))
            floor.deliver()

    def hurt(self, instrument: str, high: float, low: float, marks: tuple[float, float]) -> None:
        """After an entry inside the bar, and its stop: it may be stopped in it, and gains nothing."""
        for seat in tuple(self._floor.seats_of(instrument)):
            self._hurt(seat, high, low, marks)

    def _hurt(
        self, seat: Seat, high: float, low: float, marks: tuple[float, float], *, only_at_end: bool = False
    ) -> None:
        """Let the worst price meet the stops, and the worst mark the end of the margin behind them."""
        from candlewick.fills import margin  # the compiler comes with the first order

        floor, held = self._floor, seat.stepper.position
        if held == 0.0:
            return
        end, long = self._end(seat), held > 0.0
        lost = marks[1] <= end if long else marks[0] >= end  # a NaN compares as false
        if only_at_end and not lost:
            return
        worst = low if long else high
        if lost:  # what stands before the end of the margin is met first
            worst = max(worst, end) if long else min(worst, end)
        if long:
            floor.report(seat, seat.stepper.range(-math.inf, worst, math.nan))
        else:
            floor.report(seat, seat.stepper.range(worst, math.inf, math.nan))
        floor.deliver()
        if lost and seat.stepper.position * held > 0.0:
            floor.bars[seat.instrument.id] = margin.met_at(end, high, low)
            self._liquidations.end(seat, end)
            floor.bars[seat.instrument.id] = math.nan
            floor.deliver()

    def _is_lost(self, seat: Seat, mark: float) -> bool:
        held = seat.stepper.position
        if held == 0.0:
            return False
        end = self._end(seat)
        return mark <= end if held > 0.0 else mark >= end  # a NaN compares as false

    def _end(self, seat: Seat) -> float:
        """The mark at which the margin of an isolated position is used up; NaN: none does that."""
        from candlewick.fills import margin  # the compiler comes with the first order
        from candlewick.fills.state import RULES

        floor, id = self._floor, seat.instrument.id
        holding = floor.accounts.position(seat.account, id)
        if holding is None or holding.margin is None or not seat.is_contract:
            return math.nan
        rules = convert.rules_of(seat.instrument, floor.accounts.settings(seat.account))
        return margin.liquidation_price(
            float(holding.quantity), float(holding.entry), float(holding.margin),
            np.array(floor.accounts.tiers(id), np.float64), np.array([tuple(rules)], RULES)[0],
        )  # fmt: skip
