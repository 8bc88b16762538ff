"""`Floor`: where the seats are, what time it is, and what is to be told."""

from __future__ import annotations

from collections import deque

from candlewick.core.events import Disconnected, Quote
from candlewick.core.instrument import Instrument
from candlewick.core.reports import Fill, Report
from candlewick.fills.state import Action
from candlewick.venues.execution import Tell
from candlewick.venues.paper.seat import Seat, Ticket
from candlewick.venues.paper.terms import ZERO
from candlewick.venues.paper.views import AccountView, MarketView


class Floor:
    """What all parts of the paper venue share.

    Attributes:
        now: time of receipt of the newest event, or of the newest command, ns.
        seats: by account and instrument, in order of first need.
        bars: of what is known by bars alone, the price of the one at work; NaN: its range is over.
    """

    def __init__(self, market: MarketView, accounts: AccountView) -> None:
        self.market = market
        self.accounts = accounts
        self.now = 0
        self.seats: dict[tuple[int, str], Seat] = {}
        self.bars: dict[str, float] = {}
        self._of_instrument: dict[str, list[Seat]] = {}
        self._untold: deque[Report] = deque()
        self._tell: Tell | None = None
        self._telling = False
        self._broken: dict[str, int] = {}

    def live(self, instrument: str) -> list[Seat] | None:
        """Seats of an instrument whose data can be stood behind; None where there is nothing to do."""
        seats = self._of_instrument.get(instrument)
        if seats is None or not self.market.is_fresh(instrument):
            return None
        return seats

    def seat(self, account: int, instrument: str) -> Seat | None:
        """The account's seat, made if need be; None: nobody knows the instrument."""
        key = (account, instrument)
        seat = self.seats.get(key)
        if seat is None:
            known = self.market.instrument(instrument)
            if known is None:
                return None
            seat = self.seats[key] = Seat(account, known, self.accounts.settings(account))
            quote = self.market.quote(instrument)
            if quote is not None:
                seat.printed_ns = quote.ts_exchange
            self._of_instrument[instrument] = [*self._of_instrument.get(instrument, ()), seat]
        return seat

    def seats_of(self, instrument: str) -> list[Seat]:
        """Every seat of an instrument."""
        return self._of_instrument.get(instrument, [])

    def leave_idle(self) -> None:
        """Give up the seats that have no order, no position and no memory of what they took."""
        for (account, instrument), seat in tuple(self.seats.items()):
            if seat.is_idle and self.accounts.position(account, instrument) is None:
                del self.seats[account, instrument]
                left = [each for each in self._of_instrument[instrument] if each is not seat]
                if left:
                    self._of_instrument[instrument] = left
                else:
                    del self._of_instrument[instrument]

    def hold(self, seat: Seat) -> None:
        """Take the position and the settings from the ledger."""
        seat.take_settings(self.accounts.settings(seat.account))
        holding = self.accounts.position(seat.account, seat.instrument.id)
        seat.hold(holding.quantity if holding is not None else ZERO)

    def trigger_price(self, instrument: Instrument) -> float | None:
        """The price that sets off orders: the mark of perpetuals and futures, the last trade of all else."""
        if instrument.kind in ("perp", "future"):
            return self.market.mark(instrument.id)
        return self.market.last(instrument.id)

    def break_off(self, event: Disconnected) -> None:
        """A connection is lost: quotes from before it came back are worth nothing."""
        for name in event.instruments or (event.venue,):
            self._broken[name] = event.ts_received

    def quote(self, instrument: str) -> Quote | None:
        """Best bid and ask; None where they are unknown, from before the connection broke, or crossed."""
        quote = self.market.quote(instrument)
        if quote is None or quote.bid > quote.ask:
            return None
        broken = self._broken
        if broken:
            venue = instrument.partition(":")[0]
            if quote.ts_received <= max(broken.get(instrument, 0), broken.get(venue, 0)):
                return None
        return quote

    def look_at_price(self, seat: Seat) -> None:
        """Let the core see the price that sets off orders; what it sets off meets the book at once."""
        if not seat.stepper.waits or seat.instrument.id in self.bars:
            return
        price = self.trigger_price(seat.instrument)
        if price is not None:
            seat.take_settings(self.accounts.settings(seat.account))
            actions = seat.stepper.price(price)
            for report in seat.trailed(self.now):
                self.say(report)
            if actions:
                self.report(seat, actions)
                self.look(seat)

    def look(self, seat: Seat) -> None:
        """Let the core see the book, or the quote where there is no whole book."""
        self.report(seat, self._meet(seat))

    def force(self, seat: Seat, ticket: Ticket) -> list[Fill]:
        """Have an order of the venue's own take what it can at once; nothing of it stays."""
        seat.take_settings(self.accounts.settings(seat.account))
        seat.add(ticket)
        reports = [*seat.reports(self._meet(seat), self.now)]
        if ticket.id in seat.tickets:
            seat.remove(ticket.id)
        return [report for report in reports if isinstance(report, Fill)]

    def _meet(self, seat: Seat) -> list[Action]:
        id = seat.instrument.id
        if not self.market.is_fresh(id):
            return []
        bar = self.bars.get(id)
        if bar is not None:
            return seat.stepper.open(bar) if bar == bar else []  # NaN: it waits for the next bar
        book = self.market.book(id)
        if book is not None:
            return seat.stepper.book(book)
        quote = self.quote(id)
        if quote is None:
            return []
        return seat.stepper.quote(quote.bid, quote.bid_quantity, quote.ask, quote.ask_quantity)

    def report(self, seat: Seat, actions: list[Action]) -> None:
        """Have told what the core did."""
        if actions:
            seat.take_settings(self.accounts.settings(seat.account))
            self._untold.extend(seat.reports(actions, self.now))

    def say(self, report: Report) -> None:
        """Have something told."""
        self._untold.append(report)

    def is_unheard(self, seat: Seat) -> bool:
        """Whether the ledger is yet to hear of fills: until then the core alone knows the position."""
        return any(
            isinstance(report, Fill)
            and report.account == seat.account
            and report.instrument == seat.instrument.id
            for report in self._untold
        )

    def listen(self, tell: Tell | None) -> None:
        """Where reports go; None: they are kept until somebody listens."""
        self._tell = tell

    def deliver(self) -> None:
        """Tell what is untold, in order. What is told may bring new orders while this goes on."""
        if self._telling or self._tell is None:
            return
        self._telling = True
        try:
            while self._untold:
                self._tell(self._untold.popleft())
        finally:
            self._telling = False
