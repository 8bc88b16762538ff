"""One account's book: the fold of its transactions, fills and funding into balances, positions and totals.

Every method that moves money returns the transaction with its postings, and applies exactly these; what the
book accounts mean and the sign of each stands in docs/accounting.md. Sums and products are exact: inside
`exact()` an operation that would round raises. What was booked already is not known here: who calls sees to
it that a fill comes once.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import msgspec

from candlewick.core.account import LotMethod, MarginMode
from candlewick.core.errors import UnknownSymbol, UsageError
from candlewick.core.instrument import Instrument
from candlewick.core.reports import Fill, FundingPaid
from candlewick.ledger.booked import Booked, BookState
from candlewick.ledger.contract import gain, is_spot, settles_in, worth
from candlewick.ledger.exact import BOOKABLE, ONE, ZERO, exact, is_bookable, share
from candlewick.ledger.fault import Fault
from candlewick.ledger.position import Position
from candlewick.ledger.posting import Posting, Transaction, TransactionKind
from candlewick.ledger.totals import Coins, Totals
from candlewick.ledger.trips import RoundTrip, TripFold

__all__ = ["Book", "BookState", "Booked"]

DEFAULT_LEVERAGE = Decimal(5)


class _Parts(NamedTuple):
    """What a fill does to a position.

    Attributes:
        signed: what was bought, or (negative) sold.
        in_kind: the fee in the base coin: so much of it sold, at the fill's price, to pay the fee.
        closed: unsigned; `opened` is signed. Both count what was paid in kind.
        outside: signed, and no part of `opened`: coins that make no lot, see `Coins.without_lots`.
    """

    signed: Decimal
    in_kind: Decimal
    closed: Decimal
    opened: Decimal
    outside: Decimal

    @property
    def moved(self) -> Decimal:
        """All that was exchanged, unsigned."""
        return abs(self.signed - self.in_kind)


class _PaidOut:
    """A fee or a withdrawal that was paid.

    Attributes:
        fee: what of a fee is known in the currency that the fill settles in.
        from_lots, costs: coins that were taken out of lots, and what they had cost, by currency.
        lacking: coins that the account did not have.
        trips, also: round trips and instruments whose lots gave coins.
    """

    def __init__(self, fee: Decimal = ZERO, postings: list[Posting] | None = None) -> None:
        self.fee = fee
        self.postings: list[Posting] = postings or []
        self.from_lots = self.lacking = ZERO
        self.costs: dict[str, Decimal] = {}
        self.trips: list[RoundTrip] = []
        self.also: list[str] = []


class Book:
    """One account's ledger.

    Attributes:
        currency: what the account is counted in.
        method: which spot lots a sale takes first.
        leverage, margin_mode: of a perpetual for which nothing else was set.
        balances: what the account has of each currency: cash, coins bought, isolated margin.
        positions: by instrument id, spot holdings and contracts alike; one that is flat is absent.
        totals, kinds: the sums of postings, by book account and by kind of it; see `Totals`.
    """

    def __init__(
        self,
        account: int,
        currency: str,
        method: LotMethod = "fifo",
        *,
        leverage: Decimal = DEFAULT_LEVERAGE,
        margin_mode: MarginMode = "cross",
    ) -> None:
        self.account = account
        self.currency = currency
        self.method: LotMethod = method
        self.leverage = leverage
        self.margin_mode: MarginMode = margin_mode
        self.positions: dict[str, Position] = {}
        self._totals = Totals()
        self.totals, self.kinds = self._totals.by_book, self._totals.by_kind
        self.balances = self._totals.balances
        self.instruments: dict[str, Instrument] = {}
        self._leverages: dict[str, tuple[Decimal, MarginMode]] = {}
        self._coins = Coins(self.balances)
        self._trips = TripFold(account)

    def know(self, instrument: Instrument) -> None:
        """What an instrument is: before the first fill that names it, and again when it changed."""
        self.instruments[instrument.id] = instrument
        if position := self.positions.get(instrument.id):
            position.instrument = instrument

    def transfer(
        self, kind: TransactionKind, ref: str, currency: str, amount: Decimal, ts: int
    ) -> Transaction:
        """Money that came (positive) or left: `deposit`, `withdrawal`, `transfer` or `correction`."""
        return self.book_transfer(kind, ref, currency, amount, ts).transaction

    def book_transfer(
        self, kind: TransactionKind, ref: str, currency: str, amount: Decimal, ts: int
    ) -> Booked:
        """`transfer`, with the positions and trips that change when a coin leaves out of their lots.

        Raises:
            UsageError: the amount cannot be booked.
        """
        _require_bookable(f"{kind} {ref}", amount)
        with exact():
            paid = self._pay_out(currency, -amount, f"capital:{kind}", ts)
            rest = amount + paid.from_lots
            paid.postings += _move(f"capital:{kind}", f"cash:{currency}", currency, rest)
            return Booked(
                transaction=self._post(kind, ref, ts, paid.postings),
                realised=ZERO,
                currency=currency,
                trips=tuple(paid.trips),
                also=tuple(paid.also),
            )

    def deposit(self, ref: str, currency: str, amount: Decimal, ts: int) -> Transaction:
        """Money that came from outside."""
        return self.transfer("deposit", ref, currency, amount, ts)

    def fill(self, fill: Fill, *, origin: str = "", tag: str = "", cost: Decimal | None = None) -> Booked:
        """Book a fill. `origin` and `tag` are its order's: the round trip that it opens carries them.

        `cost`: what the contract costs after it, where that is known better: by its venue's order of fills.

        Raises:
            UnknownSymbol: `know` was not told of the instrument.
            UsageError: the quantity is not positive, or the price cannot be booked.
        """
        instrument = self._known(fill.instrument)
        numbers = (fill.quantity, fill.price, fill.fee)
        if (
            not all(map(is_bookable, numbers))
            or fill.quantity <= 0
            or fill.price < 0
            or (not fill.price and not is_spot(instrument))
        ):
            raise UsageError(
                f"Fill {fill.id} of {fill.instrument} cannot be booked: {fill.quantity} at {fill.price}, fee "
                f"{fill.fee}. A quantity must be above zero, and so must a contract's price; {BOOKABLE}."
            )
        with exact():
            return self._fill(instrument, fill, origin, tag, cost)

    def funding(self, paid: FundingPaid) -> Booked:
        """Book funding that was received (positive) or paid; an isolated position pays from its margin.

        Raises:
            UnknownSymbol: `know` was not told of the instrument.
            UsageError: the amount cannot be booked.
        """
        instrument = self._known(paid.instrument)
        _require_bookable(f"Funding {paid.id}", paid.amount)
        currency = paid.currency
        with exact():
            pays, position = f"cash:{currency}", self.positions.get(instrument.id)
            if position is not None and currency == position.currency:
                position.funding += paid.amount
                if position.margin_mode == "isolated":
                    pays = f"margin:{instrument.id}"
                    position.margin += paid.amount
            postings = _move(f"funding:{instrument.id}", pays, currency, paid.amount)
            return Booked(
                transaction=self._post("funding", paid.id, paid.ts, postings),
                realised=ZERO,
                currency=settles_in(instrument),
                trips=self._trips.funding(instrument, paid.amount)
                if currency == settles_in(instrument)
                else (),
            )

    def set_method(self, method: LotMethod) -> None:
        """Take spot lots by another method from here on; what an average pooled stays one lot."""
        self.method = method
        with exact():
            for position in self.positions.values():
                position.sort_lots(method)

    def leverage_of(self, instrument_id: str) -> tuple[Decimal, MarginMode]:
        """Leverage and margin mode that hold for the instrument."""
        instrument = self.instruments.get(instrument_id)
        if instrument is not None and is_spot(instrument):
            return ONE, "cross"
        return self._leverages.get(instrument_id, (self.leverage, self.margin_mode))

    def set_leverage(
        self, instrument_id: str, leverage: Decimal, mode: MarginMode, *, ts: int = 0
    ) -> Transaction | None:
        """Leverage and margin mode of a perpetual, in force for the position it has too.

        Returns the transaction that moved isolated margin, where the position needs other margin now.
        """
        self._leverages[instrument_id] = (leverage, mode)
        position = self.positions.get(instrument_id)
        if position is None or position.is_spot:
            return None
        with exact():
            position.leverage, position.margin_mode = leverage, mode
            wanted = share(position.cost, ONE, leverage) if mode == "isolated" else ZERO
            moved = self._set_aside(position, wanted - position.margin)
            return self._post("transfer", f"margin:{instrument_id}:{ts}", ts, moved) if moved else None

    def snapshot(self) -> BookState:
        """All that the book is, for `restore`."""
        return BookState(
            account=self.account,
            currency=self.currency,
            method=self.method,
            leverage=self.leverage,
            margin_mode=self.margin_mode,
            instruments=tuple(self.instruments.values()),
            totals=tuple(Posting(book, currency, amount) for (book, currency), amount in self.totals.items()),
            positions=tuple(position.state() for position in self.positions.values()),
            leverages=dict(self._leverages),
            owed=dict(self._coins.owed),
            # copies: a trip under way changes in place
            trips={id: msgspec.structs.replace(trip) for id, trip in self._trips.under_way.items()},
            next_trip=self._trips.next_id,
        )

    @classmethod
    def restore(cls, state: BookState) -> Book:
        """The book that `snapshot` was taken of."""
        book = cls(
            state.account,
            state.currency,
            state.method,
            leverage=state.leverage,
            margin_mode=state.margin_mode,
        )
        book.instruments = {instrument.id: instrument for instrument in state.instruments}
        book._leverages = dict(state.leverages)
        book._coins = Coins(book.balances, dict(state.owed))
        trips = {id: msgspec.structs.replace(trip) for id, trip in state.trips.items()}
        book._trips = TripFold(state.account, next_id=state.next_trip, under_way=trips)
        with exact():
            book._totals.add(state.totals)
            for kept in state.positions:
                instrument = book.instruments[kept.instrument]
                book.positions[kept.instrument] = kept.position(instrument, state.method)
                book._count(instrument, kept.quantity)
        return book

    def _known(self, instrument_id: str) -> Instrument:
        try:
            return self.instruments[instrument_id]
        except KeyError:
            raise UnknownSymbol(instrument_id) from None

    def _fill(
        self, instrument: Instrument, fill: Fill, origin: str, tag: str, cost_after: Decimal | None
    ) -> Booked:
        position = self.positions.get(instrument.id)
        if position is None:
            position = Position(instrument, *self.leverage_of(instrument.id), opened_at=fill.ts)
        parts = self._parts(position, fill)
        postings: list[Posting] = []
        paid = self._pay_fee(instrument, fill, parts.in_kind)
        fee_of_closed = share(paid.fee, parts.closed, parts.moved) if parts.closed else ZERO
        entered, realised = position.signed_cost, ZERO
        if parts.closed:
            realised = self._close(position, parts.closed, fill.price, fee_of_closed, postings)
        if parts.opened:
            self._open(position, parts.opened, fill.price, paid.fee - fee_of_closed, fill.ts, postings)
        if cost_after is not None and position.quantity:
            realised += position.restate(cost_after)
        self._keep(position)
        if position.is_spot:
            cost = position.signed_cost - entered
            postings += self._exchange(instrument, parts, fill.price, cost)
        else:
            postings += _one(f"cash:{position.currency}", position.currency, realised)
        postings += _one(f"realised:{instrument.id}", position.currency, -realised)
        postings += paid.postings
        trips = self._trips.fill(
            instrument,
            closed=parts.closed,
            opened=parts.opened,
            held=position.quantity,
            price=fill.price,
            realised=realised,
            fee=paid.fee,
            origin=origin,
            tag=tag,
            ts=fill.ts,
        )
        kind: TransactionKind = "liquidation" if fill.liquidation else "fill"
        transaction = self._post(kind, fill.id, fill.ts, postings)
        return Booked(
            transaction=transaction,
            realised=realised,
            currency=position.currency,
            trips=(*trips, *paid.trips),
            also=tuple(paid.also),
            faults=self._sold_short(fill, instrument) if position.is_spot and parts.opened < 0 else (),
        )

    def _parts(self, position: Position, fill: Fill) -> _Parts:
        instrument = position.instrument
        signed = fill.quantity if fill.side == "buy" else -fill.quantity
        in_kind = fill.fee if position.is_spot and fill.fee_currency == instrument.base else ZERO
        change = signed - in_kind
        closed = min(abs(position.quantity), abs(change)) if position.quantity * change < 0 else ZERO
        opened = change + closed if change < 0 else change - closed
        outside = self._coins.without_lots(instrument.base, opened) if position.is_spot and opened else ZERO
        return _Parts(signed, in_kind, closed, opened - outside, outside)

    def _exchange(
        self, instrument: Instrument, parts: _Parts, price: Decimal, cost: Decimal
    ) -> list[Posting]:
        """Postings of a coin for money; `cost` is by how much the cost of the lots changed.

        Coins without lots go out of the trading book again at the fill's price: what came in without a cost
        gets it as its cost, and what fees took gets it as theirs.
        """
        base, quote = instrument.base, instrument.quote
        trading, cash = f"trading:{instrument.id}", f"cash:{instrument.base}"
        postings = _move(trading, cash, base, parts.signed)
        postings += _move(cash, trading, base, parts.in_kind)
        postings += _one(f"cash:{quote}", quote, -parts.signed * price)
        postings += _one(trading, quote, cost)
        if parts.outside:
            other = "capital:in_kind"
            if parts.outside > 0:
                other = f"fees:{instrument.id}"
                self._coins.owe(base, -parts.outside)
            postings += _move(other, trading, base, parts.outside)
            postings += _one(other, quote, parts.outside * price)
        if parts.in_kind:
            postings += _one(f"fees:{instrument.id}", quote, parts.in_kind * price)
        return postings

    def _pay_fee(self, instrument: Instrument, fill: Fill, in_kind: Decimal) -> _PaidOut:
        """Pay a fill's fee; what is paid in the base coin is posted with the exchange of it."""
        coin, currency, target = fill.fee_currency, settles_in(instrument), f"fees:{instrument.id}"
        if in_kind:
            return _PaidOut(fee=in_kind * fill.price)
        if coin == currency:
            return _PaidOut(fee=fill.fee, postings=_move(f"cash:{coin}", target, coin, fill.fee))
        paid = self._pay_out(coin, fill.fee, target, fill.ts)
        if paid.lacking:
            self._coins.owe(coin, paid.lacking)
        paid.postings += _move(f"cash:{coin}", target, coin, fill.fee - paid.from_lots)
        paid.fee = paid.costs.get(currency, ZERO)
        return paid

    def _pay_out(self, coin: str, amount: Decimal, target: str, ts: int) -> _PaidOut:
        """Take what of `amount` is not covered by coins without lots out of lots, at their cost.

        Nothing is realised by it: what was paid cost what the coins had cost.
        """
        paid = _PaidOut()
        wanted = self._coins.beyond_lots(coin, amount)
        holders = list(self.positions.values()) if coin in self._coins.in_lots else []
        for position in holders:
            instrument = position.instrument
            if not (wanted and position.is_spot and instrument.base == coin and position.is_long):
                continue
            taken = min(wanted, position.quantity)
            cost = position.reduce(taken)
            wanted -= taken
            self._count(instrument, -taken)
            self._keep(position)
            trading = f"trading:{instrument.id}"
            paid.postings += _move(f"cash:{coin}", trading, coin, taken)
            paid.postings += _move(trading, target, instrument.quote, cost)
            paid.from_lots += taken
            paid.costs[instrument.quote] = paid.costs.get(instrument.quote, ZERO) + cost
            paid.trips += self._trips.shrink(instrument, taken, ts)
            paid.also.append(instrument.id)
        paid.lacking = wanted
        return paid

    def _sold_short(self, fill: Fill, instrument: Instrument) -> tuple[Fault, ...]:
        lacking = -self.balances.get(instrument.base, ZERO)
        if lacking <= 0:  # it has the coins, by another instrument's lots
            return ()
        text = (
            f"After fill {fill.id} the account has sold {lacking:f} {instrument.base} that it did not have: "
            "booked as a short lot. If this history begins in the middle, import what came before."
        )
        return (Fault("sold_more_than_held", text),)

    def _keep(self, position: Position) -> None:
        """See to it that `positions` has it as long as it is not flat."""
        if position.quantity:
            self.positions[position.instrument.id] = position
        else:
            self.positions.pop(position.instrument.id, None)

    def _count(self, instrument: Instrument, change: Decimal) -> None:
        if is_spot(instrument):
            self._coins.count(instrument.base, change)

    def _close(
        self, position: Position, closed: Decimal, price: Decimal, fee: Decimal, postings: list[Posting]
    ) -> Decimal:
        long, instrument = position.is_long, position.instrument
        if position.margin:
            postings += self._set_aside(position, -share(position.margin, closed, abs(position.quantity)))
        self._count(instrument, -closed if long else closed)
        cost = position.reduce(closed)
        realised = gain(instrument, long=long, entered=cost, left=worth(instrument, closed, price))
        position.realised += realised
        position.fees += fee
        return realised

    def _open(
        self,
        position: Position,
        opened: Decimal,
        price: Decimal,
        fee: Decimal,
        ts: int,
        postings: list[Posting],
    ) -> None:
        if not position.quantity:  # after a reversal: what was closed is one position, what opens another
            position.begin(ts)
            self.positions.pop(position.instrument.id, None)  # `_keep` puts it behind those opened before it
        self._count(position.instrument, opened)
        cost = position.open(opened, price, ts, self.method)
        position.fees += fee
        if position.margin_mode == "isolated" and not position.is_spot:
            postings += self._set_aside(position, share(cost, ONE, position.leverage))

    def _set_aside(self, position: Position, amount: Decimal) -> list[Posting]:
        position.margin += amount
        currency = position.currency
        return _move(f"cash:{currency}", f"margin:{position.instrument.id}", currency, amount)

    def _post(self, kind: TransactionKind, ref: str, ts: int, postings: list[Posting]) -> Transaction:
        self._totals.add(postings)
        self._coins.settle()
        return Transaction(kind=kind, ref=ref, postings=tuple(postings), ts=ts)


def _require_bookable(what: str, amount: Decimal) -> None:
    if not is_bookable(amount):
        raise UsageError(f"{what} cannot be booked: {amount} is not a number that money has; {BOOKABLE}.")


def _one(book: str, currency: str, amount: Decimal) -> list[Posting]:
    return [Posting(book, currency, amount)] if amount else []


def _move(source: str, target: str, currency: str, amount: Decimal) -> list[Posting]:
    if not amount:
        return []
    return [Posting(source, currency, -amount), Posting(target, currency, amount)]
