"""`Seat`: one account's orders in one instrument, between the venue's Decimals and the core's arrays."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from candlewick.core.instrument import Instrument
from candlewick.core.order import Terms
from candlewick.core.reports import Amended, Fill, Gone, Liquidity, Report, Triggered
from candlewick.fills import state
from candlewick.fills.state import Action
from candlewick.ledger.contract import is_spot
from candlewick.trading.settings import AccountSettings
from candlewick.venues.paper import terms as convert

REASONS: Final = {
    state.NO_LIQUIDITY: "no more liquidity in the book",
    state.NOT_AT_ONCE: "not filled at once",
    state.WOULD_TRADE: "post-only, and it would trade",
    state.NOTHING_TO_REDUCE: "reduce-only, and there is nothing left to reduce",
}

ROUNDING: Final = Decimal("1e-9")
"""How far the core's float may be from the Decimal it stands for, where quantities are no whole lots."""
TOLD_EVERY: Final = 10
"""A trailing stop's best price is told, and so kept, this many times on a way as long as its distance."""


class Ticket:
    """An order that the venue has."""

    __slots__ = ("filled", "id", "spent", "terms", "triggered")

    def __init__(
        self, id: str, terms: Terms, filled: Decimal, average: Decimal | None, triggered: bool
    ) -> None:
        self.id = id
        self.terms = terms
        self.filled = filled
        self.spent = filled * average if average is not None else Decimal(0)
        self.triggered = triggered

    @property
    def average_price(self) -> Decimal | None:
        """Mean price of what is filled; None: nothing is."""
        return self.spent / self.filled if self.filled else None


class Seat:
    """Orders of one account in one instrument.

    Attributes:
        tickets: the working orders by id, in order of arrival.
        price: what triggers and margins were looked at last; None: nothing yet.
        printed_ns: the venue's time of the newest trade that counted here; older ones come too late.
        booked: something of the account was booked since its margin was looked at last.
        size, answers: of a contract, when its margin was looked at last: how much is held (in quote where it
            is inverse), and what answers for it: a currency (cross), or it alone (isolated).
    """

    def __init__(self, account: int, instrument: Instrument, settings: AccountSettings) -> None:
        self.account = account
        self.instrument = instrument
        self.tickets: dict[str, Ticket] = {}
        # The compiler comes with the first order, not with the engine's start.
        from candlewick.fills.stepper import Stepper

        self.stepper = Stepper(convert.rules_of(instrument, settings))
        self.price: float | None = None
        self.printed_ns = 0
        self.booked = False
        self.size = 0.0
        self.answers = ""
        self._settings = settings

    @property
    def is_contract(self) -> bool:
        """Whether what is held here has margin, funding and an end."""
        return not is_spot(self.instrument)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing here to remember."""
        return not self.tickets and self.stepper.is_idle

    def take_settings(self, settings: AccountSettings) -> None:
        """Fees and slippage from here on."""
        if settings is not self._settings:
            self._settings = settings
            self.stepper.set_rules(convert.rules_of(self.instrument, settings))

    def hold(self, quantity: Decimal) -> None:
        """What the account holds, as the ledger says."""
        sign = -1.0 if quantity < 0 else 1.0
        self.stepper.position = sign * convert.in_units(abs(quantity), self.instrument)

    def add(self, ticket: Ticket, *, stage: int | None = None) -> None:
        """Put an order before the core; it acts with the next step."""
        terms = ticket.terms
        if ticket.triggered and stage is None:
            stage = state.ARRIVING
        self.tickets[ticket.id] = ticket
        self.stepper.add(
            ticket.id,
            side=convert.side_of(terms),
            kind=convert.KINDS[terms.order_type],
            quantity=convert.in_units(terms.quantity, self.instrument),
            filled=convert.in_units(ticket.filled, self.instrument),
            limit=convert.number(terms.limit_price),
            stop=convert.number(terms.stop_price),
            trail=convert.number(terms.trail),
            trail_rate=float((terms.trail_percent or Decimal(0)) / convert.PERCENT),
            tif=convert.TIFS[terms.time_in_force],
            post_only=terms.post_only,
            reduce_only=terms.reduce_only,
            stage=stage,
        )
        if terms.trailed is not None:
            self.stepper.set_best(ticket.id, float(terms.trailed))

    def shrink(self, ticket: Ticket) -> None:
        """The order asks for less than before, and keeps its place."""
        self.stepper.resize(ticket.id, convert.in_units(ticket.terms.quantity, self.instrument))

    def renew(self, ticket: Ticket) -> None:
        """The order has other terms than before, and goes to the end of its queue."""
        best = self.stepper.best(ticket.id)
        self.stepper.remove(ticket.id)
        del self.tickets[ticket.id]
        self.add(ticket)
        self.stepper.set_best(ticket.id, best)

    def remove(self, id: str) -> Ticket:
        """Take an order out."""
        self.stepper.remove(id)
        return self.tickets.pop(id)

    def trailed(self, ts: int) -> Iterator[Amended]:
        """How far trailing stops have come, each time that is a tenth of their distance further."""
        for ticket in self.tickets.values():
            terms = ticket.terms
            if terms.order_type != "trailing_stop" or ticket.triggered:
                continue
            best = self.stepper.best(ticket.id)
            if math.isnan(best):
                continue
            price = convert.price_of(self.instrument, best)
            distance = terms.trail or price * (terms.trail_percent or convert.ZERO) / convert.PERCENT
            if terms.trailed is None or abs(price - terms.trailed) * TOLD_EVERY >= distance:
                ticket.terms = replace(terms, trailed=price)
                yield Amended(self.account, ticket.id, ticket.terms, ts)

    def reports(self, actions: list[Action], ts: int) -> Iterator[Report]:
        """What the core did, as the venue tells it."""
        for action in actions:
            ticket = self.tickets[action.order]
            if action.what == state.FILLED:
                yield self._fill(ticket, action, ts)
            elif action.what == state.TRIGGERED:
                ticket.triggered = True
                price = convert.price_of(self.instrument, action.price)
                yield Triggered(self.account, ticket.id, price, ts)
            else:
                del self.tickets[ticket.id]
                yield Gone(self.account, ticket.id, REASONS[action.reason], ts, expired=True)

    def take_over(self, ticket: Ticket, price: Decimal, ts: int) -> Fill:
        """The venue itself takes what is left of an order."""
        left = ticket.terms.quantity - ticket.filled
        side = convert.side_of(ticket.terms)
        self.stepper.position += side * convert.in_units(left, self.instrument)
        return self._made(ticket, price, left, "taker", ts)

    def _fill(self, ticket: Ticket, action: Action, ts: int) -> Fill:
        price = convert.price_of(self.instrument, action.price)
        quantity = convert.out_of_units(action.quantity, self.instrument)
        left = ticket.terms.quantity - ticket.filled
        if self.instrument.lot is None and abs(left - quantity) <= left * ROUNDING:
            quantity = left  # the last of it: exactly what was left
        if quantity == left:
            del self.tickets[ticket.id]
        return self._made(ticket, price, quantity, "maker" if action.maker else "taker", ts)

    def _made(self, ticket: Ticket, price: Decimal, quantity: Decimal, liquidity: Liquidity, ts: int) -> Fill:
        fees = convert.fees_of(self.instrument, self._settings)
        rate = fees.maker if liquidity == "maker" else fees.taker
        fee, currency = convert.fee_of(self.instrument, price, quantity, rate)
        ticket.filled += quantity
        ticket.spent += price * quantity
        return Fill(
            account=self.account,
            # What is filled by then names the fill: it repeats in a replay and goes on after a restart.
            id=f"p-{ticket.id}-{ticket.filled.normalize():f}",
            order_id=ticket.id,
            instrument=self.instrument.id,
            side=ticket.terms.side,
            price=price,
            quantity=quantity,
            fee=fee,
            fee_currency=currency,
            liquidity=liquidity,
            ts=ts,
        )
