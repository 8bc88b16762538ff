"""`PaperVenue`: takes orders of paper accounts, and fills them from the market as the fill core decides.

The shell hands it every market event after the heart has folded it. It keeps no time of its own: an order is
as late as its account's latency after the moment it was sent, by the events' time of receipt.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from typing import Any, Final

from msgspec.structs import replace

from candlewick.core.clock import NS_PER_MS
from candlewick.core.events import BookChange, Derivative, MarketEvent, Quote, Trade
from candlewick.core.instrument import Instrument
from candlewick.core.order import InFlight, Order, Terms
from candlewick.core.reports import (
    Accepted,
    Amended,
    AmendRefused,
    CancelRefused,
    Gone,
    Refused,
    Report,
    VenueOrder,
    VenueState,
)
from candlewick.fills import state
from candlewick.fills.state import Action
from candlewick.venues.execution import Tell
from candlewick.venues.paper import terms as convert
from candlewick.venues.paper.seat import Seat, Ticket
from candlewick.venues.paper.views import AccountView, MarketView

VENUE: Final = "paper"

Arrival = Callable[[], None]


class PaperVenue:
    """The execution venue of paper accounts.

    `market` and `accounts` are read at the moment they are needed. What is told is told in order, and what
    follows from it (the heart's answer) may come back while it is being told.
    """

    def __init__(self, market: MarketView, accounts: AccountView) -> None:
        self._market = market
        self._accounts = accounts
        self._now = 0
        self._seats: dict[tuple[int, str], Seat] = {}
        self._of_instrument: dict[str, list[Seat]] = {}
        self._known: set[tuple[int, str]] = set()
        self._due: list[tuple[int, int, Arrival]] = []
        self._sequence = 0
        self._untold: deque[Report] = deque()
        self._tell: Tell | None = None
        self._telling = False
        self._printed: dict[str, int] = {}
        self._handlers: dict[type, Callable[[Any], None]] = {
            Trade: self._trade,
            Quote: self._quote,
            BookChange: self._book_change,
            Derivative: self._derivative,
        }

    # What the shell asks

    def know(self, instrument: Instrument) -> None:
        """Nothing to note: the market's view knows its instruments."""

    def place(self, order: Order) -> None:
        """Send an order; it arrives after the account's latency."""
        known = (order.account, order.id)
        if known in self._known:
            return
        self._known.add(known)
        self._send(order, lambda: self._arrive(order))

    def cancel(self, order: Order) -> None:
        """Send a cancellation; it arrives after the account's latency."""
        self._send(order, lambda: self._cancel(order))

    def amend(self, order: Order, terms: Terms) -> None:
        """Send new terms; they arrive after the account's latency."""
        self._send(order, lambda: self._amend(order, terms))

    async def state(self, account: int, working: Iterable[Order]) -> VenueState:
        """The working orders that the venue has. What is not among them never came here."""
        return VenueState(
            account=account,
            venue=VENUE,
            orders=tuple(
                VenueOrder(
                    order_id=ticket.id,
                    venue_id=ticket.id,
                    terms=ticket.terms,
                    filled=ticket.filled,
                    average_price=ticket.average_price,
                    status="PARTLY_FILLED" if ticket.filled else "OPEN",
                    ts=self._now,
                )
                for seat in self._seats.values()
                if seat.account == account
                for ticket in seat.tickets.values()
            ),
            fills=(),
            balances=None,
            positions=None,
            ts=self._now,
        )

    async def run(self, tell: Tell) -> None:
        """Tell reports until cancelled; those from before are told now."""
        self.listen(tell)
        try:
            await asyncio.Event().wait()
        finally:
            self._tell = None

    def listen(self, tell: Tell) -> None:
        """Where reports go from here on; those that nobody has heard go there now."""
        self._tell = tell
        self._deliver()

    def restore(self, orders: Iterable[Order], now: int) -> None:
        """The working orders as the journal has them, after a start. Those in flight never arrived."""
        self._now = max(self._now, now)
        for order in orders:
            if isinstance(order.state, InFlight) or (order.account, order.id) in self._known:
                continue
            self._known.add((order.account, order.id))
            seat = self._seat(order.account, order.terms.instrument)
            if seat is None:
                continue  # its instrument is gone: `state` does not name it, and the heart ends it
            ticket = Ticket(
                order.id, order.terms, order.filled, order.average_price, order.triggered_at is not None
            )
            rests = order.terms.limit_price is not None and (
                ticket.triggered or not order.terms.is_conditional
            )
            seat.add(ticket, stage=state.RESTING if rests else None)
            self._expire_in_time(seat, ticket)

    def position_changed(self, account: int, instrument: str) -> None:
        """The ledger has another position than before: what only reduces follows it."""
        seat = self._seats.get((account, instrument))
        if seat is not None:
            self._hold(seat)
            self._report(seat, seat.stepper.settle())
            self._deliver()

    # What the market says

    def on_event(self, event: MarketEvent) -> None:
        """One market event, after the heart has folded it."""
        if event.ts_received > self._now:
            self._now = event.ts_received
            if self._due and self._due[0][0] <= self._now:
                self._let_arrive()
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)

    def _trade(self, trade: Trade) -> None:
        seats = self._of_instrument.get(trade.instrument)
        if seats is None or not self._market.is_fresh(trade.instrument):
            return
        if trade.ts_exchange < self._printed.get(trade.instrument, 0):
            return  # it was fetched afterwards: what it did to the book is history
        self._printed[trade.instrument] = trade.ts_exchange
        taker = state.BUY if trade.side == "buy" else state.SELL
        by_last = self._triggers_by_last(seats[0].instrument)
        for seat in tuple(seats):
            self._report(seat, seat.stepper.trade(trade.price, trade.quantity, taker))
            if by_last:
                self._look_at_price(seat, trade.price)
        self._deliver()

    def _book_change(self, change: BookChange) -> None:
        seats = self._of_instrument.get(change.instrument)
        if seats is None or not self._market.is_fresh(change.instrument):
            return
        book = self._market.book(change.instrument)
        if book is None:
            return
        for seat in tuple(seats):
            self._report(seat, seat.stepper.book(book))
        self._deliver()

    def _quote(self, quote: Quote) -> None:
        seats = self._of_instrument.get(quote.instrument)
        if seats is None or not self._market.is_fresh(quote.instrument):
            return
        for seat in tuple(seats):
            self._look(seat)
        self._deliver()

    def _derivative(self, derivative: Derivative) -> None:
        seats = self._of_instrument.get(derivative.instrument)
        if seats is None or not self._market.is_fresh(derivative.instrument):
            return
        mark = self._market.mark(derivative.instrument)
        if mark is not None and not self._triggers_by_last(seats[0].instrument):
            for seat in tuple(seats):
                self._look_at_price(seat, mark)
        self._deliver()

    # What arrives

    def _send(self, order: Order, arrival: Arrival) -> None:
        now = max(self._now, order.updated_at)
        due = now + self._accounts.settings(order.account).latency_ms * NS_PER_MS
        self._at(due, arrival)
        if due <= now:
            self._now = now
            self._let_arrive()

    def _at(self, due: int, arrival: Arrival) -> None:
        self._sequence += 1
        heappush(self._due, (due, self._sequence, arrival))

    def _let_arrive(self) -> None:
        while self._due and self._due[0][0] <= self._now:
            heappop(self._due)[2]()
        self._deliver()

    def _arrive(self, order: Order) -> None:
        seat = self._seat(order.account, order.terms.instrument)
        refusal = self._refusal(order, seat)
        if refusal is not None or seat is None:
            code, reason = refusal or ("", "")
            self._untold.append(Refused(order.account, order.id, code, reason, self._now))
            return
        self._untold.append(Accepted(order.account, order.id, order.id, self._now))
        ticket = Ticket(order.id, order.terms, order.filled, order.average_price, triggered=False)
        self._hold(seat)
        seat.add(ticket)
        self._expire_in_time(seat, ticket)
        if order.terms.is_conditional:
            price = self._trigger_price(seat.instrument)
            if price is not None:
                self._look_at_price(seat, price)
        else:
            self._look(seat)

    def _refusal(self, order: Order, seat: Seat | None) -> tuple[str, str] | None:
        id, terms = order.terms.instrument, order.terms
        if seat is None:
            return "unknown_symbol", f"The paper venue does not know {id}."
        lot = seat.instrument.lot
        if lot is not None and terms.quantity % lot:
            return "lot", f"{terms.quantity} is not a whole number of lots of {lot}."
        has_price = self._market.book(id) is not None or self._market.quote(id) is not None
        if not self._market.is_fresh(id) or not has_price:
            return "no_market_data", f"There is no live book or quote of {id} to trade against."
        if terms.good_till is not None and terms.good_till <= self._now:
            return "good_till", "The order's time was over before it arrived."
        return None

    def _cancel(self, order: Order) -> None:
        seat = self._seats.get((order.account, order.terms.instrument))
        if seat is None or order.id not in seat.tickets:
            self._untold.append(
                CancelRefused(
                    order.account, order.id, "unknown_order", "The order is not working at the venue.",
                    self._now, unknown=True,
                )
            )  # fmt: skip
            return
        seat.remove(order.id)
        self._untold.append(Gone(order.account, order.id, "cancelled", self._now))

    def _amend(self, order: Order, terms: Terms) -> None:
        seat = self._seats.get((order.account, order.terms.instrument))
        ticket = seat.tickets.get(order.id) if seat is not None else None
        refusal = self._amend_refusal(seat, ticket, terms)
        if refusal is not None or seat is None or ticket is None:
            code, reason = refusal or ("", "")
            self._untold.append(AmendRefused(order.account, order.id, code, reason, self._now))
            return
        only_smaller = terms.quantity <= ticket.terms.quantity and (
            replace(terms, quantity=ticket.terms.quantity) == ticket.terms
        )
        ticket.terms = terms
        self._untold.append(Amended(order.account, order.id, terms, self._now))
        if only_smaller:
            seat.shrink(ticket)
            return
        seat.replace(ticket)
        self._look(seat)

    def _amend_refusal(
        self, seat: Seat | None, ticket: Ticket | None, terms: Terms
    ) -> tuple[str, str] | None:
        if seat is None or ticket is None:
            return "unknown_order", "The order is not working at the venue."
        if terms.quantity <= ticket.filled:
            return "quantity", f"{ticket.filled} is filled already; cancel the order to end it."
        lot = seat.instrument.lot
        if lot is not None and terms.quantity % lot:
            return "lot", f"{terms.quantity} is not a whole number of lots of {lot}."
        return None

    def _expire_in_time(self, seat: Seat, ticket: Ticket) -> None:
        if ticket.terms.time_in_force == "GTD" and ticket.terms.good_till is not None:
            self._at(ticket.terms.good_till, lambda: self._expire(seat, ticket))

    def _expire(self, seat: Seat, ticket: Ticket) -> None:
        if seat.tickets.get(ticket.id) is not ticket:
            return
        seat.remove(ticket.id)
        self._untold.append(Gone(seat.account, ticket.id, "its time is over", self._now, expired=True))

    # What follows

    def _seat(self, account: int, instrument: str) -> Seat | None:
        key = (account, instrument)
        seat = self._seats.get(key)
        if seat is None:
            known = self._market.instrument(instrument)
            if known is None:
                return None
            seat = self._seats[key] = Seat(account, known, self._accounts.settings(account))
            self._of_instrument.setdefault(instrument, []).append(seat)
        return seat

    def _hold(self, seat: Seat) -> None:
        seat.take_settings(self._accounts.settings(seat.account))
        holding = self._accounts.position(seat.account, seat.instrument.id)
        seat.hold(holding.quantity if holding is not None else convert.ZERO)

    def _look_at_price(self, seat: Seat, price: float) -> None:
        """The price that triggers look at is `price`; what it sets off meets the book at once."""
        actions = seat.stepper.price(price)
        if actions:
            self._report(seat, actions)
            self._look(seat)

    def _look(self, seat: Seat) -> None:
        """Let the core see the book, or the quote where there is no whole book."""
        id = seat.instrument.id
        if not seat.tickets or not self._market.is_fresh(id):
            return
        book = self._market.book(id)
        if book is not None:
            self._report(seat, seat.stepper.book(book))
            return
        quote = self._market.quote(id)
        if quote is not None:
            self._report(
                seat, seat.stepper.quote(quote.bid, quote.bid_quantity, quote.ask, quote.ask_quantity)
            )

    def _triggers_by_last(self, instrument: Instrument) -> bool:
        """Perpetuals and futures trigger on the mark, while there is one; all else on the last trade."""
        return instrument.kind not in ("perp", "future") or self._market.mark(instrument.id) is None

    def _trigger_price(self, instrument: Instrument) -> float | None:
        if self._triggers_by_last(instrument):
            return self._market.last(instrument.id)
        return self._market.mark(instrument.id)

    def _report(self, seat: Seat, actions: list[Action]) -> None:
        if actions:
            self._untold.extend(seat.reports(actions, self._now))

    def _deliver(self) -> None:
        """Tell what is untold, in order. What is told may bring new orders while this goes on."""
        if self._telling or self._tell is None:
            return
        self._telling = True
        try:
            while self._untold:
                self._tell(self._untold.popleft())
        finally:
            self._telling = False
