"""One account's book: the fold of its transactions, fills and funding into balances, positions and totals.

Every method that moves money returns the transaction with its postings, and applies exactly these; what the
book accounts mean and the sign of each stands in docs/accounting.md. Sums and products are exact: inside
`exact()` an operation that would round raises. What was booked already is not known here: who calls sees to
it that a fill comes once.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from candlewick.core.account import LotMethod, MarginMode
from candlewick.core.errors import UnknownSymbol, UsageError
from candlewick.core.instrument import Instrument
from candlewick.core.reports import Fill, FundingPaid
from candlewick.ledger.contract import gain, is_spot, settles_in, worth
from candlewick.ledger.exact import ONE, ZERO, exact, share
from candlewick.ledger.position import Position, PositionState
from candlewick.ledger.posting import Posting, Transaction, TransactionKind
from candlewick.ledger.trips import OpenTrip, RoundTrip, TripFold

DEFAULT_LEVERAGE = Decimal(5)


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """What a fill or a funding payment did.

    Attributes:
        realised: profit that was closed, before fees and funding, in `currency`.
        currency: what the instrument settles in.
        trips: round trips that it began, changed or closed.
    """

    transaction: Transaction
    realised: Decimal
    currency: str
    trips: tuple[RoundTrip, ...] = ()


class BookState(msgspec.Struct, frozen=True, kw_only=True):
    """A book in a snapshot."""

    account: int
    currency: str
    method: LotMethod
    leverage: Decimal
    margin_mode: MarginMode
    instruments: tuple[Instrument, ...]
    totals: tuple[Posting, ...]
    positions: tuple[PositionState, ...]
    leverages: dict[str, tuple[Decimal, MarginMode]]
    trips: dict[str, OpenTrip]
    next_trip: int


class Book:
    """One account's ledger.

    Attributes:
        currency: what the account is counted in.
        method: which spot lots a sale takes first.
        leverage, margin_mode: of a perpetual for which nothing else was set.
        balances: what the account has of each currency: cash, coins bought, isolated margin.
        positions: by instrument id, spot holdings and contracts alike; one that is flat is absent.
        totals: every book account's balance by `(book, currency)`; per currency they sum to zero.
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
        self.balances: dict[str, Decimal] = {}
        self.positions: dict[str, Position] = {}
        self.totals: dict[tuple[str, str], Decimal] = {}
        self.instruments: dict[str, Instrument] = {}
        self._leverages: dict[str, tuple[Decimal, MarginMode]] = {}
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
        with exact():
            return self._post(kind, ref, ts, _move(f"capital:{kind}", f"cash:{currency}", currency, amount))

    def deposit(self, ref: str, currency: str, amount: Decimal, ts: int) -> Transaction:
        """Money that came from outside."""
        return self.transfer("deposit", ref, currency, amount, ts)

    def fill(self, fill: Fill, *, origin: str = "", tag: str = "") -> Booked:
        """Book a fill. `origin` and `tag` are its order's: the round trip that it opens carries them.

        Raises:
            UnknownSymbol: `know` was not told of the instrument.
            UsageError: the quantity is not positive, or the price cannot be booked.
        """
        instrument = self._known(fill.instrument)
        if fill.quantity <= 0 or fill.price < 0 or (not fill.price and not is_spot(instrument)):
            raise UsageError(
                f"Fill {fill.id} of {fill.instrument} cannot be booked: {fill.quantity} at {fill.price}. "
                "A quantity must be above zero, and so must a contract's price."
            )
        with exact():
            return self._fill(instrument, fill, origin, tag)

    def funding(self, paid: FundingPaid) -> Booked:
        """Book funding that was received (positive) or paid; an isolated position pays from its margin."""
        instrument = self._known(paid.instrument)
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
        trips = {id: msgspec.structs.replace(trip) for id, trip in state.trips.items()}
        book._trips = TripFold(state.account, next_id=state.next_trip, under_way=trips)
        with exact():
            book._apply(state.totals)
            for kept in state.positions:
                instrument = book.instruments[kept.instrument]
                book.positions[kept.instrument] = kept.position(instrument, state.method)
        return book

    def _known(self, instrument_id: str) -> Instrument:
        try:
            return self.instruments[instrument_id]
        except KeyError:
            raise UnknownSymbol(instrument_id) from None

    def _fill(self, instrument: Instrument, fill: Fill, origin: str, tag: str) -> Booked:
        signed = fill.quantity if fill.side == "buy" else -fill.quantity
        # a fee in the base coin is so much of it sold, at the fill's price, to pay the fee
        in_kind = fill.fee if is_spot(instrument) and fill.fee_currency == instrument.base else ZERO
        change = signed - in_kind
        currency = settles_in(instrument)
        fee = in_kind * fill.price if in_kind else fill.fee if fill.fee_currency == currency else ZERO

        position = self.positions.get(instrument.id)
        if position is None:
            position = Position(instrument, *self.leverage_of(instrument.id), opened_at=fill.ts)
        closed = min(abs(position.quantity), abs(change)) if position.quantity * change < 0 else ZERO
        opened = change + closed if change < 0 else change - closed
        fee_of_closed = share(fee, closed, abs(change)) if closed else ZERO

        postings: list[Posting] = []
        entered = position.signed_cost
        realised = self._close(position, closed, fill.price, fee_of_closed, postings) if closed else ZERO
        if opened:
            self._open(position, opened, fill.price, fee - fee_of_closed, fill.ts, postings)
        if is_spot(instrument):
            trading, cash = f"trading:{instrument.id}", f"cash:{instrument.base}"
            postings += _move(trading, cash, instrument.base, signed)
            postings += _move(cash, trading, instrument.base, in_kind)
            postings += _post(f"cash:{currency}", currency, -signed * fill.price)
            postings += _post(trading, currency, position.signed_cost - entered)
        else:
            postings += _post(f"cash:{currency}", currency, realised)
        postings += _post(f"realised:{instrument.id}", currency, -realised)
        if in_kind:
            postings += _post(f"fees:{instrument.id}", currency, fee)
        else:
            coin = fill.fee_currency
            postings += _move(f"cash:{coin}", f"fees:{instrument.id}", coin, fill.fee)

        if position.quantity:
            self.positions[instrument.id] = position
        else:
            self.positions.pop(instrument.id, None)
        trips = self._trips.fill(
            instrument,
            closed=closed,
            opened=opened,
            price=fill.price,
            realised=realised,
            fee=fee,
            origin=origin,
            tag=tag,
            ts=fill.ts,
        )
        kind: TransactionKind = "liquidation" if fill.liquidation else "fill"
        transaction = self._post(kind, fill.id, fill.ts, postings)
        return Booked(transaction=transaction, realised=realised, currency=currency, trips=trips)

    def _close(
        self, position: Position, closed: Decimal, price: Decimal, fee: Decimal, postings: list[Posting]
    ) -> Decimal:
        long, instrument = position.is_long, position.instrument
        if position.margin:
            postings += self._set_aside(position, -share(position.margin, closed, abs(position.quantity)))
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
        cost = position.open(opened, price, ts, self.method)
        position.fees += fee
        if position.margin_mode == "isolated" and not position.is_spot:
            postings += self._set_aside(position, share(cost, ONE, position.leverage))

    def _set_aside(self, position: Position, amount: Decimal) -> list[Posting]:
        position.margin += amount
        currency = position.currency
        return _move(f"cash:{currency}", f"margin:{position.instrument.id}", currency, amount)

    def _post(self, kind: TransactionKind, ref: str, ts: int, postings: list[Posting]) -> Transaction:
        self._apply(postings)
        return Transaction(kind=kind, ref=ref, postings=tuple(postings), ts=ts)

    def _apply(self, postings: Iterable[Posting]) -> None:
        for posting in postings:
            key = (posting.book, posting.currency)
            self.totals[key] = self.totals.get(key, ZERO) + posting.amount
            if posting.book.startswith(("cash:", "margin:")):
                self.balances[posting.currency] = self.balances.get(posting.currency, ZERO) + posting.amount


def _post(book: str, currency: str, amount: Decimal) -> list[Posting]:
    return [Posting(book, currency, amount)] if amount else []


def _move(source: str, target: str, currency: str, amount: Decimal) -> list[Posting]:
    if not amount:
        return []
    return [Posting(source, currency, -amount), Posting(target, currency, amount)]
