"""What a book is worth at given marks: equity, margin, and each position. Unknown is None, never zero."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from candlewick.ledger.book import Book
from candlewick.ledger.convert import rate
from candlewick.ledger.exact import ONE, ZERO, exact, share
from candlewick.ledger.margin import Tiers, liquidation_price, maintenance, tiers_of
from candlewick.ledger.position import Position


class PositionValue(msgspec.Struct, frozen=True, kw_only=True):
    """A position at its mark. Amounts are in `currency`, what the instrument settles in.

    Attributes:
        mark, notional, unrealised, initial_margin, maintenance_margin: None while there is no mark.
        margin: isolated margin set aside; None for spot and cross.
        liquidation_price: None for spot, where no price liquidates it, or where it is not known.
    """

    instrument: str
    quantity: Decimal
    avg_price: Decimal
    cost: Decimal
    currency: str
    mark: Decimal | None
    notional: Decimal | None
    unrealised: Decimal | None
    initial_margin: Decimal | None
    maintenance_margin: Decimal | None
    margin: Decimal | None
    liquidation_price: Decimal | None


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """The margin of the contracts that settle in one currency. Amounts are in that currency.

    Attributes:
        wallet: balance less isolated margins. Coins held as a position are part of it.
        unrealised, initial_margin, maintenance_margin: of cross positions.
        isolated: set aside for isolated positions.
        equity: wallet + unrealised.
        free: equity − initial margin: what may be bound by new contracts; negative when too much is bound.
        spendable: what may leave the pool, for spot or outside: free, without profit that is not realised.
    """

    currency: str
    wallet: Decimal
    isolated: Decimal
    unrealised: Decimal | None
    initial_margin: Decimal | None
    maintenance_margin: Decimal | None
    equity: Decimal | None
    free: Decimal | None
    spendable: Decimal | None


class Valuation(msgspec.Struct, frozen=True, kw_only=True):
    """A book at given marks, in the account's currency.

    Attributes:
        total_value: equity: cash + invested + unrealised.
        cash: balances, less the coins that are held as positions.
        invested: cost of the spot positions.
        unrealised: of all positions.
        realised, fees, funding: since the account began; fees paid and funding received are positive.
        initial_margin, maintenance_margin: of all contracts, isolated ones included.
        free_margin: of the pool in the account's own currency.
        missing: instruments and currencies without a mark; while there is one, what depends on it is None.
    """

    currency: str
    total_value: Decimal | None
    cash: Decimal | None
    invested: Decimal | None
    unrealised: Decimal | None
    realised: Decimal | None
    fees: Decimal | None
    funding: Decimal | None
    initial_margin: Decimal | None
    maintenance_margin: Decimal | None
    free_margin: Decimal | None
    positions: tuple[PositionValue, ...]
    pools: tuple[Pool, ...]
    missing: tuple[str, ...]


def value(
    book: Book,
    marks: Mapping[str, Decimal],
    *,
    tiers: Mapping[str, Tiers] | None = None,
    venues: Iterable[str] = (),
) -> Valuation:
    """What `book` is worth.

    Args:
        marks: by instrument id.
        tiers: where a venue told its own.
        venues: whose marks price a coin, after those of the instruments that were traded: an account that
            came with coins has traded none yet.
    """
    with exact():
        return _Valuer(book, marks, tiers or {}, venues).value()


class _Marked:
    """A position with what its mark makes of it."""

    __slots__ = ("initial", "maintenance", "mark", "notional", "position", "tiers", "unrealised")

    def __init__(self, position: Position, mark: Decimal | None, told: Mapping[str, Tiers]) -> None:
        self.position, self.mark = position, mark
        self.tiers: Tiers = () if position.is_spot else tiers_of(position.instrument, told)
        self.notional = None if mark is None else position.notional(mark)
        self.unrealised = self.initial = self.maintenance = None
        if self.notional is not None:
            self.unrealised = position.gained(self.notional)
            self.initial = share(self.notional, ONE, position.leverage) if self.tiers else ZERO
            self.maintenance = maintenance(self.tiers, self.notional) if self.tiers else ZERO


class _Valuer:
    def __init__(
        self,
        book: Book,
        marks: Mapping[str, Decimal],
        tiers: Mapping[str, Tiers],
        venues: Iterable[str] = (),
    ) -> None:
        self.book, self.marks = book, marks
        traded = (instrument.venue for instrument in book.instruments.values())
        self.venues = tuple(dict.fromkeys((*traded, *venues)))
        self.rates: dict[str, Decimal | None] = {}
        self.held = [_Marked(position, marks.get(id), tiers) for id, position in book.positions.items()]
        self.missing = dict.fromkeys(it.position.instrument.id for it in self.held if it.mark is None)

    def value(self) -> Valuation:
        book = self.book
        spot = [it.position for it in self.held if it.position.is_spot]
        contracts = [it for it in self.held if not it.position.is_spot]
        coins = dict(book.balances)
        for position in spot:
            base = position.instrument.base
            coins[base] = coins.get(base, ZERO) - position.quantity
        cash = self.sum(coins.items())
        invested = self.sum((position.currency, position.signed_cost) for position in spot)
        unrealised = self.sum((it.position.currency, it.unrealised) for it in self.held)
        # one for the account's own currency, and one for each other that a contract settles in
        currencies = dict.fromkeys([book.currency, *(it.position.currency for it in contracts)])
        pools = {
            currency: _pool(book, currency, [it for it in contracts if it.position.currency == currency])
            for currency in currencies
        }
        return Valuation(
            currency=book.currency,
            total_value=_plus(cash, invested, unrealised),
            cash=cash,
            invested=invested,
            unrealised=unrealised,
            realised=self.total("realised", -1),
            fees=self.total("fees", 1),
            funding=self.total("funding", -1),
            initial_margin=self.sum((it.position.currency, it.initial) for it in contracts),
            maintenance_margin=self.sum((it.position.currency, it.maintenance) for it in contracts),
            free_margin=pools[book.currency].free,
            positions=tuple(_position(it, pools.get(it.position.currency)) for it in self.held),
            pools=tuple(pools.values()),
            missing=tuple(self.missing),
        )

    def total(self, kind: str, sign: int) -> Decimal | None:
        """What the book accounts of one kind hold together."""
        kinds = self.book.kinds.items()
        return self.sum((currency, sign * amount) for (name, currency), amount in kinds if name == kind)

    def sum(self, amounts: Iterable[tuple[str, Decimal | None]]) -> Decimal | None:
        """The sum in the account's currency; every amount is looked at, so that `missing` is complete."""
        return _plus(*[self.worth(currency, amount) for currency, amount in amounts])

    def worth(self, currency: str, amount: Decimal | None) -> Decimal | None:
        if not amount:
            return amount
        if currency not in self.rates:
            self.rates[currency] = rate(currency, self.book.currency, self.marks, self.venues)
        known = self.rates[currency]
        if known is None:
            self.missing[currency] = None
            return None
        return amount * known


def _pool(book: Book, currency: str, contracts: list[_Marked]) -> Pool:
    cross = [it for it in contracts if it.position.margin_mode == "cross"]
    isolated = sum((it.position.margin for it in contracts), ZERO)
    wallet = book.balances.get(currency, ZERO) - isolated
    unrealised = _plus(*(it.unrealised for it in cross))
    initial = _plus(*(it.initial for it in cross))
    bound = None if initial is None else -initial
    return Pool(
        currency=currency,
        wallet=wallet,
        isolated=isolated,
        unrealised=unrealised,
        initial_margin=initial,
        maintenance_margin=_plus(*(it.maintenance for it in cross)),
        equity=_plus(wallet, unrealised),
        free=_plus(wallet, unrealised, bound),
        spendable=_plus(wallet, None if unrealised is None else min(unrealised, ZERO), bound),
    )


def _position(it: _Marked, pool: Pool | None) -> PositionValue:
    position = it.position
    isolated = not position.is_spot and position.margin_mode == "isolated"
    return PositionValue(
        instrument=position.instrument.id,
        quantity=position.quantity,
        avg_price=position.avg_price,
        cost=position.cost,
        currency=position.currency,
        mark=it.mark,
        notional=it.notional,
        unrealised=it.unrealised,
        initial_margin=it.initial,
        maintenance_margin=it.maintenance,
        margin=position.margin if isolated else None,
        liquidation_price=None if position.is_spot or pool is None else _liquidation(it, pool),
    )


def _liquidation(it: _Marked, pool: Pool) -> Decimal | None:
    position, wallet = it.position, it.position.margin
    if position.margin_mode == "cross":
        gained, needed = it.unrealised, it.maintenance
        if gained is None or needed is None or pool.equity is None or pool.maintenance_margin is None:
            return None
        wallet = (pool.equity - gained) - (pool.maintenance_margin - needed)
    return liquidation_price(position.instrument, position.quantity, position.cost, wallet, it.tiers)


def _plus(*amounts: Decimal | None) -> Decimal | None:
    total = ZERO
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
