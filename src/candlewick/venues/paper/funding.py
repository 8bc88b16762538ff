"""`Settlements`: perpetuals' funding, paid at the venue's hours."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from candlewick.core.instrument import Instrument
from candlewick.core.reports import FundingPaid
from candlewick.ledger.contract import settles_in, worth
from candlewick.venues.paper.floor import Floor


class Coming(NamedTuple):
    """A settlement as the venue announced it."""

    rate: float
    at_ns: int


class Settlements:
    """Remembers what each coming settlement will cost; once its time is over the venue speaks of the next.

    A settlement is paid on the first event after its time: at the rate announced last before it, and at the
    mark of that event. One that fell due while nothing ran is paid from the venue's history after the start
    (`runtime/accounts/arrears`).

    Attributes:
        next_ns: when the first of them is due; None: none is known.
    """

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._coming: dict[str, Coming] = {}
        self.next_ns: int | None = None

    def follow(self, instrument: str) -> None:
        """Somebody holds the instrument: what is announced of it counts from here on."""
        announced = self._floor.market.funding(instrument)
        if announced is not None and announced[1] > self._floor.now:
            self._coming[instrument] = Coming(*announced)
            self.next_ns = min(each.at_ns for each in self._coming.values())

    def settle(self) -> None:
        """Pay what is due by now."""
        for instrument, coming in tuple(self._coming.items()):
            if coming.at_ns <= self._floor.now:
                del self._coming[instrument]
                self._pay(instrument, coming)
                self.follow(instrument)
        self.next_ns = min((each.at_ns for each in self._coming.values()), default=None)

    def _pay(self, id: str, coming: Coming) -> None:
        floor = self._floor
        mark = floor.market.mark(id)
        if mark is None:
            return
        rate, at = Decimal(repr(coming.rate)), Decimal(repr(mark))
        for seat in floor.seats_of(id):
            holding = floor.accounts.position(seat.account, id)
            if holding is None or not holding.quantity:
                continue
            floor.say(
                paid(seat.account, seat.instrument, holding.quantity, rate, at, coming.at_ns, floor.now)
            )


def paid(
    account: int, instrument: Instrument, quantity: Decimal, rate: Decimal, mark: Decimal, at_ns: int, ts: int
) -> FundingPaid:
    """What a settlement at `at_ns` comes to for a position: a long pays a rate above zero."""
    return FundingPaid(
        account=account,
        id=str(at_ns),
        instrument=instrument.id,
        rate=rate,
        mark=mark,
        quantity=quantity,
        amount=-rate * worth(instrument, quantity, mark),
        currency=settles_in(instrument),
        ts=ts,
    )
