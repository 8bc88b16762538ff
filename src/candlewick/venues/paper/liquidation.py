"""Positions whose margin is used up: closed by the venue, and losing no more than that margin."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_DOWN, Decimal
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace

from candlewick.core import money
from candlewick.core.clock import NS_PER_MS, NS_PER_S
from candlewick.core.order import Terms
from candlewick.core.reports import Gone
from candlewick.ledger.contract import gain, settles_in, worth
from candlewick.venues.paper.floor import Floor
from candlewick.venues.paper.seat import Seat, Ticket
from candlewick.venues.paper.terms import ZERO, opposite
from candlewick.venues.paper.views import Holding

FEE: Final = Decimal("0.0125")
"""Of the notional that is liquidated (Binance's `liquidationFee`), as far as the margin goes."""
SMALLEST: Final = Decimal("1e-8")
LOOK_EVERY_NS: Final = NS_PER_S
WITH_MARGIN: Final = 1.5
"""A move costs its profit, and what maintenance margin grows with the notional: no tier asks for half."""


class Stand(NamedTuple):
    """How a position stands at its mark; `equity` is that of an isolated one."""

    seat: Seat
    holding: Holding
    mark: float
    equity: Decimal
    loss: Decimal
    maintenance: float


class Room:
    """How far a position, or all that one currency answers for, was from its end when last looked at."""

    __slots__ = ("at_ns", "left")

    def __init__(self, left: float, at_ns: int) -> None:
        self.left = left
        self.at_ns = at_ns


class Liquidations:
    """Watches the marks of what is held.

    The exact look asks the ledger to value an account. Most marks move too little to need one: the most that
    each move can have cost is taken from the room there was, and the ledger is asked when that is used up,
    when something was booked, and once a second in any case.
    """

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._rooms: dict[int, dict[str, Room]] = {}

    def forget(self, account: int) -> None:
        """Something was booked: what was known of the account's room is no more."""
        self._rooms.pop(account, None)
        for seat in self._floor.seats.values():
            if seat.account == account:
                seat.booked = True

    def is_due(self, seat: Seat, before: float | None, mark: float) -> bool:
        """Whether the move to `mark` calls for an exact look."""
        rooms = self._rooms.get(seat.account)
        room = rooms.get(seat.answers) if rooms is not None else None
        if room is None or before is None or seat.booked or self._floor.now - room.at_ns >= LOOK_EVERY_NS:
            return True
        moved = abs(1.0 / mark - 1.0 / before) if seat.instrument.inverse else abs(mark - before)
        room.left -= WITH_MARGIN * seat.size * moved
        return room.left <= 0.0

    def check(self, seat: Seat) -> None:
        """The mark of the seat's instrument moved: is what is held there, or what answers for it, used up?"""
        from candlewick.fills import core  # the compiler comes with the first order

        floor, id = self._floor, seat.instrument.id
        mark, holding = floor.market.mark(id), floor.accounts.position(seat.account, id)
        if floor.is_unheard(seat):
            return  # it stays due until the ledger knows what it holds
        seat.booked = False
        if mark is None or holding is None or not holding.quantity:
            return
        stand = self._stand(seat, holding, mark)
        seat.size = float(abs(holding.quantity))
        if seat.instrument.inverse:
            seat.size *= float(seat.instrument.contract_size)
        if holding.margin is not None:
            self._note_room(seat, id, float(stand.equity) - stand.maintenance)
            if core.is_lost(float(stand.equity), stand.maintenance):
                self._cancel([seat])
                self._close(seat, holding, mark, stand.equity)
            return
        currency = settles_in(seat.instrument)
        equity, maintenance = floor.accounts.cross(seat.account, currency)
        self._note_room(seat, currency, equity - maintenance)
        if core.is_lost(equity, maintenance):
            self._cancel(self._cross_seats(seat.account, currency))
            worst = self._worst(seat.account, currency)
            part = Decimal(repr(equity)) * Decimal(repr(worst.maintenance / maintenance))
            self._close(worst.seat, worst.holding, worst.mark, part)

    def end(self, seat: Seat, mark: float) -> None:
        """Close an isolated position whose margin `mark` has used up."""
        holding = self._floor.accounts.position(seat.account, seat.instrument.id)
        if holding is not None and holding.quantity:
            stand = self._stand(seat, holding, mark)
            self._cancel([seat])
            self._close(seat, holding, mark, stand.equity)

    def _note_room(self, seat: Seat, answers: str, left: float) -> None:
        seat.answers = answers
        self._rooms.setdefault(seat.account, {})[answers] = Room(left, self._floor.now)

    def _stand(self, seat: Seat, holding: Holding, mark: float) -> Stand:
        from candlewick.fills import core

        exact = Decimal(repr(mark))
        value = float(worth(seat.instrument, abs(holding.quantity), exact))
        tiers = np.array(self._floor.accounts.tiers(seat.instrument.id), np.float64)
        loss = -unrealised(seat, holding, exact)
        return Stand(
            seat, holding, mark, (holding.margin or ZERO) - loss, loss, core.maintenance(value, tiers)
        )

    def _cross_seats(self, account: int, currency: str) -> list[Seat]:
        return [
            seat
            for seat in self._floor.seats.values()
            if seat.account == account and seat.is_contract and settles_in(seat.instrument) == currency
        ]

    def _worst(self, account: int, currency: str) -> Stand:
        """The cross position that has lost most: it goes first, and may save the others."""
        stands = []
        for seat in self._cross_seats(account, currency):
            holding = self._floor.accounts.position(account, seat.instrument.id)
            mark = self._floor.market.mark(seat.instrument.id)
            if holding is not None and holding.quantity and holding.margin is None and mark is not None:
                stands.append(self._stand(seat, holding, mark))
        return max(stands, key=lambda stand: stand.loss)

    def _cancel(self, seats: Iterable[Seat]) -> None:
        for seat in seats:
            for id in tuple(seat.tickets):
                seat.remove(id)
                self._floor.say(Gone(seat.account, id, "liquidation", self._floor.now))

    def _close(self, seat: Seat, holding: Holding, mark: float, equity: Decimal) -> None:
        """Close a position: through the book as far as `equity` (as of the mark) goes, the rest at its end.

        Beyond the price at which nothing is left the venue's insurance takes over, as it does at a real one.
        """
        from candlewick.fills import core

        floor, instrument = self._floor, seat.instrument
        at = core.bankruptcy(
            float(holding.quantity), mark, float(equity),
            float(instrument.contract_size), instrument.inverse, float(instrument.tick or 0),
        )  # fmt: skip
        limit = money.price(instrument, at)
        terms = Terms(
            instrument=instrument.id,
            side=opposite(holding.quantity),
            quantity=abs(holding.quantity),
            order_type="limit",
            limit_price=limit,
            time_in_force="IOC",
        )
        ticket = Ticket(f"liq-{instrument.symbol}-{floor.now // NS_PER_MS}", terms, ZERO, None, False)
        fills = floor.force(seat, ticket)
        if ticket.filled < terms.quantity:
            fills.append(seat.take_over(ticket, limit, floor.now))
        left = equity + sum(
            gain(
                instrument,
                long=holding.quantity > 0,
                entered=worth(instrument, fill.quantity, Decimal(repr(mark))),
                left=worth(instrument, fill.quantity, fill.price),
            )
            for fill in fills
        )
        for fill in fills:
            most = max(left, ZERO).quantize(SMALLEST, ROUND_DOWN)
            fee = min(FEE * worth(instrument, fill.quantity, fill.price), most)
            left -= fee
            floor.say(replace(fill, fee=fee, liquidation=True))


def unrealised(seat: Seat, holding: Holding, mark: Decimal) -> Decimal:
    """Profit of a position at `mark`, in what it settles in."""
    size = abs(holding.quantity)
    return gain(
        seat.instrument,
        long=holding.quantity > 0,
        entered=worth(seat.instrument, size, holding.entry),
        left=worth(seat.instrument, size, mark),
    )
