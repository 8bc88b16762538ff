"""An account as a child would keep it, and a venue that does what it is told: what the heart is held against.

The account is a list of what happened, in fractions. Nothing is folded: each question adds up the whole list.
Profit is not told apart from cash. Whatever was bought was paid for, whatever is held is worth its mark, and
equity is what is left; so it shares no formula with the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from msgspec.structs import replace

from candlewick.core.instrument import Instrument
from candlewick.core.order import Order, Terms
from candlewick.core.reports import (
    Accepted,
    Amended,
    AmendRefused,
    CancelRefused,
    Fill,
    FundingPaid,
    Gone,
    Refused,
    Report,
    VenueOrder,
    VenueState,
)


@dataclass
class SlowAccount:
    """Everything that happened, oldest first."""

    deposits: list[Decimal] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    funding: list[FundingPaid] = field(default_factory=list)

    def quantity(self, instrument: Instrument) -> Fraction:
        """What is held: all that was bought less all that was sold, and less what fees took in kind."""
        held = Fraction(0)
        for fill in self.fills:
            if fill.instrument == instrument.id:
                held += Fraction(fill.quantity) if fill.side == "buy" else -Fraction(fill.quantity)
                if instrument.kind == "spot" and fill.fee_currency == instrument.base:
                    held -= Fraction(fill.fee)
        return held

    def equity(self, instruments: dict[str, Instrument], marks: dict[str, Decimal]) -> Fraction:
        """Deposits, less all that was paid, plus what is held at its mark; in USDT, everything is linear."""
        total = sum((Fraction(each) for each in self.deposits), Fraction(0))
        total += sum((Fraction(each.amount) for each in self.funding), Fraction(0))
        for fill in self.fills:
            worth = Fraction(fill.quantity) * Fraction(fill.price)
            total += -worth if fill.side == "buy" else worth
            if fill.fee_currency == "USDT":
                total -= Fraction(fill.fee)
        for id in {fill.instrument for fill in self.fills}:
            held = self.quantity(instruments[id])
            if held:
                total += held * Fraction(marks[id])
        return total

    def cash(self, instruments: dict[str, Instrument]) -> Fraction:
        """USDT, when nothing but spot was ever traded."""
        spot_only = [fill for fill in self.fills if instruments[fill.instrument].kind == "spot"]
        assert len(spot_only) == len(self.fills)
        return self.equity(instruments, dict.fromkeys(instruments, Decimal(0)))


@dataclass
class VenueSide:
    """An order as its venue has it."""

    order: Order
    terms: Terms
    filled: Decimal = Decimal(0)
    status: str = "OPEN"

    @property
    def is_live(self) -> bool:
        return self.status in ("OPEN", "PARTLY_FILLED")


class SlowVenue:
    """Carries out what it is sent, in the order it is sent, and says so, sooner or later.

    Attributes:
        inbox: what was sent and not yet looked at.
        outbox: what it said and nobody heard yet.
        account: what happened, whether it was heard or not.
    """

    def __init__(self, account: int) -> None:
        self.number = account
        self.account = SlowAccount()
        self.orders: dict[str, VenueSide] = {}
        self.inbox: list[tuple[str, Order, Terms | None]] = []
        self.outbox: list[Report] = []
        self.said: list[Report] = []
        self._fills = 0

    def live(self) -> list[VenueSide]:
        return [each for each in self.orders.values() if each.is_live]

    def look(self, ts: int, *, refuses: bool) -> None:
        """Deal with the oldest thing that was sent."""
        what, order, terms = self.inbox.pop(0)
        known = self.orders.get(order.id)
        if what == "place":
            if known is None:
                self._take(order, ts, refuses=refuses)
        elif what == "cancel":
            self._cancel(order.id, known, ts, refuses=refuses)
        else:
            assert terms is not None
            self._amend(order.id, known, terms, ts, refuses=refuses)

    def _take(self, order: Order, ts: int, *, refuses: bool) -> None:
        if refuses:
            self._say(Refused(self.number, order.id, "busy", "not now", ts))
        else:
            self.orders[order.id] = VenueSide(order, order.terms)
            self._say(Accepted(self.number, order.id, f"v-{order.id}", ts))

    def _cancel(self, id: str, known: VenueSide | None, ts: int, *, refuses: bool) -> None:
        if known is None:
            self._say(CancelRefused(self.number, id, "unknown", "no such order", ts, unknown=True))
        elif refuses or not known.is_live:
            self._say(CancelRefused(self.number, id, "no", "not now", ts))
        else:
            known.status = "CANCELLED"
            self._say(Gone(self.number, id, "cancelled", ts))

    def _amend(self, id: str, known: VenueSide | None, terms: Terms, ts: int, *, refuses: bool) -> None:
        if refuses or known is None or not known.is_live or terms.quantity <= known.filled:
            self._say(AmendRefused(self.number, id, "no", "not now", ts))
        else:
            known.terms = terms
            self._say(Amended(self.number, id, terms, ts))

    def fill(self, side: VenueSide, lots: int, price: Decimal, instrument: Instrument, ts: int) -> None:
        """Trade so many lots of a live order, or what is left of it. Who buys a coin pays the fee with it."""
        lot = instrument.lot or Decimal(1)
        in_kind = instrument.kind == "spot" and side.terms.side == "buy"
        remaining = side.terms.quantity - side.filled
        quantity = min(lots * lot, remaining)
        side.filled += quantity
        side.status = "FILLED" if side.filled >= side.terms.quantity else "PARTLY_FILLED"
        self._say(
            Fill(
                account=self.number,
                id=self.next_fill(),
                order_id=side.order.id,
                instrument=side.terms.instrument,
                side=side.terms.side,
                price=price,
                quantity=quantity,
                fee=(quantity if in_kind else quantity * price) * Decimal("0.001"),
                fee_currency=instrument.base if in_kind else "USDT",
                liquidity="taker",
                ts=ts,
            )
        )

    def next_fill(self) -> str:
        """The number of a fill: as venues count, whoever traded."""
        self._fills += 1
        return f"f{self._fills}"

    def expire(self, side: VenueSide, ts: int) -> None:
        side.status = "EXPIRED"
        self._say(Gone(self.number, side.order.id, "its time was over", ts, expired=True))

    def pay_funding(self, instrument: str, quantity: Decimal, mark: Decimal, ts: int) -> None:
        self._say(
            FundingPaid(
                account=self.number,
                id=str(ts),
                instrument=instrument,
                rate=Decimal("0.0001"),
                mark=mark,
                quantity=quantity,
                amount=-quantity * mark * Decimal("0.0001"),
                currency="USDT",
                ts=ts,
            )
        )

    def state(self, asked: frozenset[str], ts: int) -> VenueState:
        """All it has, and what became of what it is asked about."""
        return VenueState(
            account=self.number,
            venue="sim",
            orders=tuple(
                VenueOrder(
                    order_id=id,
                    venue_id=f"v-{id}",
                    terms=side.terms,
                    filled=side.filled,
                    average_price=None,
                    status=side.status,  # type: ignore[arg-type]
                    ts=ts,
                )
                for id, side in self.orders.items()
            ),
            fills=tuple(replace(fill) for fill in self.account.fills),
            balances=None,
            positions=None,
            asked=asked,
            ts=ts,
        )

    def _say(self, report: Report) -> None:
        self.outbox.append(report)
        self.said.append(report)
        if isinstance(report, Fill):
            self.account.fills.append(report)
        elif isinstance(report, FundingPaid):
            self.account.funding.append(report)
