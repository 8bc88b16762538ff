"""`Arrivals`: orders, cancellations and amendments on their way, and what is done when they are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Final

from msgspec.structs import replace

from candlewick.core.clock import NS_PER_MS
from candlewick.core.order import CancelInFlight, InFlight, Order, Terms
from candlewick.core.reports import Accepted, Amended, AmendRefused, CancelRefused, Gone, Refused
from candlewick.fills import state
from candlewick.venues.paper.floor import Floor
from candlewick.venues.paper.seat import Seat, Ticket

REMEMBERED: Final = 100_000
"""Orders of which a second sending is known as such: far more than can be on their way at once."""

Refusal = tuple[str, str]
"""A stable word, and a sentence."""


class Arrivals:
    """Everything arrives its account's latency after it was sent, in the order of being sent."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._sequence = 0
        self._seen: dict[tuple[int, str], None] = {}
        self._travelling: dict[tuple[int, str], Order] = {}

    @property
    def next_ns(self) -> int | None:
        """When something is due; None: nothing is."""
        return self._due[0][0] if self._due else None

    def place(self, order: Order) -> None:
        """Send an order; a second time changes nothing."""
        key = (order.account, order.id)
        if key in self._seen:
            return
        self._note(key)
        self._travelling[key] = order
        self._send(order, lambda: self._arrive(order))

    def cancel(self, order: Order) -> None:
        """Send a cancellation."""
        self._send(order, lambda: self._cancel(order))

    def amend(self, order: Order, terms: Terms) -> None:
        """Send new terms."""
        self._send(order, lambda: self._amend(order, terms))

    def restore(self, order: Order) -> None:
        """An order as the journal has it, after a start.

        One in flight never arrived, and is lost. A cancellation or amendment in flight is sent again: it was
        decided, and the order would wait for an answer for ever.
        """
        key = (order.account, order.id)
        if isinstance(order.state, InFlight) or key in self._seen:
            return
        seat = self._floor.seat(order.account, order.terms.instrument)
        if seat is None:
            return  # nobody lists its instrument any more: `state` does not name it, and the heart ends it
        self._note(key)
        triggered = order.triggered_at is not None
        ticket = Ticket(order.id, order.terms, order.filled, order.average_price, triggered)
        rests = order.terms.limit_price is not None and (triggered or not order.terms.is_conditional)
        seat.add(ticket, stage=state.RESTING if rests else None)
        self._end_in_time(seat, ticket)
        if isinstance(order.state, CancelInFlight):
            self.cancel(order)
        elif order.amending is not None:
            self.amend(order, order.amending)

    def travelling(self, account: int) -> Iterator[Order]:
        """Orders of an account that have not arrived."""
        return (order for (owner, _), order in self._travelling.items() if owner == account)

    def let_in(self) -> None:
        """Do what is due."""
        while self._due and self._due[0][0] <= self._floor.now:
            heappop(self._due)[2]()

    def _note(self, key: tuple[int, str]) -> None:
        self._seen[key] = None
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]

    def _send(self, order: Order, arrival: Callable[[], None]) -> None:
        floor = self._floor
        floor.now = max(floor.now, order.updated_at)
        self._at(floor.now + floor.accounts.settings(order.account).latency_ms * NS_PER_MS, arrival)
        self.let_in()
        floor.deliver()

    def _at(self, due: int, arrival: Callable[[], None]) -> None:
        self._sequence += 1  # what is due at one moment is done in the order of being sent
        heappush(self._due, (due, self._sequence, arrival))

    def _arrive(self, order: Order) -> None:
        floor = self._floor
        del self._travelling[order.account, order.id]
        seat = floor.seat(order.account, order.terms.instrument)
        refusal = self._refusal(order, seat)
        if refusal is not None:
            floor.say(Refused(order.account, order.id, *refusal, floor.now))
        elif seat is not None:
            floor.say(Accepted(order.account, order.id, order.id, floor.now))
            ticket = Ticket(order.id, order.terms, order.filled, order.average_price, triggered=False)
            if not floor.is_unheard(seat):
                floor.hold(seat)
            seat.add(ticket)
            self._end_in_time(seat, ticket)
            floor.look_at_price(seat)
            floor.look(seat)

    def _refusal(self, order: Order, seat: Seat | None) -> Refusal | None:
        floor, terms = self._floor, order.terms
        id = terms.instrument
        if seat is None:
            return "unknown_symbol", f"The paper venue does not know {id}."
        has_price = floor.market.book(id) is not None or floor.quote(id) is not None
        if not floor.market.is_fresh(id) or not has_price:
            return "no_market_data", f"There is no live book or quote of {id} to trade against."
        if terms.good_till is not None and terms.good_till <= floor.now:
            return "good_till", "The order's time was over before it arrived."
        return _wrong_size(seat, terms)

    def _cancel(self, order: Order) -> None:
        floor = self._floor
        seat = floor.seats.get((order.account, order.terms.instrument))
        if seat is None or order.id not in seat.tickets:
            floor.say(CancelRefused(order.account, order.id, *_NOT_WORKING, floor.now, unknown=True))
            return
        seat.remove(order.id)
        floor.say(Gone(order.account, order.id, "cancelled", floor.now))

    def _amend(self, order: Order, terms: Terms) -> None:
        floor = self._floor
        seat = floor.seats.get((order.account, order.terms.instrument))
        ticket = seat.tickets.get(order.id) if seat is not None else None
        if seat is None or ticket is None:
            floor.say(AmendRefused(order.account, order.id, *_NOT_WORKING, floor.now))
            return
        refusal = _wrong_size(seat, terms)
        if terms.quantity <= ticket.filled:
            refusal = "quantity", f"{ticket.filled} is filled already; cancel the order to end it."
        if refusal is not None:
            floor.say(AmendRefused(order.account, order.id, *refusal, floor.now))
            return
        terms = replace(terms, trailed=ticket.terms.trailed)  # how far it came is for the venue to say
        before, ticket.terms = ticket.terms, terms
        floor.say(Amended(order.account, order.id, terms, floor.now))
        if replace(terms, quantity=before.quantity) == before and terms.quantity <= before.quantity:
            seat.shrink(ticket)  # who asks for less keeps the place in the queue
            return
        seat.renew(ticket)
        if terms.good_till != before.good_till:
            self._end_in_time(seat, ticket)
        floor.look_at_price(seat)
        floor.look(seat)

    def _end_in_time(self, seat: Seat, ticket: Ticket) -> None:
        until = ticket.terms.good_till
        if ticket.terms.time_in_force == "GTD" and until is not None:
            self._at(until, lambda: self._end(seat, ticket, until))

    def _end(self, seat: Seat, ticket: Ticket, until: int) -> None:
        if seat.tickets.get(ticket.id) is ticket and ticket.terms.good_till == until:
            seat.remove(ticket.id)
            self._floor.say(Gone(seat.account, ticket.id, "its time is over", self._floor.now, expired=True))


_NOT_WORKING: Refusal = ("unknown_order", "The order is not working at the venue.")


def _wrong_size(seat: Seat, terms: Terms) -> Refusal | None:
    lot = seat.instrument.lot
    if lot is not None and terms.quantity % lot:
        return "lot", f"{terms.quantity} is not a whole number of lots of {lot}."
    return None
