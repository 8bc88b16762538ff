"""A market that is known by its bars alone: each shows the venue its open, then its range.

For replays of history. What arrives between an open and its range meets the open; what arrives after the
range waits for the next bar. Within a range, what stands against a position is met before what it hopes for,
and an isolated position ends where its margin is used up.
"""

from __future__ import annotations

import math

import numpy as np

from candlewick.venues.paper import terms as convert
from candlewick.venues.paper.floor import Floor
from candlewick.venues.paper.liquidation import Liquidations
from candlewick.venues.paper.seat import Seat


class Bars:
    """Shows bars to the seats of an instrument. The heart has folded the same price as its mark before."""

    def __init__(self, floor: Floor, liquidations: Liquidations) -> None:
        self._floor = floor
        self._liquidations = liquidations

    def open(self, instrument: str, price: float, ts: int) -> None:
        """The first trade of a bar."""
        floor = self._floor
        floor.now = max(floor.now, ts)
        floor.bars[instrument] = price
        for seat in tuple(floor.seats_of(instrument)):
            if seat.is_contract:
                self._liquidations.check(seat)
                floor.deliver()
            floor.report(seat, seat.stepper.open(price))
            floor.deliver()

    def range(self, instrument: str, high: float, low: float, close: float, ts: int) -> None:
        """The rest of it."""
        floor = self._floor
        floor.now = max(floor.now, ts)
        floor.bars[instrument] = math.nan
        for seat in tuple(floor.seats_of(instrument)):
            self._hurt(seat, high, low, only_at_end=True)
            floor.report(seat, seat.stepper.range(high, low, close))
            floor.deliver()

    def hurt(self, instrument: str, high: float, low: float) -> None:
        """After an entry inside the bar, and its stop: it may be stopped in it, and gains nothing."""
        for seat in tuple(self._floor.seats_of(instrument)):
            self._hurt(seat, high, low)

    def _hurt(self, seat: Seat, high: float, low: float, *, only_at_end: bool = False) -> None:
        """Let the worst price meet the stops, and the end of the margin behind them."""
        floor, held = self._floor, seat.stepper.position
        if held == 0.0:
            return
        end, long = self._end(seat), held > 0.0
        lost = low <= end if long else high >= end  # a NaN compares as false
        if only_at_end and not lost:
            return
        worst = end if lost else low if long else high
        if long:
            floor.report(seat, seat.stepper.range(-math.inf, worst, math.nan))
        else:
            floor.report(seat, seat.stepper.range(worst, math.inf, math.nan))
        floor.deliver()
        if lost and seat.stepper.position * held > 0.0:
            floor.bars[seat.instrument.id] = end
            self._liquidations.end(seat, end)
            floor.bars[seat.instrument.id] = math.nan
            floor.deliver()

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
