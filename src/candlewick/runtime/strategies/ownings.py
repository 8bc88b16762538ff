"""`Ownings`: what of an account is a strategy's own: its capital, what it holds, what it has earned.

A book of its own, kept by the ledger's own rules: it begins with the strategy's capital, and every fill of
the strategy's orders is booked into it as it is into the account's. It is no second truth: it is made of the
ledger's fills at each start, and can be made again at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from candlewick.core.instrument import Instrument
from candlewick.core.reports import Fill, FundingPaid
from candlewick.ledger.book import Book
from candlewick.ledger.contract import is_spot
from candlewick.ledger.exact import ZERO, share
from candlewick.ledger.position import Position
from candlewick.ledger.trips import RoundTrip
from candlewick.ledger.valuation import Valuation, value
from candlewick.trading.marks import Market


class Record(msgspec.Struct):
    """Closed trades so far. `won` and `lost`: sums of winners' and losers' returns, not below zero."""

    trades: int = 0
    wins: int = 0
    won: float = 0.0
    lost: float = 0.0
    net: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO

    def add(self, trip: RoundTrip) -> None:
        self.trades += 1
        self.net += trip.net
        worth = trip.entry_price * trip.quantity
        part = float(trip.net / worth) if worth else 0.0
        if trip.net > 0:
            self.wins += 1
            self.won += part
        else:
            self.lost -= part


class Ownings:
    """A strategy's part of an account.

    Attributes:
        capital: what it began with, in the account's currency.
        closed: its closed trades.
        last_trip: by instrument, the newest closed trade.
    """

    def __init__(
        self, account: int, currency: str, capital: Decimal, leverage: Decimal, begun_ns: int
    ) -> None:
        self.capital = capital
        self.closed = Record()
        self.last_trip: dict[str, RoundTrip] = {}
        self._trips: dict[str, RoundTrip] = {}  # the newest, open or closed
        self._book = Book(account, currency, leverage=leverage)
        self._book.deposit("capital", currency, capital, begun_ns)
        self._outside: dict[str, Decimal] = {}  # what the account holds beside it, since it began

    def know(self, instrument: Instrument) -> None:
        """What an instrument is."""
        self._book.know(instrument)

    def set_leverage(self, instrument: str, leverage: Decimal) -> None:
        """What holds for a perpetual at the account."""
        self._book.set_leverage(instrument, leverage, "cross")

    def position(self, instrument: str) -> Position | None:
        """What it holds; None: nothing."""
        return self._book.positions.get(instrument)

    def held(self, instrument: str) -> Decimal:
        """How much it holds, negative when short."""
        position = self._book.positions.get(instrument)
        return ZERO if position is None else position.quantity

    def outside(self, instrument: str) -> Decimal:
        """What the account holds of it beside the strategy, since that began; negative when short."""
        return self._outside.get(instrument, ZERO)

    def opened(self, instrument: str) -> Decimal:
        """The most that its position was, unsigned; zero when it has none."""
        trip = self._trips.get(instrument)
        return ZERO if trip is None or trip.status == "closed" else trip.quantity

    def leverage_of(self, instrument: str) -> Decimal:
        return self._book.leverage_of(instrument)[0]

    def take(self, fill: Fill, *, own: bool) -> Decimal:
        """A fill in one of its instruments; answers how much of what it held somebody else has closed by it.

        A fill of others takes from them first: only what goes beyond what the account held beside the
        strategy was the strategy's. So it loses what a person closes by hand, or a venue liquidates.
        """
        if own:
            self._book_fill(fill)
            return ZERO
        signed = fill.quantity if fill.side == "buy" else -fill.quantity
        outside = self._outside.get(fill.instrument, ZERO) + signed
        held = self.held(fill.instrument)
        lost = ZERO
        if outside * held < 0 and signed * held < 0:
            lost = min(abs(outside), abs(held), fill.quantity)
            outside += lost if signed < 0 else -lost
            fee = share(fill.fee, lost, fill.quantity)
            self._book_fill(msgspec.structs.replace(fill, quantity=lost, fee=fee))
        self._outside[fill.instrument] = outside
        return lost

    def fund(self, paid: FundingPaid) -> None:
        """Funding of the account's position: its share is that of its holding."""
        held = self.held(paid.instrument)
        if held and paid.quantity and held * paid.quantity > 0:
            own = share(paid.amount, min(abs(held), abs(paid.quantity)), abs(paid.quantity))
            self._book.funding(msgspec.structs.replace(paid, amount=own))

    def value(self, market: Market) -> Valuation:
        """What it is worth at the marks of now."""
        return value(self._book, market.marks(), venues=market.venues)

    def worth(self, marks: Mapping[str, Decimal]) -> Decimal | None:
        """What it is worth at other marks, by internal id; None where one is missing."""
        return value(self._book, marks).total_value

    def free(self, valuation: Valuation) -> Decimal | None:
        """What of its worth no position binds."""
        if valuation.total_value is None:
            return None
        bound = ZERO
        for position in valuation.positions:
            if position.notional is None:
                return None
            own = self._book.positions[position.instrument]
            bound += position.notional if is_spot(own.instrument) else position.cost / own.leverage
        return valuation.total_value - bound

    def _book_fill(self, fill: Fill) -> None:
        for trip in self._book.fill(fill).trips:
            self._trips[trip.instrument] = trip
            if trip.status == "closed":
                self.closed.add(trip)
                self.last_trip[trip.instrument] = trip
