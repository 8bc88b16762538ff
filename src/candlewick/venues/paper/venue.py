"""`PaperVenue`: takes orders of paper accounts, and fills them from the market as the fill core decides.

The shell hands it every market event after the heart has folded it. It keeps no time of its own: an order is
as late as its account's latency after the moment it was sent, by the events' time of receipt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final

from candlewick.core.account import MarginMode
from candlewick.core.events import BookChange, Derivative, Disconnected, MarketEvent, Quote, TimePassed, Trade
from candlewick.core.instrument import Instrument
from candlewick.core.order import Order, Terms
from candlewick.core.reports import LeverageTaken, VenueOrder, VenueState
from candlewick.fills import state
from candlewick.venues.execution import Tell
from candlewick.venues.paper.arrivals import Arrivals
from candlewick.venues.paper.bars import Bars
from candlewick.venues.paper.floor import Floor
from candlewick.venues.paper.funding import Settlements
from candlewick.venues.paper.liquidation import Liquidations
from candlewick.venues.paper.seat import Seat, Ticket
from candlewick.venues.paper.terms import ZERO
from candlewick.venues.paper.views import AccountView, MarketView

VENUE: Final = "paper"


class PaperVenue:
    """The execution venue of paper accounts.

    `bars` is for instruments that are known by bars alone; all others are shown by `on_event`.
    `market` and `accounts` are read at the moment they are needed. What is told is told in order, and what
    follows from it (the heart's answer) may come back while it is being told.
    """

    def __init__(self, market: MarketView, accounts: AccountView) -> None:
        self._floor = Floor(market, accounts)
        self._arrivals = Arrivals(self._floor)
        self._settlements = Settlements(self._floor)
        self._liquidations = Liquidations(self._floor)
        self.bars = Bars(self._floor, self._liquidations)
        self._handlers: dict[type, Callable[[Any], None]] = {
            Trade: self._trade,
            Quote: self._quote,
            BookChange: self._book_change,
            Derivative: self._derivative,
            Disconnected: self._floor.break_off,
            TimePassed: self._time_passed,
        }

    def know(self, instrument: Instrument) -> None:
        """Nothing to note: the market's view knows its instruments."""

    def place(self, order: Order) -> None:
        """Send an order; it arrives after the account's latency."""
        self._arrivals.place(order)

    def cancel(self, order: Order) -> None:
        """Send a cancellation; it arrives after the account's latency."""
        self._arrivals.cancel(order)

    def amend(self, order: Order, terms: Terms) -> None:
        """Send new terms; they arrive after the account's latency."""
        self._arrivals.amend(order, terms)

    def set_leverage(self, account: int, instrument: str, leverage: Decimal, mode: MarginMode) -> None:
        """Take it: what a paper account may have, the heart has weighed."""
        self._floor.say(LeverageTaken(account, instrument, leverage, mode, self._floor.now))
        self._floor.deliver()

    async def state(self, account: int, working: Iterable[Order]) -> VenueState:
        """The orders that the venue has, on their way to it included. What is not among them never came."""
        now = self._floor.now
        arrived = [
            _standing(ticket.id, ticket.terms, now, ticket)
            for seat in self._floor.seats.values()
            if seat.account == account
            for ticket in seat.tickets.values()
        ]
        coming = [_standing(order.id, order.terms, now) for order in self._arrivals.travelling(account)]
        return VenueState(
            account=account,
            venue=VENUE,
            orders=(*arrived, *coming),
            fills=(),
            balances=None,
            positions=None,
            ts=now,
            asked=frozenset(order.id for order in working),
        )

    async def run(self, tell: Tell) -> None:
        """Tell reports until cancelled; those from before are told now."""
        self.listen(tell)
        try:
            await asyncio.Event().wait()
        finally:
            self._floor.listen(None)

    def listen(self, tell: Tell) -> None:
        """Where reports go from here on; those that nobody has heard go there now."""
        self._floor.listen(tell)
        self._floor.deliver()

    def restore(self, orders: Iterable[Order], now: int) -> None:
        """The working orders as the journal has them, after a start; positions are read from the ledger."""
        self._floor.now = max(self._floor.now, now)
        for order in orders:
            self._arrivals.restore(order)
        for account in self._floor.accounts.accounts():
            for holding in self._floor.accounts.positions(account):
                self.position_changed(account, holding.instrument)

    def position_changed(self, account: int, instrument: str) -> None:
        """The ledger has another position than before: what only reduces follows it."""
        floor = self._floor
        self._liquidations.forget(account)
        seat = floor.seats.get((account, instrument))
        if seat is None:
            known = floor.market.instrument(instrument)
            if known is None or known.kind in ("spot", "equity"):
                return  # what has neither margin nor funding needs no watching
            seat = floor.seat(account, instrument)
        if seat is None or floor.is_unheard(seat):
            return
        floor.hold(seat)
        self._settlements.follow(instrument)
        floor.report(seat, seat.stepper.settle())
        floor.deliver()

    def on_event(self, event: MarketEvent) -> None:
        """One market event, after the heart has folded it."""
        floor = self._floor
        if event.ts_received > floor.now:
            floor.now = event.ts_received
            if (due := self._arrivals.next_ns) is not None and due <= floor.now:
                self._arrivals.let_in()
                floor.deliver()
            if (due := self._settlements.next_ns) is not None and due <= floor.now:
                self._settlements.settle()
                floor.deliver()
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)

    def _trade(self, trade: Trade) -> None:
        seats = self._floor.live(trade.instrument)
        if seats is None:
            return
        taker = state.BUY if trade.side == "buy" else state.SELL
        for seat in seats:
            if trade.ts_exchange < seat.printed_ns:
                continue  # it was fetched afterwards: what it did to the book is history
            seat.printed_ns = trade.ts_exchange
            self._floor.report(seat, seat.stepper.trade(trade.price, trade.quantity, taker))
            self._price_moved(seat)
        self._floor.deliver()

    def _book_change(self, change: BookChange) -> None:
        seats = self._floor.live(change.instrument)
        if seats is None:
            return
        book = self._floor.market.book(change.instrument)
        if book is None:
            return
        for seat in seats:
            self._floor.report(seat, seat.stepper.book(book))
        self._floor.deliver()

    def _quote(self, quote: Quote) -> None:
        floor = self._floor
        seats = floor.live(quote.instrument)
        if seats is None:
            return
        has_book = floor.market.book(quote.instrument) is not None
        for seat in seats:
            if not has_book:
                floor.look(seat)
            self._price_moved(seat)
        floor.deliver()

    def _derivative(self, derivative: Derivative) -> None:
        seats = self._floor.live(derivative.instrument)
        if seats is None:
            return
        self._settlements.follow(derivative.instrument)
        for seat in seats:
            self._price_moved(seat)
        self._floor.deliver()

    def _time_passed(self, event: TimePassed) -> None:
        self._floor.leave_idle()

    def _price_moved(self, seat: Seat) -> None:
        """Margins and triggers look at one price, when it is another than before; margins after bookings too.

        Margins first: where the price has jumped past both, a stop would cost more than there is.
        """
        floor = self._floor
        price = floor.trigger_price(seat.instrument)
        if price is None or (price == seat.price and not seat.booked):
            return
        before, seat.price = seat.price, price
        if seat.is_contract and self._liquidations.is_due(seat, before, price):
            floor.deliver()  # margins are the ledger's: it has to have heard all
            self._liquidations.check(seat)
            floor.deliver()
        floor.look_at_price(seat)


def _standing(id: str, terms: Terms, now: int, ticket: Ticket | None = None) -> VenueOrder:
    return VenueOrder(
        order_id=id,
        venue_id=id,
        terms=terms,
        filled=ticket.filled if ticket is not None else ZERO,
        average_price=ticket.average_price if ticket is not None else None,
        status="PARTLY_FILLED" if ticket is not None and ticket.filled else "OPEN",
        ts=now,
    )
